"""Text on a sheet: the fonts that have its letters, its width, and how it is wrapped and cut."""

import contextlib
import functools
import itertools
import logging
import math
import unicodedata
from collections.abc import Collection
from typing import Any

#: Comes with matplotlib, so that a sheet looks the same everywhere.
FONT = "DejaVu Sans"
#: What an SVG asks for where that font isn't installed: Verdana is as wide.
INSTEAD = "Verdana"
#: Longer text is cut before it is measured.
_LONGEST = 400
_LAST = "Last Resort"  # draws a box that shows the script, for any letter that no other font has
_MEASURED = 100  # size in pixels at which letters are measured


def line_height(size: int) -> int:
    """Return the distance of two lines of text in pixels."""
    return round(size * 1.3)


def drawable(text: str) -> str:
    """Return `text` on one line, with "?" for what steers text rather than being seen."""
    composed = unicodedata.normalize("NFC", text[:_LONGEST])
    return " ".join(
        "".join(" " if one.isspace() else one if one.isprintable() else "?" for one in composed)
        .split()
    )  # fmt: skip


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
    words = drawable(text).split()
    more = len(text) > _LONGEST
    lines: list[str] = []
    while words:
        rest = " ".join(words)
        if len(lines) == most - 1:
            fits = width(rest, size) <= room and not more
            return [*lines, rest if fits else _cut(rest, room, size)]
        line = words.pop(0)
        if width(line, size) > room:
            line, tail = _broken(line, room, size)
            words.insert(0, tail)
        else:
            while words and width(f"{line} {words[0]}", size) <= room:
                line += " " + words.pop(0)
        lines.append(line)
    return lines


def _broken(word: str, room: float, size: int) -> tuple[str, str]:
    """Break a word that is too long, after a mark of its own where there is one."""
    fits = max(1, _fitting(word, room, size))
    marks = [place + 1 for place in range(fits) if word[place] in "_-/=.:,"]
    at = marks[-1] if marks and marks[-1] > fits // 2 else fits
    return word[:at], word[at:]


def _cut(line: str, room: float, size: int) -> str:
    return line[: _fitting(line, room - width("…", size), size)].rstrip() + "…"


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
    """Import matplotlib, which takes its time, without a word of its log on the terminal."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    import matplotlib.font_manager

    return matplotlib
