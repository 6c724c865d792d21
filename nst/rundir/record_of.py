"""The record of one run that a person names by its folder. Imports nothing heavy."""

from pathlib import Path
from typing import Any

from nst.base.errors import UserError
from nst.rundir import run_json, runs
from nst.rundir.run_json import BadRecordError
from nst.rundir.tree import natural


def run(folder: Path) -> dict[str, Any]:
    """Return the fields of a run's run.json, those that are missing None.

    Args:
      folder: of the run.

    Raises:
      UserError: there is no run in it, or its record can't be read.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: name that of a run, which holds its run.json")
    if not (folder / "run.json").exists():
        raise UserError(f"{folder} holds no run.json{_below(folder)}")
    try:
        return run_json.read(folder)
    except BadRecordError as error:
        raise UserError(f"{folder / 'run.json'} {error}") from error


def _below(folder: Path) -> str:
    """Return a hint at the runs below a folder, a sweep's say."""
    below = [one for one in runs.folders([folder]) if (one / "run.json").is_file()]
    if not below:
        return ", and no folder below it does: name the folder of a run"
    first = min(below, key=lambda one: natural(str(one)))
    return f": name one of the {len(below)} runs below it, {first} say"
