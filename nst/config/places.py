"""Paintings by place: a blend whose paintings have parts of the picture instead of weights.

Imports nothing heavy, so that a refused place answers at once.
"""

from typing import Any

from nst.base import home
from nst.base.errors import UserError
from nst.config.weighted import entries, has_weights, is_number
from nst.images import shapes

#: What the other places of a blend leave.
REST = "rest"
#: A name with its place in the text of a mapping, and the comma behind it.
_ENTRY = (
    r"""\s*(?:(['"])(?P<quoted>.+?)\1|(?P<name>.+?))\s*:"""
    r"""\s*(?:(['"])(?P<inside>.*?)\4|(?P<place>\w+\s*\([^)]*\)|[^,]+?))\s*,"""
)


def given(value: object) -> dict[str, str] | None:
    """Return ``{painting: place}``; None where a blend has numbers, or no values at all.

    Args:
      value: of `style.blend`, a mapping or the text of one: Hydra's grammar has no form for a path
        as a mapping's key, nor for ``rectangle(0,0,0.5,1)``.
    """
    if isinstance(value, str) and has_weights(value):
        return None  # a file may have a colon in its name, {a: b.jpg:1}
    found = _pairs(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not found:
        return None
    texts = [one for one in found.values() if isinstance(one, str) and not is_number(one)]
    return {str(name): str(place) for name, place in found.items()} if texts else None


def checked(key: str, given: dict[str, str]) -> dict[str, str]:
    """Return the places of a blend, files below the home folder as ``~/...``.

    Args:
      key: "style.blend".
      given: painting -> place; the paintings are known.

    Raises:
      UserError: a place is none, or there are too few or two that take the rest.
    """
    if list(given.values()).count(REST) > 1:
        raise UserError(f"{key} gives {REST} to more than one painting: what is left goes to one")
    if numbers := [name for name, place in given.items() if is_number(place)]:
        raise UserError(
            f"{key} gives {numbers[0]} the weight {given[numbers[0]]} and another painting a "
            "place: give each of them a weight, or each a place"
        )
    for name, place in given.items():
        own = f"{key}.{name}"
        if not (place == REST or shapes.read(place, own) or is_file(place)):
            raise UserError(
                f"{own} must be a number at least 0 and at most 1e30, or a place, which is a gray "
                f"mask file, {shapes.ALLOWED}, or {REST}, not {place!r}"
            )
    if len(given) < 2:
        (name,) = given
        raise UserError(
            f"{key}: places are for two paintings or more, and there is {name} alone, which would "
            "paint the whole picture: style= and style.path= say that"
        )
    return {name: home.short(place) or place for name, place in given.items()}


def of(blend: Any) -> dict[str, str]:
    """Return the places of a checked blend; empty: it has weights, or there is none.

    Args:
      blend: `style.blend`.
    """
    several = blend or {}
    return several if any(isinstance(one, str) for one in several.values()) else {}


def files(blend: Any) -> list[str]:
    """Return the mask files among the places of a checked blend."""
    return [place for place in of(blend).values() if is_file(place)]


def is_file(place: str) -> bool:
    """Return whether a place is a file rather than a part of the picture."""
    return ("/" in place or "." in place) and not shapes.is_shape(place)


def _pairs(text: str) -> dict[str, str]:
    return {
        one["quoted"] or one["name"]: one["place"] if one["inside"] is None else one["inside"]
        for one in entries(text, _ENTRY) or ()
    }
