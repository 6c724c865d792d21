"""Damage to files: what a bad disk, a bad download and an ill-meaning author do, from a seed."""

import copy
import hashlib
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

#: Numbers that readers stumble over, as bytes of 1, 2, 4 and 8.
ODD = [
    struct.pack(order + kind, value)
    for order in "<>"
    for kind, bits in (("B", 8), ("H", 16), ("I", 32), ("Q", 64))
    for value in (0, 1, 2**bits - 1, 2 ** (bits - 1), 2 ** (bits - 1) - 1, 2 ** (bits // 2))
]

#: Sides of large pictures, both at once: of the largest that is read, and of a common one.
SIDES = [
    struct.pack(order + kind, side, side)
    for order in "<>"
    for kind in ("HH", "II")
    for side in (13_000, 4096)
]

#: What a JSON file may hold instead of what it should; text is put in as it is.
VALUES: list[Any] = [None, True, -1, 0, 0.5, 1e308, -1e308, 2**63, "", "x", [], {}, [[]], {"": {}}]
VALUES += ["\udcff\ud800", "a\nb\0c", "../../etc/passwd", "x" * 5000, ["x"] * 3000, [1e300, "1"]]
VALUES += [{str(number): number for number in range(300)}, {"a": {"b": {"c": 1}}}, 1, "finished"]
TEXTS = ["NaN", "-Infinity", "1e999", "9" * 400, "9" * 5000, "[" * 200 + "]" * 200, "[" * 100_000]
TEXTS += ['{"a":' * 300 + "1" + "}" * 300, '{"a":1,"a":2}', "'x'", "[" * 900 + "]" * 900, ""]
TEXTS += ["[" * 980 + "]" * 980]

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def damaged(
    chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes] = ()
) -> bytes:
    """Return `data` with one to nine places of it damaged.

    Args:
      chance: what decides.
      data: a good file.
      others: files that blocks are taken from.
      tokens: words of the format, put in as well.
    """
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        _damage(chance, found, others, [*ODD, *tokens] if chance.random() < 0.5 else tokens or ODD)
    return bytes(found)


def _damage(
    chance: random.Random, data: bytearray, others: Sequence[bytes], tokens: Sequence[bytes]
) -> None:
    place, length = _place(chance, data), int(2 ** chance.uniform(0, 10))
    kind = chance.randrange(16)
    if kind < 4 and data:
        data[place] ^= 1 << chance.randrange(8)
    elif kind < 6 and data:
        data[place] = chance.randrange(256)
    elif kind < 9:
        token = chance.choice(tokens)
        data[place : place + len(token)] = token
    elif kind == 9:
        data[place:place] = chance.choice(tokens)
    elif kind == 10:
        del data[place:]
    elif kind == 11:
        del data[place : place + length]
    elif kind == 12:
        data[place:place] = data[place : place + length] * chance.choice((1, 1, 2, 10))
    elif kind == 13:
        data[place : place + length] = bytes(length)
    elif kind == 14:
        data[place : place + length] = chance.randbytes(length)
    else:
        other = chance.choice(others)
        start = place if chance.random() < 0.5 else chance.randrange(len(other) + 1)
        data[place : place + length] = other[start : start + length]


def _place(chance: random.Random, data: bytearray) -> int:
    """Return a place in `data`, seldom one of the zeros that fill up HDF5 files."""
    place = 0
    for _ in range(4):
        place = chance.randrange(len(data)) if data else 0
        if data and data[place]:
            break
    return place


def png_again(data: bytes) -> bytes:
    """Return a PNG with the checksums that fit what its chunks hold, as far as it has chunks."""
    found, place = bytearray(data), 8
    while place + 12 <= len(found):
        end = place + 8 + int.from_bytes(found[place : place + 4], "big")
        if end + 4 > len(found):
            break
        found[end : end + 4] = zlib.crc32(found[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(found)


def damaged_picture(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a damaged picture file; a PNG's checksums mostly fit again, so that more is read."""
    found = damaged(chance, data, others, SIDES)
    return png_again(found) if data.startswith(b"\x89PNG") and chance.random() < 0.8 else found


def damaged_state(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a damaged state.msgpack; its checksum mostly fits again, so that more is read."""
    found = damaged(chance, data, others)
    return hashlib.sha256(found[32:]).digest() + found[32:] if chance.random() < 0.8 else found


def damaged_json(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a JSON file with other values, keys or bytes in some places."""
    if chance.random() < 0.25:
        return damaged(chance, data, others, [text.encode() for text in TEXTS])
    tree = json.loads(data)
    texts = {}
    for number in range(chance.choice((1, 1, 1, 2, 3))):
        value = copy.deepcopy(chance.choice(VALUES))
        if chance.random() < 0.4:
            value = f"@text {number}"
            texts[f'"{value}"'] = chance.choice(TEXTS)
        tree = _other_value(chance, tree, value)
    text = json.dumps(tree)
    for mark, value in texts.items():
        text = text.replace(mark, value)
    return text.encode()


def _other_value(chance: random.Random, tree: Any, value: Any) -> Any:
    """Return `tree` with `value` at a place of it, or without what was there, or under its name."""
    if not isinstance(tree, dict | list) or not tree or chance.random() < 0.1:
        return value
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    key = chance.choice(keys)
    kind = chance.randrange(12)
    if kind == 0:
        del tree[key]
    elif kind == 1 and isinstance(tree, dict):
        tree[str(value)[:2000]] = tree.pop(key)
    elif kind == 2 and isinstance(tree, dict):
        tree[str(value)[:2000]] = value
    else:
        tree[key] = _other_value(chance, tree[key], value)
    return tree
