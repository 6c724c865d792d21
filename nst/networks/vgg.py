"""The networks in Flax: pictures to the activations of every named layer."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from nst.base.errors import UserError, did_you_mean
from nst.networks import winograd
from nst.networks.convolution import DTYPES, convolve, fastest, flipped
from nst.networks.spec import NETWORKS, Network


def frozen(params: dict[str, Any], precision: str) -> dict[str, Any]:
    """Return `params` with what a step would make anew of each kernel, in the kernel's place.

    Args:
      params: numpy arrays as `nst.networks.conversion.convert` returns them.
      precision: of the steps, a name in `nst.networks.convolution.DTYPES`.
    """
    return {
        name: {"bias": value["bias"]} | fastest(value["kernel"], precision)
        if isinstance(value, dict)
        else value
        for name, value in params.items()
    }


class Rows(NamedTuple):
    """Which rows of a picture a strip of it has, more than the picture's own among them."""

    first: Any  # above the picture's top where negative; maybe traced; whole positions everywhere
    height: int  # of the picture

    def halved(self, halvings: int) -> "Rows":
        """Return the rows of a layer's positions, after so many poolings."""
        return Rows(self.first >> halvings, self.height >> halvings)


class Convolution(nn.Module):
    """A frozen 3 x 3 convolution with bias.

    Attributes:
      channels: output channels.
      precision: a name in `nst.networks.convolution.DTYPES`, of operands and output.
      bias_scale: a factor of the bias.
    """

    channels: int
    precision: str
    bias_scale: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Return (N, H, W, channels) for `x` (N, H, W, C)."""
        dtype = DTYPES[self.precision]
        bias = self.param("bias", nn.initializers.zeros, (self.channels,))
        bias = (self.bias_scale * bias).astype(dtype)
        transformed: Any = self.get_variable("params", "winograd")
        if transformed is not None:
            operands = x.astype(dtype), transformed.astype(dtype)
            return winograd.convolve(*operands) + bias
        shape = (3, 3, x.shape[-1], self.channels)
        kernel = self.param("kernel", nn.initializers.he_normal(), shape)
        backward = self.get_variable("params", "backward", flipped(kernel))
        kernels = kernel.astype(dtype), backward.astype(dtype)
        return convolve(x.astype(dtype), *kernels, self.precision) + bias


class Chain(nn.Module):
    """A network, one layer after the other as its description has them.

    Attributes:
      network: its description.
      pooling: "avg" (as Gatys et al. 2015, arXiv:1508.06576, "Methods") or "max" (as trained).
      precision: a name in `nst.networks.convolution.DTYPES`, of the convolutions.
      padding: what convolutions see around their input: "zeros", as trained, "replicate" or
        "reflect".
      bias_scale: a factor of every convolution's bias.
    """

    network: Network
    pooling: str = "avg"
    precision: str = "float32"
    padding: str = "zeros"
    bias_scale: float = 1.0

    @nn.compact
    def __call__(
        self, pictures: jax.Array, layers: tuple[str, ...], rows: Rows | None = None
    ) -> dict[str, jax.Array]:
        """Return the activations of `layers`; nothing past the deepest of them is computed.

        Args:
          pictures: (N, H, W, 3) RGB in [0, 255].
          layers: names as in `nst.networks.spec`.
          rows: of each picture, where these are strips of larger ones.
        """
        # Zero padding follows the subtraction, so a border is mean gray, not black.
        x = pictures - self.param("mean", nn.initializers.zeros, (3,))
        kept: dict[str, jax.Array] = {}
        for layer in self.network.up_to(layers):
            if layer.kind == "conv":
                convolved = Convolution(
                    layer.channels, self.precision, self.bias_scale, name=layer.name
                )
                if self.padding != "zeros":
                    wider = _bordered(x, self.padding, rows and rows.halved(layer.halvings))
                    x = convolved(wider)[:, 1:-1, 1:-1]
                else:
                    x = x if rows is None else _padded(x, rows.halved(layer.halvings))
                    x = convolved(x)
            else:
                x = _relu(x) if layer.kind == "relu" else _pool(x, self.pooling)
            if layer.name in layers:
                kept[layer.name] = x.astype(jnp.float32)
        return {name: kept[name] for name in layers}


def activations(
    params: dict[str, Any],
    pictures: jax.Array,
    layers: tuple[str, ...],
    *,
    network: str,
    pooling: str,
    precision: str,
    padding: str = "zeros",
    bias_scale: float = 1.0,
    rows: Rows | None = None,
) -> dict[str, jax.Array]:
    """Return the activations of `layers` in the scale of the original Caffe weights.

    Args:
      params: "mean" (3,) in gray levels, and for each convolution "kernel" (3, 3, in, out) and
        "bias" (out,), as `nst.networks.conversion.convert` returns them, or what `frozen` makes
        of them.
      pictures: (N, H, W, 3) float32 RGB in [0, 255].
      layers: names as in `nst.networks.spec`; static under jit.
      network: a name in `nst.networks.spec.NETWORKS`.
      pooling: "avg" or "max", over 2 x 2 positions; an odd last row or column is dropped.
      precision: a name in `nst.networks.convolution.DTYPES`, of the convolutions.
      padding: "zeros", "replicate" or "reflect", of each convolution.
      bias_scale: a factor of every convolution's bias.
      rows: of each picture, where these are strips of larger ones; what is nearer to an edge of
        the strip that the picture goes past than `nst.networks.spec.Network.halo` is not right.

    Returns:
      float32 (N, H', W', C) for each layer.

    Raises:
      UserError: `network` has no such layer.
    """
    known = NETWORKS[network].layer_names
    for name in layers:
        if name not in known:
            raise UserError(f"{network} has no layer {name!r}{did_you_mean(name, known)}")
    found: Any = Chain(NETWORKS[network], pooling, precision, padding, bias_scale).apply(
        {"params": params}, pictures, tuple(layers), rows
    )
    return found


def random_params(network: str, seed: int) -> dict[str, Any]:
    """Return random parameters that keep the activations' scale, for tests and benchmarks.

    Args:
      network: a name in `nst.networks.spec.NETWORKS`.
      seed: of numpy's generator; the same seed gives the same bytes.

    Returns:
      numpy float32 arrays: kernels with variance 2 / (9 in) (He et al. 2015, arXiv:1502.01852,
      equation 10), small biases, and the network's mean pixel.
    """
    generator = np.random.default_rng(seed)
    params: dict[str, Any] = {"mean": np.asarray(NETWORKS[network].mean, np.float32)}
    for name, shapes in NETWORKS[network].parameter_shapes.items():
        spread = np.float32(np.sqrt(2 / (9 * shapes["kernel"][2])))
        params[name] = {
            "kernel": generator.standard_normal(shapes["kernel"], np.float32) * spread,
            "bias": generator.standard_normal(shapes["bias"], np.float32),
        }
    return params


def _padded(x: jax.Array, rows: Rows) -> jax.Array:
    """Return `x` with zeros in the rows that the picture does not have: a convolution's padding."""
    at = rows.first + jnp.arange(x.shape[1])
    inside = (at >= 0) & (at < rows.height)
    return jnp.where(inside[:, None, None], x, 0)


def _bordered(x: jax.Array, padding: str, rows: Rows | None) -> jax.Array:
    """Return `x` with a ring of positions around it, in a strip also next to the picture's rows.

    Args:
      x: (N, H, W, C), a layer's input for pictures or strips of them.
      padding: "replicate", the outermost positions again, or "reflect", those next to them.
      rows: of the layer's positions, where these are strips.
    """
    if rows is not None:
        inner = padding == "reflect" and rows.height > 1
        at = rows.first + jnp.arange(x.shape[1])
        for outside, inside in ((-1, inner), (rows.height, rows.height - 1 - inner)):
            row = jax.lax.dynamic_slice_in_dim(x, inside - rows.first, 1, axis=1)
            x = jnp.where((at == outside)[:, None, None], row, x)
    mode = {"replicate": "edge", "reflect": "reflect"}[padding]
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)


@jax.custom_vjp
def _relu(x: jax.Array) -> jax.Array:
    """Return max(x, 0), and keep a byte a number for its gradient; flax's keeps zeros too."""
    return jnp.maximum(x, 0)


def _relu_forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return _relu(x), x > 0


def _relu_backward(positive: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    return (jnp.where(positive, gradient, 0),)


_relu.defvjp(_relu_forward, _relu_backward)


def _pool(x: jax.Array, pooling: str) -> jax.Array:
    one, two, three, four = _corners(x)
    if pooling == "max":
        return jnp.maximum(jnp.maximum(one, two), jnp.maximum(three, four))
    if pooling == "avg":
        return 0.25 * (one + two + three + four)
    raise ValueError(f"pooling must be 'avg' or 'max', not {pooling!r}")


@jax.custom_vjp
def _corners(x: jax.Array) -> tuple[jax.Array, ...]:
    """Return the four pixels of each 2 x 2 tile, (N, H // 2, W // 2, C) each, row by row.

    Rather than reduce_window: on two CPU cores max pooling's gradient at 256 x 256 x 64 takes 2.5
    instead of 56 ms. Its gradient is written out, as what JAX derives is a sum of four padded
    arrays, which XLA computes pixel by pixel in what follows: 23 instead of 6 ms.
    """
    count, height, width, channels = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    tiles = even.reshape(count, height // 2, 2, width // 2, 2, channels)
    return tuple(tiles[:, :, row, :, column] for row in range(2) for column in range(2))


def _corners_forward(x: jax.Array) -> tuple[tuple[jax.Array, ...], tuple[int, ...]]:
    return _corners(x), x.shape


def _corners_backward(shape: tuple[int, ...], corners: tuple[jax.Array, ...]) -> tuple[jax.Array]:
    count, height, width, channels = shape
    rows = [jnp.stack(corners[at : at + 2], axis=3) for at in (0, 2)]
    even = jnp.stack(rows, axis=2).reshape(count, height // 2 * 2, width // 2 * 2, channels)
    return (jnp.pad(even, ((0, 0), (0, height % 2), (0, width % 2), (0, 0))),)


_corners.defvjp(_corners_forward, _corners_backward)
