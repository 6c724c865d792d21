"""What voters prefer: a strength for each picture of the same content and style images.

The votes are of pictures, by the hashes of their files, so a picture that was made anew has none.
A strength is a log-odds against the mean of the group's pictures with votes, and says nothing of
another group's.
"""

import functools
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nst.metrics import davidson
from nst.metrics.davidson import Strengths
from nst.rundir.runs import Run
from nst.rundir.votes import Vote


@dataclass(frozen=True)
class Group:
    """The pictures made of one content image and the same style images, with their votes."""

    pictures: tuple[str, ...]  # SHA-256 of each result.png
    runs: tuple[tuple[str, ...], ...]  # of each picture the names of the runs that have it
    votes: tuple[Vote, ...]  # of two of these pictures
    strengths: Strengths  # of each picture; the prior's where it has no vote
    counts: np.ndarray  # of shape (pictures,): votes on each

    @property
    def order(self) -> list[int]:
        """Places of the pictures with votes, the most preferred first."""
        voted = [int(at) for at in np.flatnonzero(self.counts)]
        return sorted(voted, key=lambda at: -self.strengths.values[at])

    @property
    def favorite(self) -> int | None:
        """Place of the picture that is preferred most; None before the first vote that tells."""
        order = self.order
        values = self.strengths.values[order]
        return order[0] if len(order) > 1 and values[0] - values[-1] > 1e-6 else None

    @property
    def best(self) -> tuple[str, ...]:
        """The names of the runs that have the favorite."""
        return () if self.favorite is None else self.runs[self.favorite]


@dataclass(frozen=True)
class Preference:
    """The votes on the pictures of a report."""

    groups: tuple[Group, ...]  # with two pictures or more, in the order of the runs
    voters: dict[str, int]  # name -> votes that count here
    gone: int  # votes on a picture that is gone or was changed

    @property
    def votes(self) -> int:
        """How many votes count."""
        return sum(self.voters.values())

    def by_run(self) -> dict[str, float]:
        """Return the strength of each run whose picture has a vote, by the run's name."""
        return {
            name: float(one.strengths.values[at])
            for one in self.groups
            for at in one.order
            for name in one.runs[at]
        }


def of(runs: Sequence[Run], votes: Sequence[Vote], voter: str | None = None) -> Preference:
    """Return what the votes say of the pictures of some runs.

    Args:
      runs: those that finished with a picture count.
      votes: of these and of others.
      voter: whose votes alone count; none: those of all.
    """
    groups = _pictures(runs)
    place = {one: at for at, group in enumerate(groups) for one in group}
    inside: list[list[Vote]] = [[] for _ in groups]
    voters: dict[str, int] = {}
    gone = 0
    for one in votes:
        if voter is not None and one.voter != voter:
            continue
        at = place.get(one.left)
        if at is None or place.get(one.right) != at or one.left == one.right:
            gone += 1
            continue
        inside[at].append(one)
        voters[one.voter] = voters.get(one.voter, 0) + 1
    found = (_group(group, some) for group, some in zip(groups, inside, strict=True))
    return Preference(tuple(found), voters, gone)


def _group(runs: dict[str, list[str]], votes: Sequence[Vote]) -> Group:
    place = {sha256: at for at, sha256 in enumerate(runs)}
    first, second = ([place[getattr(one, side)] for one in votes] for side in ("left", "right"))
    counts = np.bincount(np.array([*first, *second], int), minlength=len(runs))
    voted = np.flatnonzero(counts)
    # Those without votes say nothing of the others, whose mean alone is what these are measured by.
    values, covariance, tie = np.zeros(len(runs)), np.eye(len(runs)) / (2 * davidson.ALPHA), 0.0
    if len(voted):
        sides = np.searchsorted(voted, first), np.searchsorted(voted, second)
        found = davidson.fit(len(voted), *sides, [one.outcome for one in votes])
        values[voted], covariance[np.ix_(voted, voted)] = found.values, found.covariance
        tie = found.tie
    strengths = Strengths(values, covariance, tie)
    return Group(tuple(runs), tuple(map(tuple, runs.values())), tuple(votes), strengths, counts)


def _pictures(runs: Sequence[Run]) -> list[dict[str, list[str]]]:
    """Return for each content and style image the names of the runs by their picture."""
    groups: dict[object, dict[str, list[str]]] = {}
    for run in runs:
        if run.status == "finished" and run.picture and (sha256 := hash_of(run.picture)):
            groups.setdefault(pair(run), {}).setdefault(sha256, []).append(run.name)
    return [group for group in groups.values() if len(group) > 1]


def pair(run: Run) -> tuple[object, ...]:
    """Return what is equal for runs whose pictures can be compared: content and style images.

    The styles of a blend count, and not how much of each: that is a thing to choose.

    Args:
      run: with its sources.
    """
    used = {
        key.partition("/")[0]: one.sha256 or one.name
        for key, one in run.sources.items()
        if key in ("content", "style")
    }
    parts = sorted(
        one.sha256 or one.name for key, one in run.sources.items() if key.startswith("style/")
    )
    return used.get("content"), tuple(parts) or used.get("style")


def hash_of(picture: Path) -> str:
    """Return the SHA-256 of a picture's file, "" where it can't be read.

    Args:
      picture: its path.
    """
    try:
        status = os.stat(picture)
        return _hash(picture, status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return ""


@functools.lru_cache(maxsize=20_000)
def _hash(picture: Path, *_: int) -> str:
    with picture.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
