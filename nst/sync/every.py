"""Runs to W&B's server, several side by side, and then a look whether it has them."""

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from nst.base.errors import UserError
from nst.sync import cells
from nst.sync.send import lacks, mark, send
from nst.sync.waiting import Waiting
from nst.tracking import wandb_remote
from nst.tracking.wandb_remote import NOT_SHOWN

#: Runs that are sent side by side: most of the time is spent waiting for the server.
AT_ONCE = 4


@dataclass
class Done:
    """What became of runs."""

    sent: list[Waiting] = field(default_factory=list)
    there: list[Waiting] = field(default_factory=list)  # before
    failed: dict[str, str] = field(default_factory=dict)  # why, by their names


def every(runs: Sequence[Waiting], say: Callable[[str], None]) -> Done:
    """Send what W&B lacks of each run, and look whether it is there then.

    Args:
      runs: with an entity and a project each.
      say: is called with a line about each that is sent.

    Raises:
      UserError: the server can't be reached or refuses.
    """
    lacking = _lacking(runs)
    done = Done(there=[one for one in runs if one not in lacking])
    with tempfile.TemporaryDirectory(prefix="nst-") as place, ThreadPoolExecutor(AT_ONCE) as pool:
        going = {pool.submit(send, one, Path(place)): one for one in lacking}
        try:
            for count, ended in enumerate(as_completed(going), 1):
                one = going[ended]
                try:
                    ended.result()
                except (UserError, OSError) as error:
                    done.failed[one.run.name] = str(error)
                else:
                    done.sent.append(one)
                said = done.failed.get(one.run.name, f"{len(one.rows)} rows")
                say(f"{count}/{len(lacking)}  {one.run.name}  {one.known.get('name', '')}: {said}")
        finally:
            pool.shutdown(cancel_futures=True)
    for one in wandb_remote.awaited(lambda: _lacking(done.sent)):
        done.sent.remove(one)
        done.failed[one.run.name] = NOT_SHOWN
    for one in (*done.sent, *done.there):
        mark(one)
    _send_cells(done, say)
    return done


def _send_cells(done: Done, say: Callable[[str], None]) -> None:
    """Send the tables of sweeps, all of whose runs are at W&B as far as they can be."""
    sweeps = {one.sweep: one for one in (*done.sent, *done.there) if one.sweep}
    for sweep, first in sweeps.items():
        try:
            if cells.send(sweep, first):
                say(f"{os.path.relpath(sweep)}: its table of cells")
        except UserError as error:
            done.failed["cells"] = str(error)


def _lacking(runs: Sequence[Waiting]) -> list[Waiting]:
    """Return the runs of which W&B lacks something."""
    projects: dict[tuple[str, str], list[Waiting]] = {}
    for one in runs:
        projects.setdefault((one.known["entity"], one.known["project"]), []).append(one)
    found: list[Waiting] = []
    for (entity, project), own in projects.items():
        there = wandb_remote.runs(entity, project, [one.known["id"] for one in own])
        found += [one for one in own if lacks(one, there.get(one.known["id"]))]
    return found
