"""The layers of a loss: their weights, and whether network and picture have room for them."""

import math

from nst.base.errors import UserError, did_you_mean
from nst.config.schema import Config
from nst.config.weighted import weights_by_name
from nst.images.edges import EDGES
from nst.networks.spec import NETWORKS


def weights(key: str, layers: object, network: str, preset: str | None) -> dict[str, float]:
    """Return ``{layer: weight}`` in the order of the network.

    Args:
      key: the configuration key, "style.layers" say.
      layers: as a user writes them, nst/config/weighted.py.
      network: that has them.
      preset: that may have chosen them, for the message.

    Raises:
      UserError: a layer is unknown, or a weight not allowed.
    """
    named = weights_by_name(
        key, layers, "layer", "conv4_2", lambda name: _check(key, name, network, preset)
    )
    # One order for one set: the same layers in another order reuse the compiled program.
    return {name: named[name] for name in NETWORKS[network].layer_names if name in named}


def check_layers(config: Config, network: str) -> None:
    """Refuse a configuration whose layers `network` lacks, which a fallback may have brought in.

    Raises:
      UserError: names the layer, and those that `network` has.
    """
    for key, source in (("content", config.content), ("style", config.style)):
        for layer in source.layers:
            _check(f"{key}.layers", layer, network, config.preset)


def check_positions(
    key: str,
    own: tuple[int, int],
    shape: tuple[int, ...],
    network: str,
    layers: tuple[str, ...],
    size: int,
    size_key: str = "size",
    edge: str = "long",
) -> None:
    """Refuse a picture in which one of `layers` has no positions.

    Args:
      key: the configuration key of the picture, "content" or "style".
      own: both sides of the picture file in pixels.
      shape: height and width in pixels after scaling to `size`.
      network: whose layers they are.
      layers: names of the layers that will be read.
      size: of an edge, in pixels.
      size_key: the configuration key that sets `size`: "size", "style.size" or "scales".
      edge: that it is of, a name in `nst.images.edges.EDGES`.

    Raises:
      UserError: names the layer, the picture's size and the smallest `size` that works.
    """
    short = min(shape[:2])
    deepest = max(layers, key=NETWORKS[network].halvings)
    needed = NETWORKS[network].smallest_side([deepest])
    if short < needed:
        # The short side is rounded, a half up.
        enough = math.ceil(EDGES[edge](*own) * (2 * needed - 1) / (2 * min(own)))
        where, what = f"{size_key}={size}", size_key
        if size_key == "scales":
            where, what = f"the scale {size} of scales", "scale"
        raise UserError(
            f"{key}: at {where} the picture is {shape[1]} x {shape[0]} pixels, in which "
            f"{deepest} has no positions: the short side must be at least {needed} pixels, so "
            f"take a {what} of {enough} or more, or layers nearer to the picture"
        )


def _check(key: str, name: object, network: str, preset: str | None) -> None:
    names = NETWORKS[network].layer_names
    if name not in names:
        beside = f" with preset={preset}" if preset else ""
        raise UserError(
            f"{key}{beside}: {network} has no layer {name!r}{did_you_mean(str(name), names)}; "
            f"its layers are {', '.join(names)}"
        )
