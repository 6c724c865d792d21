"""A search: it asks its study for a round of trials, runs them, and tells how they ended."""

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn

from nst.base.errors import one_line
from nst.command.hydra_private import failure
from nst.metrics.objective import Objective
from nst.multirun.study import Proposed, Study
from nst.rundir import run_json

#: Runs jobs with these overrides and numbers.
Launch = Callable[[list[list[str]], list[int]], Sequence[JobReturn]]

#: Of a long front this many runs are printed; the report has all.
MOST_PRINTED = 12


def search(
    study: Study, size: int, launch: Launch, target: float | None = None
) -> dict[int, JobReturn]:
    """Run a search to its last trial, or until its objective reaches the target.

    Args:
      study: of the search; what it has already is not run again.
      size: trials of a round.
      launch: runs them.
      target: of the one objective; none: all trials are run.

    Returns:
      How this process's runs ended, by number.
    """
    jobs: dict[int, JobReturn] = {}
    while not _reached(study, target):
        with study.round(size) as trials:
            if not trials:
                break
            _say(trials, study.trials)
            numbers = [one.number for one in trials]
            done = launch([one.overrides for one in trials], numbers)
            for one, job in zip(trials, done, strict=True):
                jobs[one.number] = job
                values = measured(job, study.question.objectives)
                status, why = _ended(job, study.folder / str(one.number))
                study.tell(one.number, values, why, pruned=status == "pruned")
    return jobs


def measured(job: JobReturn, objectives: Sequence[Objective]) -> list[float] | None:
    """Return a run's value of each objective; None for a run that failed or lacks one.

    Args:
      job: that returned its `search.objective`.
      objectives: in the same order.
    """
    if failure(job):
        return None
    value = job.return_value
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) != len(objectives) or not all(map(_finite, values)):
        return None
    return [float(one) for one in values]


def say_best(study: Study) -> None:
    """Print the best run, or the runs of the front with their values."""
    best = study.best()
    if not best:
        return
    names = [one.name for one in study.question.objectives]
    if len(names) == 1:
        (one,) = best[:1]
        print(f"{names[0]} {one.values[0]:.6g} in run {one.number}: {one.user_attrs['overrides']}")
        return
    print(
        f"{len(best)} of {len(study.finished())} runs are on the front of {' and '.join(names)}: "
        "no other run is better in all"
    )
    ordered = sorted(best, key=lambda trial: trial.values[0])
    for one in ordered[:MOST_PRINTED]:
        values = "  ".join(f"{value:.4g}" for value in one.values)
        print(f"  run {one.number:<4} {values}  {one.user_attrs['overrides']}")
    if len(ordered) > MOST_PRINTED:
        print(f"  and {len(ordered) - MOST_PRINTED} more")


def _say(trials: Sequence[Proposed], count: int) -> None:
    numbers = ", ".join(str(one.number) for one in trials)
    print(f"run {numbers} of 0 to {count - 1}", file=sys.stderr, flush=True)


def _reached(study: Study, target: float | None) -> bool:
    best = study.best()
    if target is None or not best:
        return False
    (value,) = best[0].values
    return value >= target if study.question.objectives[0].better == "higher" else value <= target


def _ended(job: JobReturn, folder: Path) -> tuple[str, str]:
    """Return a run's status, and in a sentence why it has no value."""
    if error := failure(job):
        return "failed", one_line(str(error).split("\n")[0])
    fields = run_json.earlier(folder) or {"status": "finished", "error": None}
    return fields["status"], fields["error"] or "it has no finite value"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
