"""One grid of a contact sheet: its pictures, and what stands above, beside and below them."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from nst.report.blocks import Block
from nst.report.caption import Sheet
from nst.report.draw import GRAY, Box, Mark, Picture, Text, fitted
from nst.report.layout import Cell, Panel
from nst.report.lettering import line_height, width, wrapped
from nst.report.measures import Measures
from nst.report.summary import Key
from nst.rundir.runs import Run

_GROUND = "#f4f4f4"


def draw(sheet: Sheet, panel: Panel, measures: Measures) -> Block:
    """Return a panel without its heading.

    Args:
      sheet: what it shows.
      panel: of the sheet.
      measures: of the sheet.
    """
    marks = list[Mark]()
    for at, cell in enumerate(cell for row in panel.cells for cell in row):
        down, right = divmod(at, len(measures.columns))
        box = measures.columns[right], measures.rows[down]
        of_cell = Block(*box, [*_cell(cell, box, measures), *_caption(cell, box, measures)])
        marks += of_cell.at(measures.lefts[right], measures.tops[down])
    top, above = _above(sheet, measures)
    left, beside = _beside(sheet, measures)
    marks = Block(0, 0, [*above, *beside, *marks]).at(left, top)
    return Block(left + measures.size[0], top + measures.size[1], marks)


def _above(sheet: Sheet, measures: Measures) -> tuple[int, list[Mark]]:
    """Return the height of the title, labels and pictures of a panel's columns, and these."""
    key, gap, text = sheet.layout.cols, measures.gap, measures.text
    if not key:
        return 0, []
    files, room = sheet.headers.get(key.name, {}), (max(measures.columns), max(measures.rows))
    high = max((fitted(size_of(file), room)[1] for file in files.values()), default=0)
    foot = -high - 3 * gap if high else 0
    labels = [
        wrapped(name, wide, text, 5)
        for name, wide in zip(_names(sheet, key), measures.columns, strict=True)
    ]
    title = wrapped(key.title, measures.size[0], text, 2)
    top = foot - 2 * gap - (len(title) + max(map(len, labels))) * line_height(text)
    marks: list[Mark] = [Text(measures.size[0] / 2, top, tuple(title), text, GRAY, "center")]
    for x, wide, value, lines in zip(
        measures.lefts, measures.columns, key.values, labels, strict=False
    ):
        # Labels stand on the pictures, however many lines they have.
        y = foot - gap - len(lines) * line_height(text)
        marks.append(Text(x + wide / 2, y, tuple(lines), text, align="center"))
        if value in files:
            marks.append(Picture(x, foot, (wide, high), files[value]))
    return -top, marks


def _beside(sheet: Sheet, measures: Measures) -> tuple[int, list[Mark]]:
    """Return the width of the title, labels and pictures of a panel's rows, and these."""
    key, gap, text = sheet.layout.rows, measures.gap, measures.text
    if not key:
        return 0, []
    files, room = sheet.headers.get(key.name, {}), (max(measures.columns), max(measures.rows))
    wide = max((fitted(size_of(file), room)[0] for file in files.values()), default=0)
    right = -wide - 3 * gap if wide else 0
    labels = [
        wrapped(name, max(measures.cell, 8 * text), text, max(1, high // line_height(text)))
        for name, high in zip(_names(sheet, key), measures.rows, strict=True)
    ]
    title = wrapped(key.title, measures.size[1], text, 2)
    longest = max(width(line, text) for lines in labels for line in lines)
    left = right - 4 * gap - longest - len(title) * line_height(text)
    marks: list[Mark] = [
        Text(left, measures.size[1] / 2, tuple(title), text, GRAY, "center", upright=True)
    ]
    for y, high, value, lines in zip(
        measures.tops, measures.rows, key.values, labels, strict=False
    ):
        middle = y + (high - len(lines) * line_height(text)) // 2
        marks.append(Text(right - 2 * gap, middle, tuple(lines), text, align="right"))
        if value in files:
            marks.append(Picture(right, y, (wide, high), files[value]))
    return -left, marks


def size_of(file: Path) -> tuple[int, int]:
    """Return the width and height of a picture."""
    with Image.open(file) as image:
        return image.size


def _names(sheet: Sheet, key: Key) -> list[str]:
    return [f"{value} {sheet.asked.get((key.name, value), '')}".rstrip() for value in key.values]


def _caption(cell: Cell, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    for number, text in enumerate(cell.lines[: measures.captions]):
        y = box[1] + measures.gap + number * line_height(measures.small)
        line = tuple(wrapped(text, box[0], measures.small, 1))
        yield Text(box[0] / 2, y, line, measures.small, align="center")


def _cell(cell: Cell, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a run's picture, or a box that says why there is none."""
    if cell.run and cell.run.picture:
        yield Picture(0, 0, box, cell.run.picture)
        if cell.run.status != "finished":
            yield from _tag(cell.run.status, box[0], measures)
    else:
        yield from _empty(cell.run, box, measures)
    if cell.others:
        yield from _tag(f"+{cell.others}", box[0], measures, right=True)


def _empty(run: Run | None, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a box with a word, hatched where there should be a picture."""
    word = "missing" if run is None else run.status
    word = "no picture" if word == "finished" else word
    size = measures.text
    while size > 8 and width(word, size) > box[0] - 4:
        size -= 1
    (line,) = wrapped(word, box[0] - 2, size, 1)
    wide, high = width(line, size) + 2 * measures.gap, line_height(size)
    top = (box[1] - high) // 2
    yield Box(0, 0, box, _GROUND, hatched=run is not None)
    yield Box((box[0] - wide) // 2, top - 2, (wide, high + 4), _GROUND)
    yield Text(box[0] / 2, top, (line,), size, GRAY, "center")


def _tag(word: str, room: int, measures: Measures, right: bool = False) -> Iterator[Mark]:
    """Yield a word on white in the upper corner of a picture."""
    size = max(9, round(measures.text * 0.8))
    (line,) = wrapped(word, room - size, size, 1)
    wide = width(line, size) + size
    left = room - wide if right else 0
    yield Box(left, 0, (wide, line_height(size) + 2), "white")
    yield Text(left + size / 2, 1, (line,), size)
