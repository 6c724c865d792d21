"""The total variation of the result."""

import numpy as np

from nst.metrics.pictures import Compared


def measure(pictures: Compared) -> float:
    """Return the sum of absolute differences of neighbors, in gray levels a pixel.

    The report's total variation, after Mahendran and Vedaldi 2015 (arXiv:1412.0035).

    Args:
      pictures: of which only the result counts.
    """
    # nst/losses/total_variation.py in whole numbers: float32 sums lose the last digits.
    values = pictures.result.pixels().astype(np.int64)
    total = sum(np.abs(np.diff(values, axis=axis)).sum() for axis in (0, 1))
    return float(total / (values.shape[0] * values.shape[1]))
