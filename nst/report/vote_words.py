"""What the voters said, in sentences and as the page shows it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nst.metrics.agreement import Agreement, agreement
from nst.report import agreement as agreements
from nst.report.preference import Group, Preference
from nst.report.summary import Report
from nst.report.voted import Voted
from nst.rundir.runs import Run

NONE = "The voters prefer no picture to another: all votes so far even out."
_MOST = 4  # groups, settings and metrics that a line names


def lines(report: Report) -> list[str]:
    """Return a sentence each on the votes, the favorites, and the numbers that agree with them.

    Args:
      report: with its votes, or without.
    """
    voted = report.voted
    if voted is None:
        return []
    if not voted.all.votes:
        return [*voted.notes, *_gone(voted.all)]
    several = [one for one in voted.all.groups if one.favorite is not None]
    told = [favorite(report, one, named=len(voted.all.groups) > 1) for one in several[:_MOST]]
    if len(several) > _MOST:
        told.append(f"and {len(several) - _MOST} more pairs of images with a favorite of their own")
    told += [trusted(report)] if several else [NONE]
    return [counted(voted.all), *_gone(voted.all), *voted.notes, *told]


def counted(found: Preference) -> str:
    """Return "60 votes of Ann (40) and Ben (20) on 18 pictures.".

    Args:
      found: with a vote or more.
    """
    names = sorted(found.voters, key=lambda name: (-found.voters[name], name))
    several = [f"{name} ({found.voters[name]})" for name in names] if len(names) > 1 else names
    if len(several) > _MOST:
        several = [*several[: _MOST - 1], f"{len(several) - _MOST + 1} others"]
    pictures = sum(len(one.order) for one in found.groups)
    plural = "s" if found.votes > 1 else ""
    return f"{found.votes} vote{plural} of {_and(several)} on {pictures} pictures."


def favorite(report: Report, group: Group, named: bool = False) -> str:
    """Return which run the voters like best, and how sure that is.

    Args:
      report: of the runs.
      group: with a favorite.
      named: whether it says of which content and style image.
    """
    first, second, *_ = group.order
    run, other = group.runs[first][0], group.runs[second][0]
    sure = certainty(group, first, second)
    of = f" of {title(report.runs, group)}" if named else ""
    words = settings(report, run)
    return (
        f"The voters' favorite{of} is run {run}{f' ({words})' if words else ''}: it is ahead of "
        f"the next, run {other}, with a probability of {sure:.0%}.".replace("%", " %")
    )


def certainty(group: Group, first: int, second: int) -> float:
    """Return the probability that one picture is truly stronger than another, as the votes have it.

    Args:
      group: of both.
      first: place of the one.
      second: place of the other.
    """
    ahead, error = group.strengths.difference(first, second)
    return 0.5 * (1 + math.erf(ahead / error / math.sqrt(2))) if error else 0.5


def settings(report: Report, run: str) -> str:
    """Return the settings in which a run differs from others, without its images and seed.

    Args:
      report: of the runs.
      run: its name.
    """
    told = [
        f"{key.title} {key.of[run]}"
        for key in report.keys
        if run in key.of and key.name not in ("content", "style", "seed")
    ]
    return ", ".join(told if len(told) <= _MOST else [*told[:_MOST], "…"])


def title(runs: Sequence[Run], group: Group) -> str:
    """Return what a group's pictures are made of: "chelsea and starry".

    Args:
      runs: of the report.
      group: some of them.
    """
    run = next(one for one in runs if one.name == group.runs[0][0])
    names = [one.name for key, one in run.sources.items() if key in ("content", "style")]
    return _and(names) or "one pair of images"


def trusted(report: Report) -> str:
    """Return which numbers agree with the voters.

    Args:
      report: with votes.
    """
    rows = agreements.of(report.runs, report.voted.all) if report.voted else []
    clear = [row for row in rows if row.of.is_clear]
    if not rows or max(row.of.pictures for row in rows) < 5:
        return "Too few pictures have votes to say which number agrees with the voters."
    if not clear:
        return (
            "No number agrees with the voters more than chance would (Kendall's tau at most "
            f"{_tau(max(rows, key=lambda row: abs(row.of.tau)))})."
        )
    first, *others = clear[:_MOST]
    told = [f"{first.preferred} (Kendall's tau {_tau(first)})"]
    told += [f"{row.preferred} ({_tau(row)})" for row in others]
    rest = [row.title for row in rows if not row.of.is_clear]
    agree = f"; {_and(rest)} agree{'s' * (len(rest) == 1)} no more than chance would"
    return f"The voters prefer {_and(told)}{agree if rest else ''}."


def data(report: Report, lines: Sequence[str]) -> dict[str, Any] | None:
    """Return what the page tells of the votes, fit for JSON; None where no vote counts.

    Args:
      report: with its votes, or without.
      lines: what the clearest settings do to the preference.
    """
    voted = report.voted
    if voted is None or not voted.all.votes:
        return None
    places = {run.name: place for place, run in enumerate(report.runs)}
    rows = agreements.of(report.runs, voted.all)
    return {
        "told": " ".join([counted(voted.all), *_gone(voted.all)]),
        "groups": [_group(report, one, places) for one in voted.all.groups if len(one.order) > 1],
        "agreement": [
            {
                "title": row.title,
                "way": f"{row.better} is better" if row.better else _preferred(row),
                "tau": round(row.of.tau if row.better else abs(row.of.tau), 4),
                "chance": round(row.of.chance, 4),
                "clear": row.of.is_clear,
            }
            for row in rows
        ],
        "trusted": trusted(report) if any(one.best for one in voted.all.groups) else NONE,
        "among": among(voted),
        "lines": list(lines),
    }


def among(voted: Voted) -> str:
    """Return how far several voters agree with each other, "" where that can't be told.

    Args:
      voted: what they said.
    """
    found = [
        (name, other, one)
        for at, name in enumerate(voted.own)
        for other in list(voted.own)[at + 1 :]
        if (one := _between(voted.own[name], voted.own[other]))
    ]
    if not found:
        return ""
    if len(found) == 1:
        name, other, one = found[0]
        return (
            f"{name} and {other} agree by a Kendall's tau of {_signed(one.tau)}, "
            f"over the {one.pictures} pictures that both voted on."
        )
    found.sort(key=lambda row: -row[2].tau)
    most, least = found[0], found[-1]
    return (
        f"Of the voters, {most[0]} and {most[1]} agree most, by a Kendall's tau of "
        f"{_signed(most[2].tau)}, and {least[0]} and {least[1]} least, by {_signed(least[2].tau)}."
    )


def _between(one: Preference, other: Preference) -> Agreement | None:
    first, second, groups = [], [], []
    for place, (a, b) in enumerate(zip(one.groups, other.groups, strict=True)):
        both = np.flatnonzero((a.counts > 0) & (b.counts > 0))
        first += a.strengths.values[both].tolist()
        second += b.strengths.values[both].tolist()
        groups += [place] * len(both)
    return agreement(np.array(first), np.array(second), np.array(groups))


def _group(report: Report, group: Group, places: dict[str, int]) -> dict[str, Any]:
    low, high = group.strengths.intervals()
    return {
        "title": title(report.runs, group),
        "favorite": [places[name] for name in group.best],
        "words": favorite(report, group) if group.best else "",
        "order": [
            {
                "run": places[group.runs[at][0]],
                "value": round(float(group.strengths.values[at]), 4),
                "low": round(float(low[at]), 4),
                "high": round(float(high[at]), 4),
                "votes": int(group.counts[at]),
            }
            for at in group.order
        ],
    }


def _gone(found: Preference) -> list[str]:
    if not found.gone:
        return []
    several = "1 vote is" if found.gone == 1 else f"{found.gone} votes are"
    return [f"{several} of pictures that were changed or are not here, and left out."]


def _preferred(row: agreements.Row) -> str:
    return f"{'higher' if row.of.tau >= 0 else 'lower'} is preferred"


def _tau(row: agreements.Row) -> str:
    return f"{abs(row.of.tau):.2f}"


def _signed(tau: float) -> str:
    return f"{tau:.2f}".replace("-", "\u2212")


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
