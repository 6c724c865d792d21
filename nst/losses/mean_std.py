"""The style loss on means and standard deviations of channels (Huang and Belongie 2017).

arXiv:1703.06868, equation 13. Two numbers a channel instead of a Gram matrix: palette and contrast
of every feature, but not which features go together.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nst.losses.moments import Moments, centered
from nst.losses.moments import merged as merged

#: Added to a variance, as in naoto0804/pytorch-AdaIN: the root of 0 has no finite gradient.
TINY = 1e-5


class MeanStd(NamedTuple):
    """Of each of N channels over the positions of a picture's layer."""

    mean: jax.Array  # (N,)
    std: jax.Array  # (N,)


def mean_std(activations: jax.Array) -> MeanStd:
    """Return mean and standard deviation of each channel.

    Args:
      activations: (H, W, N).
    """
    mean = activations.mean(axis=(0, 1))
    variance = ((activations - mean) ** 2).mean(axis=(0, 1))
    return MeanStd(mean, jnp.sqrt(variance + TINY))


#: What is kept of a style image's layer.
target = mean_std


def loss(activations: jax.Array, target: MeanStd) -> jax.Array:
    """Return E_l = (sum (mu - mu')^2 + sum (sigma - sigma')^2) / N over the N channels.

    Equation 13 has the norms themselves; naoto0804/pytorch-AdaIN, as here, their squares over N.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    return _distance(mean_std(activations), target)


def part(activations: jax.Array, counted: jax.Array) -> Moments:
    """Return what some rows of a layer add, to be `merged`.

    Args:
      activations: (H, W, N), of the rows.
      counted: (H,), 1 or 0, the rows that count.
    """
    positions, mean, apart = centered(activations, counted)
    return Moments(positions, mean, jnp.sum(apart**2, axis=0))


def target_of(whole: Moments) -> MeanStd:
    """Return `target` of a layer from all of its rows."""
    return MeanStd(whole.mean, jnp.sqrt(whole.scatter / whole.positions + TINY))


def loss_of(whole: Moments, target: MeanStd) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    return _distance(target_of(whole), target)


def _distance(own: MeanStd, target: MeanStd) -> jax.Array:
    return jnp.mean((own.mean - target.mean) ** 2) + jnp.mean((own.std - target.std) ** 2)
