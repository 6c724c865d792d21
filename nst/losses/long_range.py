"""The style loss on Gram matrices of features and those some way off (Berger and Memisevic 2016).

arXiv:1606.01286, section 3: beside the Gram matrix, products of each feature with each feature
`SHIFTS` positions to the right, and below. What lies how far from what is part of the style then:
regular patterns and long strokes hold, which one Gram matrix can't tell from pieces of them. The
shifts are ours; a position is 1 pixel in block 1 and 16 in block 5.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst.losses import gram

#: In positions of a layer. One that is as long as a side of the picture or the style image has no
#: part in it.
SHIFTS = (2, 4, 8)
#: Each as rows down and columns to the right.
_OFFSETS = np.array([*((0, shift) for shift in SHIFTS), *((shift, 0) for shift in SHIFTS)])
#: Ours: with it the default beta paints about as strongly as with `gram`.
SCALE = 0.5


class Target(NamedTuple):
    """What is kept of a style image's layer with N channels."""

    gram: jax.Array  # (N, N), over its positions
    shifted: jax.Array  # (S, N, N), over the positions that have one so far off
    there: jax.Array  # (S,), 1 or 0: whether any has


def target(activations: jax.Array) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H, W, N).
    """
    there = jnp.asarray(_positions(activations) > 0, activations.dtype)
    return Target(gram.gram_per_position(activations), shifted(activations), there)


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return E_l = SCALE (sum (G - A)^2 + mean_s sum (G_s - A_s)^2) / (4 N^2).

    G_s and A_s are the matrices of shift s, over the positions that have another so far off; the
    mean is over the shifts that both pictures have room for.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    each = jax.vmap(gram.distance)(shifted(activations), target.shifted)
    both = target.there * (_positions(activations) > 0)
    far = jnp.sum(each * both) / jnp.maximum(jnp.sum(both), 1)
    return SCALE * (gram.loss(activations, target.gram) + far)


def shifted(activations: jax.Array) -> jax.Array:
    """Return the mean of F(p) F(p + s)^T over positions p for each shift s, (S, N, N).

    The shifts are taken one after the other, and anew for the gradient: each needs a copy of F.

    Args:
      activations: F, (H, W, N).
    """
    beyond = max(SHIFTS)
    wide = jnp.pad(activations, ((0, beyond), (0, beyond), (0, 0)))

    @jax.checkpoint
    def summed(wide: jax.Array, activations: jax.Array, offset: jax.Array) -> jax.Array:
        other = jax.lax.dynamic_slice(wide, (offset[0], offset[1], 0), activations.shape)
        flats = [values.reshape(-1, values.shape[-1]) for values in (activations, other)]
        return jnp.dot(flats[0].T, flats[1], precision=jax.lax.Precision.HIGHEST)

    sums = jax.lax.map(lambda offset: summed(wide, activations, offset), jnp.asarray(_OFFSETS))
    return sums / np.maximum(_positions(activations), 1)[:, None, None]


def _positions(activations: jax.Array) -> np.ndarray:
    """Return how many positions have another so far off, (S,) float32."""
    room = np.array(activations.shape[:2]) - _OFFSETS
    return room.clip(0).prod(axis=1).astype(np.float32)
