"""What has been voted on the pictures of a session; the file of votes is its only memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.choose import beliefs
from nst.choose.beliefs import Beliefs, Outlook
from nst.choose.pictures import Group
from nst.rundir import votes
from nst.rundir.votes import Vote

#: Of a vote the places of the left and the right picture, and the outcome.
Cast = tuple[int, int, int]


@dataclass(frozen=True)
class Known:
    """What one voter's votes come to."""

    votes: int  # on pictures that are here
    beliefs: list[Beliefs]  # of each group
    outlooks: list[Outlook]


class Tally:
    """The votes in a folder, read anew each time: another process may add to them."""

    def __init__(
        self, groups: Sequence[Group], folder: Path, voter: str, others: Sequence[Path] = ()
    ):
        """Begin.

        Args:
          groups: of two pictures or more.
          folder: that new votes lie in.
          voter: their name.
          others: folders with votes from before, when some of the pictures were chosen between.
        """
        self.groups, self.folder, self.voter = list(groups), folder, voter
        self._folders = list(dict.fromkeys([folder, *others]))
        self._places = {
            (group, picture.sha256): place
            for group, one in enumerate(self.groups)
            for place, picture in enumerate(one.pictures)
        }
        self._known: tuple[list[list[Cast]], Known] | None = None

    def everyone(self) -> list[Vote]:
        """Return all votes, those of others and on other pictures too."""
        return [vote for folder in self._folders for vote in votes.read(folder)[0]]

    def notes(self) -> list[str]:
        """Return a sentence on each file of votes that can't be read as a whole."""
        found = (votes.read(folder)[1] for folder in self._folders)
        return [note for note in found if note]

    def own(self) -> list[Vote]:
        """Return the voter's votes, on other pictures too."""
        return [vote for vote in self.everyone() if vote.voter == self.voter]

    def pair(self, vote: Vote) -> tuple[int, int, int] | None:
        """Return the group of a vote's pictures and their places, None where they aren't here.

        Args:
          vote: on any pictures.
        """
        for group in range(len(self.groups)):
            left, right = (self._places.get((group, one)) for one in (vote.left, vote.right))
            if left is not None and right is not None and left != right:
                return group, left, right
        return None

    def cast(self, some: Sequence[Vote]) -> list[list[Cast]]:
        """Return for each group the votes on its pictures.

        Args:
          some: votes on any pictures.
        """
        found: list[list[Cast]] = [[] for _ in self.groups]
        for vote in some:
            if pair := self.pair(vote):
                group, left, right = pair
                found[group].append((left, right, vote.outcome))
        return found

    def known(self) -> Known:
        """Return what the voter's votes come to."""
        casts = self.cast(self.own())
        if not self._known or self._known[0] != casts:
            found = [
                of_cast(len(group.pictures), cast)
                for group, cast in zip(self.groups, casts, strict=True)
            ]
            outlooks = [beliefs.outlook(one) for one in found]
            self._known = casts, Known(sum(map(len, casts)), found, outlooks)
        return self._known[1]


def of_cast(count: int, cast: Sequence[Cast]) -> Beliefs:
    """Return what votes say of a group's pictures.

    Args:
      count: of the pictures.
      cast: the votes.
    """
    columns = zip(*cast, strict=True) if cast else ((), (), ())
    return beliefs.of_votes(count, *columns)
