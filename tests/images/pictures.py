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


#: sRGB's primaries adapted to D50, as the sRGB profile of the ICC gives them.
PRIMARIES = {
    "r": (0.43607, 0.22249, 0.01392),
    "g": (0.38515, 0.71687, 0.09708),
    "b": (0.14307, 0.06061, 0.71410),
}


def xyz(*values: float) -> bytes:
    """Return an ICC tag of a color."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def profile(space: bytes, gamma: float, order: str = "rgb") -> bytes:
    """Return an ICC v2 profile with sRGB's primaries and a plain power curve (ICC.1:2001-04)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for channel, primary in zip(b"rgb", order if space != b"GRAY" else "", strict=False):
        tags[bytes([channel]) + b"XYZ"] = xyz(*PRIMARIES[primary])
        tags[bytes([channel]) + b"TRC"] = curve
    return profile_of_tags(space, tags)


def profile_of_tables(order: str) -> bytes:
    """Return an ICC v2 profile of tables (lut16Type) for linear light with sRGB's primaries."""
    primaries = np.array([PRIMARIES[one] for one in order]).T
    # A color of XYZ has 15 of its 16 bits behind the point.
    scale = 32768 / 65535

    def table(matrix: np.ndarray, corner: np.ndarray) -> bytes:
        head = b"mft2\0\0\0\0" + bytes((3, 3, 2, 0))
        head += struct.pack(">9i", *np.rint(matrix * 65536).astype(int).ravel())
        ramp = struct.pack(">6H", *(0, 65535) * 3)
        return head + struct.pack(">2H", 2, 2) + ramp + corner.astype(">u2").tobytes() + ramp

    corners = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3)
    to_xyz = np.rint(65535 * scale * corners @ primaries.T)
    # The matrix of a table is for XYZ alone.
    tags = {b"A2B0": table(np.eye(3), to_xyz)}
    tags[b"B2A0"] = table(np.linalg.inv(primaries) / scale, 65535 * corners)
    return profile_of_tags(b"RGB ", tags)


def profile_of_tags(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return an ICC v2 profile of a display."""
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249), b"cprt": b"text\0\0\0\0none\0\0\0\0", **tags}
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)
    offset = 132 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        table += name + struct.pack(">II", offset + len(data), len(body))
        data += body
    head = b"none" + bytes.fromhex("02100000") + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return struct.pack(">I", offset + len(data)) + head + table + data
