"""The structural similarity of luminance of the result and the content image.

Plain numpy, with scikit-image's operations in scikit-image's order: its own function takes a
quarter of a second to load, most of it for parts of scipy that it makes no use of.
"""

import numpy as np

from nst.images.color import LUMA
from nst.metrics.pictures import Compared

#: Side in pixels of the window, and its standard deviation (Wang et al. 2004, section III.C).
WINDOW, SIGMA = 11, 1.5
#: The constants of section III.B for 8 bits.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
#: Rows of windows at a time: more would leave the processor's cache.
_ROWS = 32


def measure(pictures: Compared) -> float | None:
    """Return the mean structural similarity with the window and constants of Wang et al. 2004.

    doi:10.1109/TIP.2003.819861, equations 13 to 17.

    Args:
      pictures: to compare; None where they are smaller than the window.
    """
    own, other = (one.pixels() @ LUMA for one in (pictures.result, pictures.content))
    if min(other.shape) < WINDOW:
        return None
    border = WINDOW // 2
    # A view of a whole picture: in its order numpy's sum has scikit-image's last digit.
    similarity = np.empty(other.shape)[border:-border, border:-border]
    for row in range(0, len(similarity), _ROWS):
        strip = slice(row, row + _ROWS + WINDOW - 1)
        similarity[row : row + _ROWS] = _similarity(own[strip], other[strip])
    return float(similarity.mean())


def _similarity(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the similarity in every window that fits, (H - 10, W - 10) of (H, W)."""
    mean, other_mean = _windowed(own), _windowed(other)
    variance = _windowed(own * own) - mean * mean
    other_variance = _windowed(other * other) - other_mean * other_mean
    both = _windowed(own * other) - mean * other_mean
    means = mean**2 + other_mean**2 + _C1
    alike = (2 * mean * other_mean + _C1) * (2 * both + _C2)
    return alike / (means * (variance + other_variance + _C2))


def _windowed(values: np.ndarray) -> np.ndarray:
    """Return the mean in every window that fits, weighted by a Gaussian, down and then across."""
    middle = WINDOW // 2
    weights = np.exp(-0.5 / SIGMA**2 * np.arange(-middle, middle + 1) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        length = len(values) - WINDOW + 1
        found = values[middle : middle + length] * weights[middle]
        for at in range(middle):
            last = WINDOW - 1 - at
            pair = values[at : at + length] + values[last : last + length]
            found += pair * weights[at]
        values = found.T
    return values
