"""The comparisons of a sweep: differences, intervals, tests, shares, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from nst.base.errors import UserError, did_you_mean
from nst.metrics import permutation
from nst.metrics.bootstrap import bootstrap
from nst.metrics.effects import Difference, Paired, between, difference
from nst.metrics.shares import Shares, shares
from nst.report import comparable, effects, factors
from nst.report.factors import Factor
from nst.stats import replicates
from nst.stats.gather import Sweep
from nst.stats.missing import missing
from nst.stats.replicates import Replicates

INTERVALS = ("t", "bootstrap")
#: Values up to which each is compared with each; of more, each with the first.
EACH = 4


@dataclass(frozen=True)
class Comparison:
    """One value of a setting against another one."""

    difference: Difference
    means: tuple[float, float]  # of the value and of the other, over the same pairs
    tested: int  # pairs that were flipped: one for each block, or for each seed of it
    p: float | None = None  # None for a single pair
    holm: float | None = None  # for all comparisons that are shown


@dataclass(frozen=True)
class Finding:
    """What a setting does to a metric."""

    factor: Factor
    metric: dict[str, Any]
    why: str  # a sentence where nothing is compared, "" where it is
    blocks: int = 0
    complete: int = 0
    by_seed: bool = False
    replicates: Replicates = replicates.NONE
    shares: Shares | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # a block, and which values it lacks


def compare(sweep: Sweep, interval: str, against: str | None) -> list[Finding]:
    """Return a finding for each setting and metric, with p's that hold for all of them together.

    Args:
      sweep: with what was named.
      interval: one of INTERVALS.
      against: label of the value that the others are compared with; none: `EACH` says.

    Raises:
      UserError: no setting has the value `against`.
    """
    references = [_reference(one, against) for one in sweep.by]
    if against is not None and all(one is None for one in references):
        values = list(dict.fromkeys(text for one in sweep.by for text in _typed(one)))
        raise UserError(
            f"--against: no run has {against!r}{did_you_mean(against, values)}; "
            f"the values are {', '.join(values)}"
        )
    found, differences = list[Finding](), list[np.ndarray]()
    for one, reference in zip(sweep.by, references, strict=True):
        for metric in sweep.metrics:
            finding, several = _finding(sweep, one, metric, interval, reference)
            found.append(finding)
            differences += several
    raw = permutation.sign_flips(differences)
    tests = iter(zip(raw, permutation.holm(raw), strict=True))
    return [
        replace(one, comparisons=[_tested(each, *next(tests)) for each in one.comparisons])
        for one in found
    ]


def count(found: Sequence[Finding]) -> int:
    """Return how many tests were made.

    Args:
      found: all findings.
    """
    return sum(each.p is not None for one in found for each in one.comparisons)


def _tested(one: Comparison, p: float | None, holm: float | None) -> Comparison:
    return replace(one, p=p, holm=holm)


def _typed(one: Factor) -> list[str]:
    """Return the values as one types them; of keys that go together the labels."""
    return (len(one.keys) == 1 and one.keys[0].typed) or one.values


def _reference(one: Factor, against: str | None) -> int | None:
    for texts in (_typed(one), one.values):
        if against in texts:
            return texts.index(str(against))
    return None


def _finding(
    sweep: Sweep, one: Factor, metric: dict[str, Any], interval: str, reference: int | None
) -> tuple[Finding, list[np.ndarray]]:
    report = sweep.report
    apart = comparable.of_one(metric, factors.loose(one, sweep.every, report.runs))
    if apart:
        return Finding(one, metric, comparable.reason(metric, apart[0])), []
    numbers = effects.numbers(report, metric)
    if not np.isfinite(numbers).any():
        return Finding(one, metric, f"No finished run has a {metric['title']}."), []
    paired = effects.pairs(report, one, sweep.every, numbers)
    pairs = _pairs(len(one.values), reference)
    made = [each for pair in pairs if (each := difference(paired.table, *pair))]
    if not made:
        return Finding(one, metric, _unpaired(one, numbers), blocks=paired.blocks), []
    blocks = factors.settings(sweep.every, one.others, len(report.runs))
    seeds = replicates.seeds(report)
    several = replicates.of(one, blocks, numbers, seeds)
    flipped = replicates.pairs(one, blocks, numbers, seeds, paired)
    tested = [flipped.differences(each.level, each.against) for each in made]
    rows = blocks if seeds is None or not paired.by_seed else seeds
    return Finding(
        factor=one,
        metric=metric,
        why="",
        blocks=paired.blocks,
        complete=paired.complete,
        by_seed=paired.by_seed,
        replicates=several,
        shares=_shares(paired, several),
        comparisons=[
            _comparison(paired, each, len(those), interval)
            for each, those in zip(made, tested, strict=True)
        ],
        missing=missing(report, one, sweep.every, rows, numbers, paired),
    ), tested


def _pairs(values: int, reference: int | None) -> list[tuple[int, int]]:
    """Return the places of each value that is compared, and of the one that it is compared with."""
    if reference is None and values <= EACH:
        return [(level, against) for against, level in combinations(range(values), 2)]
    return [(level, reference or 0) for level in range(values) if level != (reference or 0)]


def _comparison(paired: Paired, one: Difference, tested: int, interval: str) -> Comparison:
    if interval == "bootstrap":
        low, high = bootstrap(between(paired.table, one.level, one.against)) or (None, None)
        one = replace(one, low=low, high=high)
    both = paired.table[:, [one.level, one.against]]
    means = both[np.isfinite(both).all(axis=1)].mean(axis=0)
    return Comparison(one, (float(means[0]), float(means[1])), tested)


def _unpaired(one: Factor, numbers: np.ndarray) -> str:
    """Return why no two runs are compared, such as after a random search."""
    why = f"No two runs with a number differ in {one.title} alone, so that none are compared"
    without = int(np.isnan(numbers).sum())
    if without:
        return f"{why}; {without} of {len(numbers)} runs have none."
    return f"{why}: a grid has such pairs, a random search has not."


def _shares(paired: Paired, several: Replicates) -> Shares | None:
    if not paired.whole or len(paired.table) < 2:
        return None
    # Where the seeds are the pairs, they have no part beside these.
    return shares(paired.table, None if paired.by_seed else several.variance)
