"""Masks: files of flat colors, each a region of a picture, gray files of shares, rectangles."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from nst.base.errors import UserError
from nst.images import files
from nst.images.shapes import Rectangle

#: Most flat colors of a mask; antialiasing and JPEG's noise make many more.
MOST = 16
#: By how much the channels of a gray may differ, in gray levels: JPEG's rounding.
GRAY = 8
#: What is outside and what is inside where a mask says by how much: black and white.
OUTSIDE, INSIDE = 0x000000, 0xFFFFFF


class Mask(NamedTuple):
    """The regions of a picture, as their file has them."""

    colors: tuple[int, ...]  # 0xRRGGBB, ascending
    shares: np.ndarray  # (R, H, W) float32: each region's share of each pixel, at the run's size
    subject: str  # "content.mask: 'mask.png'", for messages

    @property
    def names(self) -> tuple[str, ...]:
        """What the regions are called: "#ff0000"."""
        return tuple(f"#{color:06x}" for color in self.colors)

    @property
    def regions(self) -> np.ndarray:
        """(H, W) of whole numbers: the region that has most of each pixel."""
        return np.argmax(self.shares, axis=0)


def read(path: Path, key: str, own: tuple[int, int], name: str, shape: tuple[int, ...]) -> Mask:
    """Read a mask and scale its regions as its picture is scaled.

    Grays that are more than flat colors may be are shares: of white, and the rest of black.

    Args:
      path: of the mask's file.
      key: "content.mask" or "style.mask".
      own: (H, W) of the picture's file in pixels, upright.
      name: of the picture's file, for messages.
      shape: of the picture in the run, (H, W, 3).

    Raises:
      UserError: it can't be read, has another size than its picture, or too many colors.
    """
    values = files.load(path, None, key=key)
    pixels = np.rint(values).astype(np.uint32)
    subject = f"{key}: {str(path)!r}"
    _check_size(values, own, name, subject)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    colors = np.unique(packed)
    if len(colors) > MOST and (pixels == pixels[..., :1]).all():
        return _of_shares(averaged(values[..., 0] / 255, shape), subject)
    if len(colors) > MOST:
        raise UserError(
            f"{subject} has {len(colors)} colors, but at most {MOST} are allowed: a mask wants "
            "flat colors, one for each region, as in a PNG drawn without antialiasing, or grays, "
            "each the share of white"
        )
    scaled = [averaged(packed == color, shape) for color in colors]
    return Mask(tuple(int(color) for color in colors), np.stack(scaled), subject)


def of_shape(part: Rectangle, key: str, text: str, shape: tuple[int, ...]) -> Mask:
    """Return the mask of a part of a picture: inside of it white, outside black.

    Args:
      part: of the picture.
      key: "content.mask" or "style.mask".
      text: as it was given.
      shape: of the picture in the run, (H, W, 3).
    """
    return _of_shares(covered(part, shape), f"{key}: {text!r}")


def covered(part: Rectangle, shape: tuple[int, ...]) -> np.ndarray:
    """Return how much of each pixel a part of a picture covers, (H, W) float32 from 0 to 1.

    Args:
      part: of the picture.
      shape: of the picture in the run, (H, W, 3).
    """
    height, width = shape[:2]
    rows, columns = _covered(height, part.top, part.bottom), _covered(width, part.left, part.right)
    return np.outer(rows, columns).astype(np.float32)


def read_share(
    path: Path, key: str, own: tuple[int, int], name: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Read a gray mask as the share of each pixel, (H, W) float32: 0 where black, 1 where white.

    Args:
      path: and the rest as `read` takes them.
      key: of the configuration.
      own: (H, W) of the picture's file.
      name: of the picture's file.
      shape: of the picture in the run.

    Raises:
      UserError: it can't be read, has another size than its picture, or is in color.
    """
    values = files.load(path, None, key=key)
    subject = f"{key}: {str(path)!r}"
    _check_size(values, own, name, subject)
    if (np.ptp(np.rint(values), axis=-1) > GRAY).any():
        raise UserError(
            f"{subject} is in color, but a place is a mask of grays: white where the painting is, "
            "black where it isn't, gray for a part"
        )
    return averaged(values.mean(axis=-1) / 255, shape)


def _check_size(values: np.ndarray, own: tuple[int, int], name: str, subject: str) -> None:
    height, width = values.shape[:2]
    if (height, width) != own:
        raise UserError(
            f"{subject} is {width} x {height} pixels, but must be {own[1]} x {own[0]}, the size of "
            f"its picture {name}"
        )


def _of_shares(inside: np.ndarray, subject: str) -> Mask:
    """Return the mask of the shares (H, W) of white; without black where all of it is white."""
    if (inside == 1).all():
        return Mask((INSIDE,), inside[None], subject)
    return Mask((OUTSIDE, INSIDE), np.stack([1 - inside, inside]), subject)


def _covered(count: int, begin: float, end: float) -> np.ndarray:
    """Return how much of each of `count` pixels lies between two fractions of a side."""
    edges = np.clip(np.arange(count + 1), begin * count, end * count)
    return np.diff(edges)


def averaged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the means of values over the areas of larger pixels, or of smaller ones.

    Unlike Lanczos, and unlike Pillow's box, which takes a pixel whole or not at all, this keeps
    shares between 0 and 1 and their sum.

    Args:
      values: (H', W').
      shape: (H, W) in pixels, whatever follows.

    Returns:
      (H, W) float32.
    """
    return _averaged_rows(_averaged_rows(values, shape[0]).T, shape[1]).T.astype(np.float32)


def _averaged_rows(values: np.ndarray, count: int) -> np.ndarray:
    own = len(values)
    sums = np.cumsum(values, axis=0, dtype=np.float64)
    sums = np.concatenate([np.zeros_like(sums[:1]), sums])
    edges = np.arange(count + 1) * own / count
    whole = np.minimum(edges.astype(int), own - 1)
    up_to = sums[whole] + (edges - whole)[:, None] * values[whole]
    return np.diff(up_to, axis=0) * count / own
