"""The style loss as a sliced Wasserstein distance of activations (Heitz et al. 2021).

arXiv:2006.07229, equations 4 and 5: activations are projected on random directions, and along each
the sorted values are compared, the Wasserstein distance of order 2 in one dimension. It sees the
whole distribution of features together, not its first moments alone. The paper draws other
directions at each step; here they are drawn once, from the run's seed, and as many as channels, so
that a run has one loss, which can be compared from step to step and continued.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nst.losses import quantiles

#: Ours: with it the default beta paints about as strongly as with `gram`.
SCALE = 1000.0


class Target(NamedTuple):
    """What is kept of a style image's layer with N channels."""

    directions: jax.Array  # (N, N), each row of length 1
    ordered: jax.Array  # (N, M), sorted along each, as many as the picture has positions


def target(activations: jax.Array, shape: tuple[int, int, int], key: jax.Array) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H', W', N).
      shape: (H, W, N), of the picture's layer.
      key: of the directions.
    """
    channels = activations.shape[-1]
    drawn = jax.random.normal(key, (channels, channels), activations.dtype)
    directions = drawn / jnp.linalg.norm(drawn, axis=1, keepdims=True)
    projected = _projected(activations, directions)
    return Target(directions, quantiles.ordered(projected, shape[0] * shape[1]))


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return E_l = SCALE times the mean over directions and positions of squared differences.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    projected = _projected(activations, target.directions)
    return SCALE * quantiles.distance(projected, target.ordered)


def _projected(activations: jax.Array, directions: jax.Array) -> jax.Array:
    """Return the activations along each direction, (N, M)."""
    features = activations.reshape(-1, activations.shape[-1])
    return jnp.dot(directions, features.T, precision=jax.lax.Precision.HIGHEST)
