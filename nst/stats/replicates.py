"""Runs of equal settings that differ in their seed: how far apart they are, and their pairs."""

from dataclasses import dataclass

import numpy as np

from nst.metrics.blocks import averaged, numbered
from nst.metrics.effects import Paired, between
from nst.report import factors
from nst.report.factors import SEED, Factor
from nst.report.summary import Report


@dataclass(frozen=True)
class Replicates:
    """How many runs there are of each block and value, and how far these are apart."""

    least: int  # of a block and a value
    most: int
    deviation: float | None  # standard, of their number; None: no cell has several
    variance: float | None  # mean over the cells, divisor n
    still: bool = False  # several seeds gave the very same numbers


NONE = Replicates(1, 1, None, None)


def seeds(report: Report) -> np.ndarray | None:
    """Return a number for the seed of each run, of shape (runs,); None where it doesn't vary.

    Args:
      report: of the runs.
    """
    seed = next((key for key in report.keys if key.name == SEED), None)
    return None if seed is None else factors.places(seed, report.runs)


def of(
    one: Factor, blocks: np.ndarray, numbers: np.ndarray, seeds: np.ndarray | None
) -> Replicates:
    """Return the replicates of the cells, which are a block and a value each.

    Args:
      one: the setting.
      blocks: of shape (runs,), and the others.
      numbers: NaN for a run without one.
      seeds: as the function of this name returns them.
    """
    known = np.isfinite(numbers) & (one.levels >= 0)
    if seeds is None or not known.any():
        return NONE
    cells = numbered([blocks[known].tolist(), one.levels[known].tolist()], int(known.sum()))
    places = numbered([cells.tolist(), seeds[known].tolist()], len(cells))
    # The same run twice, in two sweeps say, is no replicate: their mean counts.
    means = np.bincount(places, numbers[known]) / np.bincount(places)
    cell = np.zeros(len(means), int)
    cell[places] = cells
    counts = np.bincount(cell)
    if counts.max() < 2:
        return NONE
    squares = (means - (np.bincount(cell, means) / counts)[cell]) ** 2
    of_cells = np.bincount(cell, squares)
    if not of_cells.any():
        return Replicates(1, 1, None, None, still=True)
    deviation = float(np.sqrt(of_cells.sum() / (counts - 1).sum()))
    variance = float((of_cells / counts).mean())
    return Replicates(int(counts.min()), int(counts.max()), deviation, variance)


@dataclass(frozen=True)
class Pairs:
    """The numbers of each seed of each block at the values of a setting."""

    table: np.ndarray  # of shape (rows, values); NaN for none
    blocks: np.ndarray  # of shape (rows,): the place of each row's block
    means: np.ndarray  # of shape (blocks, values), over the seeds

    def differences(self, level: int, against: int) -> np.ndarray:
        """Return what one value has more than another: of each seed, where a block has both.

        A block whose seeds all have the same difference counts as one, and so does one whose values
        have no seed in common. Each has its part in the mean, however many seeds it has.

        Args:
          level: place of the value.
          against: that of the other.
        """
        several = self.table[:, level] - self.table[:, against]
        known = np.isfinite(several)
        several, places = several[known], self.blocks[known]
        size = len(self.means)
        low, high = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(low, places, several)
        np.maximum.at(high, places, several)
        # What is left of equal numbers are the errors of their differences.
        apart = high - low > 1e-12 * np.abs(self.means).max(
            initial=0, where=np.isfinite(self.means)
        )
        counts = np.bincount(places, minlength=size)
        of_seeds = (several / counts[places])[apart[places]]
        return np.concatenate([of_seeds, between(self.means[~apart], level, against)])


def pairs(
    one: Factor, blocks: np.ndarray, numbers: np.ndarray, seeds: np.ndarray | None, paired: Paired
) -> Pairs:
    """Return what the values of a setting are tested by.

    Args:
      one: the setting.
      blocks: of shape (runs,), and the others.
      numbers: NaN for a run without one.
      seeds: of the runs; None: there is one alone.
      paired: what its differences are of; only its blocks count.
    """
    if seeds is None or paired.by_seed:
        return Pairs(paired.table, np.arange(len(paired.table)), paired.table)
    known = np.isfinite(numbers) & (one.levels >= 0)
    levels, within, values = one.levels[known], blocks[known], numbers[known]
    means = averaged(levels, within, values, len(one.values))
    places = np.unique(within, return_inverse=True)[1]
    if paired.whole:
        complete = np.isfinite(means).all(axis=1)
        inside = complete[places]
        return pairs(
            Factor(one.keys, one.values, levels[inside]),
            within[inside],
            values[inside],
            seeds[known][inside],
            Paired(means[complete], int(complete.sum()), int(complete.sum()), False, False),
        )
    rows = numbered([places.tolist(), seeds[known].tolist()], len(places))
    of_rows = np.zeros(int(rows.max()) + 1, int)
    of_rows[rows] = places
    return Pairs(averaged(levels, rows, values, len(one.values)), of_rows, means)
