"""Parts of a picture that are given without a file: its halves and rectangles.

Imports nothing heavy.
"""

import re
from typing import NamedTuple

from nst.base.errors import UserError

_NAME = "rectangle"


class Rectangle(NamedTuple):
    """A part of a picture, its edges in fractions of the sides, from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def __str__(self) -> str:
        """Return it as `read` takes it."""
        return f"{_NAME}({','.join(f'{edge:.12g}' for edge in self)})"


HALVES = {
    "left": Rectangle(0, 0, 0.5, 1),
    "right": Rectangle(0.5, 0, 1, 1),
    "top": Rectangle(0, 0, 1, 0.5),
    "bottom": Rectangle(0, 0.5, 1, 1),
}
#: What `read` takes, for messages.
ALLOWED = f"{', '.join(HALVES)} or {_NAME}(LEFT,TOP,RIGHT,BOTTOM) in fractions of the picture"


def read(text: str, key: str) -> Rectangle | None:
    """Return the part that a text names, None where the text is the name of a file.

    Args:
      text: "left", say, or "rectangle(0,0,0.5,1)".
      key: the configuration key to name, "content.mask" say.

    Raises:
      UserError: it is a rectangle whose edges don't do.
    """
    if text.strip() in HALVES:
        return HALVES[text.strip()]
    form = re.fullmatch(rf"\s*{_NAME}\s*\((.*)\)\s*", text, re.DOTALL)
    if not form:
        return None
    try:
        found = Rectangle(*map(float, form[1].split(",")))
    except (TypeError, ValueError):
        raise UserError(
            f"{key}={text} must be {_NAME}(LEFT,TOP,RIGHT,BOTTOM), four numbers"
        ) from None
    if not (0 <= found.left < found.right <= 1 and 0 <= found.top < found.bottom <= 1):
        raise UserError(
            f"{key}={text} must have LEFT below RIGHT and TOP below BOTTOM, each from 0 to 1: they "
            "are fractions of the picture, from its upper left corner"
        )
    return found


def is_shape(text: str) -> bool:
    """Return whether a text that was found to be allowed is a part rather than a file's name."""
    try:
        return read(text, "") is not None
    except UserError:
        return False
