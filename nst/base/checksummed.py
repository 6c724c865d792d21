"""A file of arrays that begins with its checksum, so that a flipped bit doesn't go unnoticed."""

import hashlib
from pathlib import Path
from typing import Any

from flax import serialization

from nst.base.files import write_whole

#: Bytes of the checksum, SHA-256 of what follows.
DIGEST = 32


def write(path: Path, tree: Any) -> None:
    """Write a tree of numpy arrays, numbers and texts as MessagePack, whole or not at all.

    Args:
      path: of the file, in a folder that exists.
      tree: nested dicts.

    Raises:
      OSError: the file can't be written.
    """
    data = serialization.msgpack_serialize(tree)
    write_whole(path, hashlib.sha256(data).digest() + data, folder=False)


def read(path: Path) -> Any:
    """Return the tree that `write` wrote.

    Args:
      path: of the file.

    Raises:
      OSError: the file can't be read.
      ValueError: it isn't as it was written.
    """
    found: Any = memoryview(path.read_bytes())
    digest, data = found[:DIGEST], found[DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        raise ValueError(f"{path} is damaged")
    return serialization.msgpack_restore(data)
