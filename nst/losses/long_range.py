"""The style loss on Gram matrices of features and those some way off (Berger and Memisevic 2016).

arXiv:1606.01286, section 3: beside the Gram matrix, products of each feature with each feature
`SHIFTS` positions to the right, and below. What lies how far from what is part of the style then:
regular patterns and long strokes hold, which one Gram matrix can't tell from pieces of them. The
shifts are ours; a position is 1 pixel in block 1 and 16 in block 5.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nst.losses import gram

#: In positions of a layer. One that is as long as a side of the picture or the style image has no
#: part in it.
SHIFTS = (2, 4, 8)
#: Ours: with it the default beta paints about as strongly as with `gram`.
SCALE = 0.5


class Target(NamedTuple):
    """What is kept of a style image's layer with N channels."""

    gram: jax.Array  # (N, N), over its positions
    shifted: jax.Array  # (S, N, N), over the positions that have one so far off; 0 where none has
    there: jax.Array  # (S,), 1 or 0: whether any has


def target(activations: jax.Array) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H, W, N).
    """
    each = _shifted(activations)
    nothing = jnp.zeros_like(activations, shape=(activations.shape[-1],) * 2)
    return Target(
        gram.gram_per_position(activations),
        jnp.stack([nothing if one is None else one for one in each]),
        jnp.array([one is not None for one in each], activations.dtype),
    )


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return E_l = SCALE (sum (G - A)^2 + mean_s sum (G_s - A_s)^2) / (4 N^2).

    G_s and A_s are the matrices of shift s, over the positions that have another so far off; the
    mean is over the shifts that both pictures have room for.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    pairs = zip(_shifted(activations), target.shifted, target.there, strict=True)
    found = [(gram.distance(own, other), there) for own, other, there in pairs if own is not None]
    total = gram.loss(activations, target.gram)
    if found:
        counted = sum(there for _, there in found)
        total += sum(one * there for one, there in found) / jnp.maximum(counted, 1)
    return SCALE * total


def _shifted(activations: jax.Array) -> list[jax.Array | None]:
    """Return the mean of F(p) F(p + s)^T over positions, (N, N), for each shift s.

    Those to the right first, then those below; None where no position has one so far off.

    Args:
      activations: F, (H, W, N).
    """
    height, width, _ = activations.shape
    right = [
        _between(activations[:, :-shift], activations[:, shift:]) if shift < width else None
        for shift in SHIFTS
    ]
    below = [
        _between(activations[:-shift], activations[shift:]) if shift < height else None
        for shift in SHIFTS
    ]
    return right + below


def _between(one: jax.Array, other: jax.Array) -> jax.Array:
    flats = [values.reshape(-1, values.shape[-1]) for values in (one, other)]
    return jnp.dot(flats[0].T, flats[1], precision=jax.lax.Precision.HIGHEST) / len(flats[0])
