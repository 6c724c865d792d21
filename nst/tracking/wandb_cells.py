"""The cells of a sweep in a W&B run of their own, with what they were made from."""

from pathlib import Path

from nst.config.running import Tracking
from nst.tracking import wandb_run, wandb_settings, wandb_shown
from nst.tracking.tracker import Cells, Picture, sweep_group


def log_cells(cells: Cells, tracking: Tracking, folder: Path) -> None:
    """Log the cells of a sweep in a W&B run of their own.

    Its arguments are those of `nst.tracking.tracker.Module`.

    Raises:
      UserError: online without a key, or the server can't be reached.
    """
    import wandb

    table = wandb.Table(columns=list(cells.rows[0]))
    for row in cells.rows:
        values = row.values()
        table.add_data(*(wandb_shown.image(v) if isinstance(v, Picture) else v for v in values))
    group = sweep_group(folder)
    fixed = {"name": "cells", "job_type": "report"}
    own = wandb_settings.identity(group, None)
    pictures = {"grid": cells.grid} | {
        wandb_shown.key(key): one for key, one in cells.originals.items()
    }
    with wandb_run.opened(tracking, folder, group, "cells", own, **fixed) as run:
        run.log({"cells": table} | {key: wandb_shown.image(one) for key, one in pictures.items()})
        if cells.alert:
            wandb_shown.send(run, cells.alert)
