"""One grid of a contact sheet: its pictures, and what stands above, beside and below them.

Places are in pixels from the upper left corner of a panel's first picture.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from PIL import Image

from nst.report.caption import Sheet
from nst.report.draw import GREY, Box, Text
from nst.report.layout import Cell, Layout, Panel
from nst.report.lettering import line_height, width, wrapped
from nst.report.summary import Key
from nst.rundir.runs import Run

#: Width to height that panels and lines are arranged for: a page on its side.
ASPECT = 1.4
_SMALLEST = 10  # letters below a picture, in pixels
_GROUND = "#f4f4f4"


@dataclass(frozen=True)
class Measures:
    """Lengths that everything else follows from, in pixels."""

    cell: int  # long edge of a run's picture
    text: int  # size of the letters
    gap: int  # between two pictures
    margin: int


@dataclass(frozen=True)
class Shown:
    """A picture's file, shown as large as its box allows."""

    x: float
    y: float
    box: tuple[int, int]  # width and height
    file: Path


Mark = Text | Box | Shown


@dataclass(frozen=True)
class Grid:
    """What the panels of a sheet share."""

    columns: list[int]  # widths
    rows: list[int]  # heights
    captions: int  # lines below each picture
    step: int  # from a row's foot to the next row
    headers: list[Mark]  # above and beside the pictures
    left: int  # width of the headers beside them
    top: int  # height of the headers above them
    width: int  # of all
    height: int


def grid(sheet: Sheet, measures: Measures) -> Grid:
    """Return the measures and the headers of a sheet's panels.

    Args:
      sheet: what it shows.
      measures: of the sheet.
    """
    layout, gap = sheet.layout, measures.gap
    captions = max(len(one.lines) for panel in layout.panels for row in panel.cells for one in row)
    columns, rows = _sizes(layout, measures, captions)
    if captions > 1 and columns[0] < 12 * _SMALLEST:
        # Where a line would be cut before its value, the name of the run says more.
        captions = 1
        columns, rows = _sizes(layout, measures, captions)
    step = _step(captions, measures, columns[0])
    across = sum(columns) + gap * (len(columns) - 1)
    down = sum(rows) + step * len(rows) - gap
    top, above = _above(sheet, measures, columns, max(rows))
    left, beside = _beside(sheet, measures, rows, step, max(columns))
    headers = [*above, *beside]
    return Grid(
        columns, rows, captions, step, headers, left, top, left + across, top + down
    )  # fmt: skip


def cells(panel: Panel, grid: Grid, measures: Measures) -> Iterator[Mark]:
    """Yield the pictures of a panel and what is said of each.

    Args:
      panel: of the sheet.
      grid: measures of the panels.
      measures: of the sheet.
    """
    lefts, tops = _starts(grid.columns, measures.gap), _starts(grid.rows, grid.step)
    size = _small(measures, grid.columns[0])
    for at, cell in enumerate(cell for row in panel.cells for cell in row):
        down, across = divmod(at, len(grid.columns))
        x, y, box = lefts[across], tops[down], (grid.columns[across], grid.rows[down])
        yield from _cell(cell, x, y, box, measures)
        for number, text in enumerate(cell.lines[: grid.captions]):
            below = y + box[1] + measures.gap + number * line_height(size)
            line = tuple(wrapped(text, box[0], size, 1))
            yield Text(x + box[0] / 2, below, line, size, align="center")


def across(count: int, wide: int, high: int) -> int:
    """Return how many panels stand beside each other, so that the page has a page's shape.

    Args:
      count: of panels.
      wide: width of each with its margin.
      high: height of each with its margin.
    """

    def badness(across: int) -> float:
        down = math.ceil(count / across)
        empty = 1 - count / (across * down)
        return abs(math.log(across * wide / (down * high) / ASPECT)) + empty

    return min(range(1, count + 1), key=badness)


def fitted(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return a picture's width and height as large as a box allows.

    Args:
      size: its width and height.
      box: width and height.
    """
    factor = max(box) / max(size)
    wide, high = (max(1, round(factor * one)) for one in size)
    if wide > box[0] or high > box[1]:
        factor = min(box[0] / wide, box[1] / high)
        wide, high = max(1, round(wide * factor)), max(1, round(high * factor))
    return wide, high


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def _starts(lengths: list[int], gap: int) -> list[int]:
    return list(accumulate((one + gap for one in lengths), initial=0))


def _above(
    sheet: Sheet, measures: Measures, columns: list[int], high: int
) -> tuple[int, list[Mark]]:
    """Return the height of a panel's title, labels and pictures of its columns, and these."""
    key, gap, text = sheet.layout.cols, measures.gap, measures.text
    if not key:
        return 0, []
    places, marks, foot = list(zip(_starts(columns, gap), columns, strict=False)), list[Mark](), 0
    if files := sheet.headers.get(key.name):
        high = max(fitted(_size(file), (max(columns), high))[1] for file in files.values())
        foot = -high - 3 * gap
        marks += [
            Shown(x, foot, (wide, high), files[label])
            for label, (x, wide) in zip(key.values, places, strict=True)
            if label in files
        ]
    labels = [
        wrapped(name, wide, text, 5) for name, wide in zip(_names(sheet, key), columns, strict=True)
    ]
    for lines, (x, wide) in zip(labels, places, strict=True):
        # They stand on the pictures, however many lines they have.
        y = foot - gap - len(lines) * line_height(text)
        marks.append(Text(x + wide / 2, y, tuple(lines), text, align="center"))
    wide = sum(columns) + gap * (len(columns) - 1)
    title = wrapped(key.title, wide, text, 2)
    top = foot - 2 * gap - (len(title) + max(map(len, labels))) * line_height(text)
    marks.append(Text(wide / 2, top, tuple(title), text, GREY, "center"))
    return -top, marks


def _beside(
    sheet: Sheet, measures: Measures, rows: list[int], step: int, wide: int
) -> tuple[int, list[Mark]]:
    """Return the width of a panel's title, labels and pictures of its rows, and these."""
    key, gap, text = sheet.layout.rows, measures.gap, measures.text
    if not key:
        return 0, []
    places, marks, right = list(zip(_starts(rows, step), rows, strict=False)), list[Mark](), 0
    if files := sheet.headers.get(key.name):
        wide = max(fitted(_size(file), (wide, max(rows)))[0] for file in files.values())
        right = -wide - 3 * gap
        marks += [
            Shown(right, y, (wide, high), files[label])
            for label, (y, high) in zip(key.values, places, strict=True)
            if label in files
        ]
    labels = [
        wrapped(name, max(measures.cell, 8 * text), text, max(1, high // line_height(text)))
        for name, high in zip(_names(sheet, key), rows, strict=True)
    ]
    for lines, (y, high) in zip(labels, places, strict=True):
        y += (high - len(lines) * line_height(text)) // 2
        marks.append(Text(right - 2 * gap, y, tuple(lines), text, align="right"))
    high = sum(rows) + step * len(rows) - measures.gap
    title = wrapped(key.title, high, text, 2)
    longest = max(width(line, text) for lines in labels for line in lines)
    left = right - 4 * gap - longest - len(title) * line_height(text)
    marks.append(Text(left, high / 2, tuple(title), text, GREY, "center", upright=True))
    return -left, marks


def _names(sheet: Sheet, key: Key) -> list[str]:
    return [f"{value} {sheet.asked.get((key.name, value), '')}".rstrip() for value in key.values]


def _sizes(layout: Layout, measures: Measures, captions: int) -> tuple[list[int], list[int]]:
    """Return the widths of the columns and the heights of the rows, each as its pictures need."""
    cells = [row for panel in layout.panels for row in panel.cells]
    shapes = {_scaled(one.run, measures.cell) for row in cells for one in row}
    known = [shape for shape in shapes if shape] or [(measures.cell, measures.cell)]
    # A mark must find room in the slimmest of pictures.
    least = measures.cell // 3
    wide, high = (max(least, max(sides)) for sides in zip(*known, strict=True))
    if layout.wrap:
        down, across = _lines(
            len(cells[0]), wide + measures.gap, high + _step(captions, measures, wide)
        )
        return [wide] * across, [high] * down

    def needed(line: list[Cell], side: int, otherwise: int) -> int:
        found = [shape[side] for one in line if (shape := _scaled(one.run, measures.cell))]
        return max(least, max(found)) if found else otherwise

    count = len(layout.panels[0].cells)
    columns = [needed([row[at] for row in cells], 0, wide) for at in range(len(cells[0]))]
    rows = [
        needed([one for row in cells[at::count] for one in row], 1, high) for at in range(count)
    ]
    return columns, rows


def _scaled(run: Run | None, cell: int) -> tuple[int, int] | None:
    if run is None or not run.width or not run.height:
        return None
    longest = max(run.width, run.height)
    return round(cell * run.width / longest), round(cell * run.height / longest)


def _lines(count: int, wide: int, high: int) -> tuple[int, int]:
    """Return lines, and cells a line, of a plain sheet."""
    across = min(count, max(1, round(math.sqrt(ASPECT * count * high / wide))))
    down = math.ceil(count / across)
    return down, math.ceil(count / down)


def _small(measures: Measures, wide: int) -> int:
    """Return the size of the letters below a picture, so that a line of twenty fits."""
    return max(_SMALLEST, min(round(measures.text * 0.85), wide // 12))


def _step(captions: int, measures: Measures, wide: int) -> int:
    """Return what lies between two rows: a gap, or the captions and air."""
    if not captions:
        return measures.gap
    return captions * line_height(_small(measures, wide)) + 2 * measures.gap + measures.margin // 2


def _cell(cell: Cell, x: int, y: int, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a run's picture, or the reason why there is none."""
    if cell.run and cell.run.picture:
        yield Shown(x, y, box, cell.run.picture)
        if cell.run.status != "finished":
            yield from _tag(cell.run.status, x, y, box[0], measures)
    else:
        yield from _empty(cell.run, x, y, box, measures)
    if cell.others:
        yield from _tag(f"+{cell.others}", x, y, box[0], measures, right=True)


def _empty(
    run: Run | None, x: int, y: int, box: tuple[int, int], measures: Measures
) -> Iterator[Mark]:
    """Yield a box that says why there is no picture, hatched where there should be one."""
    word = "missing" if run is None else run.status
    word = "no picture" if word == "finished" else word
    size = measures.text
    while size > 8 and width(word, size) > box[0] - 4:
        size -= 1
    (line,) = wrapped(word, box[0] - 2, size, 1)
    yield Box(x, y, box, _GROUND, hatched=run is not None)
    top = y + (box[1] - line_height(size)) // 2
    wide = width(line, size) + 2 * measures.gap
    yield Box(x + (box[0] - wide) // 2, top - 2, (wide, line_height(size) + 4), _GROUND)
    yield Text(x + box[0] / 2, top, (line,), size, GREY, "center")


def _tag(
    word: str, x: int, y: int, room: int, measures: Measures, right: bool = False
) -> Iterator[Mark]:
    """Yield a word on white in the upper corner of a picture."""
    size = max(9, round(measures.text * 0.8))
    (line,) = wrapped(word, room - size, size, 1)
    wide = width(line, size) + size
    left = x + (room - wide if right else 0)
    yield Box(left, y, (wide, line_height(size) + 2), "white")
    yield Text(left + size / 2, y + 1, (line,), size)
