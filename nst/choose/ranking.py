"""The ranking that votes come to: strengths with intervals, the pictures' settings, the metrics."""

from collections.abc import Sequence
from typing import Any

from scipy.special import expit, ndtri

from nst.choose import beliefs, words
from nst.choose.beliefs import Beliefs
from nst.choose.pictures import Group, Picture
from nst.choose.session import Session
from nst.choose.tally import Cast, of_cast
from nst.report import agreement, axes, command, preference
from nst.report.summary import Key
from nst.rundir.votes import Vote

#: Pictures with votes from which on a metric's agreement with them says anything.
ENOUGH = 5
_HALF = float(ndtri(0.975))  # of a 95 % interval, in standard errors


def ranking(session: Session, everyone: bool) -> dict[str, Any]:
    """Return the ranking of each group as plain data, settings and all.

    Args:
      session: with its votes.
      everyone: whether other voters' votes count, too.
    """
    every = session.tally.everyone()
    some = every if everyone else [vote for vote in every if vote.voter == session.voter]
    casts = session.tally.cast(some)
    count = sum(map(len, casts))
    return {
        "voter": session.voter,
        "others": sorted({vote.voter for vote in every} - {session.voter}),
        "everyone": everyone,
        "votes": words.counted(count),
        "missing": len(some) - count,
        "groups": [_group(group, cast) for group, cast in zip(session.groups, casts, strict=True)],
        "agreement": _agreement(session, some),
    }


def first(session: Session, count: int) -> list[list[str]]:
    """Return the names of each group's first runs by the voter's votes, none where it has none.

    Args:
      session: with its votes.
      count: of the names.
    """
    return [
        [group.pictures[place].run.name for place in _ranked(one)[:count]]
        for group, one in zip(session.groups, session.tally.known().beliefs, strict=True)
    ]


def _ranked(found: Beliefs) -> list[int]:
    """Return the places of the pictures with votes, the strongest first."""
    voted = set(found.voted.tolist())
    return [place for place in found.order.tolist() if place in voted]


def _group(group: Group, cast: Sequence[Cast]) -> dict[str, Any]:
    found = of_cast(len(group.pictures), cast)
    ranked = _ranked(found)
    runs = [run for picture in group.pictures for run in picture.runs]
    keys = axes.varying(runs)
    names = [name for key in keys for name in command.refinable(key, runs)]
    return {
        "title": group.title,
        "sources": [one.told() for one in (*group.content, *group.style)],
        "outlook": words.outlook(len(cast), [len(group.pictures)], [beliefs.outlook(found)]),
        "rows": [_row(place, group.pictures[place], found, cast, keys, names) for place in ranked],
        "unseen": len(group.pictures) - len(ranked),
    }


def _row(
    place: int,
    picture: Picture,
    found: Beliefs,
    cast: Sequence[Cast],
    keys: Sequence[Key],
    names: Sequence[str],
) -> dict[str, Any]:
    value, error = float(found.values[place]), float(found.errors[place])
    # As the left or as the right one of a pair.
    outcomes = [out for one, _, out in cast if one == place]
    outcomes += [-out for _, other, out in cast if other == place]
    return {
        "name": picture.name,
        "runs": [run.name for run in picture.runs],
        "share": float(expit(value)),
        "low": float(expit(value - _HALF * error)),
        "high": float(expit(value + _HALF * error)),
        "won": outcomes.count(1),
        "lost": outcomes.count(-1),
        "tied": outcomes.count(0),
        "settings": [[key.title, key.of[picture.run.name]] for key in keys],
        "again": command.again(picture.run, names),
    }


def _agreement(session: Session, some: Sequence[Vote]) -> list[dict[str, Any]]:
    """Return which numbers agree with the votes, the one that agrees most first."""
    # Of thousands of pictures those with votes alone.
    known = {one for vote in some for one in (vote.left, vote.right)}
    pictures = [one for group in session.groups for one in group.pictures if one.sha256 in known]
    runs = [run for picture in pictures for run in picture.runs]
    rows = agreement.of(runs, preference.of(runs, some))
    return [
        {
            "title": row.title,
            "preferred": row.preferred,
            "tau": row.of.tau if row.better else abs(row.of.tau),
            "clear": row.of.is_clear,
        }
        for row in rows
        if row.of.pictures >= ENOUGH
    ]
