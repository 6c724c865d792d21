"""How much arithmetic a step is, from the shapes of its layers alone."""

from nst.base.program import Static
from nst.networks.spec import NETWORKS


def convolutions(static: Static, size: int) -> int:
    """Return the floating-point operations of the convolutions of one loss and its gradient.

    A multiplication and an addition are two. Forward, and backward with respect to each
    convolution's input alone, since the network is frozen: as much again.

    Args:
      static: which network, and the layers that are read.
      size: side of the square picture in pixels.
    """
    total, before = 0, 3
    for layer in NETWORKS[static.network].up_to(static.layers):
        if layer.kind == "conv":
            positions = (size >> layer.halvings) ** 2
            total += 2 * 2 * 9 * before * layer.channels * positions
            before = layer.channels
    return total


def grams(static: Static, size: int) -> int:
    """Return the floating-point operations of the Gram matrices and their gradients.

    F^T F, and one product F (D + D^T) for its gradient.

    Args:
      static: the style layers.
      size: side of the square picture in pixels.
    """
    network = NETWORKS[static.network]
    products = (
        network.channels(layer) ** 2 * (size >> network.halvings(layer)) ** 2
        for layer in static.style_layers
    )
    return 2 * 2 * sum(products)


def per_step(static: Static, size: int) -> int:
    """Return the floating-point operations of one run's step: `convolutions` and `grams`."""
    return convolutions(static, size) + grams(static, size)
