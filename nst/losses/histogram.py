"""The style loss on Gram matrices and each channel's histogram (Risser, Wilmot and Barnes 2017).

arXiv:1701.08893, section 4: a Gram matrix allows many distributions of a feature, which leave a
picture washed out in one place and glaring in another; the histogram holds each feature to the
painting's values. Both together, as in the paper, but on every style layer, and remapped by
sorting, which is exact, instead of 256 bins.
"""

from typing import NamedTuple

import jax

from nst.losses import gram, quantiles

#: Weight of the histograms beside the Gram matrices. Ours: with it both have a like part of the
#: loss of a picture that is well painted.
SHARE = 1000.0


class Target(NamedTuple):
    """What is kept of a style image's layer with N channels."""

    gram: jax.Array  # (N, N), over its positions
    ordered: jax.Array  # (N, M), sorted, as many as the picture has positions


def target(activations: jax.Array, shape: tuple[int, int, int]) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H', W', N).
      shape: (H, W, N), of the picture's layer.
    """
    ordered = quantiles.ordered(_channels(activations), shape[0] * shape[1])
    return Target(gram.gram_per_position(activations), ordered)


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return E_l = sum (G - A)^2 / (4 N^2) + SHARE sum (F - R(F))^2 / (N M).

    G and A are over their positions; R(F) is F with each channel's values replaced by the style
    image's of the same rank, and constant for the gradient (section 4.1).

    Args:
      activations: F, (H, W, N), of the picture with M = H W positions.
      target: of the style image.
    """
    histograms = quantiles.distance(_channels(activations), target.ordered)
    return gram.loss(activations, target.gram) + SHARE * histograms


def _channels(activations: jax.Array) -> jax.Array:
    """Return each channel's values, (N, M)."""
    return activations.reshape(-1, activations.shape[-1]).T
