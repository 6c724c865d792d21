"""Which of the numbers agree with the voters, so that one sees which of them to trust."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nst.metrics.agreement import Agreement, agreement
from nst.metrics.blocks import numbered
from nst.metrics.registry import PREFERENCE, described
from nst.report import axes, comparable, factors
from nst.report.preference import Preference
from nst.rundir.runs import Run


@dataclass(frozen=True)
class Row:
    """A metric against the voters."""

    name: str  # of the metric
    title: str
    better: str | None
    of: Agreement  # above 0: what the metric has as better is preferred; of neither: what is higher

    @property
    def preferred(self) -> str:
        """What the voters prefer by it: "lower LPIPS"."""
        higher = (self.of.tau >= 0) == (self.better != "lower")
        return f"{'higher' if higher else 'lower'} {self.title}"


def of(runs: Sequence[Run], found: Preference) -> list[Row]:
    """Return each metric's agreement with the voters, the one that agrees most first.

    Only pictures of one content and style image are compared, and only those whose numbers compare:
    of the same size, say.

    Args:
      runs: of a report.
      found: what the voters prefer of them.
    """
    by_name = {run.name: run for run in runs}
    voted: list[Run] = []
    strengths: list[float] = []
    groups: list[int] = []
    for place, group in enumerate(found.groups):
        for at in group.order:
            voted.append(by_name[group.runs[at][0]])
            strengths.append(float(group.strengths.values[at]))
            groups.append(place)
    names = dict.fromkeys(name for run in voted for name in run.metrics)
    rows = [
        row
        for name in names
        if not name.startswith(PREFERENCE.name)
        and (row := _row(name, voted, np.array(strengths), groups))
    ]
    # Of a number that neither way is better of, how much it tells is all that there is.
    return sorted(rows, key=lambda row: -(row.of.tau if row.better else abs(row.of.tau)))


def _row(name: str, runs: list[Run], strengths: np.ndarray, groups: list[int]) -> Row | None:
    known = described(name)
    better = known.better if known else None
    values = [run.metrics.get(name) for run in runs]
    numbers = np.array([np.nan if one is None else one for one in values], float)
    apart = comparable.of_one({"group": "metrics", "name": name}, axes.differing(runs))
    columns = [factors.places(axes.key(key, runs), runs).tolist() for key in apart]
    within = numbered([groups, *columns], len(runs))
    sign = -1 if better == "lower" else 1
    result = agreement(sign * numbers, strengths, within)
    return Row(name, known.title if known else name, better, result) if result else None
