"""Picture files that are built by hand, and what is read of them."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from nst.base.errors import UserError
from nst.images.files import load

KEY = "style.path"


def loaded(path: Path, size: int | None = None) -> np.ndarray:
    """Return a picture, by default at its own size; nothing may be said on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(path, size, key=KEY)


def refusal(path: Path, size: int | None = None) -> str:
    """Return the sentence that refuses a file, which names key and file in one line."""
    with pytest.raises(UserError) as error:
        loaded(path, size)
    text = str(error.value)
    assert KEY in text
    assert path.name in text
    assert "\n" not in text
    return text


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file (PNG specification, 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_rows(
    width: int, height: int, rows: bytes, form: tuple[int, int, int] = (1, 0, 0), *chunks: bytes
) -> bytes:
    """Return a PNG file, whatever its rows hold.

    Args:
      width: of the picture.
      height: of the picture.
      rows: each behind the number of its filter.
      form: the depth in bits, the color type, and 1 where the rows are interlaced.
      chunks: before the rows.
    """
    depth, color, passes = form
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, passes)
    body = chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def srgb(light: np.ndarray) -> np.ndarray:
    """Return sRGB values in [0, 255] of linear light in [0, 1] (IEC 61966-2-1)."""
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255 * curved
