"""The cells of a sweep in a W&B run of their own, with what they were made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nst.config.running import Tracking
from nst.tracking import wandb_run, wandb_settings, wandb_shown
from nst.tracking.tracker import Cells, Picture, sweep_group
from nst.tracking.wandb_summary import digest

#: How the run is told from those of the cells.
OF_CELLS = {"name": "cells", "job_type": "report"}


def log_cells(cells: Cells, tracking: Tracking, folder: Path) -> None:
    """Log the cells of a sweep in a W&B run of their own.

    Its arguments are those of `nst.tracking.tracker.Module`.

    Raises:
      UserError: online without a key, or the server can't be reached.
    """
    group = sweep_group(folder)
    own = wandb_settings.identity(group, {"id": cells.id})
    with wandb_run.opened(tracking, folder, group, "cells", own, **OF_CELLS) as run:
        fill(run, cells)


def fill(run: Any, cells: Cells) -> None:
    """Log cells in a run that is open.

    Args:
      run: a wandb.Run.
      cells: of the sweep; where there is an alert, it is sent.
    """
    import wandb

    table = wandb.Table(columns=list(cells.rows[0]))
    for row in cells.rows:
        values = row.values()
        table.add_data(*(wandb_shown.image(v) if isinstance(v, Picture) else v for v in values))
    shown = {key: wandb_shown.image(one) for key, one in _pictures(cells).items()}
    run.log({"cells": table} | shown)
    run.summary["record"] = record(cells)
    if cells.alert:
        wandb_shown.send(run, cells.alert)


def record(cells: Cells) -> str:
    """Return the digest of cells, by which one sees whether W&B has them.

    Args:
      cells: of the sweep.
    """
    # The grid shows nothing else, and its file has the place that it was made in.
    pictures = [one for row in cells.rows for one in row.values() if isinstance(one, Picture)]
    files = [one.image for one in pictures if isinstance(one.image, Path)]
    rows = [
        {key: one.caption if isinstance(one, Picture) else one for key, one in row.items()}
        for row in cells.rows
    ]
    return digest(rows, [one.caption for one in _pictures(cells).values()], *files)


def _pictures(cells: Cells) -> Mapping[str, Picture]:
    originals = {wandb_shown.key(key): one for key, one in cells.originals.items()}
    return {"grid": cells.grid} | originals
