"""The VGG networks as lists of layer names: which there are, how deep, how small a picture may be.

Imports nothing heavy, so that a configuration is checked without JAX.

Names (Gatys et al. 2015, arXiv:1508.06576, section "Methods"): ``convB_I`` is a convolution's
output before its ReLU, ``reluB_I`` after it, ``poolB`` the output of block B's pooling.
"""

from collections.abc import Iterable

#: Convolutions in each of the five blocks (Simonyan and Zisserman 2014, arXiv:1409.1556, table 1).
BLOCKS: dict[str, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}

#: Output channels of every convolution in each block.
CHANNELS: tuple[int, ...] = (64, 128, 256, 512, 512)

#: Mean ImageNet pixel (red, green, blue) of the Caffe weights that Keras converted, in [0, 255].
CAFFE_MEAN = (123.68, 116.779, 103.939)


def layer_names(network: str) -> tuple[str, ...]:
    """Return every layer name of `network` ("vgg16" or "vgg19") in the order of computation."""
    names: list[str] = []
    for block, convolutions in enumerate(BLOCKS[network], start=1):
        for index in range(1, convolutions + 1):
            names += [f"conv{block}_{index}", f"relu{block}_{index}"]
        names.append(f"pool{block}")
    return tuple(names)


def conv_names(network: str) -> tuple[str, ...]:
    """Return the names of the convolutions of `network` in the order of computation."""
    return tuple(name for name in layer_names(network) if name.startswith("conv"))


def channels(layer: str) -> int:
    """Return the number of channels of a layer."""
    return CHANNELS[int(layer[4]) - 1]


def parameter_shapes(network: str) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shapes of every convolution's kernel (3, 3, in, out) and bias (out,)."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    before = 3
    for name in conv_names(network):
        shapes[name] = {"kernel": (3, 3, before, channels(name)), "bias": (channels(name),)}
        before = channels(name)
    return shapes


def smallest_side(layers: Iterable[str]) -> int:
    """Return the shortest side in pixels at which each of `layers` still has a position.

    Each pooling halves a side and drops the odd pixel, so block B sees ``side // 2**(B - 1)``.
    """
    return max(2 ** halvings(layer) for layer in layers)


def halvings(layer: str) -> int:
    """Return how many poolings lie between the picture and the positions of a layer."""
    return int(layer[4]) - (not layer.startswith("pool"))
