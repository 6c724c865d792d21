"""Which edge of a picture a size in pixels is of.

Imports nothing heavy.
"""

from collections.abc import Callable


def _height(height: int, width: int) -> int:
    return height


#: The edge that a size is of, from height and width.
EDGES: dict[str, Callable[[int, int], int]] = {"long": max, "short": min, "height": _height}
