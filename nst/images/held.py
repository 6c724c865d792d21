"""Pictures that a program holds, NumPy's arrays and Pillow's pictures, in place of files."""

import hashlib
from typing import Any

import numpy as np
from PIL import Image

from nst.base.errors import UserError
from nst.images import decode
from nst.images.files import Decoded

#: What a picture that is held becomes: pixels in 8 bits or a gray in floats, as a file's; or
#: floats, (H, W, 3) float32 in gray levels.
Held = Decoded | np.ndarray

_ALLOWED = "it must be (H, W, 3), uint8 or floats, in gray levels from 0 to 255"


def held(picture: Any, *, key: str) -> Held:
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


def upright_shape(picture: Held) -> tuple[int, int]:
    """Return a picture's own (H, W) in pixels, upright."""
    if isinstance(picture, np.ndarray):
        return picture.shape[0], picture.shape[1]
    width, height = picture.image.size
    return (height, width) if picture.turn < decode.SIDEWAYS else (width, height)


def sha256(picture: Held) -> str:
    """Return 64 hex digits that are equal for the same pixels."""
    if isinstance(picture, np.ndarray):
        parts = [b"float32", repr(picture.shape).encode(), np.ascontiguousarray(picture).tobytes()]
    else:
        image, turn, profile, _ = picture
        head = image.mode, image.size, turn
        parts = [repr(head).encode(), image.tobytes(), profile or b""]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _of_array(given: Any, subject: str) -> Held:
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
        return Decoded(Image.fromarray(whole), 1, None)
    return values.astype(np.float32)


def _of_pillow(given: Image.Image, subject: str) -> Decoded:
    try:
        with decode.quiet():
            given.load()
            decode.check_sides(given.size, subject)
            deep = given.mode.startswith("I") or given.mode == "F"
            image = decode.deep_gray(given, subject) if deep else given
            turn, profile = decode.turn_of(given), given.info.get("icc_profile")
            return Decoded(decode.plain(image, subject), turn, profile, decode.alpha_of(image))
    except OSError as error:
        raise UserError(f"{subject} is truncated or damaged ({error})") from error
