"""How much arithmetic a step is, from the shapes of its layers alone."""

from nst.base.program import Static
from nst.networks.spec import CHANNELS, layer_names


def convolutions(static: Static, size: int) -> int:
    """Return the floating-point operations of the convolutions of one loss and its gradient.

    A multiplication and an addition are two. Forward, and backward with respect to each
    convolution's input alone, since the network is frozen: as much again.

    Args:
      static: which network, and the layers that are read.
      size: side of the square picture in pixels.
    """
    total, before = 0, 3
    for layer in _needed(static):
        if layer.startswith("conv"):
            after = _channels(layer)
            total += 2 * 2 * 9 * before * after * _positions(layer, size)
            before = after
    return total


def grams(static: Static, size: int) -> int:
    """Return the floating-point operations of the Gram matrices and their gradients.

    F^T F, and one product F (D + D^T) for its gradient.

    Args:
      static: the style layers.
      size: side of the square picture in pixels.
    """
    products = (_channels(layer) ** 2 * _positions(layer, size) for layer in static.style_layers)
    return 2 * 2 * sum(products)


def per_step(static: Static, size: int) -> int:
    """Return the floating-point operations of one run's step: `convolutions` and `grams`."""
    return convolutions(static, size) + grams(static, size)


def _needed(static: Static) -> tuple[str, ...]:
    """Return the layers up to the deepest that is read."""
    names = layer_names(static.network)
    return names[: max(names.index(layer) for layer in static.layers) + 1]


def _channels(layer: str) -> int:
    return CHANNELS[int(layer[4]) - 1]


def _positions(layer: str, size: int) -> int:
    side = size >> (int(layer[4]) - 1)
    return side * side
