"""The masks of a content image and a style image as regions of both, one for each color."""

from collections.abc import Iterable

from nst.base.errors import UserError
from nst.images.masks import Mask
from nst.losses import guided


def regions(
    content_image: Mask, style_image: Mask, network: str, style_layers: Iterable[str]
) -> guided.Regions:
    """Return the regions of both pictures, those of one color being one region.

    Args:
      content_image: the mask of the content image.
      style_image: the mask of the style image.
      network: whose layers they are.
      style_layers: in each of which each region must be found.

    Raises:
      UserError: a color is in one mask only, or a region too small for a layer.
    """
    for one, other in ((content_image, style_image), (style_image, content_image)):
        alone = sorted(set(one.colors) - set(other.colors))
        if alone:
            raise UserError(
                f"{one.subject} has {_named(alone)}, which is not in {other.subject} (there: "
                f"{_named(other.colors)}): a region is a color that both masks have"
            )
    for mask, size in ((content_image, "size"), (style_image, "style.size")):
        small = guided.missing(mask.shares, network, style_layers)
        if small:
            region, layer = small
            height, width = mask.shares.shape[1:]
            raise UserError(
                f"{mask.subject}: at {width} x {height} pixels the region "
                f"{_named([mask.colors[region]])} covers not even half of any position of {layer}, "
                f"so it would have no style there: take a larger {size}, style.layers nearer to "
                "the picture, or a larger region"
            )
    return guided.Regions(content_image.shares, style_image.shares)


def _named(colors: Iterable[int]) -> str:
    names = [f"#{color:06x}" for color in colors]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
