"""How far what one setting does to a number depends on another one."""

from dataclasses import dataclass

import numpy as np

from nst.metrics.blocks import averaged

#: Values of each of two settings that a table of both takes.
MOST_OF_TWO = 24


@dataclass(frozen=True)
class Interaction:
    """How far the effect of one setting depends on another one."""

    blocks: int  # complete ones, with a number at each pair of values
    table: list[list[float]]  # means over them: a row for each value of the one
    share: float  # of what both settings do to the number, what neither does alone; 0 to 1
    size: float  # root mean square of the latter, in the number's unit


def interaction(
    first: np.ndarray,
    second: np.ndarray,
    blocks: np.ndarray,
    numbers: np.ndarray,
    counts: tuple[int, int],
) -> Interaction | None:
    """Return how far the effect of one setting depends on another, None where no block tells.

    The table of means is taken apart into the mean, what each setting adds by itself, and the
    rest; the share is the rest's sum of squares in that of all three but the mean. Source: the
    two-way analysis of variance, Montgomery 2017, Design and Analysis of Experiments, section 5.3.

    Args:
      first: of shape (runs,): the place of each run's value of the one setting; a run of -1 is left
        out.
      second: of shape (runs,): that of the other.
      blocks: of shape (runs,): a number for each combination of the settings but these two.
      numbers: of shape (runs,): what the settings act on; NaN for a run without it.
      counts: of the values of the two.
    """
    rows, columns = counts
    if min(counts) < 2 or max(counts) > MOST_OF_TWO:
        return None
    cells = np.where((first < 0) | (second < 0), -1, first * columns + second)
    # Blocks of few runs can't be complete, and after a random search there are many of them.
    whole = np.isin(blocks, _frequent(blocks, rows * columns))
    table = averaged(cells[whole], blocks[whole], numbers[whole], rows * columns)
    table = table[np.isfinite(table).all(axis=1)]
    if not len(table):
        return None
    means = table.mean(axis=0).reshape(rows, columns)
    of_rows = means.mean(axis=1, keepdims=True) - means.mean()
    of_columns = means.mean(axis=0, keepdims=True) - means.mean()
    rest = means - means.mean() - of_rows - of_columns
    squares = columns * (of_rows**2).sum() + rows * (of_columns**2).sum() + (rest**2).sum()
    # What is left of equal numbers are the errors of their sums.
    flat = squares <= rows * columns * (1e-12 * np.abs(means).max()) ** 2
    share = 0.0 if flat else float((rest**2).sum() / squares)
    size = 0.0 if flat else float(np.sqrt((rest**2).mean()))
    return Interaction(len(table), means.tolist(), share, size)


def _frequent(blocks: np.ndarray, least: int) -> np.ndarray:
    names, counts = np.unique(blocks, return_counts=True)
    return names[counts >= least]
