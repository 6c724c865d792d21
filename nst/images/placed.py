"""The places of several paintings as regions of the content image, one for each painting."""

from collections.abc import Iterable, Mapping

import numpy as np

from nst.base.errors import UserError
from nst.losses import guided

#: A pixel with less than this of all places together is left to none: half a gray level of 255.
LEAST = 0.5 / 255


def regions(
    given: Mapping[str, np.ndarray | None], network: str, style_layers: Iterable[str]
) -> guided.Regions:
    """Return the regions: where places overlap each has its part, so that all sum to 1.

    Args:
      given: painting -> its share of each pixel, (H, W), 0 to 1; none: what the others leave.
      network: whose layers they are.
      style_layers: in each of which each region must be found.

    Raises:
      UserError: a region is too small for a layer, or some of the picture is left to none.
    """
    taken = np.sum([one for one in given.values() if one is not None], axis=0)
    rest = np.clip(1 - taken, 0, 1)
    shares = np.stack([rest if one is None else one for one in given.values()])
    sums = shares.sum(axis=0)
    if (sums < LEAST).any():
        share = 100 * float((sums < LEAST).mean())
        raise UserError(
            f"style.blend leaves {share:.3g} % of the picture without a painting: give rest to one "
            "of them, or larger places"
        )
    shares = (shares / sums).astype(np.float32)
    small = guided.missing(shares, network, style_layers)
    if small:
        region, layer = small
        height, width = shares.shape[1:]
        raise UserError(
            f"style.blend: at {width} x {height} pixels the place of {list(given)[region]} covers "
            f"not even half of any position of {layer}, so it would have no style there: take a "
            "larger size, style.layers nearer to the picture, or a larger place"
        )
    return guided.Regions(shares)
