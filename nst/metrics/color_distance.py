"""The distance of the result's colors to those of the style image."""

import functools
import math

import numpy as np

from nst.metrics.pictures import Compared, Picture

#: Directions in which colors are compared, and quantiles along each.
DIRECTIONS, QUANTILES = 32, 256


def measure(pictures: Compared) -> float:
    """Return the sliced Wasserstein distance of order 1 of the colors, in CIELAB units.

    Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3.

    Args:
      pictures: whose result and style image are compared.
    """
    own, other = _palette(pictures.result), _known_palette(pictures.style)
    return float(np.mean(np.abs(own - other)))


def _palette(picture: Picture) -> np.ndarray:
    """Return (DIRECTIONS, QUANTILES): the quantiles of the CIELAB colors in each direction."""
    from skimage.color import rgb2lab

    colors = rgb2lab(picture.pixels()).astype(np.float32).reshape(-1, 3)
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
