"""Which keys of a sweep matter most for its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nst.report import effects, factors
from nst.report.summary import Key, Report


def ordered(report: Report, metrics: Sequence[Mapping[str, Any]]) -> list[Key]:
    """Return the keys that vary, those that matter most for some numbers first.

    Args:
      report: of the sweep.
      metrics: the numbers, as nst.report.compared lists them.
    """
    columns = [effects.numbers(report, metric) for metric in metrics]
    weights = [sum(_weight(report, key, one) for one in columns) for key in report.keys]
    order = sorted(range(len(weights)), key=lambda at: -weights[at])
    return [report.keys[at] for at in order]


def share_between(levels: np.ndarray, numbers: np.ndarray) -> float:
    """Return how much of what tells numbers apart lies between the values of a key, 0 to 1.

    Args:
      levels: of shape (runs,): the place of each run's value.
      numbers: of shape (runs,); a run of NaN is left out.
    """
    known = np.isfinite(numbers)
    values, own = numbers[known], levels[known]
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    if total <= 1e-12 * float((values**2).sum()):
        return 0.0
    groups = [values[own == level] for level in np.unique(own)]
    return sum(len(one) * float(one.mean() - values.mean()) ** 2 for one in groups) / total


def _weight(report: Report, key: Key, numbers: np.ndarray) -> float:
    levels = factors.places(key, report.runs)
    known = np.isfinite(numbers)
    count = len(np.unique(levels[known]))
    if key.numbers is None or 2 * count < known.sum() or count < 3:
        return share_between(levels, numbers)
    # Nearly every run has a value of its own, so that these tell all apart: a trend is told.
    first, second = (np.unique(one[known], return_inverse=True)[1] for one in (levels, numbers))
    return float(np.corrcoef(first, second)[0, 1]) ** 2 if second.any() else 0.0
