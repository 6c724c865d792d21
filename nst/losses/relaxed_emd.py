"""The style loss as a relaxed earth mover's distance of features, with their moments.

Kolkin, Salavon and Shakhnarovich 2019, "Style Transfer by Relaxed Optimal Transport and
Self-Similarity" (arXiv:1904.12785), section 2.2. The paper compares all layers at once, joined into
one long vector for each pixel, at positions drawn anew at each step; here each layer is compared by
itself, as with the other statistics, so that its weight means something. The paper's third term, of
the pixels' own colors, is left out: moments of the first layers say much of that.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nst.losses.pairs import dot, drawn, most_alike_both_ways, unit

#: Ours: with it the default beta paints about as strongly as it does with Gram matrices.
SCALE = 1e6
#: Gray levels to 1 of the activations that the paper takes moments of: its network takes colors of
#: standard deviation 1.
GRAY_LEVELS = 57.6


class Moments(NamedTuple):
    """Of a layer's N channels, in the paper's units."""

    mean: jax.Array  # (N,)
    covariance: jax.Array  # (N, N)


class Target(NamedTuple):
    """What the distance wants of a style image's layer."""

    directions: jax.Array  # (K, N), of length 1, at positions drawn at random
    shares: jax.Array  # (K,), of a mean over them
    moments: Moments  # over all positions


def target(activations: jax.Array, shape: tuple[int, int, int], key: jax.Array) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H', W', N).
      shape: of the picture's layer; any.
      key: of the random numbers.
    """
    features = activations.reshape(-1, activations.shape[-1])
    positions, shares = drawn(key, len(features))
    return Target(unit(features[positions]), shares, _moments(features))


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return E_l = s (l_r + l_m).

    l_r = max(mean_i min_j C_ij, mean_j min_i C_ij) of the cosine distances C of the picture's
    features i to the painting's j, and l_m = |mu - nu|_1 / N + |S - T|_1 / N^2 of
    means and covariances, without which a feature's length would be free.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    own = _moments(activations.reshape(-1, activations.shape[-1]))
    apart = jax.tree.map(lambda one, other: jnp.mean(jnp.abs(one - other)), own, target.moments)
    return SCALE * (_distance(unit(activations), target) + apart.mean + apart.covariance)


def _distance(directions: jax.Array, target: Target) -> jax.Array:
    # The gradient of a least distance is that of the distance which is least, so the pairs are
    # found first, and each distance of a pair is then taken once.
    seen = jax.lax.stop_gradient(directions)
    others = target.directions
    there, back = most_alike_both_ways(lambda number: seen[number], len(seen), others)
    forth = 1 - jnp.mean(jnp.sum(directions * others[there], axis=-1))
    own = directions.reshape(-1, directions.shape[-1])[back]
    return jnp.maximum(forth, 1 - target.shares @ jnp.sum(own * others, axis=-1))


def _moments(features: jax.Array) -> Moments:
    mean = features.mean(axis=0)
    apart = features - mean
    scatter = dot(apart.T, apart) / (len(features) * GRAY_LEVELS**2)
    return Moments(mean / GRAY_LEVELS, scatter)
