"""A contact sheet's page: how large its cells can be, and where title, strip and panels go."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from nst.base.errors import UserError
from nst.report import panel as panels
from nst.report.caption import Sheet
from nst.report.draw import GREY, Text
from nst.report.lettering import line_height, width, wrapped
from nst.report.panel import Grid, Mark, Measures, Shown
from nst.rundir.runs import Run

#: A sheet's pixels stay below this where the cells' size isn't given.
PIXELS = 24e6
#: What Pillow opens without a warning.
MOST_PIXELS = 89_478_485
LARGEST, SMALLEST = 256, 48  # long edge of a cell in pixels, where it isn't given
_NARROWEST = 460  # pixels of page, for the title's sake
_SEPARATOR = " · "


@dataclass(frozen=True)
class Plan:
    """A page and all that stands on it."""

    size: tuple[int, int]  # width and height in pixels
    marks: list[Mark]


def plan(sheet: Sheet, runs: list[Run], cell: int | None) -> Plan:
    """Return the page of a sheet.

    Args:
      sheet: what it shows.
      runs: whose pictures' sizes count.
      cell: long edge of the pictures in pixels; none: as fits.

    Raises:
      UserError: with cells of the size asked for the sheet is too large.
    """
    if cell is not None:
        frame = _frame(sheet, cell)
        if frame.size[0] * frame.size[1] > MOST_PIXELS:
            raise UserError(
                f"--cell {cell} makes a picture of {frame.size[0]} x {frame.size[1]} pixels, "
                f"and at most {MOST_PIXELS} in all are drawn: take smaller cells"
            )
        return Plan(frame.size, _marks(sheet, frame))
    longest = max((max(run.width or 0, run.height or 0) for run in runs), default=0)
    # Lines of text below a picture need more room than those beside it.
    cell = max(200 if sheet.layout.wrap else 96, min(LARGEST, longest or LARGEST))
    while True:
        frame = _frame(sheet, cell)
        pixels = frame.size[0] * frame.size[1]
        if pixels <= PIXELS or cell <= SMALLEST:
            return Plan(frame.size, _marks(sheet, frame))
        cell = max(SMALLEST, min(cell - 1, int(cell * math.sqrt(PIXELS / pixels))))


@dataclass(frozen=True)
class _Frame:
    """All that must be known of a page to know its size."""

    measures: Measures
    grid: Grid
    across: int  # panels beside each other
    headings: list[list[str]]  # lines, by panel
    heading: int  # height
    above: list[Mark]  # what stands above the panels
    top: int  # of the panels
    size: tuple[int, int]


def _frame(sheet: Sheet, cell: int) -> _Frame:
    text = min(20, max(12 if cell >= 96 else 10, round(cell * 0.078)))
    measures = Measures(cell, text, max(3, round(cell / 40)), max(14, round(cell / 10)))
    grid = panels.grid(sheet, measures)
    margin, count = measures.margin, len(sheet.layout.panels)
    across = panels.across(count, grid.width + 2 * margin, grid.height + 3 * margin)
    boxes = _strip_boxes(sheet, measures)
    wide = across * (grid.width + 2 * margin) - 2 * margin
    room = max(wide, _NARROWEST, sum(wide for wide, _ in boxes[:2]))
    head = list(_head(sheet, measures, room))
    y = margin + sum(line_height(one.size) for one in head) + margin
    strip, y = _strip(sheet, measures, boxes, room, y)
    headings = [wrapped(one.heading, grid.width, text, 3) for one in sheet.layout.panels]
    heading = max(map(len, headings)) * line_height(text)
    heading += (heading > 0) * measures.gap
    height = y + math.ceil(count / across) * (heading + grid.height + 2 * margin) - margin
    size = room + 2 * margin, height
    return _Frame(measures, grid, across, headings, heading, [*head, *strip], y, size)


def _marks(sheet: Sheet, frame: _Frame) -> list[Mark]:
    marks, measures, grid = list(frame.above), frame.measures, frame.grid
    for place, (one, lines) in enumerate(zip(sheet.layout.panels, frame.headings, strict=True)):
        down, right = divmod(place, frame.across)
        x = measures.margin + right * (grid.width + 2 * measures.margin)
        y = frame.top + down * (frame.heading + grid.height + 2 * measures.margin)
        marks.append(Text(x, y, tuple(lines), measures.text))
        x, y = x + grid.left, y + frame.heading + grid.top
        of_panel = [*grid.headers, *panels.cells(one, grid, measures)]
        marks += [replace(mark, x=mark.x + x, y=mark.y + y) for mark in of_panel]
    return marks


def _head(sheet: Sheet, measures: Measures, room: int) -> Iterator[Text]:
    """Yield the title, the settings and the notes, a text for each line."""
    text, large = measures.text, round(measures.text * 1.35)
    lines = [(line, large, "black") for line in wrapped(sheet.title, room, large, 2)]
    lines += [(line, text, GREY) for line in _joined(sheet.facts, room, text)]
    lines += [
        (line, text, "black") for note in sheet.notes for line in wrapped(note, room, text, 4)
    ]
    lines += [(line, text, GREY) for line in wrapped(sheet.layout.note, room, text, 2)]
    lines += [(line, text, "black") for line in wrapped(sheet.layout.heading, room, text, 2)]
    y = measures.margin
    for line, size, color in lines:
        yield Text(measures.margin, y, (line,), size, color)
        y += line_height(size)


def _joined(parts: list[str], room: int, size: int) -> list[str]:
    """Return lines of whole parts with dots between them."""
    lines: list[str] = []
    for part in parts:
        fitting = wrapped(part, room, size, 2)
        joined = _SEPARATOR.join([*lines[-1:], *fitting])
        if lines and len(fitting) == 1 and width(joined, size) <= room:
            lines[-1] = joined
        else:
            lines += fitting
    return lines


def _strip_boxes(sheet: Sheet, measures: Measures) -> list[tuple[int, tuple[int, int]]]:
    """Return the room and the size of each picture of the strip; all are equally high."""
    high = round(measures.cell * 0.66)
    boxes = []
    for caption, file in sheet.strip:
        with Image.open(file) as image:
            wide = round(min(3 * high, max(high / 3, high * image.width / image.height)))
        said = min(width(wrapped(caption, 2000, measures.text, 1)[0], measures.text), 2 * high)
        boxes.append((max(wide, said) + 3 * measures.gap, (wide, high)))
    return boxes


def _strip(
    sheet: Sheet,
    measures: Measures,
    boxes: list[tuple[int, tuple[int, int]]],
    room: int,
    y: int,
) -> tuple[list[Mark], int]:
    """Return pictures and captions of what served, and where the panels begin."""
    marks: list[Mark] = []
    x, lines = 0, 0  # lines of the longest caption of this line of pictures
    for (caption, file), (wide, box) in zip(sheet.strip, boxes, strict=True):
        if x and x + wide > room:
            y += box[1] + lines * line_height(measures.text) + 3 * measures.gap
            x, lines = 0, 0
        said = wrapped(caption, wide - 3 * measures.gap, measures.text, 2)
        lines = max(lines, len(said))
        left, below = measures.margin + x, y + box[1] + measures.gap
        marks.append(Shown(left, y, box, file))
        marks.append(Text(left, below, tuple(said), measures.text))
        x += wide
    if boxes:
        y += boxes[0][1][1] + lines * line_height(measures.text) + measures.gap + measures.margin
    return marks, y
