"""PNG files of 8 or 16 bits: Pillow writes no colors of 16 (PNG, third edition, W3C 2025)."""

import struct
import zlib
from collections.abc import Mapping

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Color types (11.2.1) by the number of samples.
COLORS = {3: 2, 4: 6}
#: The filter that leaves of each byte its difference to the one above (9.2), which packs better.
UP = 2


def encoded(samples: np.ndarray, text: Mapping[str, str], profile: bytes | None) -> bytes:
    """Return a PNG file's bytes.

    Args:
      samples: (H, W, 3 or 4), uint8 or uint16; the fourth is alpha.
      text: entries of its text, Latin-1; before the pixels.
      profile: ICC.
    """
    height, width, count = samples.shape
    bits = 8 * samples.itemsize
    head = struct.pack(">2I5B", width, height, bits, COLORS[count], 0, 0, 0)
    chunks = [(b"IHDR", head)]
    chunks += [(b"tEXt", f"{name}\0{one}".encode("latin-1")) for name, one in text.items()]
    if profile:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)))
    chunks += [(b"IDAT", zlib.compress(_filtered(samples))), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _filtered(samples: np.ndarray) -> bytes:
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(len(samples), -1).view(np.uint8)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    return np.insert(rows - above, 0, UP, axis=1).tobytes()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
