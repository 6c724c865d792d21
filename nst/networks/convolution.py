"""The frozen 3 x 3 convolution, in the form that is fastest on the device it runs on."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nst.networks import winograd

#: The type of the convolutions' operands, by the configuration's name.
DTYPES: dict[str, Any] = {
    "float32": np.float32,
    "tensorfloat32": np.float32,
    "bfloat16": jnp.bfloat16,
}

#: What JAX calls their products. By default a GPU would round float32 operands to tensorfloat32.
PRODUCTS = {
    "float32": jax.lax.Precision.HIGHEST,
    "tensorfloat32": jax.lax.Precision.HIGH,
    "bfloat16": jax.lax.Precision.DEFAULT,
}

#: Channels, in and out, from which `nst.networks.winograd` is the faster one on a CPU.
_CHANNELS = 64


def fastest(kernel: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """Return what the fastest form of a layer wants in place of its kernel.

    Args:
      kernel: (3, 3, C, C') float32.
      precision: a name in `DTYPES`.

    Returns:
      "winograd" for `nst.networks.winograd.convolve`, or "kernel" and "backward" for `convolve`.
    """
    # A GPU's library chooses between such forms by itself.
    if jax.default_backend() == "cpu" and min(kernel.shape[2:]) >= _CHANNELS:
        return {"winograd": winograd.transformed(kernel).astype(DTYPES[precision])}
    return {"kernel": kernel, "backward": np.ascontiguousarray(flipped(kernel))}


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def convolve(
    x: jax.Array, kernel: jax.Array, backward: jax.Array, precision: str = "float32"
) -> jax.Array:
    """Return the 3 x 3 convolution with zero padding, differentiable with respect to `x` alone.

    The network is frozen. Its gradient is the convolution with the flipped kernel, written out
    because XLA runs the form that JAX derives three times slower inside a loop on a CPU.

    Args:
      x: (N, H, W, C), float32 or bfloat16; sums are float32 for both.
      kernel: (3, 3, C, C').
      backward: (3, 3, C', C), `flipped` of the kernel.
      precision: a name in `DTYPES`, of the products.
    """
    direct = functools.partial(_direct, precision=precision)
    if x.dtype == jnp.float32:
        return direct(x, kernel)
    return jax.lax.platform_dependent(x, kernel, cpu=_converted, default=direct)


def flipped(kernel: Any) -> Any:
    """Return the kernel of the convolution that is the gradient of `kernel`'s, (3, 3, C', C).

    Args:
      kernel: (3, 3, C, C').
    """
    return kernel[::-1, ::-1].swapaxes(2, 3)


def _forward(
    x: jax.Array, kernel: jax.Array, backward: jax.Array, precision: str
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, backward, precision), (kernel, backward)


def _backward(
    precision: str, kernels: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, None, None]:
    kernel, backward = kernels
    return convolve(gradient, backward, kernel, precision), None, None


convolve.defvjp(_forward, _backward)


def _direct(x: jax.Array, kernel: jax.Array, precision: str) -> jax.Array:
    """Return XLA's own convolution."""
    layout = ("NHWC", "HWIO", "NHWC")
    height, width = x.shape[1:3]
    if height * width < 9:
        # XLA on a CPU takes the smaller of picture and kernel for the kernel, and loops naively:
        # at 32 x 21 pixels a step would take 0.3 instead of 0.02 s. The barrier keeps the padding.
        wider = (0, max(0, 3 - height)), (0, max(0, 3 - width))
        x = jax.lax.optimization_barrier(jnp.pad(x, ((0, 0), *wider, (0, 0))))
    y = jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=layout, precision=PRODUCTS[precision]
    )
    return y[:, :height, :width]


def _converted(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the convolution of bfloat16 operands in float32, as XLA has it on a CPU anyway.

    Converted here, its operands need not be converted to and fro inside.
    """
    return _direct(x.astype(jnp.float32), kernel.astype(jnp.float32), "float32").astype(x.dtype)
