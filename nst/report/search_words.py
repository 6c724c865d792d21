"""What a search found, in sentences: for the page and for the terminal."""

from nst.metrics.objective import Objective
from nst.report import importance, labels
from nst.report.command import alone
from nst.report.summary import Found
from nst.rundir.runs import Run

#: Keys that a line names.
_MOST = 6
#: What is measured against one photograph and one painting: docs/metrics.md.
_OF_A_PAIR = ("metrics/style_distance", "metrics/content_distance")


def lines(found: Found) -> list[str]:
    """Return what a terminal says: the front or the best, what matters, the best one's command.

    Args:
      found: by a search.
    """
    command = alone(found.front[0]) if found.front else None
    typed = f"  {command}" if command else ""
    rest = [volume(found), pairs(found), matters(found)]
    if len(found.objectives) > 1 and command:
        rest.append(f"best {found.objectives[0].title}: {numbers(found, found.front[0])}")
        said = [result(found), *rest, typed]
    else:
        said = [result(found), typed, *rest]
    return [one for one in said if one]


def result(found: Found) -> str:
    """Return which runs are the best, or how many are on the front.

    Args:
      found: by a search.
    """
    ways = _and([f"{one.title} ({one.better} is better)" for one in found.objectives])
    if not found.front:
        return f"No run finished with {ways}."
    count, of = len(found.front), len(found.judged)
    if len(found.objectives) == 1:
        best = numbers(found, found.front[0])
        others = f"; {count - 1} more {'is' if count == 2 else 'are'} as good" if count > 1 else ""
        return f"Best of {_runs(of)} by {ways}: {best}{others}."
    return (
        f"{count} of {_runs(of)} {'is' if count == 1 else 'are'} on the Pareto front of {ways}: "
        f"no run beats one of them in {'both' if len(found.objectives) == 2 else 'all'}."
    )


def volume(found: Found) -> str:
    """Return the front's hypervolume with the point that it is measured from, "" without one.

    Args:
      found: by a search.
    """
    if found.volume is None:
        return ""
    corner = [
        f"{one.title} {labels.number(far, 3)}"
        for one, far in zip(found.objectives, found.reference, strict=True)
    ]
    what = "area" if len(corner) == 2 else "volume"
    return (
        f"Its hypervolume, the {what} between it and {_and(corner)}, is "
        f"{labels.number(found.volume, 3)}: the larger, the better."
    )


def pairs(found: Found) -> str:
    """Return a warning where runs of several pictures are compared by what is of one pair alone.

    Args:
      found: by a search.
    """
    wanted = [one.title for one in found.objectives if one.name in _OF_A_PAIR]
    sides = {"content": ("content",), "style": ("style", "style.blend")}
    several = [
        side
        for side, keys in sides.items()
        if len({str([run.values.get(key) for key in keys]) for run in found.judged}) > 1
    ]
    if not wanted or not several:
        return ""
    return (
        f"The runs have several {_and(several)} pictures, and {_and(wanted)} "
        f"compare{'s' * (len(wanted) == 1)} within one content and one style picture."
    )


def matters(found: Found) -> str:
    """Return how much each key matters, or why that is not said.

    Args:
      found: by a search.
    """
    parts = [
        f"for {one.title} {_and(_shares(shares))}"
        for one, shares in zip(found.objectives, found.importance, strict=True)
        if shares
    ]
    return f"How much each key matters: {'; '.join(parts)}." if parts else told(found)


def told(found: Found) -> str:
    """Return what the shares of the keys mean, or why there are none.

    Args:
      found: by a search.
    """
    count = len(found.judged)
    if not any(found.importance):
        few = count < importance.LEAST
        why = f"takes {importance.LEAST} finished runs to say; there are {count}"
        return f"How much each key matters {why}." if few and count else ""
    return (
        f"Each key's share in what tells the better half of the {count} finished runs from all of "
        "them (PED-ANOVA): a rough measure, of the values that were tried."
    )


def numbers(found: Found, run: Run) -> str:
    """Return "run 3, style distance 0.05, content distance 0.53".

    Args:
      found: by a search.
      run: one of those that it judged.
    """
    each = zip(found.objectives, found.values[run.name], strict=True)
    return ", ".join([f"run {run.name}", *(_number(one, value) for one, value in each)])


def _number(one: Objective, value: float | None) -> str:
    return f"{one.title} {'none' if value is None else labels.number(value, 3)}"


def _shares(shares: dict[str, float]) -> list[str]:
    said = [f"{name} {share:.0%}".replace("%", " %") for name, share in shares.items()]
    return said if len(said) <= _MOST else [*said[: _MOST - 1], "the rest less"]


def _runs(count: int) -> str:
    return f"{count} finished run{'s' * (count != 1)}"


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
