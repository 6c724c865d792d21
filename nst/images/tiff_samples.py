"""The samples of a TIFF's page, as tifffile and imagecodecs unpack them.

On some damaged files imagecodecs reads memory that isn't its own and crashes (2026.3.6 in LZW), so
`nst.images.tiff` runs this module in a process of its own.
"""

import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import tifffile


def read(file: Path, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a page's samples and its palette.

    Args:
      file: a TIFF.
      number: of its page, from 0.

    Returns:
      (planes, depth, height, width, samples of a plane), and (3, N), without a palette (0,).

    Raises:
      Exception: of almost any class, where the file is damaged.
    """
    with tifffile.TiffFile(file) as opened:
        found = opened.pages[number].aspage()
        if 0 in found.databytecounts or len(found.databytecounts) != np.prod(found.chunked):
            raise ValueError("parts are missing")  # which tifffile fills with zeros
        palette = np.empty(0) if found.colormap is None else found.colormap
        return found.asarray(squeeze=False), palette


def write(out: BinaryIO, file: Path, number: int) -> None:
    """Write what `read` returns, for `numpy.load`."""
    for array in read(file, number):
        np.save(out, array, allow_pickle=False)


if __name__ == "__main__":
    write(sys.stdout.buffer, Path(sys.argv[1]), int(sys.argv[2]))
