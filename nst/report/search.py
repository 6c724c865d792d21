"""What a search found: the runs that no other beats, how much they cover, which keys matter."""

from collections.abc import Sequence
from typing import Any

from nst.base.errors import UserError
from nst.config.running import Search
from nst.metrics.front import front, hypervolume
from nst.metrics.objective import Objective, objective
from nst.metrics.registry import METRICS
from nst.report import importance
from nst.report.summary import Found, Key
from nst.rundir.runs import Run


def of(runs: Sequence[Run], keys: Sequence[Key]) -> Found | None:
    """Return what the runs of a search found, None where nothing but the default was looked for.

    Args:
      runs: of a report.
      keys: those that vary in them.
    """
    wanted = objectives(runs)
    if not wanted:
        return None
    better = [one.better for one in wanted]
    values = {run.name: [value(run, one) for one in wanted] for run in runs}
    judged = [run for run in runs if run.status == "finished" and None not in values[run.name]]
    points = [values[run.name] for run in judged]
    kept = [judged[place] for place in front(points, better)]
    sign = -1 if wanted[0].better == "higher" else 1
    kept.sort(key=lambda run: sign * (values[run.name][0] or 0.0))
    reference = _reference(wanted, points)
    return Found(
        objectives=wanted,
        values=values,
        judged=judged,
        front=kept,
        reference=reference,
        volume=hypervolume(points, better, reference) if len(wanted) in (2, 3) and kept else None,
        importance=_importance(wanted, keys, judged, points),
    )


def objectives(runs: Sequence[Run]) -> list[Objective]:
    """Return what runs were searched by; the default, which compares nothing, is no search.

    Args:
      runs: whose records may be of a later version, with names that this one doesn't know.
    """
    found: dict[str, Objective] = {}
    for name in dict.fromkeys(
        name for run in runs if run.objective != (Search().objective,) for name in run.objective
    ):
        try:
            one = objective(name)
        except UserError:
            continue
        found[one.name] = one
    return list(found.values())


def value(run: Run, one: Objective) -> float | None:
    """Return a run's number.

    Args:
      run: whatever its end.
      one: what is looked for.
    """
    return one.of({"metrics": run.metrics, **run.checks})


def column(one: Objective) -> str:
    """Return an objective's name in a table: losses of the best check have no other prefix.

    Args:
      one: what is looked for.
    """
    if one.name.startswith("loss/"):
        return f"last/{one.name}"
    return one.name.removeprefix("metrics/").removeprefix("best/")


def _reference(wanted: list[Objective], points: Sequence[Sequence[Any]]) -> list[float]:
    """Return of each objective where nothing was reached, or the worst of the runs."""
    found = []
    for place, one in enumerate(wanted):
        metric = METRICS.get(one.name.removeprefix("metrics/"))
        known = metric.reference if metric and one.name.startswith("metrics/") else None
        worst = min if one.better == "higher" else max
        found.append(
            worst((point[place] for point in points), default=0.0) if known is None else known
        )
    return found


def _importance(
    wanted: list[Objective], keys: Sequence[Key], judged: list[Run], points: Sequence[Sequence[Any]]
) -> list[dict[str, float]]:
    if len(judged) < importance.LEAST:
        return [{} for _ in wanted]
    names = [run.name for run in judged]
    return [
        importance.shares(keys, names, [-p[i] if one.better == "higher" else p[i] for p in points])
        for i, one in enumerate(wanted)
    ]
