"""A sweep's table of cells, its grid and what it was made from, to W&B's server."""

import tempfile
from pathlib import Path

from nst.base.errors import UserError
from nst.report import build, track
from nst.sync.waiting import Waiting
from nst.tracking import wandb_kept, wandb_remote
from nst.tracking.tracker import Cells
from nst.tracking.wandb_cells import OF_CELLS, fill, record
from nst.tracking.wandb_remote import NOT_SHOWN

#: What the run of the cells has in common with those of the cells.
_SHARED = ("entity", "project", "group", "tags", "notes")


def send(sweep: Path, first: Waiting) -> bool:
    """Send a sweep's cells, and return True, unless W&B has them as they are.

    Args:
      sweep: its folder, in which nothing is written.
      first: one of its runs, which W&B has.

    Raises:
      UserError: the pictures can't be read, or W&B doesn't take them.
    """
    with tempfile.TemporaryDirectory(prefix="nst-") as place:
        cells = track.cells(build.write([sweep], out=Path(place) / "report"))
        if not _lacking(first, cells):
            return False
        shared = {key: first.known[key] for key in _SHARED if first.known.get(key)}
        arguments = {**shared, **OF_CELLS, "id": cells.id}
        with wandb_remote.opened(arguments, Path(place)) as run:
            fill(run, cells)
        if wandb_remote.awaited(lambda: _lacking(first, cells)):
            raise UserError(NOT_SHOWN)
    wandb_kept.mark_sent(wandb_kept.records(sweep, str(cells.id)))
    return True


def _lacking(first: Waiting, cells: Cells) -> list[Cells]:
    """Return the cells, unless W&B has them."""
    known, own = first.known, str(cells.id)
    there = wandb_remote.runs(known["entity"], known["project"], [own]).get(own)
    return [] if there and there.record == record(cells) else [cells]
