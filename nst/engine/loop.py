"""The loop that moves pictures towards their targets, and looks at them every so many steps."""

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from nst.base import interrupt
from nst.base.program import Static
from nst.engine.check import Check, judged
from nst.engine.devices import whole
from nst.engine.lanes import Lane, begun
from nst.engine.program import advance, advance_lanes
from nst.losses.total import Targets


def checks(
    static: Static,
    params: dict,
    targets: Targets,
    lanes: Sequence[Lane],
    *,
    steps: int,
    check_every: int,
    dropped: Callable[[int], bool] = lambda lane: False,
) -> Iterator[tuple[int, Check]]:
    """Yield (lane, check) before the first step, after every `check_every` steps, and at the end.

    The report's rule: the loss of the picture as it is at a check decides whether it is the best
    so far; of a lane that keeps the last, each check is. That before the first step never is. A
    lane ends early at a check that is not finite; the others go on.

    A single lane is the program of a run alone; several are vmapped. All else is the same.

    Args:
      static: the choices that the program is compiled for.
      params: the network's parameters.
      targets: of the content image and the style images, for the layers of `static`.
      lanes: the runs, all after the same step. One that resumes from a check doesn't yield it
        again.
      steps: optimizer steps in all.
      check_every: steps between two checks.
      dropped: whether a lane is to end after the check that was yielded last. Where half of the
        lanes or fewer are left, a program of fewer lanes continues with them.
    """
    alone = len(lanes) == 1
    program = advance if alone else advance_lanes

    def own(tree: Any, lane: int) -> Any:
        return tree if alone else jax.tree.map(lambda leaf: leaf[lane], tree)

    states, hyperparameters = begun(static, lanes)
    lowest = {index: lane.lowest for index, lane in enumerate(lanes)}
    last: dict[int, Check] = {}
    first = lanes[0].after
    done, seconds, compile_seconds = 0, 0.0, 0.0
    if first:
        done, seconds, compile_seconds = first.step, first.seconds, first.compile_seconds
    while done < steps and lowest:
        stride, at_first = min(check_every, steps - done), done == 0 and first is None
        before = states if at_first else None
        arguments = static, stride, params, targets, states, hyperparameters
        (states, started, ended, finite), compiling, running = _timed(program, *arguments)
        seconds += running
        compile_seconds += compiling
        if at_first:
            for lane in lowest:
                state, parts = whole(own(before, lane)), own(started, lane)
                yield lane, judged(0, (0.0, compile_seconds), state, parts, True, -math.inf)
        done += stride
        for lane in list(lowest):
            spent, parts = (seconds, compile_seconds), own(ended, lane)
            state = whole(own(states, lane))
            least = math.inf if lanes[lane].keeps_last else lowest[lane]
            check = judged(done, spent, state, parts, own(finite, lane), least)
            if check.best:
                lowest[lane] = check.terms.total
            last[lane] = check
            yield lane, check
            if not check.finite:
                del lowest[lane]
        going = [lane for lane in lowest if not dropped(lane)]
        lowest = {lane: lowest[lane] for lane in going}
        if done < steps and 0 < len(going) <= len(lanes) // 2:
            fewer = [
                dataclasses.replace(lanes[lane], after=last[lane], lowest=lowest[lane])
                for lane in going
            ]
            options: dict[str, Any] = {"steps": steps, "check_every": check_every}
            options["dropped"] = lambda place, going=going: dropped(going[place])
            for place, check in checks(static, params, targets, fewer, **options):
                yield going[place], check
            return


def _timed(program: Callable[..., Any], *arguments: Any) -> tuple[Any, float, float]:
    """Return what a program returns, the seconds of its compilation, and those of its steps."""
    asked = time.perf_counter()
    found = program(*arguments)
    # On a CPU the call returns when it has compiled, on a GPU when the steps are done.
    running = max(asked, _compiled.at)
    _, _, ended, _ = found
    wait(ended.total)
    return found, running - asked, time.perf_counter() - running


class _Compiled(threading.local):
    """When this thread last compiled a program, or loaded one from the cache."""

    at = 0.0

    def heard(self, event: str, *_: Any, **__: Any) -> None:
        """Take an event of JAX's."""
        if event == "/jax/core/compile/backend_compile_duration":
            self.at = time.perf_counter()


_compiled = _Compiled()
jax.monitoring.register_event_duration_secs_listener(_compiled.heard)


def wait(value: jax.Array) -> None:
    """Wait for a value that is being computed; raise KeyboardInterrupt soon after Ctrl-C."""
    # Blocking inside the runtime would keep Ctrl-C waiting until the interval ends.
    start = time.perf_counter()
    while not value.is_ready():  # type: ignore[attr-defined]
        interrupt.check()
        time.sleep(min(0.005, 0.0001 + 0.02 * (time.perf_counter() - start)))
