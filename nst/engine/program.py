"""What is compiled: the targets, and the steps of a run or of several side by side."""

import functools
from typing import Any

import jax

from nst.base.program import Hyperparameters, Static
from nst.engine import strips
from nst.engine.activations import activations
from nst.engine.devices import LANES
from nst.losses import total as losses
from nst.losses.guided import Regions
from nst.losses.total import Targets, Terms
from nst.optimizers.method import State
from nst.optimizers.table import OPTIMIZERS


@functools.partial(jax.jit, static_argnames="static")
def compute_targets(
    static: Static,
    params: dict,
    content_image: jax.Array,
    *style_images: jax.Array,
    masks: Regions | None = None,
    seed: jax.Array | int = 0,
) -> Targets:
    """Return the targets of a run.

    Args:
      static: the choices that the program is compiled for.
      params: the network's parameters.
      content_image: (H, W, 3) in gray levels.
      style_images: one, or those of a blend, each (H', W', 3) in gray levels; of any size.
      masks: the regions of the content image and of its one style image; none: each is one.
      seed: of what the style statistic draws, traced.
    """
    if static.strips:
        return strips.targets(static, params, content_image, style_images, masks)
    return losses.targets(
        activations(static, params, content_image, static.content_layers),
        [activations(static, params, one, static.style_layers) for one in style_images],
        static.content_layers,
        static.style_layers,
        static.statistic,
        masks,
        static.network,
        picture=content_image.shape,
        seed=seed,
    )


@functools.partial(jax.jit, static_argnames="static")
def advance(
    static: Static,
    stride: jax.Array | int,
    params: dict,
    targets: Targets,
    state: State,
    hyperparameters: Hyperparameters,
) -> tuple[State, Terms[jax.Array], Terms[jax.Array], jax.Array]:
    """Take `stride` optimizer steps; return the state, the terms before and after, and finiteness.

    The terms before are for the call before the first step alone, as `Method.steps` says.
    Finiteness is whether the optimizer's state is finite.

    Args:
      static: the choices that the program is compiled for.
      stride: optimizer steps to take.
      params: the network's parameters.
      targets: of the content image and the style image.
      state: the picture and the optimizer's state.
      hyperparameters: float32 scalars, traced.
    """

    def terms(picture: jax.Array) -> Terms[jax.Array]:
        if static.strips:
            return strips.terms(static, params, picture, targets, hyperparameters)
        seen = activations(static, params, picture, static.layers)
        return losses.terms(picture, seen, targets, hyperparameters, static)

    def loss(picture: jax.Array) -> tuple[jax.Array, Terms[jax.Array]]:
        if static.normalize_gradients:
            parts = losses.equal(terms, picture, hyperparameters)
        else:
            parts = terms(picture)
        return parts.total, parts

    method = OPTIMIZERS[static.optimizer].load()
    state, before, after = method.steps(static, hyperparameters, loss, state, stride)
    return state, before, after, method.is_finite(state)


@functools.partial(jax.jit, static_argnames="static")
def advance_lanes(
    static: Static,
    stride: jax.Array | int,
    params: dict,
    targets: Targets,
    states: State,
    hyperparameters: Hyperparameters,
) -> Any:
    """Take `stride` steps in each lane, (L, ...), as `advance` does in one."""
    one = functools.partial(advance, static, stride, params, targets)
    # Where a picture's rows go over devices, the lanes go over those that are left.
    over = LANES if static.devices > 1 else None
    return jax.vmap(one, spmd_axis_name=over)(states, hyperparameters)
