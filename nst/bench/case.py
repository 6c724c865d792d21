"""What is measured: the report's run with random weights, on random pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nst.base.program import Hyperparameters, Static
from nst.config.program import split
from nst.config.schema import Config
from nst.networks import vgg

CONTENT = "conv4_2"
STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


@dataclass(frozen=True)
class Case:
    """What a measurement is of."""

    size: int = 256  # side of the square picture in pixels, at least 16
    batch: int = 1  # runs side by side, vmapped; at least 1
    precision: str = "float32"  # or "bfloat16"
    network: str = "vgg19"  # or "vgg16"
    pooling: str = "avg"  # or "max"
    padding: str = "zeros"  # or "replicate" or "reflect"
    statistic: str = "gram"  # a name in `nst.losses.statistics.STATISTICS`
    content_statistic: str = "squared"  # one in its `CONTENT_STATISTICS`


@dataclass(frozen=True)
class Interval:
    """A number of optimizer steps of one program, ready to run: what a measurement repeats."""

    start: Callable[[np.ndarray], Any]  # pictures (N, S, S, 3) -> the state before the first step
    take: Callable[[Any], Any]  # the steps from that state on; returns when they are done
    compile_seconds: float  # that making it took
    form: str  # which program it is, for people
    program_bytes: int | None = None  # its arrays at the peak, as its compiler counts them
    look: Callable[[Any], Any] | None = None  # the loss alone that `take` ends with, where it does


def program(case: Case) -> tuple[Static, Hyperparameters]:
    """Return the choices and hyperparameters of the report's run, nst's defaults."""
    config = Config(precision=case.precision, pooling=case.pooling, padding=case.padding)
    config.content.layers = {CONTENT: 1.0}
    config.content.statistic = case.content_statistic
    config.style.layers = dict.fromkeys(STYLE, 1 / len(STYLE))
    config.style.statistic = case.statistic
    config.optimizer.name = "adam"
    return split(config, case.network)


def parameters(case: Case) -> dict:
    """Return random parameters of the case's network, as a file holds them."""
    return vgg.random_params(case.network, seed=0)


def pictures(case: Case, seed: int) -> np.ndarray:
    """Return random pictures, (N, S, S, 3) float32 in gray levels; another seed, others."""
    shape = (case.batch, case.size, case.size, 3)
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def sources(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return a content image and a style image, each (S, S, 3) float32 in gray levels."""
    one = Case(size=case.size)
    return pictures(one, seed=2**32 - 1)[0], pictures(one, seed=2**32 - 2)[0]
