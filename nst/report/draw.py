"""A page of texts, boxes and pictures, each with its place in pixels, drawn by matplotlib."""

import io
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from nst.report.lettering import FONT, INSTEAD, families, line_height, matplotlib

#: What a page can be written as.
FORMATS = ("png", "pdf", "svg")
GRAY = "#555555"
#: In a PNG, what its stamp is called.
STAMP = "nst:sheet"
_HATCH, _HATCHES = "#d9d9d9", 14  # color of the lines of a hatched box, pixels between them
_ASCENT = 0.98  # of a line's first pixel above its letters' feet, as a share of their size
#: The same bytes for the same page, letters that can be searched, pictures as they are.
LOOK = {
    "font.sans-serif": [FONT, INSTEAD],
    "svg.hashsalt": "nst",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "image.composite_image": False,
    "text.hinting": "no_hinting",
    "text.parse_math": False,
}
#: On top of that: outlines, since no editor and no LaTeX reads a font that lies in an SVG.
PRINTED = {"svg.fonttype": "path"}


@dataclass(frozen=True)
class Text:
    """Lines of text."""

    x: float  # of the side that `align` names
    y: float  # of the upper edge; of the middle where it is upright
    lines: tuple[str, ...]
    size: int
    color: str = "black"
    align: str = "left"  # "left", "center" or "right"
    upright: bool = False  # turned to the left, the first line leftmost


@dataclass(frozen=True)
class Box:
    """A plain rectangle, or a hatched one."""

    x: float
    y: float
    size: tuple[float, float]  # width and height
    color: str
    hatched: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture as large as its box allows, a pixel of it a pixel of the page."""

    x: float
    y: float
    box: tuple[int, int]  # width and height
    source: Path | Image.Image


Mark = Text | Box | Picture


@dataclass(frozen=True)
class Paper:
    """A page that is printed in a paper."""

    fine: int  # pixels in a point
    caption: str  # what the file says that it shows


def render(
    size: tuple[int, int],
    marks: list[Mark],
    form: str,
    stamp: str = "",
    paper: Paper | None = None,
) -> bytes:
    """Return a page as a file; of a PDF or an SVG a pixel is a point, or a part of one.

    Args:
      size: width and height in pixels.
      marks: what stands on it; texts lie on boxes and boxes on pictures.
      form: one of FORMATS.
      stamp: written into the file.
      paper: what it is for, where a pixel isn't a point.
    """
    with warnings.catch_warnings(action="ignore"), matplotlib().rc_context():
        matplotlib().rcdefaults()  # a matplotlibrc of the user's is for plots
        matplotlib().rcParams.update(LOOK | (PRINTED if paper else {}))
        figure = _figure(size, marks, paper.fine if paper else 1)
        if form == "png":
            return _png(figure, size, marks, stamp)
        for image, left, top in _pictures(marks):
            _place(figure.axes[0], image, left, top)
        file = io.BytesIO()
        date, subject = {"pdf": ("CreationDate", "Subject"), "svg": ("Date", "Description")}[form]
        metadata = {date: None, "Keywords": stamp or None, subject: paper and paper.caption}
        figure.savefig(file, format=form, metadata=metadata)
        return file.getvalue()


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


def _place(axes: Any, image: Image.Image, left: int, top: int) -> None:
    """Put a picture below all else with its own pixels, whatever the size of the page's."""
    from matplotlib.image import AxesImage

    edges = left, left + image.width, top + image.height, top
    shown = AxesImage(axes, extent=edges, origin="upper", interpolation="none", zorder=-1)
    shown.set_data(np.asarray(image))
    axes.add_artist(shown)


def _figure(size: tuple[int, int], marks: list[Mark], fine: int = 1) -> Any:
    """Return the page without its pictures."""
    from matplotlib.figure import Figure

    figure = Figure((*size, "px"), dpi=72 * fine, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()
    for mark in marks:
        if isinstance(mark, Text):
            _write(axes, mark, fine)
        elif isinstance(mark, Box):
            _frame(axes, mark, fine)
    return figure


def _pictures(marks: list[Mark]) -> Iterator[tuple[Image.Image, int, int]]:
    """Yield each picture that can be read at its size, and its left and upper edge."""
    pictures = [mark for mark in marks if isinstance(mark, Picture)]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # Decoding lets go of Python's lock, so threads do.
        for picture, image in zip(pictures, pool.map(_image, pictures), strict=True):
            if image:
                left, top = ((a - b) // 2 for a, b in zip(picture.box, image.size, strict=True))
                yield image, round(picture.x) + left, round(picture.y) + top


def _write(axes: Any, text: Text, fine: int) -> None:
    step = line_height(text.size)
    for number, line in enumerate(text.lines):
        foot = number * step + round(_ASCENT * text.size)
        at = (text.x + foot, text.y) if text.upright else (text.x, text.y + foot)
        axes.text(
            *at, line, color=text.color, fontsize=text.size / fine, fontfamily=families(line),
            horizontalalignment=text.align, verticalalignment="baseline",
            rotation=90 * text.upright, rotation_mode="anchor",
        )  # fmt: skip


def _frame(axes: Any, box: Box, fine: int) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    wide, high = box.size
    axes.add_artist(Rectangle((box.x, box.y), wide, high, color=box.color, linewidth=0, snap=True))
    if box.hatched:
        # Matplotlib's own hatching is left out by some that show PDFs.
        ends = [
            [(x, foot - x) for x in (max(0, foot - high), min(foot, wide))]
            for foot in range(_HATCHES, round(wide + high), _HATCHES)
        ]
        lines = [[(box.x + x, box.y + y) for x, y in line] for line in ends]
        # Of a rectangle's order, so that one that comes later covers them.
        axes.add_artist(LineCollection(lines, colors=_HATCH, linewidths=1.5 / fine, zorder=1))


def _image(picture: Picture) -> Image.Image | None:
    """Return a picture at its size, none where it can no longer be read."""
    try:
        if isinstance(picture.source, Image.Image):
            image = picture.source
        else:
            with Image.open(picture.source, formats=["PNG", "JPEG"]) as file:
                image = file.convert("RGB")
    except Exception:  # a damaged file makes Pillow's readers raise almost anything
        return None
    size = fitted(image.size, picture.box)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _png(figure: Any, size: tuple[int, int], marks: list[Mark], stamp: str) -> bytes:
    """Return the page with its pictures put below: matplotlib would resample each of them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    page = Image.new("RGB", size, "white")
    for image, left, top in _pictures(marks):
        page.paste(image, (left, top))
    figure.patch.set_alpha(0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    above = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    page.paste(above, mask=above)
    info = PngImagePlugin.PngInfo()
    info.add_text(STAMP, stamp)
    file = io.BytesIO()
    # Pictures hardly compress: a higher level takes longer for nothing.
    page.save(file, format="PNG", pnginfo=info, compress_level=3, dpi=(figure.dpi,) * 2)
    return file.getvalue()
