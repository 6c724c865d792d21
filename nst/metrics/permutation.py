"""Whether a difference of pairs may be chance: sign flips, and Holm's correction of several tests.

Numpy alone, all tests in one matrix product: scipy.stats takes a second to load, and flips the
signs of a hundred tests one after the other. It is what the tests compare this with.
"""

from collections.abc import Sequence

import numpy as np

#: Pairs up to which every pattern of signs is counted, 2**16; of more, that many are drawn.
MOST_EXACT = 16
DRAWN = 9_999
#: Patterns of signs that are held at once.
_AT_ONCE = 2_000


def sign_flips(differences: Sequence[np.ndarray]) -> list[float | None]:
    """Return the two-sided p of each mean difference: the share of sign patterns as far from 0.

    Were two settings alike, each pair's difference could as well have had the other sign. Source:
    Fisher 1935, The Design of Experiments, section 21; for patterns that are drawn the observed one
    is added, Phipson and Smyth 2010, doi:10.2202/1544-6115.1585.

    Args:
      differences: for each test its pairs', of shape (pairs,).

    Returns:
      None for a test of fewer than two pairs. The least that n pairs can give is 2**(1 - n).
    """
    found: list[float | None] = [None] * len(differences)
    for count in {len(one) for one in differences if len(one) > 1}:
        places = [at for at, one in enumerate(differences) if len(one) == count]
        columns = np.stack([differences[at] for at in places], axis=1)
        for at, value in zip(places, _shares(columns), strict=True):
            found[at] = float(value)
    return found


def least(count: int) -> float:
    """Return the least p that so many pairs can give.

    Args:
      count: of the pairs.
    """
    return 2.0 ** (1 - count) if count <= MOST_EXACT else 1 / (DRAWN + 1)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p's that hold for all tests together: chance brings any below 0.05 in 1 of 20 sweeps.

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70; R's p.adjust(p, "holm").

    Args:
      values: p of each test; None for one that could not be made, which counts for nothing.
    """
    made = sorted((value, at) for at, value in enumerate(values) if value is not None)
    found: list[float | None] = [None] * len(values)
    worst = 0.0
    for place, (value, at) in enumerate(made):
        worst = max(worst, min(1.0, (len(made) - place) * value))
        found[at] = worst
    return found


def _shares(columns: np.ndarray) -> np.ndarray:
    """Return the share of sign patterns whose sum is as far from 0, of shape (tests,)."""
    count = len(columns)
    observed = np.abs(columns.sum(axis=0))
    # Sums of the same numbers in another order differ in their last digits.
    reached = observed - 1e-12 * np.abs(columns).sum(axis=0)
    exact = count <= MOST_EXACT
    # A pattern and its opposite are as far from 0, so that the first pair's sign can stay.
    patterns = 2 ** (count - 1) if exact else DRAWN
    draw = np.random.default_rng(0)
    hits = np.zeros(columns.shape[1], int)
    for start in range(0, patterns, _AT_ONCE):
        several = min(_AT_ONCE, patterns - start)
        if exact:
            numbers = np.arange(start, start + several)[:, None]
            flipped = numbers >> np.arange(count) & 1
        else:
            flipped = draw.integers(0, 2, (several, count))
        hits += (np.abs((1.0 - 2 * flipped) @ columns) >= reached).sum(axis=0)
    return hits / patterns if exact else (hits + 1) / (patterns + 1)
