"""The numbers of a sweep's cells: a cell that its folder holds keeps its own, others get free ones.

A cell is told by its configuration, sources by their names (`identity.by_names`): that costs no
picture's bytes and no download, which a run reads soon enough and compares by its hash.
"""

import contextlib
import os
import re
import secrets
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.base import home, locks
from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.config import identity
from nst.config.schema import Config, to_mapping
from nst.rundir import planned, run_json
from nst.rundir.planned import FILE, Taken


@dataclass(frozen=True)
class Folder:
    """A sweep's folder, and the names of the folders in it."""

    path: Path
    before: str  # a run's folder is this, the number and `after`
    after: str

    def of(self, number: int) -> Path:
        """Return the folder of a cell."""
        return self.path / f"{self.before}{number}{self.after}"

    def numbers(self) -> list[int]:
        """Return the numbers of the cells that have a record."""
        pattern = f"{_escaped(self.before)}*{_escaped(self.after)}/run.json"
        name = re.compile(f"{re.escape(self.before)}(0|[1-9][0-9]{{0,8}}){re.escape(self.after)}")
        ways = [path.parent.relative_to(self.path) for path in self.path.glob(pattern)]
        found = [name.fullmatch(way.as_posix()) for way in ways]
        return sorted(int(one[1]) for one in found if one)


def folder(path: Path, subdir: str) -> Folder | None:
    """Return a sweep's folder, None where a run's place in it has more to it than its number.

    Args:
      path: of the sweep's folder.
      subdir: ``hydra.sweep.subdir``, its interpolations as they are.
    """
    parts = re.split(r"\$\{hydra[:.]job\.num\}", os.path.normpath(subdir))
    if len(parts) != 2 or "${" in "".join(parts):
        return None
    return Folder(path, *parts)


@contextlib.contextmanager
def reserved(place: Folder, count: int) -> Iterator[None]:
    """Keep on record that a search may run so many trials, as long as this lasts.

    Args:
      place: of the sweep; made if missing.
      count: of its trials.

    Raises:
      UserError: a user's own file has the name of one of nst's.
    """
    owner = secrets.token_hex(8)
    place.path.mkdir(parents=True, exist_ok=True)
    with locks.file_lock(place.path / FILE):
        _write(place, planned.read(place.path) | {owner: dict.fromkeys(range(count), "")})
    try:
        yield
    finally:
        _release(place, owner)


@contextlib.contextmanager
def numbered(place: Folder, cells: Sequence[Config]) -> Iterator[list[int]]:
    """Give each cell its number, which no other process gets for another cell meanwhile.

    Args:
      place: of the sweep; made if missing.
      cells: their configurations, validated. Without any run in the folder they count from 0.

    Raises:
      UserError: a record can't be read, or a user's own file has the name of one of nst's.
    """
    names = _names(cells)
    owner = secrets.token_hex(8)
    place.path.mkdir(parents=True, exist_ok=True)
    with locks.file_lock(place.path / FILE):
        taken = planned.read(place.path)
        runs = _runs(place, len(cells))
        numbers = _matched(names, _all(taken) | runs)
        waiting = {number: name for number, name in zip(numbers, names, strict=True)}
        taken[owner] = {number: name for number, name in waiting.items() if number not in runs}
        _write(place, taken)
    try:
        yield numbers
    finally:
        _release(place, owner)


def _release(place: Folder, owner: str) -> None:
    # The numbers of a process that was killed go with the last of its cells.
    with contextlib.suppress(OSError, UserError), locks.file_lock(place.path / FILE):
        runs = dict.fromkeys(place.numbers(), "")
        taken = planned.read(place.path)
        taken.pop(owner, None)
        _write(place, {who: own for who, own in taken.items() if own.keys() - runs.keys()})


def expected(place: Folder, cells: Sequence[Config]) -> list[int]:
    """Return the number that `numbered` would give each cell now; nothing is written.

    Args:
      place: of the sweep; need not exist.
      cells: their configurations, validated.

    Raises:
      UserError: as `numbered`.
    """
    return _matched(_names(cells), _all(planned.read(place.path)) | _runs(place, len(cells)))


def _names(cells: Sequence[Config]) -> list[str]:
    return [identity.by_names(home.without_in(to_mapping(config))) for config in cells]


def _all(taken: Taken) -> dict[int, str | None]:
    return {number: name for one in taken.values() for number, name in one.items()}


def _runs(place: Folder, count: int) -> dict[int, str | None]:
    return {number: _recorded(place, number, count) for number in place.numbers()}


def _matched(names: Sequence[str], known: Mapping[int, str | None]) -> list[int]:
    """Return the number of each cell.

    Args:
      names: of the cells.
      known: the cells that have a number; None: one that can't be told.
    """
    # First those where a sweep of this very command has them: of cells that are the same, each.
    found = {at: at for at, name in enumerate(names) if known.get(at) == name}
    by_name: dict[str | None, deque[int]] = defaultdict(deque)
    for number in sorted(known.keys() - found.keys()):
        by_name[known[number]].append(number)
    free = (number for number in range(len(known) + len(names)) if number not in known)
    for at, name in enumerate(names):
        if at not in found and by_name[name]:
            found[at] = by_name[name].popleft()
    return [found[at] if at in found else next(free) for at in range(len(names))]


def _recorded(place: Folder, number: int, count: int) -> str | None:
    """Return which cell a run is of."""
    try:
        fields = run_json.earlier(place.of(number))
        return identity.by_names(fields["config"]) if fields else None
    except UserError:
        if number < count:  # a cell of this sweep may be meant
            raise
        return None
    except RecursionError:  # no configuration of nst's
        return None


def _write(place: Folder, taken: Taken) -> None:
    if not any(taken.values()):
        (place.path / FILE).unlink(missing_ok=True)
        return
    text = planned.as_text(taken, place.before, place.after)
    write_whole(place.path / FILE, text.encode(), folder=False)


def _escaped(text: str) -> str:
    """Return a text as a pattern of pathlib's that matches it alone."""
    return re.sub(r"([*?\[])", r"[\1]", text)
