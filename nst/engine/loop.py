"""The compiled loop that moves a picture towards its targets, and the best picture it met."""

import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import numpy as np

from nst.base import interrupt
from nst.base.program import Hyperparameters, Static
from nst.config.groups import Init
from nst.losses import total
from nst.losses.guided import Regions
from nst.networks import vgg
from nst.optimizers import steps as optimizers
from nst.optimizers.steps import State


@dataclass(frozen=True)
class Check:
    """The picture after `step` steps, and how good it is."""

    step: int
    seconds: float  # spent in steps so far
    compile_seconds: float  # spent in compilation so far, apart from `seconds`
    evaluations: int  # of loss and gradient, by the steps so far
    picture: np.ndarray  # (H, W, 3) float32 in grey levels, not clipped; the average if there is
    terms: total.Terms[float]  # of this picture, as Python floats
    best: bool  # whether no earlier check of this size had a lower total
    overflow: bool  # whether the optimiser's state has left the range of float32
    state: State  # what the next step starts from

    @property
    def size(self) -> int:
        """Long edge of the picture in pixels."""
        return max(self.picture.shape)

    @property
    def losses(self) -> dict[str, float]:
        """The terms by name: total, content, style, tv, content/LAYER..., style/LAYER..."""
        terms = self.terms
        return {
            **{name: getattr(terms, name) for name in ("total", "content", "style", "tv")},
            **{f"content/{layer}": value for layer, value in terms.content_layers.items()},
            **{f"style/{layer}": value for layer, value in terms.style_layers.items()},
        }

    @property
    def finite(self) -> bool:
        """Whether all is well; where it is not, the loop ends."""
        return math.isfinite(self.terms.total) and not self.overflow


def compute_targets(
    static: Static,
    params: dict,
    photograph: jax.Array | np.ndarray,
    *paintings: jax.Array | np.ndarray,
    masks: Regions | None = None,
) -> total.Targets:
    """Return the targets of a run.

    Args:
      static: the choices that the program is compiled for.
      params: the network's parameters.
      photograph: (H, W, 3) in grey levels.
      paintings: one, or those of a blend, each (H', W', 3) in grey levels; of any size.
      masks: the regions of the photograph and of its one painting; none: each is one.
    """
    return _targets_program()(static, params, photograph, *paintings, masks=masks)


@functools.cache
def _targets_program() -> Callable[..., total.Targets]:
    def targets(
        static: Static,
        params: dict,
        photograph: jax.Array,
        *paintings: jax.Array,
        masks: Regions | None,
    ) -> total.Targets:
        return total.targets(
            _activations(static, params, photograph, static.content_layers),
            [_activations(static, params, one, static.style_layers) for one in paintings],
            static.content_layers,
            static.style_layers,
            static.statistic,
            masks,
        )

    # It runs once: on a CPU it takes a second less to compile so, and as little longer to run. The
    # content loss of the photograph itself is 0 all the same.
    quickly = {"xla_backend_optimization_level": 0}
    options = quickly if jax.default_backend() == "cpu" else None
    return jax.jit(targets, static_argnames="static", compiler_options=options)


def initial_picture(init: Init, start: np.ndarray, seed: int) -> np.ndarray:
    """Return the picture the loop starts from, (1 - mix) start + mix noise.

    Args:
      init: with the name "noise" it is noise alone; otherwise `init.mix` counts.
      start: (H, W, 3) float32 in grey levels: photograph, painting or another picture.
      seed: of the noise, which is uniform over 127.5 +- `init.amplitude`.
    """
    mix = 1.0 if init.name == "noise" else init.mix
    if mix == 0:
        return start
    low, high = 127.5 - init.amplitude, 127.5 + init.amplitude
    noise = np.random.default_rng(seed).uniform(low, high, start.shape).astype(np.float32)
    return (1 - mix) * start + mix * noise


def checks(
    static: Static,
    params: dict,
    targets: total.Targets,
    picture: np.ndarray,
    hyperparameters: Hyperparameters,
    *,
    steps: int,
    check_every: int,
    after: Check | None = None,
    lowest: float = math.inf,
) -> Iterator[Check]:
    """Yield a check before the first step, after every `check_every` steps, and after the last.

    The report's rule: the loss of the picture as it is at a check decides whether it is the best
    so far. The check before the first step is not a candidate. The loop ends early at a check
    whose total is not finite.

    Args:
      static: the choices that the program is compiled for.
      params: the network's parameters.
      targets: of the photograph and the painting.
      picture: (H, W, 3) float32 in grey levels, where to start.
      hyperparameters: traced; other values compile nothing new.
      steps: optimiser steps in all.
      check_every: steps between two checks.
      after: an earlier check of this run, to go on from; it is not yielded again.
      lowest: the lowest total of the checks up to `after`.
    """
    numbers = jax.tree.map(np.float32, hyperparameters)
    state = after.state if after else optimizers.init(static, numbers, picture)
    done, seconds, compile_seconds = 0, 0.0, 0.0
    if after:
        done, seconds, compile_seconds = after.step, after.seconds, after.compile_seconds
    while done < steps:
        stride = min(check_every, steps - done)
        asked = time.perf_counter()
        state, parts, ended, sound = advance(static, stride, params, targets, state, numbers)
        # The call hands the steps to the device and returns; only compiling makes it wait.
        running = time.perf_counter()
        wait(ended.total)
        seconds += time.perf_counter() - running
        compile_seconds += running - asked
        if done == 0 and after is None:
            start = optimizers.init(static, numbers, picture)
            yield judged(0, (0.0, compile_seconds), start, parts, True, -math.inf)
        done += stride
        check = judged(done, (seconds, compile_seconds), state, ended, sound, lowest)
        if check.best:
            lowest = check.terms.total
        yield check
        if not check.finite:
            return


def judged(
    step: int,
    seconds: tuple[float, float],
    state: State,
    parts: total.Terms[jax.Array],
    sound: jax.Array | bool,
    lowest: float,
) -> Check:
    """Return the check of a state.

    Args:
      step: steps taken.
      seconds: spent in steps, and in compilation.
      state: after those steps.
      parts: the losses of its picture.
      sound: whether the optimiser's state is finite; where it is not, every later step is 0 and
        the picture would stay as it is.
      lowest: the lowest total so far.
    """
    terms = _floats(parts)
    best = terms.total < lowest and bool(sound)
    evaluations = step if state.evaluations is None else int(state.evaluations)
    picture = np.asarray(optimizers.shown(state))
    return Check(step, *seconds, evaluations, picture, terms, best, not sound, state)


def seconds_per_step(before: Check, after: Check) -> float:
    """Return the seconds a step took between two checks."""
    return (after.seconds - before.seconds) / (after.step - before.step)


@functools.partial(jax.jit, static_argnames="static")
def advance(
    static: Static,
    stride: jax.Array | int,
    params: dict,
    targets: total.Targets,
    state: State,
    hyperparameters: Hyperparameters,
) -> tuple[State, total.Terms[jax.Array], total.Terms[jax.Array], jax.Array]:
    """Take `stride` optimiser steps; return the state, the terms before and after, and soundness.

    The terms before are for the call before the first step alone, as in `nst.optimizers.steps`.
    Soundness is whether the optimiser's state is finite.

    Args:
      static: the choices that the program is compiled for.
      stride: optimiser steps to take.
      params: the network's parameters.
      targets: of the photograph and the painting.
      state: the picture and the optimiser's state.
      hyperparameters: float32 scalars, traced.
    """

    def loss(picture: jax.Array) -> tuple[jax.Array, total.Terms[jax.Array]]:
        activations = _activations(static, params, picture, static.layers)
        parts = total.terms(picture, activations, targets, hyperparameters, static)
        return parts.total, parts

    state, before, after = optimizers.steps(static, hyperparameters, loss, state, stride)
    return state, before, after, optimizers.sound(state)


def _activations(
    static: Static, params: dict, picture: jax.Array, layers: tuple[str, ...]
) -> dict[str, jax.Array]:
    batch = vgg.activations(
        params,
        picture[None],
        layers,
        network=static.network,
        pooling=static.pooling,
        precision=static.precision,
    )
    return {name: values[0] for name, values in batch.items()}


def wait(value: jax.Array) -> None:
    """Wait for a value that is being computed; raise KeyboardInterrupt soon after Ctrl-C."""
    # Blocking inside the runtime would keep Ctrl-C waiting until the interval ends.
    start = time.perf_counter()
    while not value.is_ready():  # type: ignore[attr-defined]
        interrupt.check()
        time.sleep(min(0.005, 0.0001 + 0.02 * (time.perf_counter() - start)))


def _floats(parts: total.Terms[jax.Array]) -> total.Terms[float]:
    return jax.tree.map(float, parts)
