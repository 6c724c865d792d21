"""The content loss of a layer, in the forms that runs choose among.

The equation's number is that of Gatys et al. 2015 (arXiv:1508.06576), section "Methods".
"""

import jax
import jax.numpy as jnp


def content_loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return half the summed squared difference of two activations (equation 1).

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
    """
    return 0.5 * jnp.sum((activations - target) ** 2)


def mean_content_loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return the mean squared difference of two activations, as most peers have it.

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
    """
    return jnp.mean((activations - target) ** 2)


#: By the reduction that a configuration names.
REDUCTIONS = {"sum": content_loss, "mean": mean_content_loss}
