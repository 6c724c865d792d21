"""How many of several runs are ahead of one, by one objective or by several at once."""

import math
from collections.abc import Sequence

from nst.metrics.front import front


def ahead(own: Sequence[float], others: Sequence[Sequence[float]], better: Sequence[str]) -> int:
    """Return how many of the others are ahead of a run.

    By one objective those with a better value. By several, those on an earlier front, and on the
    same front those with more room around them. Reference: Deb et al. 2002,
    doi:10.1109/4235.996017.

    Args:
      own: the run's value of each objective, finite.
      others: those of each other run.
      better: "lower" or "higher" for each objective.
    """
    if len(better) == 1:
        sign = 1 if better[0] == "lower" else -1
        return sum(sign * one[0] < sign * own[0] for one in others)
    values = [tuple(own), *map(tuple, others)]
    left, before = list(range(len(values))), 0
    while left:
        first = [left[place] for place in front([values[at] for at in left], better)]
        if 0 in first:
            room = _room([values[at] for at in first])
            return before + sum(one > room[first.index(0)] for one in room)
        before += len(first)
        left = [at for at in left if at not in first]
    return before


def _room(values: Sequence[tuple[float, ...]]) -> list[float]:
    """Return each run's crowding distance: its neighbors' distance, summed over the objectives."""
    room = [0.0] * len(values)
    for at in range(len(values[0])):
        order = sorted(range(len(values)), key=lambda run: values[run][at])
        span = values[order[-1]][at] - values[order[0]][at]
        room[order[0]] = room[order[-1]] = math.inf
        for place in range(1, len(order) - 1):
            if span:
                near = values[order[place + 1]][at] - values[order[place - 1]][at]
                room[order[place]] += near / span
    return room
