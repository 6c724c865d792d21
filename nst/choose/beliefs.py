"""What votes say about the pictures of a group, seen or not, and how far that can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from nst.metrics import davidson

#: A chance below which something is taken as settled.
SETTLED = 0.05
#: Pictures whose pairs are all looked at; of more, those whose places are least known.
_MOST = 400


@dataclass(frozen=True)
class Beliefs:
    """A normal distribution of the pictures' log-strengths."""

    values: np.ndarray  # of shape (pictures,)
    variances: np.ndarray  # of shape (pictures,)
    errors: np.ndarray  # of shape (pictures,): of the values against their mean, as a report's
    voted: np.ndarray  # places of the pictures with votes
    covariance: np.ndarray  # of these; pictures without votes vary alone
    tie: float  # Davidson's parameter

    @property
    def order(self) -> np.ndarray:
        """Places of the pictures, the strongest first."""
        return np.argsort(-self.values, kind="stable")

    @property
    def noticeable(self) -> float:
        """The difference from which on a picture is noticeably better than another one.

        It wins a third of the votes more than it loses: twice as many where there are no ties.
        """
        return float(2 * np.log((self.tie + np.sqrt(self.tie**2 + 32)) / 4))

    def differences(self, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and variances of the differences of pairs.

        Args:
          one: of shape (pairs,): places of pictures.
          other: of shape (pairs,): places of other pictures.
        """
        at = np.full(len(self.values), -1)
        at[self.voted] = np.arange(len(self.voted))
        both = (at[one] >= 0) & (at[other] >= 0)
        shared = np.zeros(len(one))
        shared[both] = self.covariance[at[one[both]], at[other[both]]]
        variances = self.variances[one] + self.variances[other] - 2 * shared
        return self.values[one] - self.values[other], np.maximum(variances, 1e-12)

    def only(self, some: np.ndarray) -> "Beliefs":
        """Return the same of some of the pictures.

        Args:
          some: their places, in order.
        """
        kept = np.isin(self.voted, some)
        voted = np.searchsorted(some, self.voted[kept])
        covariance = self.covariance[np.ix_(kept, kept)]
        return Beliefs(
            self.values[some], self.variances[some], self.errors[some], voted, covariance, self.tie
        )

    def drawn(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Return strengths as they might be, of shape (count, pictures).

        Args:
          count: of the draws.
          random: what draws them.
        """
        found = random.standard_normal((count, len(self.values))) * np.sqrt(self.variances)
        if len(self.voted):
            root = np.linalg.cholesky(self.covariance)
            found[:, self.voted] = random.standard_normal((count, len(self.voted))) @ root.T
        return found + self.values


def of_votes(
    count: int, first: Sequence[int], second: Sequence[int], outcome: Sequence[int]
) -> Beliefs:
    """Return what votes say, by Davidson's model and its prior.

    Args:
      count: of the pictures.
      first: of shape (votes,): the place of one picture.
      second: of shape (votes,): the place of another one.
      outcome: of shape (votes,): 1 where the first won, -1 where the second did, 0 for a tie.
    """
    prior = 1 / (2 * davidson.ALPHA)
    values, variances = np.zeros(count), np.full(count, prior)
    errors = np.sqrt(variances)
    voted = np.unique([*first, *second]).astype(int)
    if not len(voted):
        return Beliefs(values, variances, errors, voted, np.zeros((0, 0)), 0.0)
    # The others are as the prior has them, so that thousands of pictures cost nothing.
    found = davidson.fit(
        len(voted), np.searchsorted(voted, first), np.searchsorted(voted, second), outcome
    )
    # Beside pictures without votes, what the prior adds to all values at once counts, too.
    covariance = found.covariance + prior / len(voted)
    values[voted], variances[voted] = found.values, np.diag(covariance)
    errors[voted] = found.errors
    return Beliefs(values, variances, errors, voted, covariance, found.tie)


def warm_up() -> None:
    """Load what the first vote would wait for."""
    of_votes(2, [0], [1], [1])


@dataclass(frozen=True)
class Outlook:
    """What further votes can still change."""

    rivals: int  # pictures that may well be noticeably better than the first
    changing: float  # share of pairs that may well stand in the wrong order
    certainty: float  # 0 without a vote, 1 where all is settled

    @property
    def favorite_is_clear(self) -> bool:
        """Whether the first place is settled."""
        return self.rivals == 0

    @property
    def is_settled(self) -> bool:
        """Whether further votes would hardly change the ranking."""
        return self.rivals == 0 and self.changing <= SETTLED


def outlook(beliefs: Beliefs) -> Outlook:
    """Return what further votes can still change.

    A pair counts by the chance that the lower of the two is noticeably better, so that pictures
    which are equally good don't keep the ranking open forever.

    Args:
      beliefs: of two pictures at least.
    """
    order = beliefs.order
    best, others = order[0], order[1:]
    against_best = _wrong(beliefs, np.full(len(others), best), others)
    rivals = int((against_best > SETTLED).sum())
    # Of thousands, a sample of the places stands for all.
    some = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), _MOST)).astype(int))]
    upper, lower = np.triu_indices(len(some), 1)
    changing = float(_wrong(beliefs, some[upper], some[lower]).mean())
    unseen = float(ndtr(-np.log(2) * np.sqrt(davidson.ALPHA)))
    in_order = np.clip((unseen - changing) / (unseen - SETTLED), 0, 1)
    behind = 1 - rivals / len(others)
    return Outlook(rivals, changing, float(in_order + behind) / 2)


def _wrong(beliefs: Beliefs, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return the chance that the lower one of each pair is noticeably better."""
    means, variances = beliefs.differences(upper, lower)
    return ndtr((-means - beliefs.noticeable) / np.sqrt(variances))
