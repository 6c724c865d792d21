"""What an optimizer is, and what its steps change: the picture, its own state, and an average.

What a run does not use, by `Static`, is not in its program.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst.base.program import Hyperparameters, Static

#: A picture, (H, W, 3) float32 in gray levels, to its total loss and the parts of it.
Loss = Callable[[jax.Array], tuple[jax.Array, Any]]


class Average(NamedTuple):
    """The exponential moving average of the iterates, the first picture among them."""

    mean: jax.Array  # (H, W, 3) float32 in gray levels; its weights sum to 1
    weight: jax.Array  # 1 + d + d^2 + ..., a term an iterate


class State(NamedTuple):
    """What a step changes."""

    picture: jax.Array  # (H, W, 3) float32 in gray levels, clipped only by optimizer.clamp
    optimizer: Any  # the optimizer's own, of optax say
    average: Average | None = None  # of the pictures; only with optimizer.average
    evaluations: jax.Array | None = None  # of loss and gradient; only where a step takes several


class Method(NamedTuple):
    """An optimizer as five functions, as `optax.GradientTransformation` is one of two.

    Of their arguments, static is the run's `Static`, and hyperparameters are float32 scalars, which
    are traced in `steps`.
    """

    #: (static, hyperparameters, picture) -> the state before the first step.
    init: Callable[[Static, Hyperparameters, Any], State]
    #: (static, hyperparameters, loss, state, count) -> the state after `count` steps, at least 1
    #: and maybe traced, and the loss's parts before and after them. Those before are for the call
    #: before the first of all steps; a later call's may be anything. Those after are of the
    #: picture that is `shown`.
    steps: Callable[[Static, Hyperparameters, Loss, State, Any], tuple[State, Any, Any]]
    #: (static, hyperparameters, state) -> the state for a picture of another size, which state has
    #: already, as well as its average.
    resized: Callable[[Static, Hyperparameters, State], State]
    #: state -> whether it is finite; where it is not, every later step is 0.
    is_finite: Callable[[State], jax.Array]
    #: static -> how many pictures state and steps hold, for the estimate of memory.
    pictures: Callable[[Static], int]


def start(static: Static, picture: np.ndarray | jax.Array) -> tuple[jax.Array, Average | None]:
    """Return the picture on the device, and the average of it alone where there is one.

    Args:
      static: whether it averages.
      picture: (H, W, 3) float32 in gray levels.
    """
    first = jnp.asarray(picture)
    return first, Average(first, jnp.ones((), first.dtype)) if static.average else None


def shown(state: State) -> jax.Array:
    """Return the picture that a check is of, (H, W, 3): the average where there is one."""
    return state.picture if state.average is None else state.average.mean


def all_finite(tree: Any) -> jax.Array:
    """Return whether every number of a tree of arrays, at least one, is finite."""
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))


def averaged(
    hyperparameters: Hyperparameters, average: Average | None, picture: jax.Array
) -> Average | None:
    """Return the average with one more iterate in it.

    sum_i d^(t-i) x_i / sum_i d^(t-i): the bias-corrected average of crowsonkb's
    style-transfer-pytorch, in a form that keeps its brightness where d is close to 1.

    Args:
      hyperparameters: d.
      average: so far; none: there is none.
      picture: x_t, (H, W, 3) in gray levels.
    """
    if average is None:
        return None
    weight = 1 + hyperparameters.average * average.weight
    return Average(average.mean + (picture - average.mean) / weight, weight)
