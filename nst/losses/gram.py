"""The style loss on Gram matrices, the report's.

Equation numbers are those of Gatys et al. 2015 (arXiv:1508.06576), section "Methods".
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Part(NamedTuple):
    """What some rows of a picture's layer add to the whole."""

    gram: jax.Array  # (C, C), summed over their positions
    positions: jax.Array  # how many


@jax.custom_vjp
def gram(activations: jax.Array) -> jax.Array:
    """Return the Gram matrix F^T F over positions (equation 3).

    Its gradient F (D + D^T) is written out as one product; what JAX derives takes two.

    Args:
      activations: (H, W, C).

    Returns:
      (C, C): entry (i, j) is the sum over positions of channel i times channel j.
    """
    features = activations.reshape(-1, activations.shape[-1])
    return jnp.dot(features.T, features, precision=jax.lax.Precision.HIGHEST)


def _gram_forward(activations: jax.Array) -> tuple[jax.Array, jax.Array]:
    return gram(activations), activations


def _gram_backward(activations: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    symmetric = gradient + gradient.T
    return (jnp.dot(activations, symmetric, precision=jax.lax.Precision.HIGHEST),)


gram.defvjp(_gram_forward, _gram_backward)


def gram_per_position(activations: jax.Array) -> jax.Array:
    """Return the Gram matrix divided by the number of positions M, so that sizes compare.

    Args:
      activations: (H, W, C).
    """
    return gram(activations) / (activations.shape[0] * activations.shape[1])


#: What is kept of a style image's layer.
target = gram_per_position


def part(activations: jax.Array, counted: jax.Array) -> Part:
    """Return what some rows of a layer add.

    Args:
      activations: (H, W, C), of the rows.
      counted: (H,), 1 or 0, the rows that count.
    """
    own = gram(activations * counted[:, None, None])
    return Part(own, counted.sum() * activations.shape[1])


def merged(one: Part, other: Part) -> Part:
    """Return what two sets of rows add together."""
    return jax.tree.map(jnp.add, one, other)


def target_of(whole: Part) -> jax.Array:
    """Return `target` of a layer from all of its rows."""
    return whole.gram / whole.positions


def loss_of(whole: Part, target: jax.Array) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    return distance(target_of(whole), target)


def loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return E_l = sum (G - A)^2 / (4 N^2 M^2) (equation 4).

    Args:
      activations: (H, W, N), of the picture.
      target: (N, N), `gram_per_position` of the style image.
    """
    return distance(gram_per_position(activations), target)


def distance(gram: jax.Array, target: jax.Array) -> jax.Array:
    """Return the E_l of Gram matrices that are divided by their numbers of positions.

    M^2 of equation 4 is inside them, each divided by its own M: the same number where picture and
    style image have as many positions, and the one that compares where they do not.

    Args:
      gram: (N, N), `gram_per_position` of the picture.
      target: (N, N), of the style image.
    """
    return jnp.sum((gram - target) ** 2) / (4 * gram.shape[-1] ** 2)
