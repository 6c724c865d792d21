"""How fast programs ran on this machine: kept beside the compiled ones, for the plans of sweeps."""

import contextlib
import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

from nst.base import locks
from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.base.program import Static
from nst.engine import flops
from nst.engine.check import Check
from nst.sources.resolve import cache_dir

#: Programs that are remembered; of more the oldest go.
MOST = 400
#: Bytes of a file of so many, and more than that.
MOST_BYTES = 1_000_000
#: What the forward pass of a check takes, in steps.
OF_A_CHECK = 1 / 3
#: Seconds below which a program had been compiled before, in the same process.
COMPILED = 0.05


@dataclass(frozen=True)
class Speed:
    """How fast a program runs."""

    rate: float  # operations a second, of those that `nst.engine.flops` counts
    work: float  # operations of a step of all its lanes
    compile_s: float | None = None  # seconds to make it; none: not known
    run_s: float | None = None  # seconds of a run beside its steps: pictures, metrics, tracking


#: What is compiled for a shape of the picture, (H, W, 3), strips among it.
Program = tuple[Static, tuple[int, ...]]


class Clock:
    """Takes the times of a run from its checks, at each of its sizes."""

    def __init__(self, lanes: int, earlier: Check | None = None):
        """Time one of `lanes` runs of a program, from `earlier` on or from the start."""
        self._lanes, self._last = lanes, earlier
        self._began = time.perf_counter()
        #: By shape: steps, where a check counts as `OF_A_CHECK`; their seconds; compilation's.
        self._spent: dict[tuple[int, ...], list[float]] = {}

    def add(self, check: Check) -> None:
        """Take the times of a check."""
        last, self._last = self._last, check
        spent = self._spent.setdefault(check.picture.shape, [0.0, 0.0, 0.0])
        spent[2] += check.compile_seconds - (last.compile_seconds if last else 0.0)
        if last:
            spent[0] += check.step - last.step + OF_A_CHECK
            spent[1] += check.seconds - last.seconds

    def speeds(self, compiled: Callable[[tuple[int, ...]], Static]) -> dict[Program, Speed]:
        """Return how fast the programs ran, when the run has ended.

        Args:
          compiled: returns what was compiled for a shape.
        """
        compiling = sum(spent[2] for spent in self._spent.values())
        beside = time.perf_counter() - self._began - compiling
        beside -= sum(spent[1] for spent in self._spent.values())
        # The first run of a program compiles more than its steps.
        run_s = beside / self._lanes if compiling < COMPILED else None
        found = {}
        for shape, (steps, seconds, compile_s) in self._spent.items():
            if steps and seconds > 0:
                static = compiled(shape)
                work = float(self._lanes * flops.per_step(static, shape))
                known = compile_s if compile_s > COMPILED else None
                found[static, shape] = Speed(steps * work / seconds, work, known, run_s)
        return found


def keep(lanes: int, speeds: Mapping[Program, Speed]) -> None:
    """Let later plans know how fast programs ran, where there is a place for it.

    Args:
      lanes: runs side by side.
      speeds: of each program, that of its runs together.
    """
    new = {_key(*program, lanes): speed for program, speed in speeds.items()}
    with contextlib.suppress(OSError, UserError):
        before = read()
        if all(_near(before.get(key), speed) for key, speed in new.items()):
            return
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with locks.file_lock(path):
            _write(path, new)


def read() -> dict[str, Speed]:
    """Return how fast programs ran here, by their keys; the newest last. Damage counts as none."""
    found = {}
    try:
        path = _path()
        if path.stat().st_size > MOST_BYTES:
            return {}
        entries = json.loads(path.read_bytes())
        for key, entry in entries.items():
            with contextlib.suppress(TypeError, ValueError):
                speed = Speed(**entry)
                if all(map(_is_positive, (speed.rate, speed.work))) and all(
                    one is None or _is_positive(one) for one in (speed.compile_s, speed.run_s)
                ):
                    found[str(key)] = speed
    except (OSError, UserError, ValueError, AttributeError, RecursionError):
        pass
    return found


def known(static: Static, shape: tuple[int, ...], lanes: int) -> Speed | None:
    """Return how fast a program ran on this device, None if it has not.

    Args:
      static: of its runs together.
      shape: of the picture, (H, W, 3).
      lanes: runs side by side.
    """
    return read().get(_key(static, shape, lanes))


def alike(static: Static, work: float) -> Speed | None:
    """Return how fast the program nearest in work ran on this device, None if none has.

    Args:
      static: of another program, whose precision counts.
      work: of its step.
    """
    begin = _device(static.precision)
    found = [speed for key, speed in read().items() if key.startswith(begin)]
    return min(found, key=lambda one: abs(math.log(one.work / max(work, 1))), default=None)


def _write(path: Path, new: Mapping[str, Speed]) -> None:
    """Add speeds to the file, whose lock is held."""
    entries = read()
    for key, speed in new.items():
        entries[key] = _together(entries.pop(key, None), speed)
    newest = dict(list(entries.items())[-MOST:])
    text = json.dumps({key: asdict(speed) for key, speed in newest.items()}, indent=1)
    write_whole(path, text.encode())


def _together(old: Speed | None, new: Speed) -> Speed:
    """Return what is known of a program: one busy moment of the machine counts for half."""
    if old is None:
        return new
    rate = math.sqrt(old.rate * new.rate)
    return Speed(rate, new.work, new.compile_s or old.compile_s, new.run_s or old.run_s)


def _near(old: Speed | None, new: Speed) -> bool:
    """Return whether a speed says nothing new, so that most runs of a sweep write nothing."""
    if old is None or (old.run_s is None and new.run_s):
        return False
    compiled = not new.compile_s or (old.compile_s and 0.8 < new.compile_s / old.compile_s < 1.25)
    return bool(compiled) and 0.9 < new.rate / old.rate < 1.1


def _key(static: Static, shape: tuple[int, ...], lanes: int) -> str:
    program = hashlib.sha256(repr(static).encode()).hexdigest()[:16]
    return f"{_device(static.precision)}{program} {shape[1]}x{shape[0]} {lanes}"


def _device(precision: str) -> str:
    """Return what a program's speed hangs on beside the program, as the beginning of a key."""
    device = jax.local_devices()[0]
    cores = f" {os.cpu_count()} cores" if device.platform == "cpu" else ""
    machine = f"{platform.machine()}{cores}, {jax.device_count()} {device.device_kind}"
    return f"{machine}, {precision}: "


def _path() -> Path:
    return cache_dir() / "measured.json"


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
