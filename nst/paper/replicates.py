"""What holds over several pairs of pictures, each with replicates, as numbers with intervals.

The pairs are the units: a statement is about pictures not tried, and a pair's replicates, which
share its pictures, tell only how well the pair's own number is known.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nst.metrics.effects import interval
from nst.paper.curves import number
from nst.paper.grids import Grid, runs
from nst.rundir.runs import Run

#: Of each grid of a statement, of each replicate.
Numbers = Sequence[Sequence[float]]


class Estimate(NamedTuple):
    """A mean with its 95 % interval; none of a single value, which has no spread."""

    mean: float
    low: float | None
    high: float | None


class Compared(NamedTuple):
    """A difference of two kinds of runs; None where no replicate has it."""

    pairs: list[Estimate | None]  # of each pair, over its replicates
    over: Estimate | None  # over the means of the pairs
    confirmed: Estimate | None  # of the run that confirms it


def compared(differences: Numbers) -> Compared:
    """Return what a difference is for each pair and over all.

    Args:
      differences: of each pair, one for each replicate; the last are of what confirms them.
    """
    *pairs, confirmed = (_estimate(each) for each in differences)
    return Compared(pairs, _estimate([one.mean for one in pairs if one]), confirmed)


def subtracted(one: Numbers, other: Numbers) -> Compared:
    """Compare numbers with others, replicate by replicate."""
    return compared(
        [[a - b for a, b in zip(*each, strict=True)] for each in zip(one, other, strict=True)]
    )


def divided(one: list[list[Run]], other: list[list[Run]], key: str) -> Compared:
    """Compare a metric of runs with that of others, as the logarithm of their ratio.

    Args:
      one: runs of each grid and replicate.
      other: as many.
      key: the metric's name.
    """
    logs = ([[np.log(number(run, key)) for run in of] for of in side] for side in (one, other))
    return subtracted(*logs)


def verdict(found: Estimate | None) -> str:
    """Return "lower", "higher" or "open", by where the interval lies against 0."""
    if found is None or found.low is None or found.high is None or found.low <= 0 <= found.high:
        return "open"
    return "lower" if found.high < 0 else "higher"


def of_setting(statement: list[Grid], folder: Path, *cell: str) -> list[list[Run]]:
    """Return the replicates that a statement's grids have of a setting.

    Args:
      statement: its grids.
      folder: of the paper.
      cell: what is swept, the seed apart.
    """
    return [[runs(grid, folder)[*cell, seed] for seed in grid.swept["seed"]] for grid in statement]


def scatter(statement: list[Grid], folder: Path, key: str) -> float:
    """Return the share by which replicates of one setting differ in a metric.

    It is the pooled standard deviation of its logarithm, as a factor, less 1.

    Args:
      statement: grids with replicates.
      folder: of the paper.
      key: the metric's name.
    """
    variances = []
    for grid in statement:
        settings: dict[tuple[str, ...], list[float]] = {}
        for cell, run in runs(grid, folder).items():
            settings.setdefault(cell[:-1], []).append(np.log(number(run, key)))
        variances += [np.var(of, ddof=1) for of in settings.values() if len(of) > 1]
    return float(np.expm1(np.sqrt(np.mean(variances))))


def _estimate(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    low, high = interval(np.asarray(values, float)) or (None, None)
    return Estimate(float(np.mean(values)), low, high)
