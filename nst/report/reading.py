"""From the folders that were named to their runs. Light, for what shows numbers alone."""

import os
from collections.abc import Sequence
from pathlib import Path

from nst.base.errors import UserError
from nst.rundir import tree
from nst.rundir.runs import Broken, Run


def runs_in(folders: Sequence[Path]) -> tuple[list[Run], list[Broken], Path]:
    """Return runs, unreadable runs, and the deepest folder that all of them lie in.

    Args:
      folders: with runs at any depth.

    Raises:
      UserError: one is no folder, or no run is found that can be read.
    """
    for folder in folders:
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "does not exist"
            raise UserError(f"{folder} {what}, but must be a folder with runs")
    whole = [Path(os.path.abspath(folder)) for folder in folders]
    base = Path(os.path.commonpath(whole))
    found, broken = tree.find(whole, base)
    named = ", ".join(map(str, folders))
    if not found and broken:
        first = f"{broken[0].folder}: {broken[0].reason}"
        raise UserError(f"none of the {len(broken)} runs in {named} can be read; {first}")
    if not found:
        raise UserError(f"there are no runs in {named}: a run is a folder with a run.json")
    return found, broken, base
