"""What moves the picture: Adam and its schedules, L-BFGS, and the average of the iterates.

What a run does not use, by `Static`, is not in its program.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nst.base.program import Hyperparameters, Static

#: A picture, (H, W, 3) float32 in grey levels, to its total loss and the parts of it.
Loss = Callable[[jax.Array], tuple[jax.Array, Any]]


class Average(NamedTuple):
    """The exponential moving average of the iterates, the first picture among them."""

    mean: jax.Array  # (H, W, 3) float32 in grey levels; its weights sum to 1
    weight: jax.Array  # 1 + d + d^2 + ..., a term an iterate


class State(NamedTuple):
    """What a step changes."""

    picture: jax.Array  # (H, W, 3) float32 in grey levels, clipped only by optimizer.clamp
    optimizer: Any  # optax's state
    average: Average | None = None  # of the pictures; only with optimizer.average
    evaluations: jax.Array | None = None  # of loss and gradient; only where a step takes several


def init(static: Static, numbers: Hyperparameters, picture: np.ndarray | jax.Array) -> State:
    """Return the state before the first step.

    Args:
      static: which optimizer, and whether it averages.
      numbers: float32 scalars.
      picture: (H, W, 3) float32 in grey levels.
    """
    start = jnp.asarray(picture)
    average = Average(start, jnp.ones((), start.dtype)) if static.average else None
    if static.optimizer == "lbfgs":
        # With weak types in it the state after a step would be of another type, and compile anew.
        kept = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), _lbfgs(static).init(start))
        return State(start, kept, average, jnp.zeros((), jnp.int32))
    return State(start, _by_gradient(static, numbers).init(start), average)


def steps(
    static: Static, numbers: Hyperparameters, loss: Loss, state: State, count: jax.Array | int
) -> tuple[State, Any, Any]:
    """Take `count` steps; return the state, and the parts of the loss before and after them.

    The parts before are for the call before the first of all steps; those of a later call may be
    anything. The parts after are those of the picture that is `shown`.

    Args:
      static: which optimizer, and what it does beside.
      numbers: float32 scalars, traced.
      loss: of a picture, with its parts.
      state: from `init`, or from here.
      count: steps to take, at least 1; may be traced.
    """
    if static.optimizer == "lbfgs":
        return _lbfgs_steps(static, numbers, loss, state, count)
    return _gradient_steps(static, numbers, loss, state, count)


def shown(state: State) -> jax.Array:
    """Return the picture that a check is of, (H, W, 3): the average where there is one."""
    return state.picture if state.average is None else state.average.mean


def sound(state: State) -> jax.Array:
    """Return whether the optimizer's state is finite; where it is not, every later step is 0."""
    kept = state.optimizer
    if state.evaluations is not None:
        # The errors of a line search are infinite where its last trial overflowed, and the step
        # that it took all the same is good.
        errors = {"decrease_error": 0.0, "curvature_error": 0.0}
        kept = optax.tree.set(kept, **errors)
    # Gradient descent at a constant rate keeps nothing, and takes an overflow into the picture.
    leaves = jax.tree.leaves(kept) or [state.picture]
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]))


def learning_rate(
    static: Static, numbers: Hyperparameters, step: jax.Array | float
) -> jax.Array | float:
    """Return the learning rate of a step, in grey levels: lr at first, lr decay after the last.

    The formulas of optax's schedules, which don't take a traced number of steps. The cosine is
    Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, without restarts.

    Args:
      static: its schedule.
      numbers: lr, decay and the steps of the whole run.
      step: steps taken so far.
    """
    if static.schedule == "constant":
        return numbers.lr
    part = step / numbers.steps
    if static.schedule == "exponential":
        return numbers.lr * numbers.decay**part
    left = (1 + jnp.cos(jnp.pi * part)) / 2
    return numbers.lr * (numbers.decay + (1 - numbers.decay) * left)


def _by_gradient(static: Static, numbers: Hyperparameters) -> optax.GradientTransformation:
    rate: Any = numbers.lr
    if static.schedule != "constant":
        rate = functools.partial(learning_rate, static, numbers)
    if static.optimizer == "sgd":
        return optax.sgd(rate)
    return optax.adam(rate, b1=numbers.b1, b2=numbers.b2, eps=numbers.eps)


def _gradient_steps(
    static: Static, numbers: Hyperparameters, loss: Loss, state: State, count: jax.Array | int
) -> tuple[State, Any, Any]:
    optimizer = _by_gradient(static, numbers)

    def moved(state: State, gradient: jax.Array) -> State:
        updates, kept = optimizer.update(gradient, state.optimizer)
        picture = optax.apply_updates(state.picture, updates)
        if static.clamp:
            picture = jnp.clip(picture, 0, 255)
        return State(picture, kept, _averaged(numbers, state.average, picture))

    def evaluated(index: jax.Array, carry: tuple[State, Any, Any]) -> tuple[State, Any, Any]:
        # One turn more than steps, which only looks: the check's loss then needs no second copy
        # of the network in the program, about a fifth of its compilation.
        state, before, _ = carry
        last = index == count
        picture = jnp.where(last, shown(state), state.picture)
        total, pull, parts = jax.vjp(loss, picture, has_aux=True)
        one = jnp.ones_like(total)
        state = jax.lax.cond(last, lambda: state, lambda: moved(state, *pull(one)))
        before = jax.tree.map(lambda new, old: jnp.where(index == 0, new, old), parts, before)
        return state, before, parts

    shapes = jax.eval_shape(loss, state.picture)[1]
    nothing = jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), shapes)
    return jax.lax.fori_loop(0, count + 1, evaluated, (state, nothing, nothing))


def _lbfgs(static: Static) -> optax.GradientTransformationExtraArgs:
    return optax.lbfgs(memory_size=static.memory)


def _lbfgs_steps(
    static: Static, numbers: Hyperparameters, loss: Loss, state: State, count: jax.Array | int
) -> tuple[State, Any, Any]:
    optimizer = _lbfgs(static)

    def total(picture: jax.Array) -> jax.Array:
        return loss(picture)[0]

    def step(_: jax.Array, state: State) -> State:
        value, gradient = _known(state.optimizer)
        updates, kept = optimizer.update(
            gradient, state.optimizer, state.picture, value=value, grad=gradient, value_fn=total
        )
        picture = optax.apply_updates(state.picture, updates)
        evaluations = state.evaluations + optax.tree.get(kept, "num_linesearch_steps")
        if static.clamp:
            picture, kept, more = _clamped(total, picture, kept)
            evaluations += more
        average = _averaged(numbers, state.average, picture)
        return State(picture, kept, average, evaluations)

    state, before = _evaluated(loss, state)
    state = jax.lax.fori_loop(0, count, step, state)
    return state, before, loss(shown(state))[1]


def _evaluated(loss: Loss, state: State) -> tuple[State, Any]:
    """Evaluate the picture before the first step; every later one the line search has evaluated.

    optax.value_and_grad_from_state asks at every step, and of vmapped lanes asking is computing.
    """

    def first(picture: jax.Array) -> tuple[Any, ...]:
        (value, parts), gradient = jax.value_and_grad(loss, has_aux=True)(picture)
        return value, gradient, parts

    def later(picture: jax.Array) -> tuple[Any, ...]:
        shapes = jax.eval_shape(loss, picture)[1]
        nothing = jax.tree.map(lambda part: jnp.full(part.shape, jnp.nan, part.dtype), shapes)
        return *_known(state.optimizer), nothing

    value, gradient, parts = jax.lax.cond(state.evaluations == 0, first, later, state.picture)
    kept = optax.tree.set(state.optimizer, value=value, grad=gradient)
    evaluations = jnp.maximum(state.evaluations, 1)  # type: ignore[arg-type]
    return state._replace(optimizer=kept, evaluations=evaluations), parts


def _clamped(
    total: Callable[[jax.Array], jax.Array], picture: jax.Array, kept: Any
) -> tuple[jax.Array, Any, jax.Array]:
    """Clip the picture; return it, the optimizer's state at it, and the evaluations that took."""
    clipped = jnp.clip(picture, 0, 255)
    moved = jnp.any(clipped != picture)
    value, gradient = jax.lax.cond(
        moved, jax.value_and_grad(total), lambda _: _known(kept), clipped
    )
    return clipped, optax.tree.set(kept, value=value, grad=gradient), moved.astype(jnp.int32)


def _known(kept: Any) -> tuple[jax.Array, jax.Array]:
    """Return the loss and gradient that L-BFGS's state holds, those at its picture."""
    return optax.tree.get(kept, "value"), optax.tree.get(kept, "grad")


def _averaged(
    numbers: Hyperparameters, average: Average | None, picture: jax.Array
) -> Average | None:
    """Return the average with one more iterate in it.

    sum_i d^(t-i) x_i / sum_i d^(t-i): the bias-corrected average of crowsonkb's
    style-transfer-pytorch, in a form that keeps its brightness where d is close to 1.
    """
    if average is None:
        return None
    weight = 1 + numbers.average * average.weight
    return Average(average.mean + (picture - average.mean) / weight, weight)
