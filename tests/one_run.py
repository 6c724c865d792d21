"""The loop as most tests want it: on conv1_1 alone, of a small picture, for one run or several."""

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from nst.base.program import Hyperparameters, Static
from nst.engine import loop, scales
from nst.engine.check import Check
from nst.engine.lanes import Lane
from nst.losses.total import Targets
from nst.networks.vgg import random_params
from nst.runner.job import Place
from nst.runner.prepare import Prepared
from nst.runner.session import Session
from nst.runner.stages import as_lane, stages_of

SHAPE = (20, 16, 3)
STATIC = Static("vgg16", "avg", "float32", ("conv1_1",), ("conv1_1",))
NUMBERS = Hyperparameters(
    alpha=1.0,
    beta=1e-2,
    gamma=10.0,
    lr=3.0,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    content_weights={"conv1_1": 1.0},
    style_weights={"conv1_1": 1.0},
)


@functools.cache
def scene() -> tuple[dict, np.ndarray, np.ndarray]:
    """Return VGG-16 with random weights, a content image and a style image of the same size."""
    content_image, style_image = (
        np.random.default_rng(6).uniform(0, 255, (2, *SHAPE)).astype(np.float32)
    )
    return random_params("vgg16", 0), content_image, style_image


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


def together(
    static: Static, params: dict, targets: Targets, lanes: list[Lane], **options: Any
) -> list[list[Check]]:
    """Return the checks of each lane."""
    found: list[list[Check]] = [[] for _ in lanes]
    for lane, check in loop.checks(static, params, targets, lanes, **options):
        found[lane].append(check)
    return found


def all_checks(prepared: Prepared) -> list[Check]:
    """Return the checks of a prepared run, through all of its sizes."""
    static = prepared.static
    stages, lanes = stages_of(prepared, static), [as_lane(prepared, static, None)]
    every = prepared.config.check_every
    found = scales.checks(static, prepared.params, stages, lanes, check_every=every)
    return [check for _, check in found]


@contextlib.contextmanager
def nothing_traced() -> Iterator[None]:
    """Fail where JAX traces a function meanwhile."""
    traced: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event == "/jax/core/compile/jaxpr_trace_duration":
            traced.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield
        assert traced == []
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def cut_off(prepared: Prepared, place: Place, after: int) -> None:
    """Run as far as the check of step `after`, then leave everything as it lies."""
    with contextlib.suppress(ZeroDivisionError), Session(prepared, place) as session:
        for check in all_checks(prepared):
            session.add(check)
            if check.step == after:
                raise ZeroDivisionError  # stands for a kill
