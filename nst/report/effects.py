"""What each setting does to each number, as the page shows it; computed here and nowhere else."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from nst.metrics.effects import Effect, Paired, effect, paired
from nst.metrics.interaction import MOST_OF_TWO, interaction
from nst.report import comparable, compared, effect_words, factors
from nst.report.factors import Factor
from nst.report.summary import Report

#: With more settings than this, there are too many pairs to read.
_MOST_PAIRED = 10


def of(report: Report, metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the effects and interactions of a sweep, fit for JSON.

    Args:
      report: whose finished runs are compared.
      metrics: what they are compared by, as nst.report.compared lists it.

    Returns:
      "factors", for each the places of its keys and what it does to each metric, and "pairs", for
      each two of them their interaction in each metric; "within", for each metric the keys of
      which it compares within one value alone.
    """
    found = factors.of(report.keys, report.runs)
    columns = [numbers(report, metric) for metric in metrics]
    loose = [factors.loose(one, found, report.runs) for one in found]
    whys = [[_why(metric, names) for metric in metrics] for names in loose]
    place = {key.name: at for at, key in enumerate(report.keys)}
    return {
        "factors": [
            {
                "title": one.title,
                "keys": [place[key.name] for key in one.keys],
                "values": one.values,
                "others": [place[name] for name in one.others],
                "along": [key.title for key in one.along],
                "drawn": one.drawn,
                "of": _effects(report, one, found, metrics, columns, why),
            }
            for one, why in zip(found, whys, strict=True)
        ],
        "pairs": _interactions(found, metrics, columns, whys),
        "within": [
            [place[name] for name in comparable.of_one(metric, list(place))] for metric in metrics
        ],
    }


def single(report: Report, one: Factor, every: Sequence[Factor], numbers: np.ndarray) -> Effect:
    """Return what a factor does to a number.

    Args:
      report: of the sweep.
      one: the factor.
      every: all of the sweep's.
      numbers: of shape (runs,), NaN for a run without one.
    """
    return effect(*_compared(report, one, every, numbers))


def pairs(report: Report, one: Factor, every: Sequence[Factor], numbers: np.ndarray) -> Paired:
    """Return the numbers whose differences `single` tells.

    Args:
      report: of the sweep.
      one: the factor.
      every: all of the sweep's.
      numbers: of shape (runs,), NaN for a run without one.
    """
    return paired(*_compared(report, one, every, numbers))


def numbers(report: Report, metric: Mapping[str, Any]) -> np.ndarray:
    """Return a number for each run, of shape (runs,), NaN where it did not finish or has none.

    Args:
      report: of the sweep.
      metric: as nst.report.compared lists it.
    """
    values = [
        compared.value(run, metric["group"], metric["name"]) if run.status == "finished" else None
        for run in report.runs
    ]
    return np.array([np.nan if value is None else value for value in values], float)


def _compared(
    report: Report, one: Factor, every: Sequence[Factor], numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray | None]:
    """Return what nst.metrics.effects takes: levels, blocks, numbers, their count, and seeds."""
    count = len(report.runs)
    blocks = np.arange(count) if one.drawn else factors.settings(every, one.others, count)
    seed = next((key for key in report.keys if key.name == factors.SEED), None)
    seeds = None if seed is None else factors.places(seed, report.runs)
    return one.levels, blocks, numbers, len(one.values), seeds


def _why(metric: Mapping[str, Any], loose: Sequence[str]) -> str:
    """Return why a metric isn't compared between a factor's values, "" where it is."""
    apart = comparable.of_one(metric, loose)
    return comparable.reason(metric, apart[0]) if apart else ""


def _effects(
    report: Report,
    one: Factor,
    every: Sequence[Factor],
    metrics: Sequence[Mapping[str, Any]],
    numbers: Sequence[np.ndarray],
    whys: Sequence[str],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for metric, values, why in zip(metrics, numbers, whys, strict=True):
        if why:
            rows.append({"why": why})
            continue
        found = single(report, one, every, values)
        unit = " s" if metric["group"] == "time" else ""
        rows.append(
            {
                "blocks": found.blocks,
                "complete": found.complete,
                "seeds": found.by_seed,
                "means": [] if None in found.means else [_short(mean) for mean in found.means],
                "differences": [
                    [d.level, d.pairs, *map(_short, (d.mean, d.low, d.high)), d.above, d.below]
                    for d in found.differences
                ],
                "headline": effect_words.headline(
                    found, metric["title"], metric["better"], one.values, unit
                ),
            }
        )
    return rows


def _interactions(
    found: Sequence[Factor],
    metrics: Sequence[Mapping[str, Any]],
    numbers: Sequence[np.ndarray],
    whys: Sequence[Sequence[str]],
) -> list[dict[str, Any]]:
    kept = [
        at for at, one in enumerate(found) if not one.drawn and 1 < len(one.values) <= MOST_OF_TWO
    ][:_MOST_PAIRED]
    pairs = []
    for a, b in combinations(kept, 2):
        # The one with fewer values is what changes, the other what it depends on.
        a, b = (b, a) if len(found[b].values) < len(found[a].values) else (a, b)
        names = [name for name in found[a].others if name in found[b].others]
        blocks = factors.settings(found, names, len(found[a].levels))
        rows = [
            None
            if whys[a][at] or whys[b][at]
            else _interaction(found[a], found[b], blocks, metric, numbers[at])
            for at, metric in enumerate(metrics)
        ]
        if any(rows):
            pairs.append({"of": [a, b], "by": rows})
    return pairs


def _interaction(
    one: Factor, other: Factor, blocks: np.ndarray, metric: Mapping[str, Any], numbers: np.ndarray
) -> dict[str, Any] | None:
    counts = (len(one.values), len(other.values))
    found = interaction(one.levels, other.levels, blocks, numbers, counts)
    if found is None:
        return None
    return {
        "share": round(found.share, 4),
        "size": _short(found.size),
        "part": _short(found.size / deviation) if (deviation := float(np.nanstd(numbers))) else 0.0,
        "blocks": found.blocks,
        "table": [[_short(value) for value in row] for row in found.table],
        "words": effect_words.of_two(found, metric["title"], one.values, other.values, other.title),
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
