"""What a front is drawn from: its two numbers, the runs whose numbers compare, those shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.figure import gathered, scales
from nst.metrics.front import front
from nst.metrics.knee import is_bent, knee, scaled
from nst.report import compared, labels, recommended
from nst.report.summary import Key, Report

STAR = "★"
_USUAL = ("content_distance", "style_distance")
_APART = 0.12  # of two lettered points on the scaled front
MOST_KEYS = 4  # whose values stand below a picture


@dataclass(frozen=True)
class Group:
    """Finished runs whose numbers compare."""

    title: str
    runs: list[int]  # places in the report
    points: list[list[float]]
    front: list[int]  # places among them, from the left to the right
    knee: int | None
    bent: bool


def both(report: Report, metrics: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return the numbers from left to right and upwards.

    Args:
      report: whose runs have them.
      metrics: those asked for; none: the page's own.

    Raises:
      UserError: they are not two.
    """
    if metrics and len(metrics) != 2:
        raise UserError(
            f"a front is of two numbers, not {len(metrics)}: "
            "give them as --metric content_distance,style_distance"
        )
    if metrics:
        if metrics[0] is metrics[1] or metrics[0] == metrics[1]:
            raise UserError("a front is of two different numbers: --metric names one twice")
        return list(metrics)
    every = gathered.usual(report)
    asked = [one for one in every if one.get("objective")]
    known = {one["name"]: one for one in every if one["group"] == "metrics"}
    if len(asked) > 1:
        return [asked[1], asked[0]]
    found = [known[name] for name in _USUAL if name in known]
    found = found if len(found) == 2 else list(every[:2])
    if len(found) < 2:
        raise UserError("a front needs two numbers of each run, and these runs have fewer")
    return found


def groups(report: Report, both: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Return the finished runs with both numbers, those apart that don't compare.

    Args:
      report: whose runs they are.
      both: the numbers.

    Raises:
      UserError: there are none.
    """
    found = [_group(one, both) for one in recommended.groups(report, both)]
    if not found:
        raise UserError(
            f"no finished run has both {both[0]['title']} and {both[1]['title']}, so there is "
            "nothing to draw"
        )
    if sum(len(one.runs) for one in found) < 2:
        raise UserError("one finished run alone has no front: name the folder of a sweep")
    return found


def _group(one: recommended.Group, both: Sequence[Mapping[str, Any]]) -> Group:
    # Neither more nor less of some numbers is better, so there is nothing to be on the front of.
    known = all(metric["better"] for metric in both)
    kept = front(one.values, one.better) if known else []
    kept.sort(key=lambda place: one.values[place])
    at = knee(one.values, one.better) if known else None
    bent = bool(kept) and is_bent(scaled([one.values[place] for place in kept], one.better))
    return Group(one.title, one.runs, one.values, kept, at, bent)


def telling(report: Report, both: Sequence[Mapping[str, Any]]) -> Key | None:
    """Return the key that tells the points apart best, by the scales on which they are drawn.

    Args:
      report: whose runs they are.
      both: the numbers.
    """
    columns = []
    for metric in both:
        column = gathered.numbers(report, metric)
        known = column[np.isfinite(column)]
        columns.append(np.log(column) if scales.is_log(known.tolist()) else column)
    return gathered.telling(report, columns, 6)


def shown(report: Report, groups: Sequence[Group], most: int) -> list[tuple[int, bool]]:
    """Return the runs whose pictures are shown, and whether each is a knee.

    Args:
      report: whose runs they are.
      groups: of them.
      most: pictures that have room.
    """
    if len(groups) > 1:
        knees = [one.runs[one.knee] for one in groups if one.knee is not None]
        return [(run, True) for run in knees if report.runs[run].picture][:most]
    (one,) = groups
    if not one.front:
        return []
    kept = [at for at in one.front if report.runs[one.runs[at]].picture]
    if not kept:
        return []
    costs = np.array([one.points[at] for at in kept])
    spread = np.ptp(costs, 0)
    at = (costs - costs.min(0)) / np.where(spread > 0, spread, 1)
    chosen = [kept.index(one.knee)] if one.knee in kept else [0]
    # The farthest from all that are chosen, until they stand close or fill the line.
    while len(chosen) < min(most, len(kept)):
        away = np.min([np.hypot(*(at - at[place]).T) for place in chosen], 0)
        best = int(away.argmax())
        if away[best] < _APART:
            break
        chosen.append(best)
    return [(one.runs[kept[place]], kept[place] == one.knee) for place in sorted(chosen)]


def caption(report: Report, both: Any, groups: Sequence[Group], key: Key | None, shown: Any) -> str:
    """Return what the figure shows, in sentences.

    Args:
      report: whose runs are shown.
      both: the numbers.
      groups: of the runs.
      key: that tells the points apart.
      shown: the runs with a picture, and whether each is a knee.
    """
    count = sum(len(one.runs) for one in groups)
    said = [f"{both[1]['title'].capitalize()} against {both[0]['title']} of {count} runs."]
    kept = sum(len(one.front) for one in groups)
    if kept:
        each = " of each photograph and painting" if len(groups) > 1 else ""
        said.append(
            f"The dotted line is the Pareto front{each}, {kept} of them with a dark rim: no run "
            "beats one of these in both."
        )
    if any(is_knee for _, is_knee in shown):
        what = (
            "the knee of the front"
            if all(one.bent for one in groups)
            else ("the run that gives up least of either; the front has no knee")
        )
        said.append(f"{STAR}: {what}.")
    if key:
        said.append(f"Points by {key.title}.")
    if shown:
        keys = ", ".join(one.title for one in report.keys[:MOST_KEYS])
        said.append(f"Below: results of the lettered runs{f' with their {keys}' if keys else ''}.")
        for letter, (run, _) in zip(ascii_uppercase, shown, strict=False):
            told = ", ".join(
                f"{one['title']} {labels.number(value, 3)}"
                for one in both
                if (value := compared.value(report.runs[run], one["group"], one["name"]))
                is not None
            )
            group = next(one for one in groups if run in one.runs)
            of = f"{group.title}, " if len(groups) > 1 else ""
            said.append(f"{letter}: {of}{told}.")
    return " ".join(said)
