"""The runs that no other one beats, and how much their values cover.

Imports nothing heavy, since a report reads it.
"""

from collections.abc import Sequence

#: A run's values, one for each objective.
Values = Sequence[float | None]


def front(values: Sequence[Values], better: Sequence[str]) -> list[int]:
    """Return the places of what nothing else beats: no worse in every value, better in one.

    Equal values beat neither each other; what lacks a value has no part in it.

    Args:
      values: of each run.
      better: "lower" or "higher" for each value.
    """
    costs = {place: cost for place, one in enumerate(values) if (cost := _cost(one, better))}
    kept: list[tuple[float, ...]] = []
    # In this order nothing is beaten by what comes later.
    for own in sorted(set(costs.values())):
        # Of two values the last one kept has the lowest second, so it alone can beat this one.
        if not any(_beats(other, own) for other in (kept[-1:] if len(better) == 2 else kept)):
            kept.append(own)
    found = set(kept)
    return [place for place, own in costs.items() if own in found]


def hypervolume(
    values: Sequence[Values], better: Sequence[str], reference: Sequence[float]
) -> float:
    """Return the volume between the values and the reference: of what at least one of them beats.

    By slices along the first value. Reference: Zitzler and Thiele 1998, doi:10.1007/BFb0056872.

    Args:
      values: of each run; what isn't better than the reference in every value adds nothing.
      better: "lower" or "higher" for each value.
      reference: the point that bounds the volume.
    """
    far = _cost(reference, better)
    costs = {cost for one in values if (cost := _cost(one, better))}
    return _volume([one for one in costs if all(map(float.__lt__, one, far))], far)


def _volume(costs: list[tuple[float, ...]], far: tuple[float, ...]) -> float:
    if not costs:
        return 0.0
    if len(far) == 1:
        return far[0] - min(costs)[0]
    ordered = sorted(costs)
    ends = [*(one[0] for one in ordered[1:]), far[0]]
    behind: list[tuple[float, ...]] = []  # what the slice is as far as in the first value
    volume = 0.0
    for one, end in zip(ordered, ends, strict=True):
        # Of two values the least second one bounds the slice.
        behind = [min(*behind, one[1:])] if behind and len(far) == 2 else [*behind, one[1:]]
        volume += (end - one[0]) * _volume(behind, far[1:]) if end > one[0] else 0.0
    return volume


def _cost(values: Values, better: Sequence[str]) -> tuple[float, ...]:
    """Return values of which lower is better, nothing where one is missing."""
    if None in values:
        return ()
    signs = (-1.0 if way == "higher" else 1.0 for way in better)
    return tuple(sign * (one or 0.0) for sign, one in zip(signs, values, strict=True))


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
