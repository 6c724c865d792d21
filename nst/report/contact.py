"""The contact sheet, grid.png: the labelled grid of pictures that the papers of the field print."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from nst.report import own
from nst.report.blocks import Mark, Shown, fitted
from nst.report.caption import Sheet
from nst.report.draw import Box, Picture, Text, render
from nst.report.sheet import plan
from nst.report.summary import Report

#: Raised whenever the same sheet is drawn in another way.
LOOK = 2


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
    page = plan(sheet, report.runs, cell)
    seen = page, sorted(report.thumbnails.items()), LOOK
    stamp = hashlib.sha256(repr(seen).encode("utf-8", "backslashreplace")).hexdigest()
    there = path.read_bytes() if path.exists() else b""
    if stamp.encode() in there:
        own.put(path, there)  # of an older report it goes on record
        return
    # Decoding lets go of Python's lock, so threads do.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        marks = [mark for mark in pool.map(_drawn, page.marks) if mark]
    own.put(path, render((page.width, page.height), marks, path.suffix[1:], stamp))


def _drawn(shown: Mark) -> Text | Box | Picture | None:
    """Return a picture in the middle of its box, none where it can no longer be read."""
    if not isinstance(shown, Shown):
        return shown
    try:
        with Image.open(shown.file, formats=["PNG", "JPEG"]) as image:
            picture = image.convert("RGB")
    except Exception:  # a damaged file makes Pillow's readers raise almost anything
        return None
    size = fitted(picture.size, shown.box)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    left, top = ((room - side) // 2 for room, side in zip(shown.box, size, strict=True))
    return Picture(shown.x + left, shown.y + top, picture)
