"""A report's runs as one table where they are tracked, as a sweep logs them at its end.

Votes come when the runs have ended, and the file of an offline run is closed then. So what voters
said comes with a new table of the cells.
"""

import hashlib
from typing import Any

from nst.base import home
from nst.base.errors import UserError
from nst.config.running import Tracking
from nst.metrics.registry import METRICS
from nst.report import notes, originals, search, voted
from nst.report.caption import counted
from nst.report.summary import Report
from nst.rundir import run_json
from nst.rundir.run_json import BadRecordError
from nst.rundir.runs import Run
from nst.rundir.values import mapping, text
from nst.tracking import captions, tracker
from nst.tracking.table import TRACKERS
from nst.tracking.tracker import Alert, Cells, Picture, sweep_group

#: Those that keep something.
KINDS = tuple(name for name in TRACKERS if name != "disabled")


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


def log(report: Report, kind: str = "") -> str:
    """Log the cells of a report that has been written, with its grid; return what was done.

    Args:
      report: of one run or more.
      kind: one of KINDS; "": as the first run was tracked.

    Raises:
      UserError: that one wasn't, the grid is no PNG, or it can't be logged.
    """
    tracking = _recorded(report.runs[0], kind)
    if not report.sheet.endswith(".png"):
        raise UserError(f"--track logs grid.png, not {report.sheet}: leave out --format")
    tracker.log_cells(cells(report), tracking, report.root)
    what = "with the voters' preference" if report.voted else "without votes"
    count = f"{len(report.runs)} cell{'s' * (len(report.runs) > 1)}"
    return f"logged {count} {what}, tracking={tracking.mode}"


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


def _recorded(run: Run, kind: str) -> Tracking:
    """Return how a run was tracked, by another tracker where one is named."""
    own = recorded(run)
    mode = kind or text(own.get("mode") or "disabled")
    if mode not in KINDS:
        raise UserError(
            f"--track: run {run.name} was not tracked, so name a tracker: "
            f"{' or '.join(f'--track {one}' for one in KINDS)}"
        )
    given: dict[str, Any] = {
        name: text(own[name]) for name in ("project", "entity", "group", "notes") if own.get(name)
    }
    tags = own.get("tags")
    tags = [text(one) for one in tags] if isinstance(tags, list) else []
    return Tracking(mode=mode, tags=tags, **given)
