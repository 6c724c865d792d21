"""One voter's choosing: which pair each browser shows, what was answered, and what follows."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.choose import words
from nst.choose.next_pair import Pair, next_pair
from nst.choose.pictures import Group, Picture, Source, blind_name
from nst.choose.tally import Tally
from nst.rundir import votes
from nst.rundir.votes import Vote

#: Pairs of one group in a row, where there are several: each change of pictures costs a look.
IN_A_ROW = 6
#: Browsers whose pairs are remembered.
_MOST_BROWSERS = 50


class StaleError(Exception):
    """A browser's pair isn't open any more: it was answered, or a picture of it is gone."""


@dataclass
class Ballot:
    """A pair as a browser shows it."""

    group: int
    pair: Pair  # places of the left and the right picture
    name: str


@dataclass
class Browser:
    """What a browser, or one of its tabs, shows and has answered."""

    ballot: Ballot | None = None
    answered: str = ""  # the name of its last ballot, so that one sent twice counts once
    in_a_row: int = 0  # pairs of one group


class Session:
    """What all browsers of a voter share."""

    def __init__(
        self,
        groups: Sequence[Group],
        folder: Path,
        voter: str,
        others: Sequence[Path] = (),
        seed: int | None = None,
    ):
        """Begin.

        Args:
          groups: of two pictures or more.
          folder: that new votes lie in.
          voter: their name.
          others: folders with votes from before.
          seed: of the choice between pairs that tell as much; none: another one each time.
        """
        self.groups, self.folder, self.voter = list(groups), folder, voter
        self.tally = Tally(groups, folder, voter, others)
        self._random = np.random.default_rng(seed)
        self._lock = threading.RLock()
        self._browsers: OrderedDict[str, Browser] = OrderedDict()
        self._gone: set[str] = set()  # names of pictures that are gone or changed
        self._last: Ballot | None = None
        self._names: dict[str, Picture | Source] = {}
        for group in self.groups:
            self._names |= {one.name: one for one in group.pictures}
            self._names |= {one.name: one for one in (*group.content, *group.style)}

    def picture(self, name: str) -> bytes | None:
        """Return the bytes of a picture by its blind name, None where there is none.

        Args:
          name: of a picture or a source, as the page has it.
        """
        found = self._names.get(name)
        if isinstance(found, Picture):
            data = found.data()
            if data is None:
                self._gone.add(name)
            return data
        return found.data if found else None

    def show(self, browser: str) -> dict[str, Any]:
        """Return the pair that a browser is to show: the open one, or the next.

        Args:
          browser: its name.

        Raises:
          UserError: no two pictures are left, or the votes can't be read.
        """
        with self._lock:
            mine = self._browser(browser)
            if not mine.ballot or not set(mine.ballot.pair) <= set(self._left(mine.ballot.group)):
                mine.ballot = self._next(mine)
            return self._shown(mine.ballot)

    def vote(self, browser: str, ballot: str, answer: str) -> dict[str, Any]:
        """Write a vote down and return the next pair; a ballot sent twice counts once.

        Args:
          browser: its name.
          ballot: its name.
          answer: one of `votes.ANSWERS`.

        Raises:
          StaleError: that ballot isn't open in this browser.
          UserError: the vote can't be written.
        """
        with self._lock:
            mine = self._browser(browser)
            if ballot != mine.answered:
                if not mine.ballot or ballot != mine.ballot.name:
                    raise StaleError
                self._write(mine.ballot, answer)
                mine.answered, self._last, mine.ballot = ballot, mine.ballot, None
                mine.in_a_row += 1
            return self.show(browser)

    def undo(self, browser: str) -> dict[str, Any]:
        """Take the voter's last vote back and return its pair, to be answered anew.

        Args:
          browser: its name.

        Raises:
          UserError: the votes can't be written.
        """
        with self._lock:
            mine = self._browser(browser)
            with _naming(self.folder / votes.FILE):
                taken = votes.undo(self.folder, self.voter)
            if taken and (found := self.tally.pair(taken)):
                group, left, right = found
                mine.ballot = Ballot(group, (left, right), blind_name())
            return self.show(browser)

    def _browser(self, name: str) -> Browser:
        found = self._browsers.setdefault(name, Browser())
        self._browsers.move_to_end(name)
        while len(self._browsers) > _MOST_BROWSERS:
            self._browsers.popitem(last=False)
        return found

    def _left(self, group: int) -> list[int]:
        """Return the places of the pictures that are still there."""
        pictures = self.groups[group].pictures
        return [place for place, one in enumerate(pictures) if one.name not in self._gone]

    def _next(self, mine: Browser) -> Ballot:
        group = self._group(mine)
        left = self._left(group)
        open_ones = [one.ballot for one in self._browsers.values() if one is not mine]
        at = {place: number for number, place in enumerate(left)}
        avoided = [
            (at[ballot.pair[0]], at[ballot.pair[1]])
            for ballot in (self._last, *open_ones)
            if ballot and ballot.group == group and set(ballot.pair) <= set(left)
        ]
        part = self.tally.known().beliefs[group].only(np.array(left))
        one, other = next_pair(part, self._random, avoided)
        return Ballot(group, (left[one], left[other]), blind_name())

    def _group(self, mine: Browser) -> int:
        """Return the group of the next pair: the one of the last for a while, or the most open."""
        here = [group for group in range(len(self.groups)) if len(self._left(group)) > 1]
        if not here:
            raise UserError("there are no two pictures left to compare: they are gone or changed")
        known = self.tally.known()
        last = self._last.group if self._last else None
        if last in here and mine.in_a_row < IN_A_ROW and not known.outlooks[last].is_settled:
            return last
        mine.in_a_row = 0
        return min(here, key=lambda group: (known.outlooks[group].certainty, group == last))

    def _write(self, ballot: Ballot, answer: str) -> None:
        pictures = self.groups[ballot.group].pictures
        left, right = (pictures[place].sha256 for place in ballot.pair)
        with _naming(self.folder / votes.FILE):
            votes.append(self.folder, Vote(left, right, answer, self.voter))

    def _shown(self, ballot: Ballot) -> dict[str, Any]:
        known = self.tally.known()
        group = self.groups[ballot.group]
        left, right = (group.pictures[place].name for place in ballot.pair)
        sizes = [len(one.pictures) for one in self.groups]
        return {
            "ballot": ballot.name,
            "left": left,
            "right": right,
            "content": [one.told() for one in group.content],
            "style": [one.told() for one in group.style],
            "group": [ballot.group + 1, len(self.groups)],
            "votes": known.votes,
            "certainty": float(np.mean([one.certainty for one in known.outlooks])),
            "settled": all(one.is_settled for one in known.outlooks),
            "outlook": words.outlook(known.votes, sizes, known.outlooks),
        }


@contextlib.contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Say of the file of votes that it can't be written, and that a vote isn't kept."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise UserError(f"{file} can't be written ({why}): this answer isn't kept") from error
