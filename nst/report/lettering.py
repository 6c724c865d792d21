"""Text on a contact sheet: characters that the font has, wrapped and shortened to fit."""

import functools
import math
import unicodedata

from PIL import Image, ImageDraw, ImageFont

#: Longer text is cut before it is measured.
_LONGEST = 400
#: Letters are drawn this many times larger and scaled down: Pillow puts small ones on whole pixels,
#: which leaves uneven gaps between them.
_FINE = 4
_SPACE = 0.28  # between words, of the font's size: its own is too narrow for labels


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font.

    Args:
      size: of a line of text in pixels.
    """
    loaded = ImageFont.load_default(size)
    assert isinstance(loaded, ImageFont.FreeTypeFont)  # Pillow's wheels all have FreeType
    return loaded


def line_height(size: int) -> int:
    """Return the distance of two lines of text in pixels."""
    return round(size * 1.25)


def drawable(text: str) -> str:
    """Return `text` in the characters that the font has, on one line; "?" for any other."""
    return " ".join("".join(_drawable(one) for one in text[:_LONGEST]).split())


def width(text: str, size: int) -> int:
    """Return the width of a line of drawable text in pixels."""
    words = [_word_width(word, size) for word in text.split(" ")]
    return math.ceil(sum(words) + _SPACE * size * (len(words) - 1))


def draw(page: Image.Image, at: tuple[float, float], text: str, size: int, colour: str) -> None:
    """Draw a line of drawable text.

    Args:
      page: to draw on.
      at: x and y of the line's upper left corner in pixels.
      text: the line.
      size: of the letters in pixels.
      colour: of the letters.
    """
    if text:
        mask = _mask(text, size)
        page.paste(colour, (round(at[0]), round(at[1])), mask)


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


@functools.cache
def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    # é as e: better than a question mark, and the font knows no accents.
    for one in (character, unicodedata.normalize("NFKD", character)[:1]):
        if one.isprintable() and _has(one):
            return one
    return "?"


@functools.lru_cache(1 << 16)
def _word_width(word: str, size: int) -> float:
    return font(size * _FINE).getlength(word) / _FINE


@functools.lru_cache(4096)
def _mask(text: str, size: int) -> Image.Image:
    high = round(size * 1.25)
    mask = Image.new("L", ((width(text, size) + 2) * _FINE, high * _FINE))
    pen = ImageDraw.Draw(mask)
    x = 0.0
    for word in text.split(" "):
        pen.text((x, 0), word, 255, font(size * _FINE))
        x += _word_width(word, size) * _FINE + _SPACE * size * _FINE
    return mask.reduce(_FINE)


def _has(character: str) -> bool:
    known, missing = font(24).getmask(character), font(24).getmask("\uffff")
    return (known.size, bytes(known)) != (missing.size, bytes(missing))


def _broken(word: str, room: float, size: int) -> tuple[str, str]:
    """Break a word that is too long, after a mark of its own where there is one."""
    fits = 1
    while fits < len(word) and width(word[: fits + 1], size) <= room:
        fits += 1
    marks = [place + 1 for place in range(fits) if word[place] in "_-/=.:,"]
    at = marks[-1] if marks and marks[-1] > fits // 2 else fits
    return word[:at], word[at:]


def _cut(line: str, room: float, size: int) -> str:
    least, most = 0, len(line)  # letters that fit, and at most might
    while least < most:
        middle = (least + most + 1) // 2
        fits = width(line[:middle] + "…", size) <= room
        least, most = (middle, most) if fits else (least, middle - 1)
    return line[:least].rstrip() + "…"
