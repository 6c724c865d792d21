"""Text on a sheet: the fonts that have its letters, its width, and how it is wrapped and cut."""

import contextlib
import functools
import itertools
import logging
import math
import os
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from nst.base.errors import UserError

#: Comes with matplotlib, so that a sheet looks the same everywhere.
FONT = "DejaVu Sans"
#: What an SVG asks for where that font isn't installed: Verdana is as wide.
INSTEAD = "Verdana"
#: Longer text is cut before it is measured.
_LONGEST = 400
LEAST = 7  # letters of fewer pixels are no letters
_MARKS = "_-/=:,"  # after which a word may be broken
_LAST = "Last Resort"  # draws a box that shows the script, for any letter that no other font has
_MEASURED = 100  # size in pixels at which letters are measured


def line_height(size: int) -> int:
    """Return the distance of two lines of text in pixels."""
    return round(size * 1.3)


def drawable(text: str) -> str:
    """Return `text` on one line, with "?" for what steers text rather than being seen."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    letters = (
        " " if one.isspace() else one if one.isprintable() else "?"
        for one in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(letters).split())


def families(text: str) -> list[str]:
    """Return the font families that draw `text`: each letter comes from the first that has it."""
    several = dict.fromkeys([FONT, *map(_family, text), "sans-serif"])
    return [name for name in several if _LAST not in name]  # which matplotlib asks by itself


def width(text: str, size: int) -> int:
    """Return the width of a line of drawable text in pixels."""
    return math.ceil(sum(map(_advance, text)) * size)


def wrapped(text: str, room: float, size: int, most: int) -> list[str]:
    """Return lines no wider than `room`; what doesn't fit is cut and ends in an ellipsis.

    Args:
      text: any text.
      room: in pixels.
      size: of the font.
      most: lines allowed.
    """
    rest, lines = drawable(text), list[str]()
    while rest:
        fits = _fitting(rest, room, size)
        if fits < len(rest) and len(lines) == most - 1:
            cut = rest[: _fitting(rest, room - width("…", size), size)]
            return [*lines, cut.rstrip() + "…"]
        at = len(rest) if fits == len(rest) else _break(rest, fits)
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return lines


def shrunk(
    texts: Sequence[str], rooms: Sequence[float], size: int, most: int, least: int = LEAST
) -> tuple[list[list[str]], int]:
    """Return the lines of texts side by side, and their size: so small that none is cut.

    Args:
      texts: any.
      rooms: of each in pixels.
      size: of the font, where it fits.
      most: lines allowed.
      least: size below which the font doesn't shrink.
    """
    largest = [wrapped(*one, size, most) for one in zip(texts, rooms, strict=True)], size
    kept = None
    for smaller in range(size, least - 1, -1):
        lines = [wrapped(*one, smaller, most) for one in zip(texts, rooms, strict=True)]
        if all(map(_is_whole, texts, lines)):
            if all(map(_reads_well, texts, lines)):
                return lines, smaller
            kept = kept or (lines, smaller)
    return kept or largest


def _is_whole(text: str, lines: list[str]) -> bool:
    return sum(map(len, lines)) >= len(drawable(text).replace(" ", ""))


def _reads_well(text: str, lines: list[str]) -> bool:
    """Return whether no number and no word is torn: lines end at spaces and marks."""
    rest = drawable(text)
    for line in lines:
        rest = rest[len(line) :]
        if rest and rest[0] != " " and line[-1] not in _MARKS:
            return False
        rest = rest.lstrip()
    return True


def _break(text: str, fits: int) -> int:
    """Return where a line ends: at a space, or after a mark of a word that is too long."""
    space = text.rfind(" ", 0, fits + 1)
    mark = max(text.rfind(one, 0, fits) for one in f"{_MARKS}.") + 1
    return space if space > 0 else mark if mark > fits // 2 else max(1, fits)


def _fitting(text: str, room: float, size: int) -> int:
    """Return how many letters fit."""
    ends = itertools.accumulate(_advance(letter) * size for letter in text)
    return sum(end <= room for end in ends)


@functools.lru_cache(1 << 14)
def _advance(letter: str) -> float:
    """Return how far a letter moves the pen, as a share of the font's size."""
    font = _font(_family(letter))
    font.set_size(_MEASURED, 72)
    glyph = font.load_char(ord(letter), matplotlib().ft2font.LoadFlags.NO_HINTING)
    return glyph.linearHoriAdvance / 65536 / _MEASURED


@functools.lru_cache(1 << 14)
def _family(letter: str) -> str:
    """Return the first font family that has a letter."""
    return next((name for name in (FONT, *_others()) if ord(letter) in _letters(name)), FONT)


@functools.cache
def _others() -> list[str]:
    """Return the families of this machine: those for plain text and all of CJK come first."""
    names = matplotlib().font_manager.fontManager.get_font_names()
    return sorted(
        names, key=lambda name: (_LAST in name, "JP" not in name, "Sans" not in name, name)
    )


@functools.cache
def _letters(family: str) -> Collection[int]:
    with contextlib.suppress(OSError, RuntimeError):  # a damaged font is none
        return frozenset(_font(family).get_charmap())
    return ()


def _font(family: str) -> Any:
    fonts = matplotlib().font_manager
    return fonts.get_font(fonts.findfont(fonts.FontProperties(family=[family])))


@functools.cache
def matplotlib() -> Any:
    """Import matplotlib, which takes its time, without a word of its log on the terminal.

    Raises:
      UserError: a file matplotlibrc can't be read.
    """
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    # A notebook hands its own down to what it starts, and where that is missing it is an error.
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib.font_manager
    except ValueError as error:
        raise UserError(f"matplotlib can't read its settings, matplotlibrc ({error})") from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    return matplotlib
