"""Picture files to and from float32 RGB arrays (H, W, 3) in [0, 255]."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from nst.base.files import write_whole
from nst.base.own_files import readable
from nst.images import icc
from nst.images.decode import FORMATS as FORMATS
from nst.images.decode import MOST_PIXELS as MOST_PIXELS
from nst.images.decode import decode, quiet
from nst.images.decode import upright_shape as upright_shape
from nst.images.decoded import SIDEWAYS, Decoded
from nst.images.edges import EDGES

#: What each EXIF orientation asks for (Exif 2.32, tag 274); 1 is upright.
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}


def load(path: Path | str, size: int | tuple[int, int] | None, *, key: str) -> np.ndarray:
    """Read a picture file as sRGB: upright, on white where transparent, its first frame only.

    Args:
      path: of the file.
      size: long edge of the result in pixels, or (H, W) to stretch it to; none: the file's own.
      key: the configuration key to name in messages, "style.path" say.

    Returns:
      (H, W, 3) float32 in [0, 255].

    Raises:
      UserError: the file is missing, unreadable, damaged, too small or too large, or no picture.
    """
    return scaled(decoded(Path(path), key=key), size)


def decoded(path: Path, *, key: str) -> Decoded:
    """Read a picture file that is wanted in several sizes.

    Args:
      path: of the file.
      key: the configuration key to name in messages.

    Raises:
      UserError: as `load`.
    """
    readable(path, key=key)
    return decode(path, f"{key}: {str(path)!r}")


def scaled(picture: Decoded, size: int | tuple[int, int] | None, edge: str = "long") -> np.ndarray:
    """Return a picture as `load` does, at a size as it takes.

    Args:
      picture: as its file stores it.
      size: of an edge of the result in pixels, or (H, W) to stretch it to; none: its own.
      edge: that a size is of, a name in `nst.images.edges.EDGES`.
    """
    image, turn, profile, _ = picture
    if not isinstance(size, tuple):
        height, width = picture.shape
        size = scaled_shape(width, height, size, edge)
    shape = size if turn < SIDEWAYS else size[::-1]  # as stored
    with quiet():
        if isinstance(image, np.ndarray):
            # Lanczos overshoots at edges.
            pixels = _deep_to_srgb(stretched(image, shape).clip(0, 255), profile)
        else:
            pixels = _pixels(image.resize(shape[::-1], Image.Resampling.LANCZOS), profile)
    return _upright(pixels, turn)


def alpha(picture: Decoded, shape: tuple[int, int]) -> np.ndarray | None:
    """Return a picture's alpha, upright and resampled by Lanczos, or None where it is opaque.

    Args:
      picture: as its file stores it.
      shape: (H, W) in pixels.

    Returns:
      (H, W) float32 in [0, 255].
    """
    if picture.alpha is None:
        return None
    height, width = shape if picture.turn < SIDEWAYS else shape[::-1]  # as stored
    clear = picture.alpha.convert("F").resize((width, height), Image.Resampling.LANCZOS)
    return _upright(np.asarray(clear).clip(0, 255), picture.turn)


def stretched(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a picture resampled by Lanczos with antialiasing, whatever its aspect ratio.

    Args:
      picture: (H', W', 3) float32 in gray levels.
      shape: (H, W) in pixels.
    """
    height, width = shape
    channels = [Image.fromarray(picture[..., channel]) for channel in range(3)]
    wanted = [one.resize((width, height), Image.Resampling.LANCZOS) for one in channels]
    return np.stack([np.asarray(one) for one in wanted], axis=-1)


def scaled_shape(width: int, height: int, size: int | None, edge: str = "long") -> tuple[int, int]:
    """Return the (H, W) of a picture whose edge becomes `size` pixels, its aspect ratio kept.

    Args:
      width: in pixels, at least 1.
      height: in pixels, at least 1.
      size: of that edge in pixels, at least 1; none: the shape stays.
      edge: a name in `nst.images.edges.EDGES`.
    """
    if size is None:
        return height, width
    own = EDGES[edge](height, width)
    # In whole numbers, so that no float can tip a half the other way.
    high, wide = (max(1, (2 * side * size + own) // (2 * own)) for side in (height, width))
    return high, wide


def save(path: Path, picture: np.ndarray, text: dict[str, str]) -> None:
    """Write a picture as an 8-bit RGB PNG, whole or not at all.

    Args:
      path: of the file, in a folder that exists.
      picture: (H, W, 3) in [0, 255]; values beyond are clipped, all are rounded.
      text: entries of the PNG's text, such as the configuration's hash and the seed.

    Raises:
      ValueError: the picture has another shape, or a value that is not finite.
    """
    values = np.asarray(picture)
    if values.ndim != 3 or values.shape[2] != 3 or not np.isfinite(values).all():
        raise ValueError(f"a finite (H, W, 3) picture is needed, not one of shape {values.shape}")
    info = PngImagePlugin.PngInfo()
    for name, value in text.items():
        info.add_text(name, value)
    image = Image.fromarray(np.rint(values.clip(0, 255)).astype(np.uint8))
    png = io.BytesIO()
    image.save(png, format="PNG", pnginfo=info)
    write_whole(path, png.getvalue(), folder=False)


def _upright(pixels: np.ndarray, turn: int) -> np.ndarray:
    return np.ascontiguousarray(_TURNS[turn](pixels)) if turn in _TURNS else pixels


def _pixels(image: Image.Image, profile: bytes | None) -> np.ndarray:
    if image.mode in ("RGB", "CMYK"):
        return np.asarray(_to_srgb(image, profile), dtype=np.float32)
    # Color management knows 8 bits only, so deeper grays go between the colors of these.
    steps = np.arange(256)
    ramp = np.asarray(_to_srgb(Image.fromarray(steps[None].astype(np.uint8)), profile))[0]
    grays = np.clip(np.asarray(image), 0, 255)
    return np.stack([np.interp(grays, steps, ramp[:, c]) for c in range(3)], -1).astype(np.float32)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the file's ICC profile, which counts as absent where it is broken."""
    if not profile:
        return image.convert("RGB")
    gray = image.mode == "L"
    # The fast way is up to 10 of 255 off in dark grays, and a ramp of grays is small.
    flags = ImageCms.Flags.NOOPTIMIZE if gray else ImageCms.Flags.NONE
    converted = None
    with contextlib.suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Gray files often carry the profile of the RGB picture they were made from.
        fitting = image.convert("RGB") if gray and given.profile.xcolor_space == "RGB " else image
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(fitting, given, srgb, outputMode="RGB", flags=flags)
    return converted or image.convert("RGB")


def _deep_to_srgb(pixels: np.ndarray, profile: bytes | None) -> np.ndarray:
    if profile:
        with contextlib.suppress(ValueError):  # as where there is none
            return icc.to_srgb(pixels, profile)
    return pixels
