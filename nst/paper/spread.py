"""How evenly a picture's variation is spread over it, and how much of it is clipped.

A Gram matrix is a sum over positions, so strokes that have gathered in a few places can meet a
painting's as well as strokes everywhere: no loss or distance of Gram matrices tells them apart.
"""

from pathlib import Path

import numpy as np
from PIL import Image

#: Squares along the long edge.
SQUARES = 16
#: The share of squares that count as the busiest.
TENTH = 0.1


def busiest(picture: np.ndarray) -> float:
    """Return the share of the total variation that lies in the busiest tenth of the squares.

    A tenth where the variation is the same everywhere.

    Args:
      picture: of shape (height, width, 3), 16 pixels a side or more.
    """
    values = picture.astype(np.float64)
    height, width, _ = values.shape
    variation = np.zeros((height, width))
    variation[:-1] += np.abs(np.diff(values, axis=0)).sum(-1)
    variation[:, :-1] += np.abs(np.diff(values, axis=1)).sum(-1)
    side = max(height, width) // SQUARES
    high, wide = height // side, width // side
    squares = variation[: high * side, : wide * side].reshape(high, side, wide, side).sum((1, 3))
    most = np.sort(squares, axis=None)[::-1][: max(1, round(TENTH * squares.size))]
    return float(most.sum() / squares.sum()) if squares.any() else TENTH


def clipped(picture: np.ndarray) -> float:
    """Return the share of pixels with a channel at either end of [0, 255].

    Args:
      picture: of shape (height, width, 3), uint8.
    """
    return float(((picture == 0) | (picture == 255)).any(-1).mean())


def pixels(path: Path) -> np.ndarray:
    """Return a picture that a run wrote, of shape (height, width, 3), uint8."""
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))
