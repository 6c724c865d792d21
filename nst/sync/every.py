"""Runs to W&B's server, several side by side, and then a look whether it has them."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from nst.base.errors import UserError
from nst.sync import cells
from nst.sync.alone import InUseError
from nst.sync.send import lacks, mark, send
from nst.sync.waiting import Waiting
from nst.tracking import wandb_remote
from nst.tracking.wandb_remote import NOT_SHOWN, DeletedError

#: Runs that are sent side by side: most of the time is spent waiting for the server.
AT_ONCE = 8
#: So many failures in a row, of which each may cost minutes: the server takes none any more.
ENOUGH = 2 * AT_ONCE
IN_USE = "another process is at work on it"


@dataclass
class Done:
    """What became of runs."""

    sent: list[Waiting] = field(default_factory=list)
    there: list[Waiting] = field(default_factory=list)  # before
    failed: dict[str, str] = field(default_factory=dict)  # why, by their names
    busy: list[Waiting] = field(default_factory=list)  # another process is at work on
    partly: set[Path | None] = field(default_factory=set)  # sweeps of which one has failed
    gone: dict[str, str] = field(default_factory=dict)  # the same, of what W&B never takes again

    def take(self, one: Waiting, error: BaseException | None) -> str:
        """Sort a run in by what came of it; return that in few words."""
        if error is None:
            self.sent.append(one)
            return f"{len(one.rows)} rows"
        if isinstance(error, InUseError):
            self.busy.append(one)
            return IN_USE
        # Without its id, so that the runs with one reason can be named together.
        why = str(error).replace(f" for run {one.known['id']}", "") or type(error).__name__
        if isinstance(error, DeletedError):
            self.gone[one.run.name] = why
        else:
            self.fail(one, why)
        return why

    def fail(self, one: Waiting, why: str) -> None:
        """Note why a run is not at W&B."""
        self.failed[one.run.name] = why
        self.partly.add(one.sweep)


def every(runs: Sequence[Waiting], place: Path, say: Callable[[str], None]) -> Done:
    """Send what W&B lacks of each run, and look whether it is there then.

    Args:
      runs: with an entity and a project each.
      place: folder for W&B's own files.
      say: is called with a line about each that is sent.

    Raises:
      UserError: the server can't be reached or refuses.
    """
    lacking = _lacking(runs)
    done = Done(there=[one for one in runs if one not in set(lacking)])
    enough = threading.Event()

    def unless_enough(one: Waiting) -> None:
        if enough.is_set():
            raise UserError("not tried after so many")
        send(one, place)

    in_a_row = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        going = {pool.submit(unless_enough, one): one for one in lacking}
        try:
            for count, ended in enumerate(as_completed(going), 1):
                one = going[ended]
                said = done.take(one, ended.exception())
                in_a_row = in_a_row + 1 if one.run.name in done.failed else 0
                if not enough.is_set():
                    name = one.known.get("name", "")
                    say(f"{count}/{len(lacking)}  {one.run.name}  {name}: {said}")
                if in_a_row >= ENOUGH:
                    enough.set()
        finally:
            pool.shutdown(cancel_futures=True)
    _await(done)
    for one in (*done.sent, *done.there):
        mark(one)
    _send_cells(done, place, say)
    return done


def _await(done: Done) -> None:
    """Look whether W&B has what was sent, here or by another process meanwhile."""
    busy, done.busy = done.busy, []
    try:
        missing = wandb_remote.awaited(lambda: _lacking([*done.sent, *busy]))
    except UserError as error:
        missing = [*done.sent, *busy]
        for one in missing:
            done.fail(one, str(error))
    else:
        for one in missing:
            done.fail(one, NOT_SHOWN if one in done.sent else IN_USE)
    done.sent = [one for one in done.sent if one not in missing]
    done.there += [one for one in busy if one not in missing]


def _send_cells(done: Done, place: Path, say: Callable[[str], None]) -> None:
    """Send the tables of sweeps, all of whose runs are at W&B as far as they can be."""
    sweeps = {one.sweep: one for one in (*done.sent, *done.there)}
    for sweep, first in sweeps.items():
        if sweep is None or sweep in done.partly:
            continue
        try:
            if cells.send(sweep, first, place):
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
