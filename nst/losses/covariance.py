"""The style loss on covariance matrices: Gram matrices of activations less their means.

Of Gatys et al. 2015 (arXiv:1508.06576), equations 3 to 5, with F less its mean over positions; Sun
and Saenko 2016 (arXiv:1607.01719, "Deep CORAL"), equation 1, has the distance as a loss. How
features vary together, not how strong they are: the texture, less of the palette.
"""

import jax

from nst.losses.gram import distance, gram, gram_per_position
from nst.losses.moments import Moments, centered
from nst.losses.moments import merged as merged


def covariance(activations: jax.Array) -> jax.Array:
    """Return the covariance matrix of the channels over positions, (N, N).

    Args:
      activations: (H, W, N).
    """
    return gram_per_position(activations - activations.mean(axis=(0, 1)))


#: What is kept of a style image's layer.
target = covariance


def loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return E_l = sum (S - S')^2 / (4 N^2), S and S' being covariance matrices.

    Args:
      activations: (H, W, N), of the picture.
      target: S', (N, N), of the style image.
    """
    return distance(covariance(activations), target)


def part(activations: jax.Array, counted: jax.Array) -> Moments:
    """Return what some rows of a layer add, to be `merged`.

    Args:
      activations: (H, W, N), of the rows.
      counted: (H,), 1 or 0, the rows that count.
    """
    positions, mean, apart = centered(activations, counted)
    return Moments(positions, mean, gram(apart))


def target_of(whole: Moments) -> jax.Array:
    """Return `target` of a layer from all of its rows."""
    return whole.scatter / whole.positions


def loss_of(whole: Moments, target: jax.Array) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    return distance(target_of(whole), target)
