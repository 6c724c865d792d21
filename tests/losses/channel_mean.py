"""A style statistic of somebody else: the means of channels, as docs/extending.md has it."""

import jax
import jax.numpy as jnp


def target(activations: jax.Array) -> jax.Array:
    """Return the mean of each channel, (N,), of activations (H, W, N)."""
    return activations.mean(axis=(0, 1))


def loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return E_l = sum (mu - mu')^2 / N."""
    return jnp.mean((activations.mean(axis=(0, 1)) - target) ** 2)
