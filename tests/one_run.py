"""The loop for a single run, as most tests want it."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from nst.base.program import Hyperparameters, Static
from nst.engine import loop
from nst.engine.check import Check
from nst.engine.lanes import Lane
from nst.losses.total import Targets


def checks(
    static: Static,
    params: dict,
    targets: Targets,
    picture: np.ndarray,
    hyperparameters: Hyperparameters,
    *,
    after: Check | None = None,
    lowest: float = math.inf,
    **options: Any,
) -> Iterator[Check]:
    """Yield the checks of a run from `picture`, or of what is left of it after a check."""
    lane = Lane(picture, hyperparameters, after, lowest)
    return (check for _, check in loop.checks(static, params, targets, [lane], **options))
