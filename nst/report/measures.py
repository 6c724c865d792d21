"""How large the cells of a contact sheet are, and where those of a panel stand."""

import math
from dataclasses import dataclass
from itertools import accumulate

from nst.report.draw import fitted
from nst.report.layout import Cell, Layout
from nst.report.lettering import LEAST, line_height, width
from nst.rundir.runs import Run

#: Width to height that panels and lines are arranged for: a page on its side.
ASPECT = 1.4
_SMALLEST = 10  # letters below a picture, in pixels


@dataclass(frozen=True)
class Measures:
    """Lengths of a sheet in pixels, and where the pictures of a panel stand from the first."""

    cell: int  # long edge of a run's picture
    text: int  # size of the letters
    small: int  # of those below a picture
    captions: int  # their lines
    gap: int  # between two pictures
    margin: int
    least: int  # size below which letters don't shrink
    columns: list[int]  # widths
    rows: list[int]  # heights
    lefts: list[int]  # of the columns, and where the next one would be
    tops: list[int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of all pictures."""
        return self.lefts[-1] - self.gap, self.tops[-1] - self.gap


def of_sheet(
    layout: Layout, cell: int, letters: tuple[int, int] | None = None, across: int | None = None
) -> Measures:
    """Return the lengths of a sheet.

    Args:
      layout: what it shows.
      cell: long edge of a run's picture in pixels.
      letters: size of the letters in pixels and the least that they shrink to; none: as fits.
      across: cells of a line, where they are wrapped into several; none: as fits.
    """
    text, gap, margin = round(cell * 0.078), max(3, round(cell / 40)), max(14, round(cell / 10))
    text = min(max(20, round(cell * 0.055)), max(12 if cell >= 96 else 10, text))
    small, least = max(_SMALLEST, min(round(text * 0.85), cell // 12)), LEAST
    if letters:
        (text, least), small, margin = letters, letters[0], letters[0]
    lines = max(len(one.lines) for panel in layout.panels for row in panel.cells for one in row)
    # Where a line would be cut before its value, the name of the run says more.
    lines = lines if cell >= 12 * _SMALLEST or letters else min(1, lines)
    step = gap + (lines and lines * line_height(small) + gap + margin // 2)
    columns, rows = _sizes(layout, cell, gap, step, least, across)
    lefts = list(accumulate((wide + gap for wide in columns), initial=0))
    tops = list(accumulate((high + step for high in rows), initial=0))
    return Measures(cell, text, small, lines, gap, margin, least, columns, rows, lefts, tops)


def beside_each_other(count: int, wide: int, high: int) -> int:
    """Return how many panels or cells a line has, so that the page has a page's shape.

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


def _sizes(
    layout: Layout, cell: int, gap: int, step: int, smallest: int, across: int | None
) -> tuple[list[int], list[int]]:
    """Return the widths of the columns and the heights of the rows, each as its pictures need."""
    cells = [row for panel in layout.panels for row in panel.cells]
    # A mark must find room in the slimmest of pictures, a number below it and one above.
    words = [one.lines[0] for row in cells for one in row if len(one.lines) == 1]
    words += layout.cols.values if layout.cols and layout.cols.numbers else []
    least = max(cell // 3, max((width(line, smallest) for line in words), default=0))

    def needed(line: list[Cell], side: int, otherwise: int) -> int:
        found = [size[side] for one in line if (size := _scaled(one.run, cell))]
        return max(least, *found) if found else otherwise

    everything = [one for row in cells for one in row]
    wide, high = (needed(everything, side, cell) for side in (0, 1))
    if layout.wrap:
        right = across or beside_each_other(len(everything), wide + gap, high + step)
        return [wide] * right, [high] * math.ceil(len(everything) / right)
    count = len(layout.panels[0].cells)
    columns = [needed([row[at] for row in cells], 0, wide) for at in range(len(cells[0]))]
    rows = [
        needed([one for row in cells[at::count] for one in row], 1, high) for at in range(count)
    ]
    return columns, rows


def _scaled(run: Run | None, cell: int) -> tuple[int, int] | None:
    if run is None or not run.width or not run.height:
        return None
    return fitted((run.width, run.height), (cell, cell))
