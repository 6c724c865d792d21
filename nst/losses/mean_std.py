"""The style loss on means and standard deviations of channels (Huang and Belongie 2017).

arXiv:1703.06868, equation 13. Two numbers a channel instead of a Gram matrix: palette and contrast
of every feature, but not which features go together.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

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
    own = mean_std(activations)
    return jnp.mean((own.mean - target.mean) ** 2) + jnp.mean((own.std - target.std) ** 2)
