"""A sweep's table of cells, its grid and what it was made from, to W&B's server."""

import tempfile
from pathlib import Path

from nst.base.errors import UserError
from nst.report import build, ended, track
from nst.rundir.values import mapping
from nst.sync import alone
from nst.sync.waiting import Waiting
from nst.tracking import wandb_kept, wandb_remote
from nst.tracking.wandb_cells import OF_CELLS, fill, record
from nst.tracking.wandb_remote import NOT_SHOWN, There

#: What the run of the cells has in common with those of the cells.
_SHARED = ("entity", "project", "group", "tags", "notes")


def send(sweep: Path, first: Waiting, place: Path) -> bool:
    """Send a sweep's cells, and return True, unless W&B has them as they are.

    Args:
      sweep: its folder, in which nothing is written.
      first: one of its runs, which W&B has.
      place: folder for W&B's own files and the report.

    Raises:
      UserError: the pictures can't be read, or W&B doesn't take them.
    """
    with alone.on_cells(sweep):
        report = build.write([sweep], out=Path(tempfile.mkdtemp(dir=place)))
        identity = str(track.identity(report))
        there = _there(first, identity)
        # An alert is of the sweep's end, and not of a vote that has changed the cells since.
        asked = there is None and mapping(first.fields["config"], "tracking").get("alert")
        cells = track.cells(report, ended.alert(report) if asked else None)
        own = record(cells)
        if there and there.record == own:
            return False
        shared = {key: first.known[key] for key in _SHARED if first.known.get(key)}
        arguments = {**shared, **OF_CELLS, "id": identity}
        with wandb_remote.opened(arguments, place) as run:
            fill(run, cells)

        def lacking() -> list[str]:
            found = _there(first, identity)
            return [] if found and found.record == own else [identity]

        if wandb_remote.awaited(lacking):
            raise UserError(NOT_SHOWN)
    wandb_kept.mark_sent(wandb_kept.records(sweep, identity))
    return True


def _there(first: Waiting, identity: str) -> There | None:
    known = first.known
    return wandb_remote.runs(known["entity"], known["project"], [identity]).get(identity)
