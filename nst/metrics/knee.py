"""The run of a Pareto front to take where nothing says which objective matters more.

Imports nothing heavy, since a report reads it.
"""

import math
from collections.abc import Sequence

from nst.metrics.front import front

#: Distance on the scaled front below which two runs look alike; its ends are 1.4 apart.
APART = 0.1


def scaled(values: Sequence[Sequence[float]], better: Sequence[str]) -> list[list[float]]:
    """Return the values of a front as costs between its best, 0, and its worst, 1.

    Args:
      values: of each run on the front.
      better: "lower" or "higher" for each value.
    """
    columns = []
    for column, way in zip(zip(*values, strict=True), better, strict=True):
        sign = -1 if way == "higher" else 1
        costs = [sign * value for value in column]
        low, high = min(costs), max(costs)
        columns.append([(cost - low) / (high - low) if high > low else 0.0 for cost in costs])
    return [list(row) for row in zip(*columns, strict=True)]


def knee(values: Sequence[Sequence[float]], better: Sequence[str]) -> int | None:
    """Return the place of the front's knee: from there, a gain in one value costs most in another.

    It is the run farthest from the line between the front's ends, on the side of the better, with
    each value scaled to 0 to 1 over the front; of more than two values, from the plane on which
    the scaled values sum to 1. Where the front has no such bend, it is the run whose worst scaled
    value is least. Sources: Das 1999, doi:10.1007/BF01195985; Branke et al. 2004,
    doi:10.1007/978-3-540-30217-9_73; for the latter Yu 1973, doi:10.1287/mnsc.19.8.936.

    Args:
      values: of each run, on the front or not.
      better: "lower" or "higher" for each value.

    Returns:
      None where there is no run.
    """
    kept = front(values, better)
    if not kept:
        return None
    costs = scaled([values[place] for place in kept], better)
    # The farthest from the plane has the least sum; at a bend that is below the ends' own, 1.
    if is_bent(costs):
        at = min(range(len(kept)), key=lambda place: round(sum(costs[place]), 9))
    else:
        at = min(range(len(kept)), key=lambda place: round(max(costs[place]), 9))
    return kept[at]


def is_bent(costs: Sequence[Sequence[float]]) -> bool:
    """Return whether a scaled front bends towards the better, so that it has a knee.

    Args:
      costs: of each run on the front, as `scaled` returns them.
    """
    return min(map(sum, costs)) < 1 - 1e-6 or len(costs) == 1


def nearby(
    values: Sequence[Sequence[float]], better: Sequence[str], place: int
) -> list[int | None]:
    """Return for each objective the run on the front that has a step more of it than a run there.

    It is the nearest that is better in the objective and APART away, the farthest one where all
    that are better lie closer.

    Args:
      values: of each run, on the front or not.
      better: "lower" or "higher" for each value.
      place: of the run on the front to go from.

    Returns:
      A place for each objective, None where no run on the front is better in it.
    """
    kept = front(values, better)
    costs = dict(zip(kept, scaled([values[one] for one in kept], better), strict=True))
    away = {one: math.dist(cost, costs[place]) for one, cost in costs.items()}
    found: list[int | None] = []
    for at in range(len(better)):
        ahead = [one for one in kept if costs[one][at] < costs[place][at]]
        far = [one for one in ahead if away[one] >= APART]
        nearest = min(far, key=away.__getitem__, default=None)
        found.append(max(ahead, key=away.__getitem__, default=None) if nearest is None else nearest)
    return found
