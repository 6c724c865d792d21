"""Things with weights as a user writes them, layers and paintings: a mapping, a list or a text."""

import re
from collections.abc import Callable

from nst.errors import UserError

#: Above this a float32 loss overflows even on a tiny picture.
LARGEST = 1e30


def weights_by_name(
    key: str, value: object, what: str, example: str, check: Callable[[str], None]
) -> dict[str, float]:
    """Return ``{name: weight}`` of a mapping, of a list of names, or of a text of either.

    Names without weights get equal ones of sum 1.

    Args:
      key: the configuration key, "style.layers" say.
      value: ``{conv1_1: 1, conv2_1: 0.5}``, ``[conv1_1, conv2_1]``, "conv1_1 1, conv2_1 0.5" or
        "conv1_1, conv2_1".
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


def _of_text(key: str, text: str, what: str) -> dict[str, float] | list[str]:
    words = re.split(r"[\s,]+", text.strip())
    numbers = [_is_number(word) for word in words]
    if not any(numbers):
        return words
    names = words[::2]
    if numbers != [False, True] * len(names):
        raise UserError(f"{key} must give each {what} a weight or none of them, not {text!r}")
    _refuse_doubles(key, names, what)
    return {name: float(word) for name, word in zip(names, words[1::2], strict=True)}


def _is_number(word: str) -> bool:
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
