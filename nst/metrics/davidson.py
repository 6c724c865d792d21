"""Davidson's model of paired comparisons: a strength for each picture, from votes with ties.

Of two pictures with log-strengths a and b, d = a - b, the first wins with probability
exp(d/2) / s, the second with exp(-d/2) / s, and neither with t / s, s their sum. Without ties,
t = 0, it is Bradley and Terry's model, 1 / (1 + exp(-d)).

Sources: Davidson 1970, doi:10.1080/01621459.1970.10481082; Bradley and Terry 1952,
doi:10.1093/biomet/39.3-4.324.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Of the prior, as in choix: ALPHA times the strengths' sum of squares is added to the negative
#: log-likelihood, so a strength is normal with mean 0 and variance 1 / (2 ALPHA). Without it a
#: picture that won every vote would be infinitely strong. It is weak: 80 votes on 12 pictures whose
#: strengths spread by 0.5 to 3.4 give 95 % intervals that hold 91 to 98 % of them.
ALPHA = 0.05


@dataclass(frozen=True)
class Strengths:
    """What the votes say about each picture, and how surely."""

    values: np.ndarray  # of shape (pictures,): log-strengths with mean 0
    covariance: np.ndarray  # of shape (pictures, pictures): of the values, by the Hessian
    tie: float  # Davidson's parameter; 0 where no vote was a tie

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the values, of shape (pictures,)."""
        return np.sqrt(np.diag(self.covariance))

    def intervals(self, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper ends of the values' intervals, each for itself.

        Args:
          confidence: how often intervals like them hold the true value, 0 to 1.
        """
        from scipy.special import ndtri

        half = float(ndtri((1 + confidence) / 2)) * self.errors
        return self.values - half, self.values + half

    def difference(self, first: int, second: int) -> tuple[float, float]:
        """Return how much stronger one picture is than another, and the standard error of that.

        Args:
          first: place of the one.
          second: place of the other.
        """
        of = self.covariance
        variance = of[first, first] + of[second, second] - 2 * of[first, second]
        return float(self.values[first] - self.values[second]), float(np.sqrt(max(variance, 0.0)))

    def probabilities(self, first: int, second: int) -> tuple[float, float, float]:
        """Return how likely the first one wins, neither does, the second one wins.

        Args:
          first: place of the one.
          second: place of the other.
        """
        win, tie, loss = probabilities(self.values[first] - self.values[second], self.tie)
        return float(win), float(tie), float(loss)


def fit(
    count: int,
    first: Sequence[int] | np.ndarray,
    second: Sequence[int] | np.ndarray,
    outcome: Sequence[int] | np.ndarray,
    alpha: float = ALPHA,
) -> Strengths:
    """Return the most likely strengths under votes and prior.

    Args:
      count: of the pictures; one without votes has the prior's strength and its width.
      first: of shape (votes,): the place of one picture.
      second: of shape (votes,): the place of another one.
      outcome: of shape (votes,): 1 where the first won, -1 where the second did, 0 for a tie.
      alpha: of the prior, above 0.
    """
    from scipy.optimize import minimize  # takes a fifth of a second, so not before it is needed
    from scipy.sparse import csr_array

    won, votes = np.asarray(outcome, int), len(outcome)
    # Times the strengths it is the difference that each vote is about.
    signs = np.repeat([1.0, -1.0], votes)
    places = np.tile(np.arange(votes), 2), np.concatenate([first, second]).astype(int)
    sides = csr_array((signs, places), shape=(votes, count))
    # The logarithm of the tie's parameter is the last unknown, with the same prior: if all votes
    # are ties, it would have no end, either. Where none is, it is minus infinity.
    ties = bool((won == 0).any())
    parts = _Votes(sides, won, alpha, ties)
    found = minimize(
        parts.cost,
        np.zeros(count + ties),
        jac=True,
        hess=parts.hessian,
        method="Newton-CG",
        options={"xtol": 1e-9},
    ).x
    covariance = np.linalg.inv(parts.hessian(found))[:count, :count]
    # The votes tell differences alone: what the prior adds to all values at once isn't asked for.
    centered = covariance - 1 / (2 * alpha * count) if count else covariance
    values = found[:count] - (found[:count].mean() if count else 0)
    return Strengths(values, centered, float(np.exp(found[count])) if ties else 0.0)


def probabilities(
    difference: np.ndarray | float, tie: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how likely the first one wins, neither does, the second one wins.

    Args:
      difference: of any shape: the first one's log-strength minus the second one's.
      tie: Davidson's parameter, 0 or more.
    """
    half = np.asarray(difference, float) / 2
    # Divided by the larger one, so that none overflows.
    win, loss = np.exp(half - np.abs(half)), np.exp(-half - np.abs(half))
    none = tie * np.exp(-np.abs(half))
    total = win + loss + none
    return win / total, none / total, loss / total


@dataclass(frozen=True)
class _Votes:
    """The negative log-likelihood with the prior's; convex, since it is a multinomial logit."""

    sides: Any  # sparse, of shape (votes, pictures)
    won: np.ndarray  # of shape (votes,)
    alpha: float
    ties: bool

    def cost(self, unknowns: np.ndarray) -> tuple[float, np.ndarray]:
        win, tie, loss = self._likely(unknowns)
        chosen = np.where(self.won == 1, win, np.where(self.won == -1, loss, tie))
        # By the difference it is half of the expected outcome less the outcome.
        slope = self.sides.T @ (win - loss - self.won) / 2
        if self.ties:
            slope = np.append(slope, (tie - (self.won == 0)).sum())
        cost = self.alpha * unknowns @ unknowns - np.log(chosen).sum()
        return float(cost), slope + 2 * self.alpha * unknowns

    def hessian(self, unknowns: np.ndarray) -> np.ndarray:
        win, tie, loss = self._likely(unknowns)
        spread = (win + loss - (win - loss) ** 2) / 4
        found = (self.sides.T @ (self.sides * spread[:, None])).toarray()
        if self.ties:
            across = -self.sides.T @ (tie * (win - loss)) / 2
            last = np.append(across, (tie * (1 - tie)).sum())
            found = np.block([[found, across[:, None]], [last]])
        return found + 2 * self.alpha * np.eye(len(unknowns))

    def _likely(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tie = float(np.exp(unknowns[-1])) if self.ties else 0.0
        return probabilities(self.sides @ unknowns[: self.sides.shape[1]], tie)
