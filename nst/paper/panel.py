"""A figure as a page: pictures in rows and columns, with letters, labels and small paintings."""

from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase

from PIL import Image

from nst.report.draw import GREY, Box, Picture, Text, render
from nst.report.lettering import line_height, width, wrapped


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


def draw(panel: Panel, cell: int, form: str = "png") -> bytes:
    """Return a figure as a file.

    Args:
      panel: what it shows.
      cell: long edge of each picture in pixels.
      form: one of `nst.report.draw.FORMATS`.
    """
    text, gap = max(12, round(cell * 0.055)), max(4, cell // 32)
    rows = [[_fitted(one, cell) if one else None for one in row] for row in panel.rows]
    wide = max(image.width for row in rows for image in row if image)
    label = max((width(one, text) + 2 * gap for one in panel.labels), default=0)
    lefts = [2 * gap + label + at * (wide + gap) for at in range(max(map(len, rows)))]
    room = lefts[-1] + wide - 2 * gap
    page = _Page(text, 2 * gap)
    page.write(2 * gap, wrapped(panel.title, room, round(text * 1.3), 3), round(text * 1.3))
    page.y += gap
    page.side_by_side(lefts, wide, panel.columns, 2)
    page.y += gap
    captions = _captions(panel)
    for number, row in enumerate(rows):
        high = max(image.height for image in row if image)
        if panel.labels:
            middle = page.y + (high - line_height(text)) // 2
            page.marks.append(Text(2 * gap, middle, (panel.labels[number],), text))
        for x, image in zip(lefts, row, strict=False):
            if image:
                at = x + (wide - image.width) // 2, page.y + (high - image.height) // 2
                page.marks.append(Picture(*at, image))
        page.y += high + gap // 2
        page.side_by_side(lefts, wide, captions[number], 3)
        page.y += gap
    for note in panel.notes:
        page.write(2 * gap, wrapped(note, room, text, 4), text, GREY)
    return render((room + 4 * gap, page.y + 2 * gap), page.marks, form)


@dataclass
class _Page:
    """What stands on a page so far, and where the next line goes."""

    text: int  # size of the letters
    y: int
    marks: list[Text | Box | Picture] = field(default_factory=list)

    def write(self, x: int, lines: list[str], size: int, color: str = "black") -> None:
        """Write lines below each other."""
        self.marks.append(Text(x, self.y, tuple(lines), size, color))
        self.y += len(lines) * line_height(size)

    def side_by_side(self, lefts: list[int], wide: int, texts: list[str], most: int) -> None:
        """Write texts beside each other, each in the middle of `wide` pixels."""
        blocks = [wrapped(text, wide, self.text, most) for text in texts]
        for x, lines in zip(lefts, blocks, strict=False):
            where = x + wide / 2, self.y
            self.marks.append(Text(*where, tuple(lines), self.text, align="center"))
        self.y += max(map(len, blocks), default=0) * line_height(self.text)


def _captions(panel: Panel) -> list[list[str]]:
    """Return what stands below the pictures of each row, lettered through all rows."""
    letters = iter(ascii_uppercase if panel.letters else "")
    return [
        [f"{next(letters, '')}  {one.caption}".strip() if one else "" for one in row]
        for row in panel.rows
    ]


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
