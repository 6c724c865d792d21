"""A figure as a page: pictures in rows and columns, with letters, labels and small style images."""

from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase

from PIL import Image

from nst.report.blocks import Block, below, beside, text
from nst.report.draw import GRAY, Picture, Text, render
from nst.report.lettering import line_height, width, wrapped


@dataclass(frozen=True)
class Cell:
    """One picture of a figure."""

    picture: Path
    caption: str = ""
    inset: Path | None = None  # the style image, small in the lower left corner
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


def draw(panel: Panel, cell: int, form: str = "png") -> bytes:
    """Return a figure as a file.

    Args:
      panel: what it shows.
      cell: long edge of each picture in pixels.
      form: one of `nst.report.draw.FORMATS`.
    """
    size, gap = max(12, round(cell * 0.055)), max(4, cell // 32)
    large, letters = round(size * 1.3), iter(ascii_uppercase if panel.letters else "")
    images = [[_fitted(one, cell) if one else None for one in row] for row in panel.rows]
    wide = max(image.width for row in images for image in row if image)
    label = max((width(one, size) + gap for one in panel.labels), default=-gap)
    room, indent = label + max(map(len, images)) * (wide + gap), Block(label, 0, [])
    rows = [beside([indent, *(_centered(one, wide, size, 2) for one in panel.columns)], gap)]
    for number, row in enumerate(images):
        high = max(image.height for image in row if image)
        name = text(panel.labels[number : number + 1], size)
        pictures = [[Picture(0, 0, (wide, high), image)] if image else [] for image in row]
        cells = [Block(wide, high, list(picture)) for picture in pictures]
        captions = [
            _centered(f"{next(letters, '')} {one.caption}" if one else "", wide, size, 3)
            for one in panel.rows[number]
        ]
        named = Block(label, high, name.at(0, (high - name.height) // 2))
        whole = beside([named, *cells], gap), beside([indent, *captions], gap)
        rows.append(below(whole, gap // 2))
    title = text(wrapped(panel.title, room, large, 3), large)
    notes = below(text(wrapped(note, room, size, 4), size, GRAY) for note in panel.notes)
    page = below([title, *rows, notes], gap)
    return render((room + 4 * gap, page.height + 4 * gap), page.at(2 * gap, 2 * gap), form)


def _centered(words: str, wide: int, size: int, most: int) -> Block:
    """Return lines of text in the middle of `wide` pixels."""
    lines = wrapped(words, wide, size, most)
    mark = Text(wide / 2, 0, tuple(lines), size, align="center")
    return Block(wide, len(lines) * line_height(size), [mark])


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
