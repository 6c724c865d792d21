"""A style statistic with random numbers: means of features along a direction of the seed."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Target(NamedTuple):
    """Of a style image's layer."""

    direction: jax.Array  # (N,)
    mean: jax.Array  # ()
    positions: jax.Array  # of the picture's layer


def target(activations: jax.Array, shape: tuple[int, int, int], key: jax.Array) -> Target:
    """Return the mean along a random direction, of activations (H, W, N)."""
    direction = jax.random.normal(key, shape[2:])
    mean = (activations @ direction).mean()
    return Target(direction, mean, jnp.array(shape[0] * shape[1]))


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return the squared difference of the means along the target's direction."""
    return ((activations @ target.direction).mean() - target.mean) ** 2
