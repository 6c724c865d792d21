"""One grid of a contact sheet: its pictures, and what stands above, beside and below them."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from nst.report.blocks import Block
from nst.report.caption import Sheet
from nst.report.draw import GRAY, Box, Mark, Picture, Text, fitted
from nst.report.layout import Cell, Panel
from nst.report.lettering import line_height, shrunk, width, wrapped
from nst.report.live import words
from nst.report.measures import Measures
from nst.report.summary import Key
from nst.rundir.runs import Run

_GROUND = "#f4f4f4"
BEST = "best"


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
        of_cell = Block(*box, [*_cell(sheet, cell, box, measures), *_caption(cell, box, measures)])
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
    labels, small = shrunk(_names(sheet, key), measures.columns, text, 5, measures.least)
    (title,), large = shrunk([key.title], [measures.size[0]], text, 3, measures.least)
    high_labels = max(map(len, labels)) * line_height(small)
    top = foot - 2 * gap - len(title) * line_height(large) - high_labels
    marks: list[Mark] = [Text(measures.size[0] / 2, top, tuple(title), large, GRAY, "center")]
    for x, wide, value, lines in zip(
        measures.lefts, measures.columns, key.values, labels, strict=False
    ):
        # Labels stand on the pictures, however many lines they have.
        y = foot - gap - len(lines) * line_height(small)
        marks.append(Text(x + wide / 2, y, tuple(lines), small, align="center"))
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
    names, most = _names(sheet, key), max(1, min(measures.rows) // line_height(text))
    across = max(measures.cell, 8 * text)
    # There is more room to the left than lines beside a small picture.
    while most < 3 and across < 40 * text and across < max(width(name, text) for name in names):
        across += text
    labels, small = shrunk(names, [across] * len(names), text, most, measures.least)
    (title,), large = shrunk([key.title], [measures.size[1]], text, 3, measures.least)
    longest = max(width(line, small) for lines in labels for line in lines)
    left = right - 4 * gap - longest - len(title) * line_height(large)
    marks: list[Mark] = [
        Text(left, measures.size[1] / 2, tuple(title), large, GRAY, "center", upright=True)
    ]
    for y, high, value, lines in zip(
        measures.tops, measures.rows, key.values, labels, strict=False
    ):
        middle = y + (high - len(lines) * line_height(small)) // 2
        marks.append(Text(right - 2 * gap, middle, tuple(lines), small, align="right"))
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
        if cell.best and not number and width(f"{text} {BEST}", measures.small) <= box[0]:
            text = f"{text} {BEST}"
        y = box[1] + measures.gap + number * line_height(measures.small)
        (line,), size = shrunk([text], [box[0]], measures.small, 1, measures.least)
        yield Text(box[0] / 2, y, tuple(line), size, align="center")


def _cell(sheet: Sheet, cell: Cell, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a run's picture, or a box that says why there is none."""
    if cell.run and cell.run.picture:
        yield Picture(0, 0, box, cell.run.picture)
        if cell.best:
            yield from _frame(cell, box, measures)
        if cell.run.status != "finished":
            yield from _tag(words(cell.run, sheet.progress), box[0], measures)
    else:
        yield from _empty(cell.run, box, measures)
    if cell.others:
        yield from _tag(f"+{cell.others}", box[0], measures, right=True)


def _frame(cell: Cell, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a frame around the picture, in the gap to the next one."""
    run, thick = cell.run, min(measures.gap - 1, 5)
    size = fitted((run.width, run.height), box) if run and run.width and run.height else box
    left, top = ((a - b) // 2 for a, b in zip(box, size, strict=True))
    wide, high = size[0] + 2 * thick, size[1] + 2 * thick
    for x, y, of_side in (
        (left - thick, top - thick, (wide, thick)),
        (left - thick, top + size[1], (wide, thick)),
        (left - thick, top - thick, (thick, high)),
        (left + size[0], top - thick, (thick, high)),
    ):
        yield Box(x, y, of_side, "black")


def _empty(run: Run | None, box: tuple[int, int], measures: Measures) -> Iterator[Mark]:
    """Yield a box with a word, hatched where there should be a picture."""
    word = "missing" if run is None else run.status
    word = "no picture" if word == "finished" else word
    size = measures.text
    while size > 6 and width(word, size) > box[0] - 4:
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
    ((line,),), size = shrunk([word], [room - 2 * measures.gap], size, 1, measures.least)
    wide = min(room, width(line, size) + size)
    left = room - wide if right else 0
    yield Box(left, 0, (wide, line_height(size) + 2), "white")
    yield Text(left + wide / 2, 1, (line,), size, align="center")
