"""The sweep that a dashboard shows: its runs, and where they are at W&B."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.base.errors import UserError
from nst.figure import gathered
from nst.report import track
from nst.report.summary import Report
from nst.rundir import runs
from nst.rundir.values import text
from nst.tracking.tracker import sweep_group
from nst.tracking.wandb_settings import PROJECT, utf8


@dataclass(frozen=True)
class Sweep:
    """The runs of one sweep's folder, and the group that they are at W&B."""

    report: Report
    folder: Path
    group: str
    project: str
    entity: str | None  # none: the account's default
    ids: dict[str, str]  # run name -> its id at W&B; older records have none
    tracked: bool  # whether any of its runs was sent to W&B, or kept for it


def read(folder: Path, entity: str | None, project: str | None) -> Sweep:
    """Return the sweep of a folder.

    Args:
      folder: of a sweep.
      entity: whose project it is; none: as recorded, as W&B's variables say.
      project: at W&B; none: as recorded, as W&B's variables say, or nst's own.

    Raises:
      UserError: there are no runs, one alone, or those of several sweeps.
    """
    report = gathered.of([folder])
    sweep = _folder(report)
    if len(report.runs) < 2:
        raise UserError(
            f"{folder} has one run alone, and a dashboard compares several: name the folder of a "
            "sweep; a run by itself has its own page at W&B"
        )
    every = {run.name: track.recorded(run) for run in report.runs}
    known = next((one for one in every.values() if one.get("id")), every[report.runs[0].name])
    return Sweep(
        report=report,
        folder=sweep,
        group=utf8(_first(known, "group", "WANDB_RUN_GROUP") or sweep_group(sweep)),
        project=project or _first(known, "project", "WANDB_PROJECT") or PROJECT,
        entity=entity or _first(known, "entity", "WANDB_ENTITY"),
        ids={name: text(one["id"]) for name, one in every.items() if one.get("id")},
        tracked=any(one.get("id") or one.get("mode") != "disabled" for one in every.values()),
    )


def _folder(report: Report) -> Path:
    """Return the folder of the only sweep among some runs.

    Raises:
      UserError: they belong to several.
    """
    found = dict.fromkeys(runs.sweep_of(run.folder) or run.folder.parent for run in report.runs)
    if len(found) > 1:
        names = ", ".join(os.path.relpath(one, report.root) for one in list(found)[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise UserError(
            f"{report.root} holds {len(found)} sweeps ({names}{more}), and a dashboard is of one: "
            "name the folder of one"
        )
    return next(iter(found))


def _first(known: Mapping[str, Any], key: str, variable: str) -> str | None:
    """Return what a record has, else a variable of W&B's."""
    return text(known.get(key) or "") or os.environ.get(variable) or None
