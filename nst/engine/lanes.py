"""A grid as few programs: runs that differ in traced numbers alone share targets and compilation.

A layer's weight is traced, so a group's program reads the union of its runs' layers, and a run
that lacks one of them gives it the weight 0.
"""

import contextlib
import dataclasses
import functools
import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nst.base.errors import UserError
from nst.base.program import Hyperparameters, Static
from nst.engine import loop
from nst.engine.loop import Check
from nst.losses import total
from nst.networks.spec import CHANNELS, layer_names
from nst.optimizers import steps as optimizers
from nst.optimizers.steps import State


@dataclass(frozen=True)
class Lane:
    """One run of a group, as the compiled program sees it."""

    picture: np.ndarray  # (H, W, 3) float32 in grey levels, where to start
    hyperparameters: Hyperparameters  # with a weight for each of the group's layers
    after: Check | None = None  # the check to go on from; none: from the start
    lowest: float = math.inf  # the lowest total of the checks up to `after`


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
    """Return `check` with the losses of `static`'s layers alone, the run's own."""
    terms = check.terms._replace(
        content_layers={k: check.terms.content_layers[k] for k in static.content_layers},
        style_layers={k: check.terms.style_layers[k] for k in static.style_layers},
    )
    return dataclasses.replace(check, terms=terms)


def lanes_that_fit(static: Static, shape: tuple[int, ...]) -> int:
    """Return how many runs go into one program: as many as fit a GPU's memory, one on a CPU.

    On a CPU vmapped runs are no faster than one after the other.

    Args:
      static: of the group.
      shape: of the picture, (H, W, 3).
    """
    devices = _devices()
    if devices[0].platform == "cpu":
        return len(devices)
    return len(devices) * max(1, int(0.7 * _memory() / bytes_of_a_lane(static, shape)))


def check_lanes(lanes: int, static: Static, shape: tuple[int, ...]) -> None:
    """Refuse more lanes than the devices' memory can hold.

    Args:
      lanes: asked for.
      static: of the group.
      shape: of the picture, (H, W, 3).

    Raises:
      UserError: gives the estimate, the memory there is, and how many lanes fit.
    """
    devices = _devices()
    # All devices of a CPU share its memory.
    shares = 1 if devices[0].platform == "cpu" else len(devices)
    needed, memory = math.ceil(lanes / shares) * bytes_of_a_lane(static, shape), _memory()
    if lanes > 1 and needed > memory:
        fit = shares * max(1, memory // bytes_of_a_lane(static, shape))
        raise UserError(
            f"{lanes} lanes need about {needed / 2**30:.1f} GiB at {shape[1]} x {shape[0]} pixels, "
            f"and there are {memory / 2**30:.1f} GiB: set hydra.launcher.lanes to at most {fit}"
        )


def check_memory(static: Static | None, shape: tuple[int, ...], key: str) -> None:
    """Refuse a picture that takes more than the memory there is.

    Args:
      static: of the run whose photograph it is; none: it is a painting, seen once.
      shape: of the picture, (H, W, 3).
      key: the configuration key that sets its size.

    Raises:
      UserError: gives the estimate, the memory there is, and the size that fits.
    """
    if static:
        # Where `bytes_of_a_lane` counts 8 bytes, a run at 1024 px was seen to hold 3.4 in float32
        # and 3.0 in bfloat16: what a bit more might do is not refused.
        needed = bytes_of_a_lane(static, shape) * 3 // 8
    else:
        needed = 2 * 4 * CHANNELS[0] * shape[0] * shape[1]  # what goes into a layer, what comes out
    memory = _memory()
    if needed > memory:
        longest = max(shape)
        fits = int(longest * math.sqrt(memory / needed)) // 16 * 16
        raise UserError(
            f"{key}={longest} needs at least {needed / 2**30:.1f} GiB of memory at {shape[1]} x "
            f"{shape[0]} pixels, and there are {memory / 2**30:.1f} GiB: take at most {key}={fits}"
        )


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Turn the device's error that its memory is used up into a `UserError`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not exhausted(error):
            raise
        raise UserError(
            "the device's memory is used up: take a smaller size, precision=bfloat16 or less deep "
            "layers, or end what else runs on it"
        ) from error


def exhausted(error: jax.errors.JaxRuntimeError) -> bool:
    """Return whether an error of the device says that its memory is used up."""
    # A CPU's is INTERNAL, "Out of memory allocating 2539229252 bytes".
    return any(words in str(error) for words in ("RESOURCE_EXHAUSTED", "Out of memory"))


def _devices() -> list[jax.Device]:
    """Return this process's devices; a `UserError` where a variable names one that isn't there.

    Each run comes by here first, when its pictures are held against the memory.
    """
    try:
        return jax.local_devices()
    except (AssertionError, RuntimeError) as error:
        names = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
        asked = next((name for name in names if os.environ.get(name)), None)
        if not asked:
            raise
        raise UserError(
            f"{asked}={os.environ[asked]} asks for a device that JAX can't use here: unset that "
            "variable and JAX takes what there is, or see to the driver and install jax with CUDA"
        ) from error


def _memory() -> int:
    """Return the bytes of memory of a device; of the machine, or its container, for a CPU."""
    device = _devices()[0]
    if device.platform != "cpu":
        return (device.memory_stats() or {}).get("bytes_limit", 8 * 2**30)
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return machine


def bytes_of_a_lane(static: Static, shape: tuple[int, ...]) -> int:
    """Estimate the memory in bytes of one run: each activation, its ReLU and both gradients.

    L-BFGS keeps pictures and gradients as well, in the memory and a dozen in the line search.

    Args:
      static: of the group.
      shape: of the picture, (H, W, 3).
    """
    height, width = shape[:2]
    deepest = max(layer_names(static.network).index(layer) for layer in static.layers)
    numbers = 0
    for layer in layer_names(static.network)[: deepest + 1]:
        block = int(layer[4]) - 1
        halvings = block + layer.startswith("pool")
        numbers += (height >> halvings) * (width >> halvings) * CHANNELS[block]
    if static.optimizer == "lbfgs":
        numbers += height * width * 3 * (static.memory + 6)
    return 2 * 4 * numbers


def checks(
    static: Static,
    params: dict,
    targets: total.Targets,
    lanes: Sequence[Lane],
    *,
    steps: int,
    check_every: int,
) -> Iterator[tuple[int, Check]]:
    """Yield (lane, check) for the runs of one program, as `loop.checks` does for one run.

    A single lane is the very program of a run alone. Several are vmapped and spread over the
    local devices; a lane whose loss is not finite is heard of no more, the others go on.

    Args:
      static: of the group.
      params: the network's parameters.
      targets: for the layers of `static`.
      lanes: the runs, all after the same step.
      steps: optimiser steps in all.
      check_every: steps between two checks.
    """
    if len(lanes) == 1:
        (lane,) = lanes
        alone = loop.checks(
            static,
            params,
            targets,
            lane.picture,
            lane.hyperparameters,
            steps=steps,
            check_every=check_every,
            after=lane.after,
            lowest=lane.lowest,
        )
        yield from ((0, check) for check in alone)
        return
    yield from _vmapped(static, params, targets, lanes, steps=steps, check_every=check_every)


def _vmapped(
    static: Static,
    params: dict,
    targets: total.Targets,
    lanes: Sequence[Lane],
    *,
    steps: int,
    check_every: int,
) -> Iterator[tuple[int, Check]]:
    first = lanes[0].after
    done, seconds, compile_seconds = 0, 0.0, 0.0
    if first:
        done, seconds, compile_seconds = first.step, first.seconds, first.compile_seconds
    states, numbers = stacked(static, lanes)
    lowest = {index: lane.lowest for index, lane in enumerate(lanes)}
    while done < steps and lowest:
        stride = min(check_every, steps - done)
        asked = time.perf_counter()
        before = states
        states, started, ended, sound = advance_lanes(
            static, stride, params, targets, states, numbers
        )
        running = time.perf_counter()
        loop.wait(ended.total)
        seconds += time.perf_counter() - running
        compile_seconds += running - asked
        if done == 0 and first is None:
            for lane in lowest:
                times = (0.0, compile_seconds)
                state, parts = _lane(before, lane), _lane(started, lane)
                yield lane, loop.judged(0, times, state, parts, True, -math.inf)
        done += stride
        for lane in list(lowest):
            check = loop.judged(
                done,
                (seconds, compile_seconds),
                _lane(states, lane),
                _lane(ended, lane),
                sound[lane],
                lowest[lane],
            )
            if check.best:
                lowest[lane] = check.terms.total
            yield lane, check
            if not check.finite:
                del lowest[lane]


@functools.partial(jax.jit, static_argnames="static")
def advance_lanes(
    static: Static,
    stride: jax.Array | int,
    params: dict,
    targets: total.Targets,
    states: State,
    numbers: Hyperparameters,
) -> Any:
    """Take `stride` steps in each lane, (L, ...), as `nst.engine.loop.advance` does in one."""
    one = functools.partial(loop.advance, static, stride, params, targets)
    return jax.vmap(one)(states, numbers)


def stacked(static: Static, lanes: Sequence[Lane]) -> tuple[State, Hyperparameters]:
    """Return states and numbers with an axis of lanes, spread over the local devices."""
    numbers = [jax.tree.map(np.float32, lane.hyperparameters) for lane in lanes]
    states = [
        lane.after.state if lane.after else optimizers.init(static, number, lane.picture)
        for lane, number in zip(lanes, numbers, strict=True)
    ]
    devices = jax.local_devices()
    # As many lanes on each device: the last is repeated, and its repetitions are not looked at.
    spare = -len(lanes) % len(devices)
    spread = NamedSharding(Mesh(np.array(devices), ("lane",)), PartitionSpec("lane"))
    return (
        _stack(states + states[-1:] * spare, spread),
        _stack(numbers + numbers[-1:] * spare, spread),
    )


def _stack(trees: list[Any], spread: NamedSharding) -> Any:
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
    return jax.device_put(together, spread)


def _lane(tree: Any, lane: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[lane], tree)
