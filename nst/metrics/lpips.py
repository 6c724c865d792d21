"""LPIPS of the result and the content image; nst/metrics/lpips_network.py has its equation."""

from nst.metrics import features
from nst.metrics.pictures import Compared


def measure(pictures: Compared) -> float | None:
    """Return the perceptual distance of Zhang et al. 2018 (arXiv:1801.03924, equation 1).

    Args:
      pictures: to compare; None where they are too small.
    """
    return features.distances(pictures).get("lpips")
