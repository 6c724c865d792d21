"""Total variation, what a picture's roughness costs, in the forms that runs choose among.

The report's form is the sum of |differences| (Columbia E4040, 2018); the powers are those of
Mahendran and Vedaldi 2015 (arXiv:1412.0035, section 3).
"""

import jax
import jax.numpy as jnp


def total_variation(picture: jax.Array) -> jax.Array:
    """Return the anisotropic total variation, the summed |difference| of neighbors.

    Absolute values, not a root of squares: the root has no finite gradient on a flat picture.

    Args:
      picture: (H, W, 3) in gray levels.
    """
    down = jnp.abs(picture[1:, :] - picture[:-1, :])
    right = jnp.abs(picture[:, 1:] - picture[:, :-1])
    return jnp.sum(down) + jnp.sum(right)


def power_variation(picture: jax.Array, exponent: jax.Array | float) -> jax.Array:
    """Return sum (down^2 + right^2)^(exponent/2) over each position with both neighbors.

    The last row and column have none, as in jcjohnson/neural-style and in Keras' example.

    Args:
      picture: (H, W, 3) in gray levels.
      exponent: at least 2; below, the gradient of a flat picture would not be finite.
    """
    down = picture[1:, :-1] - picture[:-1, :-1]
    right = picture[:-1, 1:] - picture[:-1, :-1]
    return jnp.sum((down**2 + right**2) ** (exponent / 2))


def variation(
    picture: jax.Array, form: str, reduction: str, exponent: jax.Array | float
) -> jax.Array:
    """Return the total variation in one of its forms.

    Args:
      picture: (H, W, 3) in gray levels.
      form: "absolute" or "power".
      reduction: "sum", or "mean": the sum over the 3 H W numbers of the picture.
      exponent: of the form "power".
    """
    total = power_variation(picture, exponent) if form == "power" else total_variation(picture)
    return total / picture.size if reduction == "mean" else total
