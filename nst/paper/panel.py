"""A figure as a page: pictures in rows and columns, with letters, labels and small paintings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from nst.report.lettering import draw as letter
from nst.report.lettering import line_height, width, wrapped

_GREY = "#666666"


@dataclass(frozen=True)
class Cell:
    """One picture of a figure."""

    picture: Path
    caption: str = ""
    inset: Path | None = None  # the painting, small in the lower left corner
    crop: tuple[float, float, float] | None = None  # left, top, side: shares of the width; enlarged


@dataclass(frozen=True)
class Panel:
    """A figure."""

    title: str
    rows: list[list[Cell | None]]
    columns: list[str] = field(default_factory=list)  # above each column; none: no line
    labels: list[str] = field(default_factory=list)  # beside each row
    notes: list[str] = field(default_factory=list)  # below all
    letters: bool = True  # A, B, C ... before the captions


@dataclass(frozen=True)
class _Drawn:
    """A cell with its picture at its size, and the lines below it."""

    image: Image.Image
    lines: list[str]


def draw(panel: Panel, cell: int) -> Image.Image:
    """Return a figure as a picture.

    Args:
      panel: what it shows.
      cell: long edge of each picture in pixels.
    """
    text, gap = max(13, round(cell * 0.06)), max(4, cell // 32)
    large, step = round(text * 1.3), line_height(text)
    rows = list(_drawn(panel, cell, text))
    across = max(map(len, rows))
    wide = max(one.image.width for row in rows for one in row if one)
    label = max((width(one, text) + 2 * gap for one in panel.labels), default=0)
    room = label + across * (wide + gap) - gap
    # Higher than any figure; what is left below is cut off in the end.
    page = Image.new("RGB", (room + 4 * gap, len(rows) * (cell + 8 * step) + 40 * step), "white")
    y = _written(page, 2 * gap, 2 * gap, wrapped(panel.title, room, large, 3), large)
    left = [2 * gap + label + column * (wide + gap) for column in range(across)]
    headings = [wrapped(one, wide, text, 2) for one in panel.columns]
    y = _side_by_side(page, left, y + gap, headings, text, wide) + gap
    for number, row in enumerate(rows):
        high = max(one.image.height for one in row if one)
        if panel.labels:
            letter(page, (2 * gap, y + (high - step) // 2), panel.labels[number], text, "black")
        for x, one in zip(left, row, strict=False):
            if one:
                at = x + (wide - one.image.width) // 2, y + (high - one.image.height) // 2
                page.paste(one.image, at)
        lines = [one.lines if one else [] for one in row]
        y = _side_by_side(page, left, y + high + gap // 2, lines, text, wide) + gap
    for note in panel.notes:
        y = _written(page, 2 * gap, y, wrapped(note, room, text, 4), text, _GREY)
    return page.crop((0, 0, page.width, y + 2 * gap))


def _drawn(panel: Panel, cell: int, text: int) -> Iterator[list[_Drawn | None]]:
    """Yield the cells of each row with their pictures, lettered through all rows."""
    count = 0
    for row in panel.rows:
        cells: list[_Drawn | None] = []
        for one in row:
            if one is None:
                cells.append(None)
                continue
            mark = f"{chr(ord('A') + count)}  " if panel.letters else ""
            count += 1
            image = _fitted(one, cell)
            caption = f"{mark}{one.caption}".strip()
            cells.append(_Drawn(image, wrapped(caption, image.width, text, 3) if caption else []))
        yield cells


def _fitted(cell: Cell, longest: int) -> Image.Image:
    with Image.open(cell.picture) as file:
        image = file.convert("RGB")
    size = _scaled(image.size, longest)
    if cell.crop:
        left, top, side = (share * image.width for share in cell.crop)
        box = (round(left), round(top), round(left + side), round(top + side * size[1] / size[0]))
        # Whole pixels stay squares, so that what is seen is what the picture holds.
        return image.crop(box).resize(size, Image.Resampling.NEAREST)
    image = image.resize(size, Image.Resampling.LANCZOS)
    if cell.inset:
        with Image.open(cell.inset) as file:
            small = file.convert("RGB")
        small = small.resize(_scaled(small.size, round(longest * 0.28)), Image.Resampling.LANCZOS)
        edge = max(1, longest // 128)
        framed = Image.new("RGB", (small.width + 2 * edge, small.height + 2 * edge), "white")
        framed.paste(small, (edge, edge))
        image.paste(framed, (0, image.height - framed.height))
    return image


def _scaled(size: tuple[int, int], longest: int) -> tuple[int, int]:
    wide, high = (max(1, round(longest * one / max(size))) for one in size)
    return wide, high


def _side_by_side(
    page: Image.Image, left: list[int], y: int, blocks: list[list[str]], size: int, wide: int
) -> int:
    """Write blocks of lines beside each other, each line in the middle of `wide` pixels."""
    for x, lines in zip(left, blocks, strict=False):
        for number, line in enumerate(lines):
            at = x + (wide - width(line, size)) // 2, y + number * line_height(size)
            letter(page, at, line, size, "black")
    return y + max(map(len, blocks), default=0) * line_height(size)


def _written(
    page: Image.Image, x: int, y: int, lines: list[str], size: int, colour: str = "black"
) -> int:
    """Write lines below each other and return where the next one goes."""
    for line in lines:
        letter(page, (x, y), line, size, colour)
        y += line_height(size)
    return y
