"""The frozen 3 x 3 convolution, in the form that is fastest on the device it runs on."""

import math
from typing import Any

import jax
import jax.numpy as jnp

#: Rows, and positions, of a chunk of `_by_rows`: its operands stay in a core's cache.
_ROWS, _POSITIONS = 16, 4096
#: Output channels from which `_by_rows` is faster than XLA's own convolution: a matrix unit's rows
#: are too short below.
_CHANNELS = 128


@jax.custom_vjp
def convolve(x: jax.Array, kernel: jax.Array, backward: jax.Array) -> jax.Array:
    """Return the 3 x 3 convolution with zero padding, differentiable with respect to `x` alone.

    The network is frozen. Its gradient is the convolution with the flipped kernel, written out
    because XLA runs the form that JAX derives three times slower inside a loop on a CPU.

    Args:
      x: (N, H, W, C), float32 or bfloat16; sums are float32 for both.
      kernel: (3, 3, C, C').
      backward: (3, 3, C', C), `flipped` of the kernel.
    """
    if x.dtype == jnp.float32:
        return _direct(x, kernel)
    return jax.lax.platform_dependent(x, kernel, cpu=_on_a_cpu, default=_direct)


def flipped(kernel: Any) -> Any:
    """Return the kernel of the convolution that is the gradient of `kernel`'s, (3, 3, C', C).

    Args:
      kernel: (3, 3, C, C').
    """
    return kernel[::-1, ::-1].swapaxes(2, 3)


def _forward(
    x: jax.Array, kernel: jax.Array, backward: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, backward), (kernel, backward)


def _backward(
    kernels: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, None, None]:
    kernel, backward = kernels
    return convolve(gradient, backward, kernel), None, None


convolve.defvjp(_forward, _backward)


def _direct(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return XLA's own convolution."""
    # By default a GPU would round float32 operands to tensorfloat32, a TPU to bfloat16.
    exact = jax.lax.Precision.HIGHEST if x.dtype == jnp.float32 else None
    layout = ("NHWC", "HWIO", "NHWC")
    height, width = x.shape[1:3]
    if height * width < 9:
        # XLA on a CPU takes the smaller of picture and kernel for the kernel, and loops naively:
        # at 32 x 21 pixels a step would take 0.3 instead of 0.02 s. The barrier keeps the padding.
        wider = (0, max(0, 3 - height)), (0, max(0, 3 - width))
        x = jax.lax.optimization_barrier(jnp.pad(x, ((0, 0), *wider, (0, 0))))
    y = jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=layout, precision=exact
    )
    return y[:, :height, :width]


def _on_a_cpu(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the convolution of bfloat16 operands by matrix products, where they are faster.

    XLA's own runs at the speed of float32 on a CPU, whatever the type.
    """
    if kernel.shape[-1] >= _CHANNELS:
        return _by_rows(x, kernel)
    # In float32 it need not be converted to and fro inside.
    return _direct(x.astype(jnp.float32), kernel.astype(jnp.float32)).astype(x.dtype)


def _by_rows(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the convolution as products of rows, the three columns of the kernel side by side.

    Of each chunk of rows the pixel to the left, the pixel and that to the right make one operand of
    3 C columns; each row of the kernel then is one matrix product, with a sum in float32.

    Args:
      x: (N, H, W, C).
      kernel: (3, 3, C, C').
    """
    count, height, width, channels = x.shape
    rows = max(1, min(_ROWS, _POSITIONS // (count * width)))
    chunks = math.ceil(height / rows)
    rows = math.ceil(height / chunks)
    below = chunks * rows - height + 1
    padded = jnp.pad(x, ((0, 0), (1, below), (1, 1), (0, 0)))
    columns = kernel.reshape(3, 3 * channels, -1)

    def chunk(first: jax.Array) -> jax.Array:
        part = jax.lax.dynamic_slice_in_dim(padded, first, rows + 2, axis=1)
        beside = jnp.concatenate([part[:, :, at : at + width] for at in range(3)], axis=-1)
        products = [
            jax.lax.dot_general(
                beside[:, at : at + rows],
                columns[at],
                (((3,), (0,)), ((), ())),
                preferred_element_type=jnp.float32,
            )
            for at in range(3)
        ]
        return (products[0] + products[1] + products[2]).astype(x.dtype)

    found = jax.lax.map(chunk, rows * jnp.arange(chunks))  # (chunks, N, rows, W, C')
    whole = found.swapaxes(0, 1).reshape(count, chunks * rows, width, -1)
    return whole[:, :height]
