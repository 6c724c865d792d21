"""Positions of two pictures in pairs: which of the painting's are compared, and which are alike.

Every position of the picture takes part, so that each has a gradient at every step. Of the painting
at most `SAMPLES` positions do, drawn once for a run, and products are taken a part at a time: what
is held doesn't grow with the pairs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

#: Positions of a style image's layer that are compared; Kolkin et al. 2019 draw as many.
SAMPLES = 1024
#: Products that are held at a time: 16 MiB.
ENTRIES = 2**22
#: What returns the vectors of a row by its number, (W, N).
Row = Callable[[jax.Array], jax.Array]
#: Added to a squared length, in (gray levels)^2: an activation of 0 has no direction.
TINY = 1e-6


class Drawn(NamedTuple):
    """Positions of a layer, each of them at least once where it has no more than `SAMPLES`."""

    positions: jax.Array  # (SAMPLES,), their numbers, row after row
    shares: jax.Array  # (SAMPLES,), sum 1: copies of one position share its part of a mean


def drawn(key: jax.Array, count: int) -> Drawn:
    """Return positions at random, always as many, so that paintings of any size can be blended.

    Args:
      key: of the random numbers.
      count: positions that there are.
    """
    positions = jnp.resize(jax.random.permutation(key, count), (SAMPLES,))
    copies = jnp.bincount(positions, length=count)[positions]
    return Drawn(positions, 1 / (copies * min(count, SAMPLES)))


def unit(features: jax.Array) -> jax.Array:
    """Return features, (..., N), as vectors of length 1."""
    squares = jnp.sum(features**2, axis=-1, keepdims=True)
    return features * jax.lax.rsqrt(squares + TINY)


def most_alike(row: Row, rows: int, others: jax.Array) -> jax.Array:
    """Return which of other vectors has the largest product with each vector of some rows.

    Args:
      row: returns the vectors of a row by its number, (W, N).
      rows: how many there are, H.
      others: (K, N).

    Returns:
      (H, W), numbers of `others`; of equals the first.
    """
    return _by_rows(lambda products: _first_largest(products, 1), row, rows, others)


def most_alike_both_ways(row: Row, rows: int, others: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return what `most_alike` does, and for each of the others which vector of the rows it is.

    Args:
      row: returns the vectors of a row by its number, (W, N).
      rows: how many there are, H.
      others: (K, N).

    Returns:
      (H, W), numbers of `others`; (K,), numbers of positions, row after row.
    """

    def of_a_row(products: jax.Array) -> tuple[jax.Array, ...]:
        return _first_largest(products, 1), products.max(axis=0), _first_largest(products, 0)

    there, largest, column = _by_rows(of_a_row, row, rows, others)
    best = _first_largest(largest, 0)
    back = column[best, jnp.arange(len(others))]
    return there, best * there.shape[1] + back


def _by_rows(of_a_row: Callable[[jax.Array], Any], row: Row, rows: int, others: jax.Array) -> Any:
    """Return a function of the products (W, K) of each row, so many rows at a time as are held."""
    at_once = max(1, ENTRIES // (jax.eval_shape(row, 0).shape[0] * len(others)))

    def one(number: jax.Array) -> Any:
        return of_a_row(dot(row(number), others.T))

    return jax.lax.map(one, jnp.arange(rows), batch_size=min(rows, at_once))


def _first_largest(values: jax.Array, axis: int) -> jax.Array:
    """Return the place of the largest value along an axis of a matrix, of equals the first."""
    # On a CPU in half the time of argmax.
    largest, count = values.max(axis=axis, keepdims=True), values.shape[axis]
    places = jnp.expand_dims(jnp.arange(count), 1 - axis)
    return jnp.where(values >= largest, places, count).min(axis=axis)


def dot(left: jax.Array, right: jax.Array) -> jax.Array:
    """Return the product of two arrays, in full float32 on every device; of bfloat16, its sums."""
    sums = jnp.promote_types(left.dtype, jnp.float32)
    return jnp.dot(left, right, precision=jax.lax.Precision.HIGHEST, preferred_element_type=sums)
