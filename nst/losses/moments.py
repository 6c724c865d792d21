"""Mean and scatter of activations, put together from those of parts of a picture.

Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115: sums of squares about each part's
own mean, since those about 0 would lose a small variance to rounding.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Moments(NamedTuple):
    """Of N channels over some positions of a layer."""

    positions: jax.Array  # how many
    mean: jax.Array  # (N,)
    scatter: jax.Array  # (N,) summed squares about the mean, or (N, N) summed products


def merged(one: Moments, other: Moments) -> Moments:
    """Return the moments over two sets of positions together, either of which may be empty."""
    positions = one.positions + other.positions
    share = other.positions / jnp.maximum(positions, 1)
    apart = other.mean - one.mean
    between = apart**2 if one.scatter.ndim == 1 else jnp.outer(apart, apart)
    return Moments(
        positions,
        one.mean + share * apart,
        one.scatter + other.scatter + share * one.positions * between,
    )


def centered(activations: jax.Array, counted: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return how many positions count, their mean, and the activations less it, 0 elsewhere.

    Args:
      activations: (H, W, N).
      counted: (H,), 1 or 0, the rows that count.

    Returns:
      (), (N,) and (H W, N).
    """
    positions = counted.sum() * activations.shape[1]
    inside = counted[:, None, None]
    mean = jnp.sum(activations * inside, axis=(0, 1)) / jnp.maximum(positions, 1)
    return positions, mean, ((activations - mean) * inside).reshape(-1, activations.shape[-1])
