"""Pictures that a program holds, NumPy's arrays and Pillow's pictures, in place of files."""

import hashlib
from typing import Any

import numpy as np
from PIL import Image

from nst.base.errors import UserError
from nst.images import decode
from nst.images.decoded import Decoded, of_pillow, turn_of

_ALLOWED = "it must be (H, W, 3), uint8 or floats, in gray levels from 0 to 255"


def held(picture: Any, *, key: str) -> Decoded:
    """Return a picture as `nst.images.files.scaled` takes it.

    Whole numbers, of whatever type, are the picture that a file of 8 bits holds, to the bit.

    Args:
      picture: an array (H, W, 3), uint8 or floats in gray levels, [0, 255]; or a picture of
        Pillow's, of any mode, which is read as a file of it is: upright, as sRGB, on white.
      key: what it is given for, "content" say, to name in messages.

    Raises:
      UserError: it is of another shape, type, range or size, or can't be read.
    """
    if isinstance(picture, Image.Image):
        return _of_pillow(picture, f"{key}: the Pillow picture")
    return _of_array(picture, f"{key}: the array")


def sha256(picture: Decoded) -> str:
    """Return 64 hex digits that are equal for the same pixels."""
    image, turn, profile, _ = picture
    if isinstance(image, np.ndarray):
        parts = [b"float32", repr(image.shape).encode(), np.ascontiguousarray(image).tobytes()]
    else:
        head = image.mode, image.size, turn
        parts = [repr(head).encode(), image.tobytes(), profile or b""]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _of_array(given: Any, subject: str) -> Decoded:
    try:
        values = np.asarray(given)
    except Exception as error:  # a tensor on a GPU, a ragged list
        raise UserError(
            f"{subject} is no array ({str(error).splitlines()[0]}); {_ALLOWED}"
        ) from error
    if values.ndim != 3 or values.shape[2] != 3:
        last = values.ndim == 3 and values.shape[0] == 3
        hint = ", so move its channels to the end" if last else ""
        raise UserError(f"{subject} has the shape {values.shape}{hint}: {_ALLOWED}")
    decode.check_sides((values.shape[1], values.shape[0]), subject)
    if values.dtype.kind not in "uif":
        raise UserError(f"{subject} is of type {values.dtype}: {_ALLOWED}")
    low, high = float(values.min()), float(values.max())
    if not np.isfinite((low, high)).all():
        raise UserError(f"{subject} holds values that are not finite: {_ALLOWED}")
    if low < 0 or high > 255:
        raise UserError(f"{subject} holds values from {low:g} to {high:g}: {_ALLOWED}")
    if values.dtype.kind == "f" and 0 < high <= 1:
        raise UserError(
            f"{subject} holds values from {low:g} to {high:g}, which is black: multiply by 255, "
            f"since {_ALLOWED}"
        )
    whole = values.astype(np.uint8)
    if np.array_equal(whole, values):
        return Decoded(Image.fromarray(whole))
    return Decoded(values.astype(np.float32))


def _of_pillow(given: Image.Image, subject: str) -> Decoded:
    try:
        with decode.quiet():
            given.load()
            decode.check_sides(given.size, subject)
            return of_pillow(given, turn_of(given), subject)
    except OSError as error:
        raise UserError(f"{subject} is truncated or damaged ({error})") from error
