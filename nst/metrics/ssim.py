"""The structural similarity of luminance of the result and the content image."""

from nst.images.color import LUMA
from nst.metrics.pictures import Compared

#: Side in pixels of the window (Wang et al. 2004, section III.C).
WINDOW = 11


def measure(pictures: Compared) -> float | None:
    """Return the mean structural similarity with the window and constants of Wang et al. 2004.

    doi:10.1109/TIP.2003.819861, equations 13 to 17.

    Args:
      pictures: to compare; None where they are smaller than the window.
    """
    from skimage.metrics import structural_similarity  # takes 0.2 s with rgb2lab

    own, other = (one.pixels() @ LUMA for one in (pictures.result, pictures.content))
    if min(other.shape) < WINDOW:
        return None
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(own, other, data_range=255, **gaussian))
