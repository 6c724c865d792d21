"""The content loss on how alike the features of a picture are among themselves.

Kolkin, Salavon and Shakhnarovich 2019, "Style Transfer by Relaxed Optimal Transport and
Self-Similarity" (arXiv:1904.12785), section 2.3: features may all change, as long as those that
were alike still are.
"""

import math

import jax
import jax.numpy as jnp

from nst.losses.pairs import ENTRIES, dot, unit

#: Positions that all are compared with, at most; a regular grid of them.
ANCHORS = 1024
#: Ours: with it alpha keeps about as much of the photograph as it does with squared differences.
SCALE = 3e8
#: Added to the sum of a position's distances, all of which are 0 in a picture of one color.
TINY = 1e-6


def loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return E = s sum_ij |D_ij / sum_i D_ij - D'_ij / sum_i D'_ij|, D the cosine distances.

    The paper divides the sum over the pairs of n positions by n^2. Of more than `ANCHORS` positions
    j are those of a grid, and their sum is scaled to all; i are all positions, so that each has a
    gradient.

    Args:
      activations: (H, W, C), of the picture.
      target: (H, W, C), of the content image.
    """
    height, width, channels = activations.shape
    step = math.ceil(math.sqrt(height * width / ANCHORS))
    both = jnp.stack([unit(activations), unit(target)])
    anchors = both[:, ::step, ::step].reshape(2, -1, channels)
    directions = both.reshape(2, -1, channels)

    # Computed anew for the gradient, so that the distances are never all held.
    @jax.checkpoint
    def of_an_anchor(pair: jax.Array) -> jax.Array:
        own, other = (_shares(*one) for one in zip(directions, pair, strict=True))
        return jnp.sum(jnp.abs(own - other))

    at_once = max(1, ENTRIES // (height * width))
    each = jax.lax.map(of_an_anchor, jnp.moveaxis(anchors, 1, 0), batch_size=at_once)
    return SCALE * height * width * jnp.mean(each)


def _shares(directions: jax.Array, anchor: jax.Array) -> jax.Array:
    """Return the cosine distances of all positions to one, over their sum."""
    distances = jnp.maximum(1 - dot(directions, anchor), 0)
    return distances / (distances.sum() + TINY)
