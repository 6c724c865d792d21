"""A view as the JSON that W&B keeps, which wandb-workspaces makes and has no public name for."""

import wandb_workspaces.workspaces as ws


def text(view: ws.Workspace) -> str:
    """Return the JSON of a view.

    Args:
      view: that may be of no server's yet.
    """
    return view._model.model_dump_json(by_alias=True, exclude_none=True, indent=2)
