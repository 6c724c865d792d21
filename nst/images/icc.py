"""Colors from and to ICC profiles, in floats: Little CMS, by imagecodecs.

Pillow has Little CMS too, but for 8 bits alone.
"""

import numpy as np


class UnfitError(Exception):
    """A profile that pictures can't be converted to; says what it is."""


def check(profile: bytes) -> None:
    """Check that a picture can be converted to a profile.

    Args:
      profile: the data of its file.

    Raises:
      UnfitError: it is for grays or CMYK, or only for what a device records.
      ValueError: it is broken, or no ICC profile.
    """
    # ICC.1:2022, table 18.
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ValueError("it is no ICC profile")
    space = profile[16:20].decode("latin-1").strip()
    if space != "RGB":
        raise UnfitError(f"is for {'grays' if space == 'GRAY' else space}")
    pixel = np.zeros((1, 1, 3))
    to_srgb(pixel, profile)
    try:
        from_srgb(pixel, profile)
    except ValueError:
        raise UnfitError("is for reading alone, as a scanner's is") from None


def from_srgb(picture: np.ndarray, profile: bytes) -> np.ndarray:
    """Return a picture's colors in a profile; what this can't show is clipped.

    Args:
      picture: (H, W, 3) in gray levels of sRGB.
      profile: the data of its file; for RGB.

    Returns:
      (H, W, 3) float32 in [0, 255].

    Raises:
      ValueError: it is broken, or says only what its own colors look like.
    """
    return _converted(picture, None, profile)


def to_srgb(picture: np.ndarray, profile: bytes) -> np.ndarray:
    """Return the sRGB of a picture that has the colors of a profile; arguments as `from_srgb`."""
    return _converted(picture, profile, None)


def _converted(picture: np.ndarray, source: bytes | None, target: bytes | None) -> np.ndarray:
    import imagecodecs  # takes 0.1 s, and few runs need it

    values = (np.asarray(picture, np.float32) / np.float32(255)).clip(0, 1)
    srgb = imagecodecs.cms_profile("srgb")
    try:
        found = imagecodecs.cms_transform(
            values,
            source or srgb,
            target or srgb,
            colorspace="rgb",
            outcolorspace="rgb",
            outdtype="float32",
        )
    except imagecodecs.CmsError as error:
        raise ValueError(f"Little CMS says {error}") from error
    return (found * np.float32(255)).clip(0, 255)
