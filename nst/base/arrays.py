"""Arrays that come from files: float32, finite, and of the shape that is needed."""

from typing import Any

import numpy as np

from nst.base.errors import UserError


def as_float32(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return an array or an HDF5 dataset as float32 numbers, all of them finite.

    Args:
      value: what should be an array.
      shape: which it must have.
      what: the array in words; messages begin with it.

    Raises:
      UserError: its shape, its type or its numbers are wrong.
    """
    found = getattr(value, "shape", None)
    # Before reading: a damaged shape can stand for more numbers than there is memory.
    if found != shape:
        state = "is missing" if found is None else f"has the shape {found}"
        raise UserError(f"{what} {state}, where the shape {shape} is needed")
    if value.dtype.kind != "f":
        raise UserError(f"{what} holds {value.dtype}, where floating-point numbers are needed")
    with np.errstate(over="ignore"):
        array = np.asarray(value[()], np.float32)
    if bad := array.size - np.count_nonzero(np.isfinite(array)):
        raise UserError(f"{what} holds {bad} NaN or infinite numbers, where all must be finite")
    return array
