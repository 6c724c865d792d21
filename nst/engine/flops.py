"""How much arithmetic a step is, from the shapes of its layers alone."""

import math

from nst.base.program import Static
from nst.networks.spec import NETWORKS


def convolutions(static: Static, shape: tuple[int, ...]) -> int:
    """Return the floating-point operations of the convolutions of one loss and its gradient.

    A multiplication and an addition are two. Forward, and backward with respect to each
    convolution's input alone, since the network is frozen: as much again.

    Args:
      static: which network, and the layers that are read.
      shape: of the picture, (H, W, 3).
    """
    total, before = 0, 3
    for layer in NETWORKS[static.network].up_to(static.layers):
        if layer.kind == "conv":
            total += 2 * 2 * 9 * before * layer.channels * _positions(shape, layer.halvings)
            before = layer.channels
    return total


def grams(static: Static, shape: tuple[int, ...]) -> int:
    """Return the floating-point operations of the Gram matrices and their gradients.

    F^T F, and one product F (D + D^T) for its gradient.

    Args:
      static: the style layers.
      shape: of the picture, (H, W, 3).
    """
    network = NETWORKS[static.network]
    products = (
        network.channels(layer) ** 2 * _positions(shape, network.halvings(layer))
        for layer in static.style_layers
    )
    return 2 * 2 * sum(products)


def per_step(static: Static, shape: tuple[int, ...]) -> int:
    """Return the floating-point operations of one run's step: `convolutions` and `grams`.

    In strips the rows beside each are computed too, and the forward pass twice.
    """
    seen = shape
    if static.strips:
        strips = math.ceil(shape[0] / static.strips)
        beside = 2 * NETWORKS[static.network].halo(static.layers)
        seen = shape[0] + strips * beside, *shape[1:]
    convolved = convolutions(static, seen)
    return convolved * (3 if static.strips else 2) // 2 + grams(static, shape)


def _positions(shape: tuple[int, ...], halvings: int) -> int:
    height, width = shape[:2]
    return (height >> halvings) * (width >> halvings)
