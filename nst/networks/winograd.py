"""The 3 x 3 convolution by Winograd's minimal filtering, with 4 instead of 9 products an output.

F(2 x 2, 3 x 3) of Lavin and Gray 2015 (arXiv:1509.09308), section 4.1: the kernel and each tile of
4 x 4 pixels are transformed, multiplied element by element, which over all tiles and channels is 16
matrix products, and transformed back to 2 x 2 outputs. Its rounding errors are those of a plain
convolution in float32, half as large again with bfloat16 products.
"""

import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

#: B^T, G and A^T of Lavin and Gray: the transforms of a tile, a kernel and an output.
_TILE = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], np.float32)
_KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)
_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], np.float32)
#: A flipped kernel's transform has the rows and columns of the kernel's own in this order, and the
#: other way round.
_FLIPPED = [3, 1, 2, 0]

#: Products at a time: more would leave the processor's cache, fewer are slow to start.
_NUMBERS = 2**25


def transformed(kernel: np.ndarray) -> np.ndarray:
    """Return G g G^T of each pair of channels, (4, 4, C, C') float32.

    Args:
      kernel: g, (3, 3, C, C') float32.
    """
    rows = (_KERNEL @ kernel.reshape(3, -1)).reshape(4, 3, -1)
    return (_KERNEL @ rows).reshape(4, 4, *kernel.shape[2:])


@jax.custom_vjp
def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return the 3 x 3 convolution with zero padding, differentiable with respect to `x` alone.

    Args:
      x: (N, H, W, C), float32 or bfloat16.
      kernel: (4, 4, C, C'), `transformed`; the products are of its type, their sums float32.

    Returns:
      (N, H, W, C') of the type of `x`.
    """
    return _by_strips(x, kernel, flip=False)


def _forward(x: jax.Array, kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    return convolve(x, kernel), kernel


def _backward(kernel: jax.Array, gradient: jax.Array) -> tuple[jax.Array, None]:
    # The gradient is the convolution with the flipped kernel and its channels exchanged.
    return _by_strips(gradient, kernel, flip=True), None


convolve.defvjp(_forward, _backward)


@functools.partial(jax.jit, static_argnames="flip")
def _by_strips(x: jax.Array, kernel: jax.Array, flip: bool) -> jax.Array:
    """Return the convolution with the kernel, or with the flipped one, some rows at a time."""
    count, height, width, _ = x.shape
    down, right = math.ceil(height / 2), math.ceil(width / 2)
    numbers = 16 * count * right * max(kernel.shape[2:])  # of a row of tiles
    strips = math.ceil(down / max(1, _NUMBERS // numbers))
    rows = math.ceil(down / strips)
    # One pixel around, and below and to the right what fills the last tiles.
    below, beside = 2 * strips * rows + 1 - height, 2 * right + 1 - width
    padded = jnp.pad(x, ((0, 0), (1, below), (1, beside), (0, 0)))

    if strips == 1:
        return _convolved(padded, kernel, flip)[:, :height, :width]

    def strip(index: jax.Array, y: jax.Array) -> jax.Array:
        first = 2 * rows * index
        part = jax.lax.dynamic_slice_in_dim(padded, first, 2 * rows + 2, axis=1)
        return jax.lax.dynamic_update_slice_in_dim(y, _convolved(part, kernel, flip), first, axis=1)

    # Zeros of this array's own: XLA would keep those of jnp.zeros, or of jax.lax.map, for all
    # layers of a shape, through all of the program.
    shape = count, 2 * strips * rows, 2 * right, kernel.shape[2 if flip else 3]
    nothing = jnp.broadcast_to(0 * x[0, 0, 0, 0], shape)
    return jax.lax.fori_loop(0, strips, strip, nothing)[:, :height, :width]


def _convolved(x: jax.Array, kernel: jax.Array, flip: bool) -> jax.Array:
    """Return the convolution without padding of `x`, (N, H + 2, W + 2, C), with H and W even.

    The 16 products are four by four: one of each column of tiles, over the rows together. Sixteen
    by themselves are faster by a twentieth, and take half as long again to compile.
    """
    count, down, right = x.shape[0], x.shape[1] // 2 - 1, x.shape[2] // 2 - 1
    tile, output = (_TILE[_FLIPPED], _OUTPUT[:, _FLIPPED]) if flip else (_TILE, _OUTPUT)
    wide = x.astype(jnp.float32)

    def pixels(row: int, column: int) -> jax.Array:
        """Return that pixel of each tile, (N, H/2, W/2, C)."""
        end = (count, row + 2 * down - 1, column + 2 * right - 1, x.shape[3])
        return jax.lax.slice(wide, (0, row, column, 0), end, (1, 2, 2, 1))

    products = []
    for column in range(4):
        used = [at for at in range(4) if tile[column, at]]
        rows = [_sum(tile[column, used], [pixels(row, at) for at in used]) for row in range(4)]
        tiles = _sums(tile, rows, axis=0).astype(kernel.dtype)
        product = _product(tiles.reshape(4, -1, x.shape[3]), kernel[:, column], flip)
        products.append(product.reshape(4, count, down, right, -1))
    columns = []
    for weights in output:
        together = _sum(weights, products)  # (4, N, H/2, W/2, C')
        columns.append(_sums(output, list(together), axis=2))  # (N, H/2, 2, W/2, C')
    return jnp.stack(columns, 4).reshape(count, 2 * down, 2 * right, -1).astype(x.dtype)


def _product(tiles: jax.Array, kernel: jax.Array, flip: bool) -> jax.Array:
    """Return the products of (4, T, C) tiles with (4, C, C'), or flipped with (4, C', C)."""
    return jax.lax.dot_general(
        tiles,
        kernel,
        (((2,), (2 if flip else 1,)), ((0,), (0,))),
        precision=jax.lax.Precision.HIGHEST if kernel.dtype == jnp.float32 else None,
        preferred_element_type=jnp.float32,
    )


# Operations of lax: those of jnp, a function each, would take a third of a program's tracing.
def _sum(weights: np.ndarray, arrays: Sequence[jax.Array]) -> jax.Array:
    """Return the sum of the arrays with weights 1, -1 or 0, of which the last are left out."""
    pairs = zip(weights, arrays, strict=True)
    signed = (array if weight > 0 else jax.lax.neg(array) for weight, array in pairs if weight)
    return functools.reduce(jax.lax.add, signed)


def _sums(matrix: np.ndarray, arrays: Sequence[jax.Array], axis: int) -> jax.Array:
    """Return all sums of the arrays with the rows of `matrix` as weights, along a new axis."""
    shape = list(arrays[0].shape)
    shape.insert(axis, len(matrix))
    others = tuple(at for at in range(len(shape)) if at != axis)
    terms = [
        jax.lax.mul(
            jax.lax.broadcast_in_dim(weights, shape, (axis,)),
            jax.lax.broadcast_in_dim(array, shape, others),
        )
        for weights, array in zip(matrix.T, arrays, strict=True)
    ]
    return functools.reduce(jax.lax.add, terms)
