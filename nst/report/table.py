"""The table of a report, metrics.csv: a row a run."""

import csv
import io
from pathlib import Path
from typing import Any

from nst.base import home
from nst.metrics.registry import METRICS, PREFERENCE
from nst.report import labels, notes, own, search, voted
from nst.report.summary import Report


def write(path: Path, report: Report) -> None:
    """Write the table.

    Args:
      path: of the file.
      report: whose runs are the rows.

    Raises:
      OSError: the file can't be written.
    """
    first = {search.column(one): one for one in report.found.objectives} if report.found else {}
    others = sorted({name for run in report.runs for name in run.metrics} - set(METRICS))
    asked = [name for name in others if name.partition("/")[0] == PREFERENCE.name]
    metrics = [name for name in (*METRICS, *others) if name not in (*first, *asked)]
    votes = voted.columns(report.voted)
    losses = [one for one in ("total", "content", "style", "tv") if f"loss/{one}" not in first]
    twins = notes.twins(report.runs)
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(
        ["run", "status", *(key.name for key in report.keys), *first, *asked]
        + [*votes, *metrics, "best_step"]
        + [f"loss/{name}" for name in losses]
        + ["steps_s", "s_per_step", "started", "width", "height", "fallback", "same_as"]
        + ["reused_from", "folder", "error"]
    )
    for run in report.runs:
        keys = [_exact(key.name, run.values, key.typed_of(run.name)) for key in report.keys]
        row: list[Any] = [run.name, run.status, *keys]
        row += [search.value(run, one) for one in first.values()]
        row += [run.metrics.get(name) for name in asked]
        row += [of.get(run.name) for of in votes.values()]
        row += [run.metrics.get(name) for name in metrics] + [run.best_step]
        row += [run.losses.get(name) for name in losses]
        row += [run.steps_s, run.s_per_step, run.started, run.width, run.height]
        row += [notes.fallbacks(run), twins.get(run.name, run.same_as), run.reused_from]
        table.writerow([*row, home.short(str(run.folder)), run.error])
    own.put(path, file.getvalue().encode("utf-8", "backslashreplace"))


def _exact(name: str, values: dict[str, Any], label: str) -> str:
    """Return a value with all its digits; a derived key has its label alone."""
    return labels.label(values[name]) if name in values else label
