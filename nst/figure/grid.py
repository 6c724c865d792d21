"""The results by the keys that vary, as wide as they are printed; the letters keep their size."""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

from nst.base.errors import UserError
from nst.figure.look import POINT, SMALL, TEXT, Drawn, drawable_whole
from nst.report import figures, panel, thumbnails
from nst.report.blocks import Block, below, beside, text
from nst.report.build import used
from nst.report.caption import Sheet, sheet
from nst.report.draw import Paper, Picture, render
from nst.report.layout import Cell, Layout, arrange
from nst.report.lettering import shrunk
from nst.report.measures import Measures, of_sheet
from nst.report.summary import Report

#: Pixels in a point: 288 in an inch.
FINE = 4
_LETTERS, _LEAST = round(FINE * TEXT), round(FINE * 5)  # below that nobody reads them in print
_SMALLEST = round(FINE * 12)  # long edge of a picture
_WRAPPED = round(FINE * POINT * 20)  # room of a picture of which many stand in lines
_EDGE = 5  # where the frame around the best picture has room
_MOST_KEYS = 4  # whose values stand below a picture
_HIGHEST = round(FINE * POINT * 225)  # of a page, below which there is room for a caption


def draw(
    report: Report,
    rows: str | None,
    cols: str | None,
    metric: str | None,
    bare: bool,
    wide: float,
    form: str,
) -> Drawn:
    """Return the figure.

    Args:
      report: of the sweep.
      rows: key of the rows; none: chosen.
      cols: key of the columns; none: chosen.
      metric: whose number stands below each picture; none: none.
      bare: leave out the photograph and the painting.
      wide: in millimeters.
      form: of the file.

    Raises:
      UserError: a key or the metric is unknown, or the pictures have no room in this width.
    """
    number = figures.asked(metric)
    layout = arrange(report.runs, rows, cols)
    if number:
        layout = figures.below(layout, number)
    layout = _told(report, layout)
    room = round(wide * POINT * FINE)
    with tempfile.TemporaryDirectory(prefix="nst-") as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of pictures that are read anyway
        pictures = {
            key: thumbnails.of_sources(used(report.runs, key), key, Path(name), thumbnails.LARGE)
            for key in ("content", "style")
        }
        shown = sheet(report, layout, pictures, bare=True)
        inside = _page(shown, room - 2 * _EDGE, bare)
        page = Block(room, inside.height + 2 * _EDGE, inside.at(_EDGE, _EDGE))
        caption = drawable_whole(_caption(report, shown))
        data = render((page.width, page.height), page.marks, form, paper=Paper(FINE, caption))
    return Drawn(data, caption)


def _page(shown: Sheet, room: int, bare: bool) -> Block:
    """Return the page with the largest pictures that its width and height allow."""
    strip = Block(0, 0, []) if bare else _strip(shown, room)
    pages = [_fitted(shown, across, room, strip) for across in _arrangements(shown.layout, room)]
    found = [one for one in pages if one]
    if not found:
        raise UserError(
            f"{len(shown.layout.panels[0].cells[0])} columns have no room in "
            f"{room / FINE / POINT:.0f} mm: take --width page, or other keys with --rows and --cols"
        )
    *_, whole = max(found, key=lambda row: row[:3])
    # The width asked for, whatever is left at the sides.
    return Block(room, whole.height, whole.at(max(0, (room - whole.width) // 2), 0))


def _arrangements(layout: Layout, room: int) -> range:
    """Return how many panels, or pictures where these are wrapped, may stand beside each other."""
    if not layout.wrap:
        return range(1, len(layout.panels) + 1)
    count = len(layout.panels[0].cells[0])
    few = min(count, max(1, room // _WRAPPED))
    return range(few, min(count, few + 3) + 1)


def _fitted(
    shown: Sheet, across: int, room: int, strip: Block
) -> tuple[bool, bool, int, Block] | None:
    """Return the page, whether it fits as wide as it can be, or smaller, and its pictures' size."""
    cell = _largest(shown, across, room)
    whole = below([strip, _panels(shown, across, cell)], _LETTERS)
    if whole.width > room:
        return None
    fits = whole.height <= _HIGHEST
    while whole.height > _HIGHEST and cell > _SMALLEST:
        # What stands between the pictures keeps its height, so this many steps are few.
        cell = max(_SMALLEST, min(cell - 1, round(cell * _HIGHEST / whole.height)))
        whole = below([strip, _panels(shown, across, cell)], _LETTERS)
    return fits, whole.height <= _HIGHEST, cell, whole


def _largest(shown: Sheet, across: int, room: int) -> int:
    """Return the largest long edge of a picture with so many panels beside each other."""
    low, high = _SMALLEST, room
    # What stands beside the pictures is as wide whatever their size, or nearly so.
    start = (low + high) // 4
    beside_them = _panels(shown, across, start).width - _wide(shown.layout, across, start)
    while low < high:
        middle = (low + high + 1) // 2
        fits = _wide(shown.layout, across, middle) + beside_them <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    while low > _SMALLEST and _panels(shown, across, low).width > room:
        low -= 1
    return low


def _wide(layout: Layout, across: int, cell: int) -> int:
    """Return the width of the pictures that stand beside each other."""
    return _measures(layout, across, cell).size[0] * (1 if layout.wrap else across)


def _measures(layout: Layout, across: int, cell: int) -> Measures:
    return of_sheet(layout, cell, (_LETTERS, _LEAST), across if layout.wrap else None)


def _panels(shown: Sheet, across: int, cell: int) -> Block:
    layout = shown.layout
    measures = _measures(layout, across, cell)
    drawn = [panel.draw(shown, one, measures) for one in layout.panels]
    wide = max(one.width for one in drawn)
    whole = []
    for one, block in zip(layout.panels, drawn, strict=True):
        (said,), size = shrunk([one.heading], [wide], _LETTERS, 3, _LEAST)
        whole.append(below([text(said, size), block], measures.gap))
    lines = [whole[at : at + across] for at in range(0, len(whole), across)]
    return below([beside(line, _LETTERS) for line in lines], _LETTERS)


def _told(report: Report, layout: Layout) -> Layout:
    """Return a layout whose wrapped pictures have values alone below them: the caption has keys."""
    if not layout.wrap or layout.chosen.cols:
        return layout
    keys = report.keys[:_MOST_KEYS]

    def of(cell: Cell) -> Cell:
        number = [line for line in cell.lines[:1] if not line.startswith("run ")]
        values = [key.of.get(cell.run.name, "none") for key in keys] if cell.run else []
        return replace(cell, lines=(*number, *values))

    panels = [
        replace(one, cells=[[of(cell) for cell in row] for row in one.cells])
        for one in layout.panels
    ]
    return replace(layout, panels=panels)


def _strip(shown: Sheet, room: int) -> Block:
    """Return the pictures of what was used, equally high, with their captions."""
    high, blocks = min(round(room * 0.19), FINE * 70), list[Block]()
    for caption, file in shown.strip:
        across, down = panel.size_of(file)
        wide = round(min(3 * high, max(high / 3, high * across / down)))
        (lines,), size = shrunk([caption], [max(wide, high)], round(FINE * SMALL), 3, _LEAST)
        picture = Block(wide, high, [Picture(0, 0, (wide, high), file)])
        blocks.append(below([picture, text(lines, size)], FINE))
    several, gap = list[list[Block]](), 2 * _LETTERS
    for block in blocks:
        if not several or beside([*several[-1], block], gap).width > room:
            several.append([])
        several[-1].append(block)
    return below([beside(line, gap) for line in several], _LETTERS)


def _caption(report: Report, shown: Sheet) -> str:
    layout = shown.layout
    keys = [one.title for one in (layout.rows, layout.cols) if one]
    if layout.wrap and not layout.chosen.cols:
        keys = [one.title for one in report.keys[:_MOST_KEYS]]
        layout = replace(layout, heading=f"{layout.heading}; below each: {', '.join(keys)}")
        keys = []
    said = [
        f"Results by {' (rows) and '.join(keys)}{' (columns)' * (len(keys) > 1)}."
        if keys
        else f"{layout.heading}."
    ]
    if layout.chosen.panels:
        titles = {key.name: key.title for key in report.keys}
        several = " and ".join(titles.get(name, name) for name in layout.chosen.panels)
        said.append(f"A panel for each {several}.")
    return " ".join([*said, layout.note, *shown.notes]).replace("  ", " ").strip()
