"""Runs that have not ended: their last picture on the way, the step they are at, the time left."""

import contextlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nst.rundir import history
from nst.rundir.runs import Run

#: Of a run that has not ended, whose result.png comes with its end.
_UNENDED = ("running", "interrupted")


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    step: int
    steps: int  # of the whole run
    left: float | None  # seconds, of a run that goes on; none: not known yet


def pictured(runs: Iterable[Run]) -> list[Run]:
    """Return the runs, those that have not ended with their last picture on the way.

    Args:
      runs: whatever their end.
    """
    return [
        replace(run, picture=_last(run.folder))
        if run.picture is None and run.status in _UNENDED
        else run
        for run in runs
    ]


def progress(runs: Iterable[Run]) -> dict[str, Progress]:
    """Return how far those runs are that have not ended, by their names.

    Args:
      runs: whatever their end.
    """
    found = {}
    for run in runs:
        if run.status in _UNENDED and (steps := _steps(run)):
            with contextlib.suppress(OSError, ValueError):
                found[run.name] = _of(run, steps)
    return found


def words(run: Run, progress: dict[str, Progress]) -> str:
    """Return a run's status with its step, "running, step 40 of 200".

    Args:
      run: whatever its end.
      progress: by the names of runs.
    """
    at = progress.get(run.name)
    return f"{run.status}, step {at.step} of {at.steps}" if at else run.status


def _of(run: Run, steps: int) -> Progress:
    names, rows = history.texts(run.folder / "history.csv", strict=False)
    at, seconds = names.index("step"), names.index("seconds")
    points = [(int(row[at]), float(row[seconds])) for row in rows]
    step, now = points[-1] if points else (0, 0.0)
    # Of the last few checks: the first ones compile.
    before, earlier = points[max(0, len(points) - 6)] if points else (0, 0.0)
    left = None
    if run.status == "running" and before < step < steps and math.isfinite(now - earlier):
        left = (steps - step) * (now - earlier) / (step - before)
    return Progress(step, steps, left)


def _steps(run: Run) -> int | None:
    """Return the steps of a whole run; "[30, 50]" are those at each of its sizes."""
    steps = run.values.get("steps")
    if isinstance(steps, str):
        return sum(map(int, re.findall("[0-9]{1,9}", steps))) or None
    return int(steps) if isinstance(steps, int | float) and math.isfinite(steps) else None


def _last(folder: Path) -> Path | None:
    # A step has zeros before it up to five digits.
    found = (folder / "images").glob("step_*.png")
    return max(found, key=lambda path: (len(path.name), path.name), default=None)
