"""A result as a file for print or web: its format, colors and transparency."""

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from nst.images import icc, png


class Carried(NamedTuple):
    """What a run's files take over from the file of the content image."""

    profile: bytes | None = None  # ICC, that `icc.check` passes; none: sRGB
    alpha: np.ndarray | None = None  # (H, W) float32 in [0, 255]; none: opaque


NOTHING = Carried()


def encoded(
    ending: str,
    bits: int,
    picture: np.ndarray,
    carried: Carried,
    text: Mapping[str, str],
    quality: int,
) -> bytes:
    """Return a file's bytes.

    Args:
      ending: "png", "tif", "jpg" or "webp".
      bits: of each sample, 8 or 16; 16 of PNG and TIFF alone.
      picture: (H, W, 3) in gray levels of sRGB; values beyond [0, 255] are clipped.
      carried: a profile to convert to, and alpha of any size, which becomes the picture's; not of
        JPEG.
      text: the configuration's hash, the seed and the like; ASCII.
      quality: of JPEG and WebP, 1 to 100.
    """
    samples = _samples(picture, carried, bits)
    if ending == "png":
        return png.encoded(samples, text, carried.profile)
    said = "; ".join(f"{name}={one}" for name, one in text.items())
    if ending == "tif":
        return _tiff(samples, said, carried.profile)
    image, data = Image.fromarray(samples), io.BytesIO()
    if ending == "jpg":
        # Strokes of paint have edges of color alone, which halved chroma would smear.
        chroma = {"subsampling": "4:4:4", "comment": said}
        image.save(data, "JPEG", quality=quality, icc_profile=carried.profile, **chroma)
    else:
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = said
        # The colors of what is transparent stay, as in the other formats.
        image.save(
            data, "WEBP", quality=quality, icc_profile=carried.profile, exif=exif, exact=True
        )
    return data.getvalue()


def _samples(picture: np.ndarray, carried: Carried, bits: int) -> np.ndarray:
    """Return (H, W, 3 or 4) samples in the colors that the file has, rounded once."""
    if carried.profile:
        picture = icc.from_srgb(picture, carried.profile)
    if carried.alpha is not None:
        height, width = picture.shape[:2]
        alpha = Image.fromarray(carried.alpha).resize((width, height), Image.Resampling.LANCZOS)
        picture = np.concatenate([picture, np.asarray(alpha)[..., None]], axis=-1)
    scale, kind = (257, np.uint16) if bits == 16 else (1, np.uint8)
    return np.rint(np.asarray(picture, np.float64).clip(0, 255) * scale).astype(kind)


def _tiff(samples: np.ndarray, said: str, profile: bytes | None) -> bytes:
    import tifffile  # takes 0.1 s, and few runs need it

    data = io.BytesIO()
    alpha = ["unassalpha"] if samples.shape[2] == 4 else None
    tifffile.imwrite(
        data,
        samples,
        photometric="rgb",
        extrasamples=alpha,
        compression="zlib",
        predictor=True,
        description=said,
        metadata=None,
        software=False,
        iccprofile=profile,
    )
    return data.getvalue()
