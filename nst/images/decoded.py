"""A picture as its file stores it: on white, of any depth, in any size by `nst.images.files`."""

import contextlib
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from nst.base.errors import UserError
from nst.images import depth

#: EXIF orientations from this one on, to 8, swap the sides (Exif 2.32, tag 274).
SIDEWAYS = 5
#: Pixels that are put on white at a time.
_BAND = 2**24


class Decoded(NamedTuple):
    """A picture's pixels as stored, in any size to be had by `nst.images.files.scaled`."""

    #: On white: of mode L, RGB, CMYK or F, or (H, W, 3) float32 in gray levels.
    image: Image.Image | np.ndarray
    turn: int = 1  # EXIF orientation, which is not applied yet
    profile: bytes | None = None  # ICC
    alpha: Image.Image | None = None  # of mode L; none: opaque

    @property
    def stored(self) -> tuple[int, int]:
        """(H, W) in pixels, as stored."""
        if isinstance(self.image, np.ndarray):
            return self.image.shape[0], self.image.shape[1]
        return self.image.height, self.image.width

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels, upright."""
        return self.stored if self.turn < SIDEWAYS else self.stored[::-1]


def of_pillow(image: Image.Image, turn: int, subject: str) -> Decoded:
    """Return a loaded picture of Pillow's, of any mode.

    Args:
      image: its pixels are there.
      turn: EXIF orientation that it still has.
      subject: names it in messages.

    Raises:
      UserError: it can't be converted, or holds floats that no gray levels are.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        samples, key = np.asarray(image), image.info.get("transparency")
        alpha = np.where(samples == key, 0, 65535) if isinstance(key, int) else None
        return of_samples(samples[..., None], alpha, image, turn)
    if image.mode == "F":
        values = np.asarray(image)
        grays = depth.grays(values, depth.white(values, depth.FLOAT, 32, subject))
        return Decoded(Image.fromarray(grays), turn, profile)
    return Decoded(_plain(image, subject), turn, profile, _alpha_of(image))


def of_samples(
    samples: np.ndarray, alpha: np.ndarray | None, image: Image.Image, turn: int
) -> Decoded:
    """Return 16 bits of grays or colors; Pillow has colors in 8 bits alone.

    Args:
      samples: (H, W, 1 or 3), whole numbers up to 65535.
      alpha: (H, W), the same, or none.
      image: what the file says of them.
      turn: EXIF orientation.
    """
    height, width, colors = samples.shape
    out = np.empty(samples.shape, np.float32)
    gamma = _gamma(image)
    for rows in depth.bands(height, width * colors):
        band = depth.grays(samples[rows], 65535)
        band = _shown(band, gamma) if gamma else band
        share = (
            None if alpha is None else depth.grays(alpha[rows, :, None], 65535) / np.float32(255)
        )
        out[rows] = band if share is None else band * share + 255 * (1 - share)
    clear = None if alpha is None else Image.fromarray(depth.in_8_bits(alpha, 65535))
    plain = out if colors == 3 else Image.fromarray(out[..., 0])
    return Decoded(plain, turn, image.info.get("icc_profile"), seen_through(clear))


def seen_through(alpha: Image.Image | None) -> Image.Image | None:
    """Return alpha, of mode L, or None where all of it is opaque."""
    return None if alpha is None or alpha.getextrema()[0] == 255 else alpha


def turn_of(image: Image.Image) -> int:
    """Return the EXIF orientation of a picture, 1 to 8; 1 is upright."""
    with contextlib.suppress(Exception):  # broken EXIF must not cost a picture
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


def _gamma(image: Image.Image) -> float | None:
    """Return the gAMA of a PNG that says nothing better of its colors, unless it is near sRGB's.

    Nearer than 5% is left alone, as libpng and browsers do.
    """
    gamma = image.info.get("gamma", 0) if image.format == "PNG" else 0
    told = {"icc_profile", "srgb"} & image.info.keys()
    return gamma if gamma > 0 and not told and abs(gamma * 2.2 - 1) > 0.05 else None


def _shown(grays: np.ndarray, gamma: float) -> np.ndarray:
    """Return sRGB grays in [0, 255] of grays that are light ** gamma (PNG 13.13, IEC 61966-2-1)."""
    light = (np.asarray(grays, np.float64) / 255) ** (1 / gamma)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * curved).astype(np.float32)


def _plain(image: Image.Image, subject: str) -> Image.Image:
    """Return a picture on white and without a gamma: of mode L, RGB or CMYK."""
    if image.mode == "CMYK":
        return image
    clear, gamma = image.has_transparency_data, _gamma(image)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode += "A" if clear else ""
    try:
        converted = image if image.mode == mode else image.convert(mode)
    except ValueError:
        raise UserError(
            f"{subject} has the color mode {image.mode}, but RGB, gray, palette or CMYK is needed"
        ) from None
    if gamma:
        table = np.rint(_shown(np.arange(256), gamma)).astype(int).tolist()
        colors = len(converted.getbands()) - clear
        converted = converted.point(table * colors + list(range(256)) * clear)
    return _on_white(converted) if clear else converted


def _alpha_of(image: Image.Image) -> Image.Image | None:
    """Return the alpha of a decoded picture, of mode L, or None where all of it is opaque."""
    found = None
    if image.mode != "CMYK" and image.has_transparency_data:
        with contextlib.suppress(ValueError):  # `_plain` refuses it
            mode = "LA" if image.mode in ("LA", "La") else "RGBA"
            found = (image if image.mode == mode else image.convert(mode)).getchannel("A")
    return seen_through(found)


def _on_white(image: Image.Image) -> Image.Image:
    """Return a picture of mode LA or RGBA on white, without a copy of it as a whole."""
    mode = image.mode[:-1]
    flat = Image.new(mode, image.size, "white")
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        flat.paste(band.convert(mode), (0, top), band.getchannel("A"))
    return flat
