"""What optimizers of one gradient a step share: their loop, and the learning rate's schedules."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from nst.base.program import Hyperparameters, Static
from nst.optimizers.method import Loss, Method, State, all_finite, averaged, shown, start

#: The gradient to the picture's change, for a run.
Transformation = Callable[[Static, Hyperparameters], optax.GradientTransformation]


def by_gradient(transformation: Transformation, **moments: str) -> Method:
    """Return the optimizer that an optax transformation of the gradient is.

    Args:
      transformation: its learning rate from `rate`, if it has one.
      moments: what in optax's state is shaped as the picture, by its name there: the method of
        `jax.image.resize` that takes it to another size. All else stays as it is.
    """

    def init(static: Static, hyperparameters: Hyperparameters, picture: Any) -> State:
        first, average = start(static, picture)
        return State(first, transformation(static, hyperparameters).init(first), average)

    def steps(
        static: Static, hyperparameters: Hyperparameters, loss: Loss, state: State, count: Any
    ) -> tuple[State, Any, Any]:
        optimizer = transformation(static, hyperparameters)
        return _steps(optimizer, static, hyperparameters, loss, state, count)

    def resized(static: Static, hyperparameters: Hyperparameters, state: State) -> State:
        shape = state.picture.shape
        found = {
            name: jax.image.resize(optax.tree.get(state.optimizer, name), shape, how)
            for name, how in moments.items()
        }
        return state._replace(optimizer=optax.tree.set(state.optimizer, **found))

    # Pictures: two or three are few beside the activations.
    return Method(init, steps, resized, is_finite, pictures=lambda static: 0)


def is_finite(state: State) -> jax.Array:
    """Return whether the optimizer's state is finite; where it is not, every later step is 0."""
    # Gradient descent at a constant rate keeps nothing, and takes an overflow into the picture.
    return all_finite(jax.tree.leaves(state.optimizer) or state.picture)


def learning_rate(
    static: Static, hyperparameters: Hyperparameters, step: jax.Array | float
) -> jax.Array | float:
    """Return the learning rate of a step, in gray levels: lr at first, lr decay after the last.

    The formulas of optax's schedules, which don't take a traced number of steps. The cosine is
    Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, without restarts.

    Args:
      static: its schedule.
      hyperparameters: lr, decay and the steps of the whole run.
      step: steps taken so far.
    """
    if static.schedule == "constant":
        return hyperparameters.lr
    part = step / hyperparameters.steps
    if static.schedule == "exponential":
        return hyperparameters.lr * hyperparameters.decay**part
    left = (1 + jnp.cos(jnp.pi * part)) / 2
    return hyperparameters.lr * (hyperparameters.decay + (1 - hyperparameters.decay) * left)


def rate(static: Static, hyperparameters: Hyperparameters) -> Any:
    """Return the learning rate as optax takes it: a number, or a schedule that counts steps."""
    if static.schedule == "constant":
        return hyperparameters.lr
    return lambda step: learning_rate(static, hyperparameters, step)


def _steps(
    optimizer: optax.GradientTransformation,
    static: Static,
    hyperparameters: Hyperparameters,
    loss: Loss,
    state: State,
    count: jax.Array | int,
) -> tuple[State, Any, Any]:
    def moved(state: State, gradient: jax.Array) -> State:
        updates, kept = optimizer.update(gradient, state.optimizer)
        picture = optax.apply_updates(state.picture, updates)
        if static.clamp:
            picture = jnp.clip(picture, 0, 255)
        return State(picture, kept, averaged(hyperparameters, state.average, picture))

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
