"""The style loss as the distance of two normal distributions of activations.

The squared Wasserstein-2 distance of the Gaussians with means mu, nu and covariances S, T of two
pictures' activations (Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X), over the N
channels as crowsonkb/style-transfer-pytorch has it:

    (|mu - nu|^2 + tr(S + T - 2 (T^1/2 S T^1/2)^1/2)) / N
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nst.losses.moments import Moments, centered
from nst.losses.moments import merged as merged

#: Added to every eigenvalue below a root, as a share of the matrix's norm. Rounding moves the
#: eigenvalues by some 1e-7 of it, and a layer with fewer positions than channels has many at 0.
FLOOR = 1e-6
#: Steps of the iteration: the smallest eigenvalue, FLOOR, grows by 9/4 a step until it is near 1.
STEPS = 21
#: Added to the norm, so that a style image of one color divides by something; (gray levels)^4.
TINY = 1e-12


class Target(NamedTuple):
    """What the distance wants of a style image's layer with N channels."""

    mean: jax.Array  # (N,)
    root: jax.Array  # (N, N), root of the covariance
    variance: jax.Array  # (), trace of the covariance


def target(activations: jax.Array) -> Target:
    """Return the target of a style image.

    Args:
      activations: (H, W, N).
    """
    mean, apart = _centered(activations)
    return _target(mean, _dot(apart.T, apart) / apart.shape[0])


def _target(mean: jax.Array, covariance: jax.Array) -> Target:
    values, vectors = jnp.linalg.eigh(covariance)
    root = _dot(vectors * jnp.sqrt(jnp.maximum(values, 0)), vectors.T)
    return Target(mean, root, jnp.trace(covariance))


def loss(activations: jax.Array, target: Target) -> jax.Array:
    """Return the squared Wasserstein-2 distance over N, E_l.

    Args:
      activations: (H, W, N), of the picture.
      target: of the style image.
    """
    mean, apart = _centered(activations)
    positions, channels = apart.shape
    if positions < channels:
        # X T X' has the eigenvalues of T^1/2 X' X T^1/2 that are not 0, and is the smaller one.
        mapped = _dot(apart, target.root)
        between = _dot(mapped, mapped.T) / positions
    else:
        covariance = _dot(apart.T, apart) / positions
        between = _dot(_dot(target.root, covariance), target.root)
    return _distance(mean, jnp.sum(apart**2) / positions, between, target)


def _distance(mean: jax.Array, variance: jax.Array, between: jax.Array, target: Target) -> Any:
    spread = variance + target.variance - 2 * trace_of_root(between)
    return (jnp.sum((mean - target.mean) ** 2) + spread) / mean.size


def part(activations: jax.Array, counted: jax.Array) -> Moments:
    """Return what some rows of a layer add, to be `merged`.

    Args:
      activations: (H, W, N), of the rows.
      counted: (H,), 1 or 0, the rows that count.
    """
    positions, mean, apart = centered(activations, counted)
    return Moments(positions, mean, _dot(apart.T, apart))


def target_of(whole: Moments) -> Target:
    """Return `target` of a layer from all of its rows."""
    return _target(whole.mean, whole.scatter / whole.positions)


def loss_of(whole: Moments, target: Target) -> jax.Array:
    """Return `loss` of a layer from all of its rows."""
    covariance = whole.scatter / whole.positions
    between = _dot(_dot(target.root, covariance), target.root)
    return _distance(whole.mean, jnp.trace(covariance), between, target)


def _centered(activations: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the mean of each channel, (N,), and the activations less it, (M, N)."""
    features = activations.reshape(-1, activations.shape[-1])
    mean = features.mean(axis=0)
    return mean, features - mean


@jax.custom_vjp
def trace_of_root(matrix: jax.Array) -> jax.Array:
    """Return tr(A (A + f I)^-1/2), which is tr(A^1/2) up to the floor f = FLOOR |A|.

    Above tr(A^1/2) by rounding alone, so that no distance is much below 0, and with a finite
    gradient where A is singular, which the root itself has not.

    Args:
      matrix: A, (N, N), symmetric, no eigenvalue below 0.
    """
    return _root_and_slope(matrix)[0]


def _root_and_slope(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    # g(x) = x (x + f)^-1/2 has the slope g'(x) = (x + f)^-1/2 / 2 + f (x + f)^-3/2 / 2.
    norm = jnp.linalg.norm(matrix) + TINY
    inverse = _inverse_root(matrix / norm)
    value = jnp.sqrt(norm) * jnp.sum(inverse * (matrix / norm))
    cubed = _dot(inverse, _dot(FLOOR * inverse, inverse))
    return value, (inverse + cubed) / (2 * jnp.sqrt(norm))


def _slope_of_root(slope: jax.Array, cotangent: jax.Array) -> tuple[jax.Array]:
    return (cotangent * slope,)


trace_of_root.defvjp(_root_and_slope, _slope_of_root)


def _inverse_root(matrix: jax.Array) -> jax.Array:
    """Return (A + FLOOR I)^-1/2 by the coupled iteration of Newton and Schulz.

    Products of matrices alone, which a GPU does many times faster than it finds eigenvalues (Higham
    2008, "Functions of Matrices", chapter 6).

    Args:
      matrix: A, (N, N), symmetric, eigenvalues from 0 to 1.
    """
    one = jnp.eye(matrix.shape[0], dtype=matrix.dtype)

    def step(_: int, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        root, inverse = pair
        towards = 1.5 * one - 0.5 * _dot(inverse, root)
        return _dot(root, towards), _dot(towards, inverse)

    return jax.lax.fori_loop(0, STEPS, step, (matrix + FLOOR * one, one))[1]


def _dot(left: jax.Array, right: jax.Array) -> jax.Array:
    return jnp.dot(left, right, precision=jax.lax.Precision.HIGHEST)
