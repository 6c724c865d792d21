"""A report's runs as one table where they are tracked, as a sweep logs them at its end."""

import hashlib
from typing import Any

from nst.base import home
from nst.metrics.registry import METRICS
from nst.report import notes, originals, search, voted
from nst.report.caption import counted
from nst.report.summary import Report
from nst.rundir import run_json
from nst.rundir.run_json import BadRecordError
from nst.rundir.runs import Run
from nst.rundir.values import mapping
from nst.tracking import captions
from nst.tracking.tracker import Alert, Cells, Picture, sweep_group


def cells(report: Report, alert: Alert | None = None) -> Cells:
    """Return what a tracker is told of a sweep.

    Args:
      report: that has been written, with its thumbnails.
      alert: to send with it.
    """
    by = f" by {', '.join(key.name for key in report.keys)}" if report.keys else ""
    caption = f"{report.title}: {counted(report.runs, report.waiting)}{by}"
    grid = Picture(report.root / report.sheet, home.without(caption))
    shown = originals.of(report.runs, report.root)
    return Cells(_rows(report), grid, shown, identity(report), alert)


def identity(report: Report) -> str | None:
    """Return what a tracker knows the cells of a sweep by: the same for as long as that lives.

    Args:
      report: of the sweep.

    Returns:
      The id; none where no run has one.
    """
    first = next((one for one in map(recorded, report.runs) if one.get("id")), None)
    if first is None:
        return None
    group = first.get("group") or sweep_group(report.root)
    return hashlib.sha256(f"cells of {group}, {first['id']}".encode()).hexdigest()[:8]


def _rows(report: Report) -> list[dict[str, Any]]:
    """Return each run as a row of a table."""
    wanted = report.found.objectives if report.found else []
    said = [name for run in report.runs for name in run.metrics if voted.is_of(name)]
    names = dict.fromkeys([*sorted(set(said)), *METRICS])
    return [
        {
            "run": run.name,
            **{key.name: key.typed_of(run.name) for key in report.keys},
            **{search.column(one): search.value(run, one) for one in wanted},
            **{name: run.metrics.get(name) for name in names},
            "fallback": notes.fallbacks(run),
            "same_as": run.same_as,
            "reused_from": run.reused_from,
            "status": run.status,
            "picture": _picture(report, run),
        }
        for run in report.runs
    ]


def recorded(run: Run) -> dict[str, Any]:
    """Return how a run was tracked: what was asked for, its id, and where it went.

    Args:
      run: of a report.

    Returns:
      The group `tracking` of its record with `tracked`, which goes before; nothing without either.
    """
    try:
        fields = run_json.read(run.folder)
        return mapping(fields["config"], "tracking") | mapping(fields, "tracked")
    except (BadRecordError, OSError, ValueError, KeyError):
        return {}


def _picture(report: Report, run: Run) -> Picture | None:
    """Return a run's thumbnail with what sets it apart, how it ended, and its metrics."""
    path = report.thumbnails.get(run.name)
    if path is None:
        return None
    step, total = run.best_step, run.losses.get("total")
    best = None if step is None or total is None else (step, total)
    name = f"{run.name}: {report.settings(run.name)}" if report.keys else run.name
    status = "" if run.status == "finished" else run.status
    caption = captions.of_result(name, best, run.metrics, status, notes.fallbacks(run))
    return Picture(path, caption)
