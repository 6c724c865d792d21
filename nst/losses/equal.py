"""Gradients of equal strength: each loss's is scaled to its weight, whatever the loss's own scale.

After jcjohnson/neural-style's -normalize_gradients, which divides each layer's gradient, at that
layer, by its sum of absolute values. Here it is a whole loss's with regard to the picture, by its
root mean square, so that weights compare across layers, statistics, reductions and sizes.
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def scaled(picture: jax.Array, weight: jax.Array | float) -> jax.Array:
    """Return the picture itself, through which a gradient passes as `weight` times its direction.

    Args:
      picture: (H, W, 3) in gray levels.
      weight: root mean square of the gradient that comes out; one of zeros stays zeros.
    """
    return picture


def _forward(picture: jax.Array, weight: jax.Array | float) -> tuple[jax.Array, jax.Array | float]:
    return picture, weight


def _backward(weight: jax.Array | float, gradient: jax.Array) -> tuple[jax.Array, None]:
    # Its largest number first: squares of a large one leave the range of float32.
    largest = jnp.max(jnp.abs(gradient))
    part = gradient / jnp.where(largest == 0, 1, largest)
    size = jnp.sqrt(jnp.mean(part**2))
    return weight * part / jnp.where(largest == 0, 1, size), None


scaled.defvjp(_forward, _backward)
