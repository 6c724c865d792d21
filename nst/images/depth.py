"""Samples of any depth to gray levels in [0, 255], also where a file does not say what is white."""

from collections.abc import Iterator

import numpy as np

from nst.base.errors import UserError

#: What samples are: unsigned and signed integers, floats (as numpy's kinds).
UNSIGNED, SIGNED, FLOAT = "u", "i", "f"
#: Floats may shoot over their white, by a filter or in highlights: so often, and so far below 0.
ABOVE, BELOW = 4, -0.5
#: Rows of so many samples are made into gray levels at a time.
BAND = 2**22


def white(samples: np.ndarray, kind: str, bits: int, subject: str) -> float:
    """Return the value that stands for white.

    The largest of the type is white where it has up to 16 bits. Wider types mostly hold narrower
    values, so there the smallest usual white that is no less than the samples counts.

    Args:
      samples: of any shape.
      kind: `UNSIGNED`, `SIGNED` or `FLOAT`.
      bits: of a sample, as its file has it.
      subject: names the file in messages.

    Raises:
      UserError: samples are not finite, or below 0.
    """
    low, peak = samples.min().item(), samples.max().item()
    if not np.isfinite((float(low), float(peak))).all():
        raise UserError(f"{subject} holds values that are not finite, but 0 to white are needed")
    if kind == FLOAT:
        found = next((one for one in (1, 255, 65535) if peak <= ABOVE * one), peak)
        least = BELOW * found
    else:
        largest, least = 2 ** (bits - (kind == SIGNED)) - 1, 0
        usual = () if kind == UNSIGNED and bits <= 16 else (255, 65535)
        found = next((one for one in usual if peak <= one < largest), largest)
    if low < least:
        raise UserError(f"{subject} holds values down to {low:g}, but 0 to white are needed")
    return found


def grays(samples: np.ndarray, white: float) -> np.ndarray:
    """Return samples as float32 gray levels, clipped to [0, 255]."""
    if samples.dtype.itemsize > 4:
        samples = samples / white
        white = 1
    return np.clip(samples.astype(np.float32) / np.float32(white / 255), 0, 255)


def in_8_bits(samples: np.ndarray, white: float) -> np.ndarray:
    """Return samples as uint8 gray levels, rounded."""
    return np.rint(grays(samples, white)).astype(np.uint8)


def bands(height: int, row: int) -> Iterator[slice]:
    """Yield the rows of a picture in parts of `BAND` samples, or of one row.

    Args:
      height: of the picture in pixels.
      row: samples of a row.
    """
    rows = max(1, BAND // row)
    yield from (slice(top, top + rows) for top in range(0, height, rows))
