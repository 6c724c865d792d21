"""A grid as few programs: runs that differ in traced numbers alone share targets and compilation.

A layer's weight is traced, so a group's program reads the union of its runs' layers, and a run
that lacks one of them gives it the weight 0.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nst.config import Hyperparameters, Static
from nst.layers import layer_names
from nst.optimise import Check


@dataclass(frozen=True)
class Lane:
    """One run of a group, as the compiled program sees it."""

    picture: np.ndarray  # (H, W, 3) float32 in grey levels, where to start
    hyperparameters: Hyperparameters  # with a weight for each of the group's layers
    after: Check | None = None  # the check to go on from; none: from the start
    lowest: float = math.inf  # the lowest total of the checks before


def union(statics: Iterable[Static]) -> Static:
    """Return the program that serves every one of `statics`, which differ in their layers alone."""
    several = list(statics)
    order = layer_names(several[0].network)

    def together(sets: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        wanted = {layer for layers in sets for layer in layers}
        return tuple(layer for layer in order if layer in wanted)

    return dataclasses.replace(
        several[0],
        content_layers=together(static.content_layers for static in several),
        style_layers=together(static.style_layers for static in several),
    )


def widened(numbers: Hyperparameters, static: Static) -> Hyperparameters:
    """Return `numbers` with the weight 0 for each layer of `static` that they do not mention."""
    return numbers._replace(
        content_weights=dict.fromkeys(static.content_layers, 0.0) | numbers.content_weights,
        style_weights=dict.fromkeys(static.style_layers, 0.0) | numbers.style_weights,
    )


def narrowed(check: Check, static: Static) -> Check:
    """Return `check` with the layers of `static` alone, the run's own."""
    terms = check.terms._replace(
        content_layers={k: check.terms.content_layers[k] for k in static.content_layers},
        style_layers={k: check.terms.style_layers[k] for k in static.style_layers},
    )
    return dataclasses.replace(check, terms=terms)
