"""The cells of a sweep that no run has begun with, as its folder records them.

Imports nothing heavy, so that a report needs no JAX.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nst.base.errors import UserError

#: In a sweep's folder while a process is at the sweep: the numbers of cells that have no run yet.
FILE = ".cells.json"
_NUMBERS = "numbers taken by processes of nst"
_FOLDERS = "a cell's folder before and after its number"

#: Numbers of cells that are to run, by the process that has taken them: number -> the cell.
Taken = dict[str, dict[int, str]]


def read(sweep: Path) -> Taken:
    """Return the numbers that processes have taken in a sweep's folder; none without a record.

    Args:
      sweep: its folder; need not exist.

    Raises:
      UserError: what has the record's name is something else.
    """
    return _read(sweep)[0]


def as_text(taken: Taken, before: str, after: str) -> str:
    """Return the record's text.

    Args:
      taken: by the processes that are at the sweep.
      before: what a cell's folder is called before its number.
      after: and after it.
    """
    return json.dumps({_NUMBERS: taken, _FOLDERS: [before, after]})


def waiting(within: Iterable[Path], runs: Iterable[Path]) -> int:
    """Return how many cells have no run yet.

    Args:
      within: the folders that are looked into.
      runs: the folders of the runs that are there.
    """
    roots, begun = [folder.absolute() for folder in within], {run.absolute() for run in runs}
    # A cell's folder may lie some levels below its sweep's.
    sweeps = {*roots, *(folder for run in begun for folder in run.parents[:3])}
    inside = [one for one in sweeps if any(one.is_relative_to(root) for root in roots)]
    cells = {cell for sweep in inside if (sweep / FILE).is_file() for cell in _cells(sweep)}
    return len(cells - begun)


def _cells(sweep: Path) -> set[Path]:
    try:
        taken, (before, after) = _read(sweep)
    except UserError:  # not nst's, and no matter of a report's
        return set()
    return {sweep / f"{before}{number}{after}" for own in taken.values() for number in own}


def _read(sweep: Path) -> tuple[Taken, tuple[str, str]]:
    try:
        found: Any = json.loads((sweep / FILE).read_bytes())
        taken = {
            str(who): {int(number): str(name) for number, name in own.items()}
            for who, own in found[_NUMBERS].items()
        }
        before, after = map(str, found.get(_FOLDERS, ("", "")))
        return taken, (before, after)
    except FileNotFoundError:
        return {}, ("", "")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{sweep / FILE} is no record of nst's: move it away, or take another hydra.sweep.dir"
        ) from error
