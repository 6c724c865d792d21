"""Which run to take where nothing says more, its neighbors on the front, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nst.metrics.front import front
from nst.metrics.knee import is_bent, knee, nearby, scaled
from nst.metrics.registry import OF_A_PAIR
from nst.report import axes, clearest, comparable, compared, factors, labels, notes, voted
from nst.report.summary import Report

#: The numbers to recommend by where there is no objective.
_USUAL = ("style_distance", "content_distance")
#: Digits to which two numbers are the same.
_DIGITS = 3
#: Keys that a caption names.
_MOST = 4
_MORE = {
    "style_distance": "more style",
    "content_distance": "closer to the photograph",
    "lpips": "closer to the photograph",
    "ssim": "closer to the photograph",
    "color_distance": "more of the painting's colors",
}

Metrics = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """Finished runs whose numbers compare, with what they are recommended by."""

    title: str  # what tells the group from the others
    runs: list[int]  # places in the report
    values: list[list[float]]  # of each run a number for each metric
    better: list[str]


def of(report: Report, metrics: Metrics, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the recommended runs with their reasons, None where there is nothing to go by.

    Runs are recommended within one content image, and within one style image where a number
    belongs to it.

    Args:
      report: whose finished runs are judged.
      metrics: what they are compared by, as nst.report.compared lists it.
      found: the effects of its settings, as nst.report.effects has them.

    Returns:
      "by", what they are judged by; "groups", in each the picks with the best first; "lines", what
      the clearest settings do.
    """
    wanted = judged_by(metrics)
    kept = groups(report, wanted) if wanted else []
    if not kept:
        return None
    return {
        "by": [f"{one['group']}.{one['name']}" for one in wanted],
        "groups": [_picked(report, one, wanted) for one in kept],
        "lines": clearest.lines(report, metrics, wanted, found),
    }


def judged_by(metrics: Metrics) -> list[Mapping[str, Any]]:
    """Return the objectives, else style and content distance, else the first metrics.

    Args:
      metrics: what runs are compared by, as nst.report.compared lists it.
    """
    asked = [one for one in metrics if one.get("objective")]
    if asked:
        return asked
    known = [
        one
        for one in metrics
        if one["group"] == "metrics" and one["better"] and not voted.is_of(one["name"])
    ]
    usual = [one for name in _USUAL for one in known if one["name"] == name]
    return usual if len(usual) == len(_USUAL) else known[:2]


def groups(report: Report, wanted: Metrics) -> list[Group]:
    """Return the finished runs that have all of some numbers, those apart that don't compare.

    Args:
      report: whose runs they are.
      wanted: the numbers, as nst.report.compared lists them.
    """
    # Those too that a preset explains; how a search's own loss is made is what it varied.
    names = [name for name in axes.differing(report.runs) if name in OF_A_PAIR]
    apart = {name for one in wanted for name in comparable.of_one(one, names)}
    keys = [axes.key(name, report.runs) for name in names if name in apart]
    found: dict[tuple[str, ...], list[int]] = {}
    values: dict[int, list[float]] = {}
    for place, run in enumerate(report.runs):
        own = [compared.value(run, one["group"], one["name"]) for one in wanted]
        if run.status == "finished" and None not in own:
            values[place] = [one for one in own if one is not None]
            found.setdefault(tuple(key.of.get(run.name, "none") for key in keys), []).append(place)
    return [
        Group(
            ", ".join(
                text if key.name in ("content", "style") else f"{key.title} {text}"
                for key, text in zip(keys, texts, strict=True)
            ),
            runs,
            [values[place] for place in runs],
            [one["better"] or "lower" for one in wanted],
        )
        for texts, runs in found.items()
    ]


def _picked(report: Report, group: Group, wanted: Metrics) -> dict[str, Any]:
    at = knee(group.values, group.better)
    assert at is not None  # a group has a run
    picks = [_pick(report, group, at, "")]
    taken = {at, *_equal(report, group, at)}
    steps = nearby(group.values, group.better, at) if len(wanted) > 1 else [_second(group, taken)]
    for metric, step in zip(wanted, steps, strict=True):
        if step is None or step in taken:
            continue
        more = _MORE.get(metric["name"], f"better in {metric['title']}")
        picks.append(_pick(report, group, step, more if len(wanted) > 1 else "the next best", at))
        taken |= {step, *_equal(report, group, step)}
    _with_favorite(report, group, at, picks)
    return {
        "title": group.title,
        "picks": picks,
        "why": _why(group, at, _equal(report, group, at), wanted),
        "same": [
            {"run": group.runs[one], "words": _settings(report, group.runs[one], group.runs[at])}
            for one in _equal(report, group, at)
        ],
        "of": len(group.runs),
    }


def _with_favorite(report: Report, group: Group, at: int, picks: list[dict[str, Any]]) -> None:
    """Add the voters' favorite behind the recommended run, or say which of the picks it is."""
    names = (
        {name for one in report.voted.all.groups for name in one.best} if report.voted else set()
    )
    liked = [place for place in group.runs if report.runs[place].name in names]
    if not liked:
        return
    for pick in picks[1:]:
        if pick["run"] in liked:
            pick["role"] += ", the voters' favorite"
    if not any(pick["run"] in liked for pick in picks):
        place = group.runs.index(liked[0])
        picks.insert(1, _pick(report, group, place, "the voters' favorite", at))


def _pick(
    report: Report, group: Group, at: int, role: str, against: int | None = None
) -> dict[str, Any]:
    run = group.runs[at]
    other = None if against is None else group.runs[against]
    return {"run": run, "role": role, "words": _settings(report, run, other, group)}


def _settings(
    report: Report, place: int, other: int | None = None, group: Group | None = None
) -> str:
    """Return the settings that tell a run from another one, or from those of its group."""
    run = report.runs[place]
    against = [other] if other is not None else group.runs if group else range(len(report.runs))
    told = [
        f"{key.title} {key.of[run.name]}"
        for key in report.keys
        if run.name in key.of
        and any(key.of.get(report.runs[one].name) != key.of[run.name] for one in against)
        and (key.name != factors.SEED or other is not None)
    ]
    if not told:
        return ""
    return ", ".join(told if len(told) <= _MOST else [*told[:_MOST], "…"])


def _equal(report: Report, group: Group, at: int) -> list[int]:
    """Return the other runs with the same picture, or with numbers that round to the same."""
    twins = notes.twins(report.runs)
    names = [report.runs[place].name for place in group.runs]
    picture = [twins.get(name, name) for name in names]
    texts = [[f"{value:.{_DIGITS}g}" for value in own] for own in group.values]
    return [
        one
        for one in range(len(names))
        if one != at and (picture[one] == picture[at] or texts[one] == texts[at])
    ]


def _second(group: Group, taken: set[int]) -> int | None:
    sign = -1 if group.better[0] == "higher" else 1
    left = [one for one in range(len(group.runs)) if one not in taken]
    return min(left, key=lambda one: sign * group.values[one][0], default=None)


def _why(group: Group, at: int, equal: Sequence[int], wanted: Metrics) -> str:
    """Return one sentence."""
    titles = [one["title"] for one in wanted]
    numbers = [
        f"{title} {labels.number(value, _DIGITS)}"
        for title, value in zip(titles, group.values[at], strict=True)
    ]
    count = len(group.runs)
    if count == 1:
        return f"The only finished run: {_and(numbers)}."
    if len(wanted) == 1:
        second = _second(group, {at, *equal})
        rest = (
            ""
            if second is None
            else f" The next has {labels.number(group.values[second][0], _DIGITS)}."
        )
        best = labels.number(group.values[at][0], _DIGITS)
        return f"The {_best(wanted[0])} {titles[0]} of {count} runs: {best}.{rest}"
    kept = front(group.values, group.better)
    if all(group.values[one] == group.values[at] for one in kept):
        return (
            f"The best of {count} runs in {'both' if len(wanted) == 2 else 'all'}: {_and(numbers)}."
        )
    if len({tuple(group.values[one]) for one in kept}) == 2:
        return f"One of two on the front, each best in one: {_and(numbers)}."
    if is_bent(scaled([group.values[one] for one in kept], group.better)):
        return (
            f"Best balance of {_and(numbers)}: the knee of the front, from where gaining in one "
            "costs most in the other."
        )
    return f"Gives up least of either, {_and(numbers)}; the front has no knee."


def _best(metric: Mapping[str, Any]) -> str:
    return "highest" if metric["better"] == "higher" else "lowest"


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
