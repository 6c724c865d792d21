"""The contact sheet, grid.png: the labelled grid of pictures that the papers of the field print."""

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw, PngImagePlugin

from nst.base.errors import UserError
from nst.report import own
from nst.report.lettering import draw as letter
from nst.report.lettering import line_height, width, wrapped
from nst.report.marks import Measures, Picture, Place, Sheet, Text
from nst.report.panel import GREY
from nst.report.sheet import Plan, plan
from nst.report.summary import Report
from nst.report.thumbnails import decoded

#: Raised whenever the same sheet is drawn in another way.
LOOK = 1
_STAMP = "nst:sheet"
_HATCH, _GROUND = "#d9d9d9", "#f4f4f4"


def write(path: Path, report: Report, sheet: Sheet, cell: int | None = None) -> None:
    """Write a contact sheet, unless the file that is there shows the same.

    Args:
      path: of the PNG.
      report: whose runs are shown; its thumbnails' names change with the pictures.
      sheet: what it shows.
      cell: long edge of the pictures in pixels; none: as fits.

    Raises:
      UserError: with cells of the size asked for the sheet is too large.
      OSError: the file can't be written.
    """
    page = plan(sheet, report.runs, cell)
    seen = page, sorted(report.thumbnails.items()), LOOK
    stamp = hashlib.sha256(repr(seen).encode("utf-8", "backslashreplace")).hexdigest()
    if _stamp(path) == stamp:
        own.put(path, path.read_bytes())  # of an older report it goes on record
        return
    info = PngImagePlugin.PngInfo()
    info.add_text(_STAMP, stamp)
    png = io.BytesIO()
    # Pictures hardly compress: a higher level takes longer for nothing.
    draw(page).save(png, format="PNG", pnginfo=info, compress_level=3)
    own.put(path, png.getvalue())


def draw(plan: Plan) -> Image.Image:
    """Return a contact sheet as a picture.

    Args:
      plan: the page and all that stands on it.
    """
    page = Image.new("RGB", plan.size, "white")
    places = [mark for mark in plan.marks if isinstance(mark, Place)]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # Decoding lets go of Python's lock, so threads do; each picture is pasted as it comes.
        pictures = pool.map(lambda place: _picture(place, plan.measures), places)
        for place, picture in zip(places, pictures, strict=True):
            _cell(page, plan.measures, place, picture)
    for mark in plan.marks:
        if isinstance(mark, Text):
            _text(page, mark)
        elif isinstance(mark, Picture):
            with Image.open(mark.file) as image:
                fitted = _fitted(image.convert("RGB"), max(mark.box), mark.box)
            _paste(page, fitted, mark)
    return page


def _stamp(path: Path) -> str | None:
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return str(image.info.get(_STAMP))
    except Exception:  # whatever lies there, it is drawn anew
        return None


def _text(page: Image.Image, text: Text) -> None:
    step = line_height(text.size)
    if text.upright:
        length = max(width(line, text.size) for line in text.lines) + 2
        strip = Image.new("RGB", (length, len(text.lines) * step), "white")
        level = Text(length / 2, 0, text.lines, text.size, text.colour, "middle")
        _text(strip, level)
        turned = strip.transpose(Image.Transpose.ROTATE_90)
        page.paste(turned, (round(text.x), round(text.y - length / 2)))
        return
    share = {"left": 0.0, "middle": 0.5, "right": 1.0}[text.align]
    for at, line in enumerate(text.lines):
        left = text.x - share * width(line, text.size)
        letter(page, (left, text.y + at * step), line, text.size, text.colour)


def _cell(page: Image.Image, measures: Measures, place: Place, picture: Image.Image | None) -> None:
    cell = place.cell
    if picture:
        _paste(page, picture, place)
        if cell.run and cell.run.status != "finished":
            _tag(page, measures, cell.run.status, place, right=False)
    else:
        _empty(page, measures, place)
    if cell.others:
        _tag(page, measures, f"+{cell.others}", place, right=True)


def _picture(place: Place, measures: Measures) -> Image.Image | None:
    if place.cell.run is None or place.cell.run.picture is None:
        return None
    try:
        return _fitted(decoded(place.cell.run.picture), measures.cell, place.box)
    except UserError:
        return None


def _fitted(picture: Image.Image, longest: int, box: tuple[int, int]) -> Image.Image:
    """Return a picture with its long edge `longest`, or smaller where the box asks for it."""
    side = max(picture.size)
    wide, high = (max(1, round(longest * one / side)) for one in picture.size)
    if wide > box[0] or high > box[1]:
        factor = min(box[0] / wide, box[1] / high)
        wide, high = max(1, round(wide * factor)), max(1, round(high * factor))
    if (wide, high) == picture.size:
        return picture
    return picture.resize((wide, high), Image.Resampling.LANCZOS)


def _paste(page: Image.Image, picture: Image.Image, place: Place | Picture) -> None:
    left = place.x + (place.box[0] - picture.width) // 2
    page.paste(picture, (left, place.y + (place.box[1] - picture.height) // 2))


def _empty(page: Image.Image, measures: Measures, place: Place) -> None:
    """Draw a box that says why there is no picture, hatched where there should be one."""
    run, (wide, high) = place.cell.run, place.box
    box = Image.new("RGB", place.box, _GROUND)
    pen = ImageDraw.Draw(box)
    if run:
        for start in range(-high, wide, max(6, measures.cell // 16)):
            pen.line((start, high, start + high, 0), _HATCH, max(1, measures.cell // 96))
    word = "missing" if run is None else run.status
    word = "no picture" if word == "finished" else word
    size = measures.text
    while size > 8 and width(word, size) > wide - 4:
        size -= 1
    lines = wrapped(word, wide - 2, size, 2)
    top = (high - len(lines) * line_height(size)) // 2
    if run:
        half = max(width(line, size) for line in lines) / 2 + measures.gap
        foot = top + len(lines) * line_height(size)
        pen.rectangle((wide / 2 - half, top - 2, wide / 2 + half, foot + 2), _GROUND)
    _text(box, Text(wide / 2, top, tuple(lines), size, GREY, "middle"))
    page.paste(box, (place.x, place.y))


def _tag(page: Image.Image, measures: Measures, word: str, place: Place, right: bool) -> None:
    """Write a word on white into the upper corner of a picture."""
    size = max(10, round(measures.text * 0.8))
    (line,) = wrapped(word, place.box[0] - size, size, 1)
    wide = width(line, size) + size
    left = place.x + (place.box[0] - wide if right else 0)
    page.paste("white", (left, place.y, left + wide, place.y + line_height(size) + 2))
    letter(page, (left + size / 2, place.y + 1), line, size, "black")
