"""Runs side by side in one program: runs that differ in traced hyperparameters alone.

A layer's weight is traced, so a group's program reads the union of its runs' layers, and a run
that lacks one of them gives it the weight 0.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from nst.base.program import Hyperparameters, Static
from nst.engine.check import Check
from nst.engine.devices import places, spread
from nst.networks.spec import NETWORKS
from nst.optimizers.method import State
from nst.optimizers.table import OPTIMIZERS


@dataclass(frozen=True)
class Lane:
    """One run of a group, as the compiled program sees it."""

    picture: np.ndarray  # (H, W, 3) float32 in gray levels, where to start
    hyperparameters: Hyperparameters  # with a weight for each of the group's layers
    after: Check | None = None  # the check to go on from; none: from the start
    lowest: float = math.inf  # the lowest total of the checks up to `after`
    keeps_last: bool = False  # each check is the one to keep, whatever its total
    by_size: tuple[Hyperparameters, ...] = ()  # those at each of several sizes; none: the same

    def at(self, number: int) -> "Lane":
        """Return it as it is at one of the run's sizes."""
        if not self.by_size:
            return self
        return dataclasses.replace(self, hyperparameters=self.by_size[number])


def union(statics: Iterable[Static]) -> Static:
    """Return the program for every one of `statics`, which differ in their layers alone."""
    several = list(statics)
    order = NETWORKS[several[0].network].layer_names

    def together(sets: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        wanted = {layer for layers in sets for layer in layers}
        return tuple(layer for layer in order if layer in wanted)

    return dataclasses.replace(
        several[0],
        content_layers=together(static.content_layers for static in several),
        style_layers=together(static.style_layers for static in several),
    )


def widened(hyperparameters: Hyperparameters, static: Static) -> Hyperparameters:
    """Return them with the weight 0 for each layer of `static` that they do not mention."""
    return hyperparameters._replace(
        content_weights=dict.fromkeys(static.content_layers, 0.0) | hyperparameters.content_weights,
        style_weights=dict.fromkeys(static.style_layers, 0.0) | hyperparameters.style_weights,
    )


def narrowed(check: Check, static: Static) -> Check:
    """Return `check` with the losses of `static`'s layers alone, the run's own."""
    terms = check.terms._replace(
        content_layers={k: check.terms.content_layers[k] for k in static.content_layers},
        style_layers={k: check.terms.style_layers[k] for k in static.style_layers},
    )
    return dataclasses.replace(check, terms=terms)


def begun(static: Static, lanes: Sequence[Lane]) -> tuple[State, Hyperparameters]:
    """Return where one lane's program starts from, or that of several, as its arguments.

    Several have an axis of lanes before every array, and are spread over the local devices.

    Args:
      static: of the lanes.
      lanes: at least one.
    """
    hyperparameters = [jax.tree.map(np.float32, lane.hyperparameters) for lane in lanes]
    init = OPTIMIZERS[static.optimizer].load().init
    states = [
        lane.after.state if lane.after else init(static, own, lane.picture)
        for lane, own in zip(lanes, hyperparameters, strict=True)
    ]
    if len(lanes) == 1:
        alone = states[0] if static.devices == 1 else spread(static.devices, states[0])
        return alone, hyperparameters[0]
    # As many lanes at each place: the last is repeated, and its repetitions are not looked at.
    spare = -len(lanes) % places(static.devices)
    both = states + states[-1:] * spare, hyperparameters + hyperparameters[-1:] * spare
    states_together, numbers = (
        spread(static.devices, jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees), lanes=True)
        for trees in both
    )
    return states_together, numbers
