"""The distance of the result's colors to those of the style image."""

import functools
import math

import numpy as np

from nst.metrics.pictures import Compared, Picture

#: Directions in which colors are compared, and quantiles along each.
DIRECTIONS, QUANTILES = 32, 256

#: From linear RGB to X, Y and Z, and those of white.
_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
_WHITE = np.array((0.95047, 1.0, 1.08883))


def measure(pictures: Compared) -> float:
    """Return the sliced Wasserstein distance of order 1 of the colors, in CIELAB units.

    Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3.

    Args:
      pictures: whose result and style image are compared.
    """
    own, other = _palette(pictures.result), _known_palette(pictures.style)
    return float(np.mean(np.abs(own - other)))


def lab(pixels: np.ndarray) -> np.ndarray:
    """Return the colors of sRGB in CIELAB, (H, W, 3), with the white of D65 and 2 degrees.

    IEC 61966-2-1 and CIE 15:2004, in the order of scikit-image, which takes 0.2 s to load.

    Args:
      pixels: (H, W, 3) uint8.
    """
    values = np.arange(256) * (1 / 255)
    linear = np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)
    xyz = linear[pixels] @ _XYZ.T / _WHITE
    roots = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _palette(picture: Picture) -> np.ndarray:
    """Return (DIRECTIONS, QUANTILES): the quantiles of the CIELAB colors in each direction."""
    colors = lab(picture.pixels()).astype(np.float32).reshape(-1, 3)
    projections = np.sort(_directions() @ colors.T, axis=1)
    # The middles of equal parts, as values that are there: a tiled picture has the same ones.
    middles = 2 * np.arange(QUANTILES) + 1
    return projections[:, middles * len(colors) // (2 * QUANTILES)]


#: A style image's, which many runs share.
_known_palette = functools.lru_cache(maxsize=2)(_palette)


def _directions() -> np.ndarray:
    """Return (DIRECTIONS, 3) unit vectors, evenly over the hemisphere around lightness.

    A Fibonacci lattice (González 2010, doi:10.1007/s11004-009-9257-x): the same at each call.
    """
    index = np.arange(DIRECTIONS)
    lightness = (index + 0.5) / DIRECTIONS
    angle = index * np.pi * (3 - math.sqrt(5))
    radius = np.sqrt(1 - lightness**2)
    vectors = np.stack([lightness, radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return vectors.astype(np.float32)
