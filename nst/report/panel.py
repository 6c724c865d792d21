"""One grid of a contact sheet: the widths of its columns, the heights of its rows, its labels."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from nst.report.layout import Cell, Layout, Panel
from nst.report.lettering import line_height, width, wrapped
from nst.report.marks import Mark, Measures, Picture, Place, Sheet, Text
from nst.report.summary import Key
from nst.rundir.runs import Run

#: Width to height that panels and lines are arranged for: a page on its side.
ASPECT = 1.4
GREY = "#555555"
_SMALLEST = 11  # letters below a picture, in pixels


@dataclass(frozen=True)
class Grid:
    """The measures that the panels of a sheet share, in pixels."""

    columns: list[int]  # widths
    rows: list[int]  # heights
    captions: int  # lines below each picture
    row_labels: list[list[str]]
    col_labels: list[list[str]]
    row_title: list[str]
    col_title: list[str]
    beside: int  # width of the pictures that head the rows; 0: there are none
    above: int  # height of those that head the columns
    left: int  # from the panel's edge to its first picture
    top: int
    width: int
    height: int


def grid(sheet: Sheet, measures: Measures) -> Grid:
    """Return the measures of a sheet's panels.

    Args:
      sheet: what it shows.
      measures: of the sheet.
    """
    layout, gap, text = sheet.layout, measures.gap, measures.text
    captions = max(len(one.lines) for panel in layout.panels for row in panel.cells for one in row)
    columns, rows = _sizes(layout, measures, captions)
    if captions > 1 and columns[0] < 12 * _SMALLEST:
        # Where a line would be cut before its value, the name of the run says more.
        captions = 1
        columns, rows = _sizes(layout, measures, captions)
    across = sum(columns) + gap * (len(columns) - 1)
    down = sum(rows) + _step(captions, measures, columns[0]) * len(rows) - gap
    row_names, col_names = (_names(sheet, key) for key in (layout.rows, layout.cols))
    row_labels = [
        wrapped(name, max(measures.cell, 8 * text), text, max(1, height // line_height(text)))
        for name, height in zip(row_names, rows, strict=False)
    ]
    col_labels = [
        wrapped(name, wide, text, 5) for name, wide in zip(col_names, columns, strict=False)
    ]
    row_title = wrapped(layout.rows.title, down, text, 2) if layout.rows else []
    col_title = wrapped(layout.cols.title, across, text, 2) if layout.cols else []
    beside = max(columns) if layout.rows and sheet.headers.get(layout.rows.name) else 0
    above = max(rows) if layout.cols and sheet.headers.get(layout.cols.name) else 0
    longest = max((width(line, text) for lines in row_labels for line in lines), default=0)
    left = len(row_title) * line_height(text) + longest + (longest > 0) * 4 * gap
    lines = len(col_title) + max((len(one) for one in col_labels), default=0)
    top = lines * line_height(text) + (lines > 0) * 2 * gap
    left += beside + (beside > 0) * 3 * gap
    top += above + (above > 0) * 3 * gap
    return Grid(
        columns, rows, captions, row_labels, col_labels, row_title, col_title, beside, above,
        left, top, left + across, top + down,
    )  # fmt: skip


def marks(
    sheet: Sheet, panel: Panel, grid: Grid, measures: Measures, x: int, y: int
) -> Iterator[Mark]:
    """Yield what one panel is made of, without its heading.

    Args:
      sheet: what it shows.
      panel: of the sheet.
      grid: measures of the panels.
      measures: of the sheet.
      x: of the panel's left edge.
      y: of its upper edge.
    """
    step = _step(grid.captions, measures, grid.columns[0])
    lefts = list(accumulate((one + measures.gap for one in grid.columns), initial=x + grid.left))
    tops = list(accumulate((one + step for one in grid.rows), initial=y + grid.top))
    yield from _columns(sheet, grid, measures, lefts, y)
    yield from _rows(sheet, grid, measures, x, tops)
    for at, cell in enumerate(cell for row in panel.cells for cell in row):
        down, across = divmod(at, len(grid.columns))
        box = grid.columns[across], grid.rows[down]
        yield Place(lefts[across], tops[down], box, cell)
        below = tops[down] + box[1] + measures.gap
        middle, size = lefts[across] + box[0] / 2, _small(measures, box[0])
        for line, text in enumerate(cell.lines[: grid.captions]):
            fitting = tuple(wrapped(text, box[0], size, 1))
            yield Text(middle, below + line * line_height(size), fitting, size, "black", "middle")


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


def _names(sheet: Sheet, key: Key | None) -> list[str]:
    values = key.values if key else []
    return [f"{value} {sheet.asked.get((key.name, value), '')}".rstrip() for value in values if key]


def _columns(
    sheet: Sheet, grid: Grid, measures: Measures, lefts: list[int], y: int
) -> Iterator[Mark]:
    key, gap, text = sheet.layout.cols, measures.gap, measures.text
    if not key:
        return
    middle = lefts[0] + (grid.width - grid.left) / 2
    yield Text(middle, y, tuple(grid.col_title), text, GREY, "middle")
    below = y + grid.top - grid.above - (grid.above > 0) * 3 * gap
    for label, lines, x, wide in zip(
        key.values, grid.col_labels, lefts, grid.columns, strict=False
    ):
        # Labels stand on the pictures, however many lines they have.
        top = below - gap - len(lines) * line_height(text)
        yield Text(x + wide / 2, top, tuple(lines), text, "black", "middle")
        file = sheet.headers.get(key.name, {}).get(label)
        if file:
            yield Picture(x, below, (wide, grid.above), file)


def _rows(sheet: Sheet, grid: Grid, measures: Measures, x: int, tops: list[int]) -> Iterator[Mark]:
    key, gap, text = sheet.layout.rows, measures.gap, measures.text
    if not key:
        return
    middle = tops[0] + (grid.height - grid.top) / 2
    yield Text(x, middle, tuple(grid.row_title), text, GREY, "middle", upright=True)
    right = x + grid.left - grid.beside - (grid.beside > 0) * 3 * gap
    for label, lines, y, high in zip(key.values, grid.row_labels, tops, grid.rows, strict=False):
        top = y + (high - len(lines) * line_height(text)) / 2
        yield Text(right - 2 * gap, top, tuple(lines), text, "black", "right")
        file = sheet.headers.get(key.name, {}).get(label)
        if file:
            yield Picture(right, y, (grid.beside, high), file)


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
