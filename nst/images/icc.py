"""ICC profiles of the kind that photographs have: three primaries and their curves.

ICC.1:2022, sections 7 (header and tags), 10.6 (curves), 10.18 (parametric curves) and F.3 (the
model). In floats, since Pillow's color management knows 8 bits only. Plain numpy.
"""

import struct
from typing import NamedTuple

import numpy as np

#: sRGB's primaries in columns, as XYZ adapted to D50: those of Little CMS, which reads pictures.
SRGB = np.array(
    (
        (0.436035, 0.385117, 0.143051),
        (0.222488, 0.716904, 0.060608),
        (0.013916, 0.097061, 0.713913),
    )
)
#: Points of a curve, so that its inverse is right to less than one of 16 bits.
POINTS = 65536

_PRIMARIES, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
#: Tags of tables, which win over the primaries.
_TABLES = {b"A2B0", b"B2A0"}


class UnfitError(Exception):
    """A profile that pictures can't be converted to; says what it is."""


class Profile(NamedTuple):
    """The colors of a device."""

    data: bytes  # of the profile's file
    from_xyz: np.ndarray  # (3, 3), XYZ to light
    curves: np.ndarray  # (3, POINTS), rising: the light of evenly spaced values


def read(data: bytes) -> Profile:
    """Return a profile.

    Args:
      data: of the profile's file.

    Raises:
      UnfitError: it is for grays or CMYK, or made of tables.
      ValueError: it is broken, or no ICC profile.
    """
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ValueError("it is no ICC profile")
    space = data[16:20].decode("latin-1").strip()
    if space != "RGB":
        raise UnfitError(f"is for {'grays' if space == 'GRAY' else space}")
    tags = _tags(data)
    if _TABLES & tags.keys():
        raise UnfitError("is made of tables")
    lacking = [name.decode() for name in (*_PRIMARIES, *_CURVES) if name not in tags]
    if lacking:
        raise ValueError(f"it lacks {lacking[0]}")
    try:
        to_xyz = np.array([_numbers(tags[name], 8, 3) for name in _PRIMARIES]).T
        curves = np.stack([_curve(tags[name]) for name in _CURVES])
        return Profile(data, np.linalg.inv(to_xyz), curves)
    except (struct.error, np.linalg.LinAlgError, IndexError) as error:
        raise ValueError("it is cut off, or its numbers make no colors") from error


def converted(picture: np.ndarray, profile: Profile) -> np.ndarray:
    """Return a picture's colors in a profile; what this can't show is clipped.

    Args:
      picture: (H, W, 3) in gray levels of sRGB.
      profile: to convert to.
    """
    values = np.asarray(picture, np.float64).clip(0, 255) / 255
    # IEC 61966-2-1.
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    mixing = profile.from_xyz @ SRGB
    # White stays white, where primaries are rounded, and grays stay gray.
    light = light @ (mixing / mixing.sum(axis=1, keepdims=True)).T
    grid = np.linspace(0, 255, POINTS)
    channels = zip(np.moveaxis(light, -1, 0), profile.curves, strict=True)
    return np.stack([np.interp(one, curve, grid) for one, curve in channels], axis=-1)


def _tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    if len(data) < 132 + 12 * count:
        raise ValueError("it is cut off")
    found = {}
    for number in range(count):
        name, offset, length = struct.unpack_from(">4sII", data, 132 + 12 * number)
        found[name] = data[offset : offset + length]
    return found


def _numbers(tag: bytes, offset: int, count: int) -> np.ndarray:
    """Return numbers of 16 bits before the point and 16 behind it."""
    return np.array(struct.unpack_from(f">{count}i", tag, offset)) / 65536


def _curve(tag: bytes) -> np.ndarray:
    values = np.linspace(0, 1, POINTS)
    if tag[:4] == b"para":
        light = _parametric(values, tag)
    elif tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        table = np.array(struct.unpack_from(f">{count}H", tag, 12))
        if count == 0:
            light = values
        elif count == 1:
            light = values ** (table[0] / 256)
        else:
            light = np.interp(values, np.linspace(0, 1, count), table / 65535)
    else:
        raise ValueError(f"it has a curve of the unknown kind {tag[:4]!r}")
    light = np.maximum.accumulate(light)
    if not (np.isfinite(light).all() and light[-1] > light[0]):
        raise ValueError("one of its curves does not rise")
    return light


def _parametric(values: np.ndarray, tag: bytes) -> np.ndarray:
    """Return Y = (a X + b)^g + e from d on and c X + f below (ICC.1:2022, table 68)."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind > 4:
        raise ValueError(f"it has a parametric curve of the unknown kind {kind}")
    own = _numbers(tag, 12, (1, 3, 4, 5, 7)[kind])
    g, a, b, c, d, e, f = np.array([*own, *(1, 1, 0, 0, 0, 0, 0)[len(own) :]])
    if kind in (1, 2):
        # From where a X + b is 0; below, the constant that is added above.
        d, e, f = -b / a if a else b, c, c
        c *= 0
    return np.where(values >= d, (a * values + b).clip(0) ** g + e, c * values + f)
