"""What the variation of a number over the runs of a grid is made of."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shares:
    """Parts of the sum of squared deviations from the mean; together 1."""

    key: float  # between the means of the setting's values
    blocks: float  # between the means of the blocks
    rest: float  # what the setting does in one block and not in another
    replicates: float | None  # between runs that differ in their seed alone; None: there are none


def shares(table: np.ndarray, within: float | None = None) -> Shares | None:
    """Return what the variation is made of, None where there is none, or no complete block.

    Source: the randomized complete block design, Montgomery 2017, Design and Analysis of
    Experiments, section 4.1. They describe these runs: of few blocks, even a setting that does
    nothing has a share, about 1 / blocks of what is not between these.

    Args:
      table: of shape (blocks, values), the mean of each block at each value, all of them known.
      within: mean over its cells of the variance of their runs, divisor n; None: one run each.
    """
    if table.size == 0 or not np.isfinite(table).all() or min(table.shape) < 1:
        return None
    rows, columns = table.shape
    mean = table.mean()
    of_key = rows * ((table.mean(axis=0) - mean) ** 2).sum()
    of_blocks = columns * ((table.mean(axis=1) - mean) ** 2).sum()
    between = ((table - mean) ** 2).sum()
    of_runs = 0.0 if within is None else table.size * within
    total = between + of_runs
    # What is left of equal numbers are the errors of their sums.
    if total <= table.size * (1e-12 * np.abs(table).max()) ** 2:
        return None
    rest = max(0.0, between - of_key - of_blocks)
    key, blocks, others, runs = (float(one / total) for one in (of_key, of_blocks, rest, of_runs))
    return Shares(key, blocks, others, None if within is None else runs)
