"""Blocks of runs: each one combination of the settings that are not looked at."""

from collections.abc import Sequence

import numpy as np


def numbered(columns: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """Return a number for each run, of shape (runs,), the same where all columns agree.

    Args:
      columns: for each setting the place of each run's value.
      count: of the runs; all are 0 where there is no column.
    """
    if not columns:
        return np.zeros(count, int)
    found = np.unique(np.array(columns).T, axis=0, return_inverse=True)[1]
    return np.asarray(found).reshape(count)


def averaged(
    levels: np.ndarray,
    blocks: np.ndarray,
    numbers: np.ndarray,
    count: int,
) -> np.ndarray:
    """Return the mean number of each block at each value, of shape (blocks, values); NaN for none.

    Args:
      levels: of shape (runs,): the place of each run's value; a run of -1 is left out.
      blocks: of shape (runs,): a number for each block.
      numbers: of shape (runs,); NaN for a run without one.
      count: of the values.
    """
    known = np.isfinite(numbers) & (levels >= 0)
    rows = np.unique(blocks[known], return_inverse=True)[1]
    places = rows * count + levels[known]
    size = (int(rows.max()) + 1) * count if len(rows) else 0
    sums = np.bincount(places, numbers[known], size)
    runs = np.bincount(places, minlength=size)
    found = np.full(size, np.nan)
    np.divide(sums, runs, out=found, where=runs > 0)
    return found.reshape(-1, count)
