"""The style loss on four moments of channels: mean, variance, skewness and kurtosis.

Central moments as Kalischek et al. 2021 match them (arXiv:2103.07208, "In the light of feature
distributions", section 3.3; the central moment discrepancy of Zellinger et al. 2017,
arXiv:1702.08811). They bound activations by a sigmoid, and so their powers; here each order is
brought to the scale of the activations instead, so that none of them rules:

    mu,  sigma = c_2^1/2,  sigma skewness = c_3 / c_2,  sigma kurtosis^1/4 = c_4^1/4

where c_k is the mean of (F - mu)^k over positions. What a feature's values are like, not which
features go together.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

#: Added to a variance, (gray levels)^2, and its square to a fourth moment: a channel that is
#: constant has a root of finite gradient, and a skewness of 0.
TINY = 1e-5
#: Ours: with it the default beta paints about as strongly as with `gram`.
SCALE = 300.0


class FourMoments(NamedTuple):
    """Of each of N channels over the positions of a layer, all in the scale of the activations."""

    mean: jax.Array  # mu, (N,)
    std: jax.Array  # sigma, (N,)
    skewness: jax.Array  # times sigma, (N,)
    kurtosis: jax.Array  # its fourth root times sigma, (N,)


def four_moments(activations: jax.Array) -> FourMoments:
    """Return the four moments of each channel.

    Args:
      activations: (H, W, N).
    """
    mean = activations.mean(axis=(0, 1))
    apart = activations - mean
    second, third, fourth = ((apart**power).mean(axis=(0, 1)) for power in (2, 3, 4))
    variance = second + TINY
    return FourMoments(mean, jnp.sqrt(variance), third / variance, (fourth + TINY**2) ** 0.25)


#: What is kept of a style image's layer.
target = four_moments


def loss(activations: jax.Array, target: FourMoments) -> jax.Array:
    """Return E_l = SCALE / N times the summed squared differences of the four, N channels.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    apart = jnp.stack(four_moments(activations)) - jnp.stack(target)
    return SCALE * jnp.sum(apart**2) / activations.shape[-1]
