"""The pictures that metrics compare, as their files hold them."""

from typing import NamedTuple

import numpy as np


class Picture(NamedTuple):
    """A picture as its file holds it, and as a key."""

    data: bytes
    shape: tuple[int, ...]

    def pixels(self) -> np.ndarray:
        """Return (H, W, 3) uint8."""
        return np.frombuffer(self.data, np.uint8).reshape(self.shape)


class Compared(NamedTuple):
    """What each metric is given; what is computed of it once is kept under it as a key."""

    result: Picture  # of the content image's shape
    content: Picture
    style: Picture  # of any shape


def saved(picture: np.ndarray) -> Picture:
    """Return a picture as `nst.images.files.save` writes it.

    Args:
      picture: (H, W, 3) RGB in gray levels.
    """
    pixels = np.rint(picture.clip(0, 255)).astype(np.uint8)
    return Picture(pixels.tobytes(), pixels.shape)


def ratio(value: float | None, whole: float | None) -> float | None:
    """Return one number over another, None where either is missing or the divisor is 0."""
    return value / whole if value is not None and whole else None
