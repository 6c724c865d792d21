"""A bayes search: W&B's own engine, the package `sweeps`, asked round by round."""

import contextlib
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hydra.core.utils import JobReturn

from nst.base.errors import UserError
from nst.command.hydra_private import failure
from nst.multirun.parameter import Parameter
from nst.multirun.points import Point, overrides, short
from nst.multirun.sweep_file import SweepFile

#: Runs some points as the jobs from a number on.
Launch = Callable[[list[Point], int], Sequence[JobReturn]]


def search(sweep: SweepFile, seed: int, together: int, launch: Launch) -> list[JobReturn]:
    """Run a bayes search to its run_cap, or to the metric's target if it has one.

    Args:
      sweep: the method is bayes.
      seed: the same seed and the same losses give the same points.
      together: how many points are asked for at a time.
      launch: runs them.

    Raises:
      UserError: the engine is not installed, or there is nothing to search.
    """
    engine = _engine()
    if all(entry.distribution == "constant" for entry in sweep.parameters):
        raise UserError(f"{sweep.path}: parameters leave a bayes search nothing to look for")
    jobs: list[JobReturn] = []
    past: list[Any] = []
    count = sweep.run_cap or 0
    while len(jobs) < count and not _reached(sweep, past):
        wanted = min(together, count - len(jobs))
        proposed = _ask(engine, sweep, past, wanted, seed + len(jobs))
        done = launch(proposed, len(jobs))
        past += [
            _told(engine, sweep, point, job) for point, job in zip(proposed, done, strict=True)
        ]
        jobs += done
    _say_best(sweep, past)
    return jobs


def measured(job: JobReturn) -> float | None:
    """Return a run's `search.objective`; None for a run that failed, or has no finite value."""
    value = None if failure(job) else job.return_value
    return float(value) if value is not None and math.isfinite(value) else None


def _engine() -> Any:
    engine: Any = None
    with contextlib.suppress(ImportError), warnings.catch_warnings():
        # It was written for an older pydantic, and works with this one.
        warnings.simplefilter("ignore")
        import sweeps as engine
    # Without the package, a checkout's own folder sweeps/ goes by its name.
    if not hasattr(engine, "next_runs"):
        raise UserError(
            "method: bayes needs W&B's search engine: pip install '.[search]' in nst's checkout"
        )
    return engine


def _ask(engine: Any, sweep: SweepFile, past: list[Any], count: int, seed: int) -> list[Point]:
    config = {
        "method": "bayes",
        "metric": {key: value for key, value in sweep.metric.items() if key != "target"},
        "parameters": {
            entry.name: {"distribution": entry.distribution, **entry.fields}
            for entry in sweep.parameters
        },
    }
    before = np.random.get_state()
    # The engine draws from NumPy's global generator.
    np.random.seed(seed % 2**32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a fit to few points
            runs = engine.next_runs(config, past, n=count)
    finally:
        np.random.set_state(before)
    return [
        {entry.name: _plain(run.config[entry.name]["value"], entry) for entry in sweep.parameters}
        for run in runs
    ]


def _plain(value: Any, entry: Parameter) -> Any:
    """Return what the engine drew as a plain value."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    drawn = isinstance(value, float) and not {"value", "values"} & set(entry.fields)
    return short(value, entry) if drawn else value


def _told(engine: Any, sweep: SweepFile, point: Point, job: JobReturn) -> Any:
    """Return a run as the engine knows it."""
    name = sweep.metric["name"]
    value = measured(job)
    return engine.SweepRun(
        config={key: {"value": value} for key, value in point.items()},
        state=engine.RunState.failed if value is None else engine.RunState.finished,
        summaryMetrics={} if value is None else {name: value},
    )


def _values(sweep: SweepFile, past: list[Any]) -> list[tuple[float, int]]:
    """Return each finished run's value and number, the best first."""
    name = sweep.metric["name"]
    known = [
        (run.summary_metrics[name], number)
        for number, run in enumerate(past)
        if name in run.summary_metrics
    ]
    return sorted(known, reverse=sweep.metric["goal"] == "maximize")


def _reached(sweep: SweepFile, past: list[Any]) -> bool:
    target = sweep.metric.get("target")
    best = _values(sweep, past)
    if target is None or not best:
        return False
    return best[0][0] >= target if sweep.metric["goal"] == "maximize" else best[0][0] <= target


def _say_best(sweep: SweepFile, past: list[Any]) -> None:
    best = _values(sweep, past)
    if best:
        value, number = best[0]
        point = {name: entry["value"] for name, entry in past[number].config.items()}
        print(f"{sweep.metric['name']} {value:.6g} in run {number}: {' '.join(overrides(point))}")
