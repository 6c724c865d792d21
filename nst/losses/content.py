"""The content loss of a layer, in the forms that runs choose among.

The equation's number is that of Gatys et al. 2015 (arXiv:1508.06576), section "Methods".
"""

import jax
import jax.numpy as jnp


def squares(
    activations: jax.Array, target: jax.Array, counted: jax.Array | None = None
) -> jax.Array:
    """Return the summed squared difference of two activations.

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
      counted: (H,), 1 or 0, the rows that count; none: each.
    """
    each = (activations - target) ** 2
    return jnp.sum(each if counted is None else each * counted[:, None, None])


def half(squares: jax.Array, numbers: int) -> jax.Array:
    """Return half the summed squared difference (equation 1).

    Args:
      squares: the sum.
      numbers: how many there are, H W C.
    """
    return 0.5 * squares


def mean(squares: jax.Array, numbers: int) -> jax.Array:
    """Return the mean squared difference, as most peers have it.

    Args:
      squares: the sum.
      numbers: how many there are, H W C.
    """
    return squares / numbers


#: By the reduction that a configuration names.
REDUCTIONS = {"sum": half, "mean": mean}


def loss(activations: jax.Array, target: jax.Array, reduction: str = "sum") -> jax.Array:
    """Return the content loss of a layer on squared differences.

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
      reduction: a name in `REDUCTIONS`.
    """
    return REDUCTIONS[reduction](squares(activations, target), activations.size)
