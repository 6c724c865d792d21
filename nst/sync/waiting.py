"""Which of the runs in some folders can be sent to W&B, and where each goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.base import locks
from nst.rundir import history, run_json
from nst.rundir.run_json import BadRecordError
from nst.rundir.runs import Run
from nst.tracking.tracker import sweep_group


@dataclass(frozen=True)
class Waiting:
    """A tracked run, which W&B may have already."""

    run: Run
    fields: dict[str, Any]  # of its run.json
    rows: list[dict[str, float]]  # of its history.csv
    sweep: Path | None  # the folder of its sweep

    @property
    def known(self) -> dict[str, Any]:
        """What the run's record keeps of its tracking: id, project, and so on."""
        found: dict[str, Any] = self.fields["tracked"]
        return found


def waiting(runs: Sequence[Run]) -> tuple[list[Waiting], dict[str, str]]:
    """Return the runs that can be sent, and why others can't, by their names.

    Args:
      runs: as a report reads them, with what voters said among their metrics.
    """
    found, left = [], {}
    for run in runs:
        try:
            fields = run_json.read(run.folder)
            why = _unable(run, fields)
            rows = [] if why else history.rows(run.folder / "history.csv", strict=False)
        except (BadRecordError, OSError) as error:
            why = f"its record can't be read ({error})"
        if why:
            left[run.name] = why
        else:
            found.append(Waiting(run, fields, rows, _sweep(run.folder, fields["tracked"])))
    return found, left


def _unable(run: Run, fields: dict[str, Any]) -> str:
    """Return why a run can't be sent, or ""."""
    known = fields["tracked"] or {}
    if locks.is_at_work(run.folder):
        return "it is running: send it when it has ended"
    if fields["config_hash"] is None or not (run.folder / "history.csv").is_file():
        return "it never began"
    if isinstance(known.get("id"), str) and isinstance(known.get("project"), str):
        return ""
    mode = fields["config"].get("tracking", {}).get("mode")
    if mode == "disabled":
        return "it wasn't tracked (tracking=disabled)"
    return "its record doesn't say where it goes, as those of old don't: `wandb sync` sends it"


def _sweep(folder: Path, known: dict[str, Any]) -> Path | None:
    """Return the folder of a run's sweep; none: it is a single run."""
    for above in folder.parents:
        if (above / "multirun.yaml").is_file() or sweep_group(above) == known.get("group"):
            return above
    return None
