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

from nst.losses.moments import centered

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


class Sums(NamedTuple):
    """Over some positions of a layer, of each of N channels."""

    positions: jax.Array  # how many
    mean: jax.Array  # (N,)
    second: jax.Array  # (N,), summed squares about the mean
    third: jax.Array  # (N,), cubes
    fourth: jax.Array  # (N,), fourth powers


def four_moments(activations: jax.Array) -> FourMoments:
    """Return the four moments of each channel.

    Args:
      activations: (H, W, N).
    """
    mean = activations.mean(axis=(0, 1))
    apart = activations - mean
    return _scaled(mean, *((apart**power).mean(axis=(0, 1)) for power in (2, 3, 4)))


def _scaled(mean: jax.Array, second: jax.Array, third: jax.Array, fourth: jax.Array) -> FourMoments:
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
    return _distance(four_moments(activations), target)


def part(activations: jax.Array, counted: jax.Array) -> Sums:
    """Return what some rows of a layer add, to be `merged`.

    Args:
      activations: (H, W, N), of the rows.
      counted: (H,), 1 or 0, the rows that count.
    """
    positions, mean, apart = centered(activations, counted)
    return Sums(positions, mean, *(jnp.sum(apart**power, axis=0) for power in (2, 3, 4)))


def merged(one: Sums, other: Sums) -> Sums:
    """Return the sums over two sets of positions together, either of which may be empty.

    Pebay 2008 (doi:10.2172/1028931), section 2.1: about each set's own mean, as powers about 0
    would lose to rounding what is left of them about the mean.
    """
    positions = one.positions + other.positions
    first, last = (part.positions / jnp.maximum(positions, 1) for part in (one, other))
    apart = other.mean - one.mean
    both = positions * first * last
    second = apart**2 * both
    third = apart**3 * both * (first - last)
    third += 3 * apart * (first * other.second - last * one.second)
    fourth = apart**4 * both * (first**2 - first * last + last**2)
    fourth += 6 * apart**2 * (first**2 * other.second + last**2 * one.second)
    fourth += 4 * apart * (first * other.third - last * one.third)
    return Sums(
        positions,
        one.mean + last * apart,
        one.second + other.second + second,
        one.third + other.third + third,
        one.fourth + other.fourth + fourth,
    )


def target_of(whole: Sums) -> FourMoments:
    """Return `target` of a layer from all of its rows."""
    powers = whole.second, whole.third, whole.fourth
    return _scaled(whole.mean, *(power / whole.positions for power in powers))


def loss_of(whole: Sums, target: FourMoments) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    return _distance(target_of(whole), target)


def _distance(own: FourMoments, target: FourMoments) -> jax.Array:
    apart = jnp.stack(own) - jnp.stack(target)
    return SCALE * jnp.sum(apart**2) / own.mean.size
