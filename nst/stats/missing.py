"""Which blocks lack a value of a setting, and what became of their runs."""

from collections.abc import Sequence

import numpy as np

from nst.metrics.effects import Paired
from nst.report.factors import SEED, Factor
from nst.report.summary import Report


def missing(
    report: Report,
    one: Factor,
    every: Sequence[Factor],
    rows: np.ndarray,
    numbers: np.ndarray,
    paired: Paired,
) -> list[str]:
    """Return "tv.gamma 10³ lacks max (diverged)" for each block or seed without some values.

    Args:
      report: of the runs.
      one: the setting.
      every: all of the sweep's.
      rows: of shape (runs,): a number for the block of each run, or for its seed.
      numbers: of shape (runs,), NaN for a run without one.
      paired: what is compared.
    """
    found = []
    for row in np.unique(rows).tolist():
        inside = (rows == row) & (one.levels >= 0)
        there = set(one.levels[inside & np.isfinite(numbers)].tolist())
        lacking = [level for level in range(len(one.values)) if level not in there]
        if not lacking or not inside.any():
            continue
        at = int(np.flatnonzero(inside)[0])
        texts = [_lacking(report, one, level, inside) for level in lacking]
        name = f"seed {report.runs[at].values.get(SEED)}"
        found.append(
            f"{name if paired.by_seed else _block(one, every, at)} lacks {' and '.join(texts)}"
        )
    return found


def _lacking(report: Report, one: Factor, level: int, inside: np.ndarray) -> str:
    """Return a value with what became of its run, where there is one."""
    ends = [report.runs[at].status for at in np.flatnonzero(inside & (one.levels == level))]
    ended = [end for end in dict.fromkeys(ends) if end != "finished"]
    return f"{one.values[level]} ({', '.join(ended)})" if ended else one.values[level]


def _block(one: Factor, every: Sequence[Factor], at: int) -> str:
    parts = [
        f"{other.title} {other.values[other.levels[at]]}"
        for other in every
        if other.keys[0].name in one.others and other.levels[at] >= 0
    ]
    return ", ".join(parts) or "the only block"
