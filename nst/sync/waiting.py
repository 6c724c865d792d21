"""Which of the runs in some folders can be sent to W&B, and where each goes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nst.base import locks
from nst.base.errors import UserError
from nst.config.schema import Config, from_mapping
from nst.config.validation import validated
from nst.report.reading import runs_in
from nst.report.voted import added, read
from nst.rundir import history, run_json
from nst.rundir.run_json import BadRecordError
from nst.rundir.runs import Run, sweep_of
from nst.rundir.values import mapping, text
from nst.tracking.tracker import End, sweep_group
from nst.tracking.wandb_summary import summed_up

#: An id that W&B takes.
_ID = re.compile(r"[^/\\\s#?%:]{1,128}")


@dataclass(frozen=True, eq=False)
class Waiting:
    """A tracked run, which W&B may have already."""

    run: Run
    fields: dict[str, Any]  # of its run.json
    known: dict[str, Any]  # what that keeps of its tracking: id, project, and so on
    config: Config
    rows: list[dict[str, float]]  # of its history.csv
    sweep: Path | None  # the folder of its sweep

    @property
    def end(self) -> End:
        """How it ended."""
        run = self.run
        return End(run.status, run.error, self.fields["best"], run.picture, run.metrics)

    @property
    def sources(self) -> dict[str, Any]:
        """What it used, as far as its record keeps what a tracker is told of it."""
        return {
            key: SimpleNamespace(name=source.get("used"), fallback=bool(source.get("fallback")))
            for key, source in mapping(self.fields, "sources").items()
        }

    @property
    def step(self) -> int:
        """The step of its last row."""
        return int(self.rows[-1]["step"]) if self.rows else -1

    @cached_property
    def record(self) -> str:
        """The digest by which one sees whether W&B has all of it."""
        return str(summed_up(self.config, self.end, self.sources, self.step)["record"])


def waiting(runs: Sequence[Run]) -> tuple[list[Waiting], dict[str, str]]:
    """Return the runs that can be sent, and why others can't, by their names.

    Args:
      runs: as a report reads them.
    """
    found: dict[str, Waiting] = {}
    left: dict[str, str] = {}
    for run in runs:
        one = _read(run)
        if isinstance(one, str):
            left[run.name] = one
            continue
        other = found.get(one.known["id"])
        if other is None or len(one.rows) > len(other.rows):
            found[one.known["id"]] = one
        if other:  # of a copied folder, say
            kept = found[one.known["id"]].run.name
            more = one if kept == other.run.name else other
            left[more.run.name] = f"it has the id of {kept}, and W&B has each id once"
    return _voted(list(found.values())), left


def _voted(found: Sequence[Waiting]) -> list[Waiting]:
    """Return runs with what the voters of their sweeps said among their metrics.

    A preference is relative to the runs it is found with, so these are always the whole sweep.
    """
    metrics: dict[Path, dict[str, float | None]] = {}
    for sweep in {one.sweep for one in found if one.sweep}:
        runs, _, base = runs_in([sweep])
        metrics |= {run.folder: run.metrics for run in added(runs, read([sweep], base, runs))}
    return [
        replace(one, run=replace(one.run, metrics=metrics.get(one.run.folder, one.run.metrics)))
        for one in found
    ]


def _read(run: Run) -> Waiting | str:
    """Return a run that can be sent, or why it can't."""
    try:
        fields = run_json.read(run.folder)
        if why := _unable(run, fields):
            return why
        known = _known(fields)
        rows = _rows(run.folder / "history.csv")
        config: Config = validated(from_mapping(fields["config"]))
        found = Waiting(run, fields, known, config, rows, _sweep(run.folder, known))
        _ = found.record  # of what it can be made of, all can be sent
    except (BadRecordError, UserError, OSError) as error:
        return f"its record can't be read: {error}"
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        return f"its record holds what nst never writes ({type(error).__name__}: {error})"
    return found


def _rows(path: Path) -> list[dict[str, float]]:
    try:
        return history.rows(path, strict=False)
    except UserError as error:
        raise UserError("history.csv is no table of nst's") from error


def _unable(run: Run, fields: dict[str, Any]) -> str:
    """Return why a run can't be sent, or ""."""
    known = mapping(fields, "tracked")
    if locks.is_at_work(run.folder):
        return "it is running: send it when it has ended"
    if fields["config_hash"] is None or not (run.folder / "history.csv").is_file():
        return "it never began"
    if all(isinstance(known.get(key), str) for key in ("id", "project")) and _ID.fullmatch(
        known["id"]
    ):
        return ""
    if mapping(fields["config"], "tracking").get("mode") == "disabled":
        return "it wasn't tracked (tracking=disabled)"
    return "its record doesn't say where it goes, as those of old don't: `wandb sync` sends it"


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of its tracking, as far as that is of the right kind."""
    found = mapping(fields, "tracked")
    tags = found.get("tags")
    known = {key: one for key, one in found.items() if isinstance(one, str)}
    return known | {"tags": [text(one) for one in tags if one] if isinstance(tags, list) else []}


def _sweep(folder: Path, known: dict[str, Any]) -> Path | None:
    """Return the folder of a run's sweep; none: it is a single run."""
    of_group = (one for one in folder.parents if sweep_group(one) == known.get("group"))
    if found := sweep_of(folder) or next(of_group, None):
        return found
    # One that the library made, in a folder that was moved.
    return folder.parent if known.get("job_type") == "sweep" else None
