"""The contact sheet, grid.png: the labeled grid of pictures that the papers of the field print."""

import hashlib
import math
from pathlib import Path

from nst.base.errors import UserError
from nst.report import own, panel
from nst.report.blocks import Block, below, beside, text
from nst.report.caption import Sheet
from nst.report.draw import GRAY, Picture, render
from nst.report.lettering import shrunk, width, wrapped
from nst.report.measures import Measures, beside_each_other, of_sheet
from nst.report.summary import Report
from nst.rundir.runs import Run

#: Raised whenever the same sheet is drawn in another way.
LOOK = 4
#: A sheet's pixels stay below this where the cells' size isn't given.
PIXELS = 24e6
#: What Pillow opens without a warning.
MOST_PIXELS = 89_478_485
LARGEST, SMALLEST = 256, 48  # long edge of a cell in pixels, where it isn't given
_NARROWEST = 460  # pixels of page, for the title's sake
_SEPARATOR = " · "


def write(path: Path, report: Report, sheet: Sheet, cell: int | None = None) -> None:
    """Write a contact sheet, unless the file that is there shows the same.

    Args:
      path: of the file; its ending is one of `nst.report.draw.FORMATS`.
      report: whose runs are shown; its thumbnails' names change with the pictures.
      sheet: what it shows.
      cell: long edge of the pictures in pixels; none: as fits.

    Raises:
      UserError: with cells of the size asked for the sheet is too large.
      OSError: the file can't be written.
    """
    page = _plan(sheet, report.runs, cell)
    seen = page, sorted(report.thumbnails.items()), LOOK
    stamp = hashlib.sha256(repr(seen).encode("utf-8", "backslashreplace")).hexdigest()
    there = path.read_bytes() if path.exists() else b""
    if stamp.encode() in there:
        own.put(path, there)  # of an older report it is put on record
        return
    own.put(path, render((page.width, page.height), page.marks, path.suffix[1:], stamp))


def _plan(sheet: Sheet, runs: list[Run], cell: int | None) -> Block:
    """Return the page of a sheet, its cells as large as asked for or as fits."""
    if cell is not None:
        page = _page(sheet, cell)
        if page.width * page.height > MOST_PIXELS:
            raise UserError(
                f"--cell {cell} makes a picture of {page.width} x {page.height} pixels, "
                f"and at most {MOST_PIXELS} in all are drawn: take smaller cells"
            )
        return page
    longest = max((max(run.width or 0, run.height or 0) for run in runs), default=0)
    # Lines of text below a picture need more room than those beside it.
    cell = max(200 if sheet.layout.wrap else 96, min(LARGEST, longest or LARGEST))
    while True:
        page = _page(sheet, cell)
        pixels = page.width * page.height
        if pixels <= PIXELS or cell <= SMALLEST:
            return page
        cell = max(SMALLEST, min(cell - 1, int(cell * math.sqrt(PIXELS / pixels))))


def _page(sheet: Sheet, cell: int) -> Block:
    measures = of_sheet(sheet.layout, cell)
    margin = measures.margin
    panels, strip = _panels(sheet, measures), _strip(sheet, measures)
    room = max(panels.width, _NARROWEST, sum(one.width + margin for one in strip[:2]))
    head = below(_head(sheet, measures, room))
    page = below([head, _flowing(strip, room, measures), panels], margin)
    return Block(room + 2 * margin, page.height + 2 * margin, page.at(margin, margin))


def _panels(sheet: Sheet, measures: Measures) -> Block:
    margin, several = measures.margin, sheet.layout.panels
    drawn = [panel.draw(sheet, one, measures) for one in several]
    wide, high = drawn[0].width, drawn[0].height
    said, size = shrunk([one.heading for one in several], [wide] * len(several), measures.text, 4)
    headings = [text(lines, size) for lines in said]
    # Equally high, so that the panels of a line stand at one height.
    most = max(one.height for one in headings)
    whole = [
        below([Block(wide, most, heading.marks), one], measures.gap)
        for heading, one in zip(headings, drawn, strict=True)
    ]
    across = beside_each_other(len(several), wide + 2 * margin, high + 3 * margin)
    lines = [whole[at : at + across] for at in range(0, len(whole), across)]
    return below([beside(line, 2 * margin) for line in lines], 2 * margin)


def _head(sheet: Sheet, measures: Measures, room: int) -> list[Block]:
    """Return the title, the settings and the notes."""
    size = measures.text
    (title,), large = shrunk([sheet.title], [room], round(size * 1.35), 4)
    return [
        text(title, large),
        text(_joined(sheet.facts, room, size), size, GRAY),
        *(text(wrapped(note, room, size, 4), size) for note in sheet.notes),
        text(wrapped(sheet.layout.note, room, size, 2), size, GRAY),
        text(wrapped(sheet.layout.heading, room, size, 2), size),
    ]


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


def _strip(sheet: Sheet, measures: Measures) -> list[Block]:
    """Return the pictures of what was used, equally high, with their captions."""
    high, size, blocks = round(measures.cell * 0.66), measures.text, []
    for caption, file in sheet.strip:
        across, down = panel.size_of(file)
        wide = round(min(3 * high, max(high / 3, high * across / down)))
        (lines,), small = shrunk([caption], [max(wide, 2 * high)], size, 3)
        picture = Block(wide, high, [Picture(0, 0, (wide, high), file)])
        blocks.append(below([picture, text(lines, small)], measures.gap))
    return blocks


def _flowing(blocks: list[Block], room: int, measures: Measures) -> Block:
    """Return blocks in as many lines as they need."""
    gap, lines = 3 * measures.gap, list[list[Block]]()
    for block in blocks:
        if not lines or beside([*lines[-1], block], gap).width > room:
            lines.append([])
        lines[-1].append(block)
    return below([beside(line, gap) for line in lines], gap)
