"""Layers and style images with weights, as a user writes them: a mapping, a list or a text."""

import re
from collections.abc import Callable
from typing import Any

from nst.base.errors import UserError
from nst.config.keys import LARGEST

#: A word of a text; a quote about it ends before a space, a comma or the end: './it's me.jpg'.
WORD = r"""(?P<mark>['"]).+?(?P=mark)(?=[\s,]|$)|[^\s,]+"""
#: A name with its weight in the text of a mapping, and the comma behind it.
ENTRY = r"""\s*(?:(['"])(.+?)\1|(.+?))\s*:\s*([-+]?(?:[\d._]+(?:[eE][-+]?\d+)?|inf|nan))\s*,"""


def weights_by_name(
    key: str, value: object, what: str, example: str, check: Callable[[str], None]
) -> dict[str, float]:
    """Return ``{name: weight}`` of a mapping, of a list of names, or of a text of either.

    Names without weights get equal ones of sum 1.

    Args:
      key: the configuration key, "style.layers" say.
      value: ``{conv1_1: 1, conv2_1: 0.5}``, ``[conv1_1, conv2_1]``, or a text: "conv1_1, conv2_1",
        "conv1_1 1, conv2_1 0.5", or that of a mapping; quotes may stand about a name in a text.
      what: one of them in a word, "layer" say.
      example: of a name.
      check: raises UserError for a name that is not allowed.

    Raises:
      UserError: a name or a weight is not allowed, or all weights are 0.
    """
    named = _of_text(key, value, what) if isinstance(value, str) else value
    if isinstance(named, list):
        named = _equal(key, named, what, check)
    if not isinstance(named, dict) or not named:
        raise UserError(
            f"{key} must be {what}s with weights, {{{example}: 1.0}}, or a list of {what}s, "
            f"[{example}], not {value}"
        )
    for name, weight in named.items():
        check(name)
        _check_weight(f"{key}.{name}", weight)
    if not any(named.values()):
        raise UserError(f"{key} gives every {what} the weight 0: at least one must be above 0")
    return {name: float(weight) for name, weight in named.items()}


def _equal(key: str, names: list, what: str, check: Callable[[str], None]) -> dict[str, float]:
    for name in names:
        check(name)
    _refuse_doubles(key, names, what)
    return {name: 1 / len(names) for name in names}


def has_weights(text: str) -> bool:
    """Return whether a text is that of a mapping to numbers."""
    return _pairs(text) is not None


def names_in(text: str) -> list[str]:
    """Return the names in a text of things with weights, whatever else is wrong with it."""
    return [name for name, _ in _pairs(text) or ()] or [_bare(word) for word in _words(text)]


def _of_text(key: str, text: str, what: str) -> Any:
    if text.strip().startswith("{"):
        pairs = _pairs(text)
        if pairs is None:
            return text
        _refuse_doubles(key, [name for name, _ in pairs], what)
        return {name: float(number) for name, number in pairs}
    words = _words(text)
    numbers = [is_number(word) for word in words]
    if not any(numbers):
        return [_bare(word) for word in words]
    names = [_bare(word) for word in words[::2]]
    if numbers != [False, True] * len(names):
        raise UserError(f"{key} must give each {what} a weight or none of them, not {text!r}")
    _refuse_doubles(key, names, what)
    return {name: float(word) for name, word in zip(names, words[1::2], strict=True)}


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """Return names and weights of the text of a mapping; None: it is none.

    Hydra reads a mapping itself, but for one with a name that its grammar has no form for.
    """
    found = entries(text, ENTRY)
    if not found or not all(is_number(entry[4]) for entry in found):
        return None
    return [(entry[2] or entry[3], entry[4]) for entry in found]


def entries(text: str, entry: str) -> list[re.Match[str]] | None:
    """Return what a text in braces is made of, None where it is no such text.

    Args:
      text: "{a: 1, b: 2}".
      entry: pattern of one of its entries, and the comma behind it.
    """
    inside = re.fullmatch(r"\s*\{(.*)\}\s*", text, re.DOTALL)
    found: list[re.Match[str]] = []
    rest = f"{inside[1]}," if inside else ""
    while rest:
        one = re.match(entry, rest, re.DOTALL)
        if not one:
            return None
        found.append(one)
        rest = rest[one.end() :]
    return found or None


def _words(text: str) -> list[str]:
    return [word[0] for word in re.finditer(WORD, text, re.DOTALL)]


def _bare(word: str) -> str:
    """Return a word without its quotes."""
    return word[1:-1] if len(word) > 1 and word[0] in "'\"" and word[-1] == word[0] else word


def is_number(word: str) -> bool:
    """Return whether a word is a number as Python reads it."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _refuse_doubles(key: str, names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise UserError(f"{key} names a {what} twice: {', '.join(names)}")


def _check_weight(key: str, weight: object) -> None:
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if number and 0 <= weight <= LARGEST:  # type: ignore[operator]
        return
    found = f"{weight:g}" if isinstance(weight, float) else repr(weight)
    raise UserError(f"{key} must be a number at least 0 and at most 1e30, not {found}")
