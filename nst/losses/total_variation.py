"""Total variation, what a picture's roughness costs, in the forms that runs choose among.

The report's form is the sum of |differences| (Columbia E4040, 2018); the powers are those of
Mahendran and Vedaldi 2015 (arXiv:1412.0035, section 3); nine points are from
crowsonkb/style-transfer-pytorch.
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


def nine_point_variation(picture: jax.Array) -> jax.Array:
    """Return the summed squared differences along the axes and both diagonals.

    2 H W C (right / 3 + down / 3 + falling / 12 + rising / 12), each a mean square with the edge
    pixels once more around the picture, as in crowsonkb/style-transfer-pytorch. Where a picture is
    smooth, it is `power_variation` with exponent 2.

    Args:
      picture: (H, W, C) in gray levels.
    """
    wide = jnp.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    right = jnp.mean((wide[1:-1, 2:] - picture) ** 2)
    down = jnp.mean((wide[2:, 1:-1] - picture) ** 2)
    falling = jnp.mean((wide[1:, 1:] - wide[:-1, :-1]) ** 2)
    rising = jnp.mean((wide[1:, :-1] - wide[:-1, 1:]) ** 2)
    return 2 * picture.size * ((right + down) / 3 + (falling + rising) / 12)


def variation(
    picture: jax.Array, form: str, reduction: str, exponent: jax.Array | float
) -> jax.Array:
    """Return the total variation in one of its forms.

    Args:
      picture: (H, W, 3) in gray levels.
      form: "absolute", "power" or "nine_point".
      reduction: "sum", or "mean": the sum over the 3 H W numbers of the picture.
      exponent: of the form "power".
    """
    if form == "power":
        total = power_variation(picture, exponent)
    else:
        total = {"absolute": total_variation, "nine_point": nine_point_variation}[form](picture)
    return total / picture.size if reduction == "mean" else total
