"""The style loss of the result over that of the content image, as VGG-16 sees them."""

from nst.metrics import features
from nst.metrics.pictures import Compared, ratio


def measure(pictures: Compared) -> float | None:
    """Return D(result, style) / D(content, style), D of Gatys et al. 2015, equations 4 and 5.

    Args:
      pictures: to compare; None where one is too small, or content and style are the same.
    """
    known = features.reference(pictures.content, pictures.style)
    return ratio(features.distances(pictures).get("style"), known.style)
