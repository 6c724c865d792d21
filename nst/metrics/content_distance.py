"""The content loss of the result over that of the style image, as VGG-16 sees them."""

from nst.metrics import features
from nst.metrics.pictures import Compared, ratio


def measure(pictures: Compared) -> float | None:
    """Return L(result, content) / L(stretched style, content), L of Gatys et al. 2015, equation 1.

    Args:
      pictures: to compare; None where they are too small, or content and style are the same.
    """
    known = features.reference(pictures.content, pictures.style)
    return ratio(features.distances(pictures).get("content"), known.content)
