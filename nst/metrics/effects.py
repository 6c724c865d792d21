"""What a setting does to a number: its values compared within blocks of equal other settings.

A block is one combination of all other settings, so that what they do to the number cancels out of
a difference. Source: paired comparisons and randomized blocks, Box, Hunter and Hunter 2005,
Statistics for Experimenters, chapters 3 and 4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nst.metrics.blocks import averaged

CONFIDENCE = 0.95
#: Values of a setting, beyond which it was drawn at random and nothing is looked for.
MOST = 200


@dataclass(frozen=True)
class Difference:
    """One value of a setting against another one, over the blocks that have both."""

    level: int  # place of the value
    against: int  # of the other one
    pairs: int  # blocks
    mean: float  # the value's number minus the other's
    low: float | None  # of the interval; none for a single pair, which has no spread
    high: float | None
    above: int  # pairs in which the value's number is the greater one
    below: int  # in which it is the smaller one; the rest are equal

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0: the difference is more than the pairs' own spread."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Effect:
    """What the values of a setting do to a number."""

    blocks: int  # with a number at one of the values or more
    complete: int  # with a number at each of them
    means: list[float | None]  # of each value over the complete blocks, where these are compared
    differences: list[Difference]  # to the first value; empty where no block has two values
    span: Difference | None  # the value with the highest number to the one with the lowest
    by_seed: bool  # the pairs are the seeds of the only block


@dataclass(frozen=True)
class Paired:
    """The numbers whose differences are taken: a row for each pair, or set of more than two."""

    table: np.ndarray  # of shape (pairs, values); NaN where a block has no number at a value
    blocks: int  # with a number at one of the values or more
    complete: int  # with a number at each of them
    whole: bool  # the table is of the complete ones alone
    by_seed: bool  # the rows are the seeds of the only block


def effect(
    levels: np.ndarray,
    blocks: np.ndarray,
    numbers: np.ndarray,
    count: int,
    seeds: np.ndarray | None = None,
) -> Effect:
    """Compare the values of a setting within blocks.

    Args:
      levels: as `paired` takes it, and all others.
      blocks: of shape (runs,).
      numbers: of shape (runs,).
      count: of the values.
      seeds: of shape (runs,).

    Returns:
      The first value's difference to itself isn't among the differences, and each of their
      intervals stands for itself. The span's is Bonferroni's for all pairs of values, since its
      two were chosen for being far apart.
    """
    found = paired(levels, blocks, numbers, count, seeds)
    if not len(found.table):
        return Effect(found.blocks, found.complete, [None] * count, [], None, found.by_seed)
    against = [difference(found.table, level, 0) for level in range(1, count)]
    differences = [one for one in against if one]
    means = found.table.mean(axis=0) if found.whole else [None] * count
    return Effect(
        blocks=found.blocks,
        complete=found.complete,
        means=[None if mean is None else float(mean) for mean in means],
        differences=differences,
        span=_span(found.table, differences),
        by_seed=found.by_seed,
    )


def paired(
    levels: np.ndarray,
    blocks: np.ndarray,
    numbers: np.ndarray,
    count: int,
    seeds: np.ndarray | None = None,
) -> Paired:
    """Return the numbers of each block at the values of a setting.

    Runs of one block and one value, such as those that differ in their seed, count as their mean.
    Differences are over the complete blocks, so that all are of the same ones. Where these are
    less than half of the blocks with two values or more, each is over the blocks that have its two.
    Where there is one block alone, the seeds that all values have are the pairs, unless they change
    nothing.

    Args:
      levels: of shape (runs,): the place of each run's value, 0 to count - 1; a run of -1 has none
        and is left out.
      blocks: of shape (runs,): a number for each combination of the other settings.
      numbers: of shape (runs,): what the setting acts on; NaN for a run without it.
      count: of the values.
      seeds: of shape (runs,): a number for each seed; none: there is one alone.
    """
    if count > MOST:
        return Paired(np.empty((0, count)), len(set(blocks.tolist())), 0, False, False)
    table = averaged(levels, blocks, numbers, count)
    of_seeds = averaged(levels, seeds, numbers, count) if seeds is not None else table[:0]
    of_seeds = of_seeds[np.isfinite(of_seeds).all(axis=1)]
    by_seed = len(table) == 1 and bool((of_seeds != of_seeds[:1]).any())
    table = of_seeds if by_seed else table
    filled = np.isfinite(table).sum(axis=1)
    complete = int((filled == count).sum())
    whole = bool(complete and 2 * complete >= (filled > 1).sum())
    kept = table[filled == count] if whole else table
    return Paired(kept, len(table), complete, whole, by_seed)


def interval(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return Student's t interval of a mean, None of fewer than two values.

    Source: Student 1908, doi:10.1093/biomet/6.1.1; R's t.test(x).

    Args:
      values: of shape (n,): independent ones, such as the differences of pairs.
      confidence: how often intervals like it hold the true mean, 0 to 1.
    """
    from scipy.special import stdtrit  # takes a tenth of a second, so not before it is needed

    count = len(values)
    if count < 2:
        return None
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * deviation / math.sqrt(count)
    return mean - half, mean + half


def difference(
    table: np.ndarray, level: int, against: int, confidence: float = CONFIDENCE
) -> Difference | None:
    """Return what one value's numbers are more than another's, None where no row has both.

    Args:
      table: of shape (pairs, values), NaN for none.
      level: place of the value.
      against: that of the other.
      confidence: how often intervals like its own hold the true mean, 0 to 1.
    """
    values = between(table, level, against)
    if not len(values):
        return None
    low, high = interval(values, confidence) or (None, None)
    above, below = int((values > 0).sum()), int((values < 0).sum())
    return Difference(level, against, len(values), float(values.mean()), low, high, above, below)


def between(table: np.ndarray, level: int, against: int) -> np.ndarray:
    """Return the differences of two values, of shape (pairs,), over the rows that have both.

    Args:
      table: as `difference` takes it, and the others.
      level: place of the value.
      against: that of the other.
    """
    values = table[:, level] - table[:, against]
    return values[np.isfinite(values)]


def _span(table: np.ndarray, differences: Sequence[Difference]) -> Difference | None:
    """Return the difference of the two values that are farthest apart on average."""
    if not differences:
        return None
    shifts = {0: 0.0} | {one.level: one.mean for one in differences}
    low, high = min(shifts, key=shifts.__getitem__), max(shifts, key=shifts.__getitem__)
    if low == high:  # all are equal
        high = differences[-1].level
    pairs = len(shifts) * (len(shifts) - 1) / 2
    found = difference(table, high, low, 1 - (1 - CONFIDENCE) / pairs)
    return found or differences[-1]
