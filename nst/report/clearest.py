"""What the clearest settings of a sweep do, in a line each."""

from collections.abc import Mapping, Sequence
from typing import Any

from nst.report import comparable, effect_words, effects, factors, labels
from nst.report.summary import Report

_MOST = 3  # lines
#: Share of an interaction, and twice its part of the number's deviation, from which a setting's own
#: effect says little.
_MUCH = 0.2

Metrics = Sequence[Mapping[str, Any]]


def lines(report: Report, metrics: Metrics, wanted: Metrics, found: Mapping[str, Any]) -> list[str]:
    """Return what the clearest settings do, choices such as pooling before numbers.

    Args:
      report: of the sweep.
      metrics: what its runs are compared by, as nst.report.compared lists it.
      wanted: those of them that matter, of which the first two are told.
      found: the effects of its settings, as nst.report.effects has them.
    """
    depends = _depends(metrics, wanted, found)
    every = factors.of(report.keys, report.runs)
    told, rest = [], []
    for one in every:
        line, clarity = _line(report, one, every, wanted)
        if line:
            told.append((one.keys[0].numbers is not None, -clarity, line))
        elif one.title in depends and depends[one.title] not in rest:
            rest.append(depends[one.title])
    clear = [line for *_, line in sorted(told, key=lambda row: row[:2])]
    return [*clear, *rest][:_MOST] or _matters(report)


def _matters(report: Report) -> list[str]:
    """Return which key matters most, where a search pairs no runs and can tell no more."""
    found: dict[str, list[str]] = {}
    shares = report.found.importance if report.found else []
    for one, by_key in zip(report.found.objectives if report.found else [], shares, strict=True):
        for name, share in list(by_key.items())[:1]:
            told = f"{one.title} ({share:.0%})".replace("%", " %")
            found.setdefault(" with ".join(map(labels.title, name.split(" with "))), []).append(
                told
            )
    return [f"{name}: matters most for {_and(told)}" for name, told in found.items()]


def _depends(metrics: Metrics, wanted: Metrics, found: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence for each setting whose effect depends much on another one."""
    best: dict[str, tuple[float, str]] = {}
    titles = [one["title"] for one in found["factors"]]
    for pair in found["pairs"]:
        for metric, row in zip(metrics, pair["by"], strict=True):
            if row is None or metric not in wanted or min(row["share"], 2 * row["part"]) < _MUCH:
                continue
            one, other = (titles[at] for at in pair["of"])
            line = f"{one} and {other}: what one does to {metric['title']} depends on the other"
            for title in (one, other):
                best[title] = max(best.get(title, (0.0, "")), (row["part"], line))
    return {title: line for title, (_, line) in best.items()}


def _line(
    report: Report, one: factors.Factor, every: Sequence[factors.Factor], wanted: Metrics
) -> tuple[str, float]:
    """Return what a setting does to the first two metrics, and how clear it is."""
    duels, loose = [], factors.loose(one, every, report.runs)
    for metric in wanted[:2]:
        if comparable.of_one(metric, loose):
            return "", 0.0
        numbers = effects.numbers(report, metric)
        found = effects.single(report, one, every, numbers)
        duel = effect_words.duel(found, metric["better"])
        if duel is None:
            return "", 0.0
        duels.append((metric, found, duel))
    clear = [row for row in duels if row[2].is_told]
    if not clear:
        return "", 0.0
    line = effect_words.line(one.values, [(row[0]["title"], *row[1:]) for row in clear])
    rest = [row[0]["title"] for row in duels if not row[2].is_told]
    unclear = f"; no clear difference in {_and(rest)}" if rest else ""
    return f"{one.title}: {line}{unclear}", max(row[2].clarity for row in clear)


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
