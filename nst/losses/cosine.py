"""The content loss as the angle between the activations of picture and photograph."""

import jax
import jax.numpy as jnp

from nst.losses.pairs import unit

#: Ours: with it alpha keeps about as much of the photograph as it does with squared differences.
SCALE = 3e7


def loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return the summed cosine distance of the features at each position, E = s sum (1 - cos).

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
    """
    return SCALE * jnp.sum(1 - jnp.sum(unit(activations) * unit(target), axis=-1))
