"""Regions of a picture, each with a style of its own: the Gram statistic's variant for masks.

Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer" (arXiv:1611.07865),
section 4. nst/images/masks.py reads the regions from files.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst.networks.spec import NETWORKS

#: A region whose share nowhere reaches this has no position of a layer to speak for it. A hair
#: below a half, so that no rounding tells two regions apart that halve a position.
COUNTS = 0.499


class Part(NamedTuple):
    """What some rows of a picture's layer add to the whole, for each of R regions."""

    grams: jax.Array  # (R, N, N), sum_p T_p^2 F_p F_p^T
    squares: jax.Array  # (R,), sum_p T_p^2
    shares: jax.Array  # (R,), sum_p T_p
    positions: jax.Array  # how many


class Regions(NamedTuple):
    """The regions of a run's pictures, R of each in one order; their shares sum to 1 everywhere.

    Without regions of a style image each has a style image of its own, the whole of it.
    """

    content_image: Any  # (R, H, W) float32: each region's share of each pixel, 0 to 1
    style_image: Any = None  # (R, H', W') float32; none: there are R style images

    def of_style_image(self, shape: tuple[int, ...]) -> Any:
        """Return the regions of a style image of `shape`, (H', W', 3); one where it has none."""
        return (
            np.ones((1, *shape[:2]), np.float32) if self.style_image is None else self.style_image
        )


def guidance(shares: Any, network: str, layer: str) -> Any:
    """Return each region's share of each position of a layer: the guidance channels T.

    Means over 2 x 2 positions for each pooling on the way, an odd last row or column dropped, so
    that the channels have the layer's very positions.

    Args:
      shares: (R, H, W), of each pixel; numpy or JAX.
      network: a name in `nst.networks.spec.NETWORKS`.
      layer: of that network.

    Returns:
      (R, H', W').
    """
    for _ in range(NETWORKS[network].halvings(layer)):
        height, width = (side // 2 * 2 for side in shares.shape[1:])
        even = shares[:, :height, :width]
        rows = even[:, ::2] + even[:, 1::2]
        shares = 0.25 * (rows[:, :, ::2] + rows[:, :, 1::2])
    return shares


def guided_grams(activations: jax.Array, channels: jax.Array) -> jax.Array:
    """Return the guided Gram matrix of each region, sum_p T_p^2 F_p F_p^T / sum_p T_p^2.

    The paper scales T to sum_p T_p^2 = 1 instead, which is the same. Where T is 1 everywhere this
    is `nst.losses.gram.gram_per_position`.

    Args:
      activations: F, (H, W, N).
      channels: T, (R, H, W), none of them 0 everywhere.

    Returns:
      (R, N, N).
    """
    squares = channels**2
    return _weighted_grams(activations, squares / squares.sum(axis=(1, 2), keepdims=True))


#: What is kept of a style image's layer.
target = guided_grams


def loss(activations: jax.Array, target: jax.Array, channels: jax.Array) -> jax.Array:
    """Return E_l = sum_r w_r sum (G_r - A_r)^2 / (4 N^2), w_r the region's share of the picture.

    The paper leaves the weights (lambda_r) to the user. By shares, a pixel is drawn as strongly to
    its region's style whatever the region's size; by equal weights small ones would be overdrawn.

    Args:
      activations: (H, W, N), of the picture.
      target: A, (R, N, N), `guided_grams` of the style image.
      channels: T, (R, H, W), of the content image, whose mean over positions is w.
    """
    return _distance(guided_grams(activations, channels), target, channels.mean(axis=(1, 2)))


def part(activations: jax.Array, counted: jax.Array, channels: jax.Array) -> Part:
    """Return what some rows of a layer add.

    Args:
      activations: (H, W, N), of the rows.
      counted: (H,), 1 or 0, the rows that count.
      channels: T, (R, H, W), of the rows.
    """
    own = channels * counted[:, None]
    squares = own**2
    grams = _weighted_grams(activations, squares)
    positions = counted.sum() * activations.shape[1]
    return Part(grams, squares.sum(axis=(1, 2)), own.sum(axis=(1, 2)), positions)


def merged(one: Part, other: Part) -> Part:
    """Return what two sets of rows add together."""
    return jax.tree.map(jnp.add, one, other)


def target_of(whole: Part) -> jax.Array:
    """Return `target` of a layer from all of its rows."""
    return whole.grams / whole.squares[:, None, None]


def loss_of(whole: Part, target: jax.Array) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    return _distance(target_of(whole), target, whole.shares / whole.positions)


def _distance(grams: jax.Array, target: jax.Array, shares: jax.Array) -> jax.Array:
    squared = jnp.sum((grams - target) ** 2, axis=(1, 2))
    return jnp.sum(shares * squared) / (4 * grams.shape[-1] ** 2)


def missing(shares: np.ndarray, network: str, layers: Iterable[str]) -> tuple[int, str] | None:
    """Return a region and a layer in which it holds not even half a position, or None.

    Args:
      shares: (R, H, W), of each pixel; with a position in each of `layers`.
      network: whose layers they are.
      layers: to look at.
    """
    for layer in layers:
        largest = guidance(shares, network, layer).max(axis=(1, 2))
        if (largest < COUNTS).any():
            return int(largest.argmin()), layer
    return None


@jax.custom_vjp
def _weighted_grams(activations: jax.Array, weights: jax.Array) -> jax.Array:
    """Return sum_p w_p F_p F_p^T for each of the weights (R, H, W), differentiable by F alone.

    What JAX derives would keep a weighted copy of F for each region until the gradient is taken.
    """
    features = activations.reshape(-1, activations.shape[-1])
    each = [
        jnp.dot(features.T, weight.reshape(-1, 1) * features, precision=jax.lax.Precision.HIGHEST)
        for weight in weights
    ]
    return jnp.stack(each)


def _forward(
    activations: jax.Array, weights: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _weighted_grams(activations, weights), (activations, weights)


def _backward(kept: tuple[jax.Array, jax.Array], gradients: jax.Array) -> tuple[jax.Array, None]:
    activations, weights = kept
    parts = [
        weight[..., None]
        * jnp.dot(activations, gradient + gradient.T, precision=jax.lax.Precision.HIGHEST)
        for weight, gradient in zip(weights, gradients, strict=True)
    ]
    return sum(parts[1:], start=parts[0]), None


_weighted_grams.defvjp(_forward, _backward)
