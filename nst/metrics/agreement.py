"""How far one order of pictures agrees with another: Kendall's tau-b, pooled over groups.

Source: Kendall 1938, doi:10.1093/biomet/30.1-2.81; ties as in Kendall 1945,
doi:10.1093/biomet/33.3.239. Of one group it is scipy.stats.kendalltau, which takes
a second to load.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """Of two orders of the same pictures."""

    tau: float  # 1: the same order, 0: none, -1: the other way round
    pictures: int
    alike: int  # pairs of pictures of one group that both orders have the same way round
    pairs: int  # pairs that neither has as equal
    chance: (
        float  # a tau of orders that have nothing to do with each other is within 19 times of 20
    )

    @property
    def is_clear(self) -> bool:
        """Whether chance gives as much in fewer than one of twenty cases."""
        return abs(self.tau) > self.chance


def agreement(first: np.ndarray, second: np.ndarray, groups: np.ndarray) -> Agreement | None:
    """Compare two orders within groups; None where no pair of pictures tells.

    Args:
      first: of shape (pictures,): a number for each.
      second: of shape (pictures,): another one.
      groups: of shape (pictures,): only pictures of one group are compared.
    """
    known = np.isfinite(first) & np.isfinite(second)
    alike = unlike = untied_first = untied_second = pictures = 0
    variance = 0.0
    for one in np.unique(groups[known]):
        here = known & (groups == one)
        a, b = (
            np.sign(np.subtract.outer(values[here], values[here])) for values in (first, second)
        )
        both = np.triu(a * b)
        alike += int((both > 0).sum())
        unlike += int((both < 0).sum())
        untied_first += int(np.triu(a != 0).sum())
        untied_second += int(np.triu(b != 0).sum())
        count = int(here.sum())
        pictures += count if count > 1 else 0
        # Of alike less unlike pairs, where neither order has ties; with them it is less.
        variance += count * (count - 1) * (2 * count + 5) / 18
    if not untied_first or not untied_second:
        return None
    most = math.sqrt(untied_first * untied_second)
    return Agreement(
        tau=(alike - unlike) / most,
        pictures=pictures,
        alike=alike,
        pairs=alike + unlike,
        chance=1.96 * math.sqrt(variance) / most,
    )
