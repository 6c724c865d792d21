"""L-BFGS with a line search (Liu and Nocedal 1989, doi:10.1007/BF01589116), as optax has it."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nst.base.program import Hyperparameters, Static
from nst.optimizers.method import Loss, Method, State, all_finite, averaged, shown, start

#: By how much the line search's first trial at a size changes the picture: the root of the mean
#: square over its values, in gray levels. Of 1, 3 and 10, 3 took the fewest evaluations.
FIRST_STEP = 3.0


def init(
    static: Static, hyperparameters: Hyperparameters, picture: np.ndarray | jax.Array
) -> State:
    """Return the state before the first step."""
    first, average = start(static, picture)
    # With weak types in it the state after a step would be of another type, and compile anew.
    kept = jax.tree.map(
        lambda leaf: leaf.astype(leaf.dtype), _lbfgs(static, first.size).init(first)
    )
    return State(first, kept, average, jnp.zeros((), jnp.int32))


def steps(
    static: Static,
    hyperparameters: Hyperparameters,
    loss: Loss,
    state: State,
    count: jax.Array | int,
) -> tuple[State, Any, Any]:
    """Take `count` steps, as `nst.optimizers.method.Method` says."""
    optimizer = _lbfgs(static, state.picture.size)

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
        average = averaged(hyperparameters, state.average, picture)
        return State(picture, kept, average, evaluations)

    state, before = _evaluated(loss, state)
    state = jax.lax.fori_loop(0, count, step, state)
    return state, before, loss(shown(state))[1]


def resized(static: Static, hyperparameters: Hyperparameters, state: State) -> State:
    """Return the state with an empty memory.

    Curvature measured between pictures of another size is that of another loss.
    """
    return init(static, hyperparameters, state.picture)._replace(average=state.average)


def is_finite(state: State) -> jax.Array:
    """Return whether the state is finite; where it is not, every later step is 0."""
    # The errors of a line search are infinite where its last trial overflowed, and the step that
    # it took all the same is good.
    errors = {"decrease_error": 0.0, "curvature_error": 0.0}
    return all_finite(optax.tree.set(state.optimizer, **errors))


def pictures(static: Static) -> int:
    """Return its differences of pictures, those of gradients, and a dozen in the line search."""
    return 2 * static.memory + 12


def _lbfgs(static: Static, values: int) -> optax.GradientTransformationExtraArgs:
    return optax.lbfgs(_scale(values), memory_size=static.memory)


def _scale(values: int) -> optax.Schedule:
    """Return what directions are multiplied by before the line search: the first one's length.

    optax's first direction has Euclidean length 1, 0.002 gray levels a value at 256 x 256, and the
    search doubles that some eight times before the picture moves.
    """
    length = FIRST_STEP * math.sqrt(values)
    return lambda count: jnp.where(count == 0, length, 1.0)


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


method = Method(init, steps, resized, is_finite, pictures)
