"""The very program that a run is, as an interval of steps to measure."""

import functools
import time
from typing import Any

import jax
import numpy as np

from nst.bench.case import Case, Interval, parameters, pictures, program, sources
from nst.engine.lanes import Lane, begun
from nst.engine.program import advance, advance_lanes, compute_targets
from nst.networks import vgg


def compiled(case: Case, steps: int) -> Interval:
    """Compile `steps` steps of a run, or of vmapped runs, as nst.run and a batched grid do.

    The program ends with the loss of the last picture, which a run's check wants: a forward pass
    more an interval than its steps.

    Args:
      case: what to measure.
      steps: of an interval.
    """
    static, hyperparameters = program(case)
    params = _params(case.network, case.precision)
    targets = compute_targets(static, params, *sources(case))

    def start(several: np.ndarray) -> Any:
        lanes = [Lane(picture, hyperparameters) for picture in several]
        return jax.block_until_ready(begun(static, lanes))

    function = advance if case.batch == 1 else advance_lanes
    state = start(pictures(case, seed=0))
    began = time.perf_counter()
    executable = function.lower(static, steps, params, targets, *state).compile()
    seconds = time.perf_counter() - began

    def take(state: Any, count: int = steps) -> Any:
        return jax.block_until_ready(executable(count, params, targets, *state))

    look = functools.partial(take, count=0)
    return Interval(start, take, seconds, "compiled", _bytes(executable), look)


@functools.lru_cache(maxsize=1)
def _params(network: str, precision: str) -> dict:
    """Return the parameters on the device, which several programs of a process share."""
    known = parameters(Case(network=network))
    return jax.device_put(vgg.frozen(known, precision))


def _bytes(executable: Any) -> int | None:
    found = executable.memory_analysis()
    if found is None:  # not every device's compiler says
        return None
    total = found.temp_size_in_bytes + found.argument_size_in_bytes + found.output_size_in_bytes
    return int(total - found.alias_size_in_bytes)
