"""What a figure is drawn from: the runs of some folders, their keys and their numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError, did_you_mean
from nst.figure.look import MOST_VALUES
from nst.report import axes, compared, effects, factors, live, search, voted
from nst.report.matters import share_between
from nst.report.reading import runs_in
from nst.report.summary import Key, Report

#: As in a metrics.csv and on the command line, "best/loss/style".
_PREFIXES = {"metrics": "", "losses": "best/loss/", "last": "loss/", "time": ""}


def of(folders: Sequence[Path]) -> Report:
    """Return the runs of some folders as a report has them, without its pictures.

    Args:
      folders: with runs at any depth.

    Raises:
      UserError: there are no runs, or a folder is none.
    """
    runs, broken, base = runs_in(folders)
    votes = voted.read(folders, base, runs)
    runs = voted.added(live.pictured(runs), votes)
    keys = axes.varying(runs)
    return Report(
        title=base.name,
        root=base,
        runs=runs,
        broken=broken,
        keys=keys,
        thumbnails={},
        content=[],
        style=[],
        found=search.of(runs, keys),
        voted=votes,
    )


def metrics(report: Report, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the numbers of these names.

    Args:
      report: whose runs have them.
      names: "style_distance", "best/loss/style", "s_per_step".

    Raises:
      UserError: no run has one of them.
    """
    known = {f"{_PREFIXES[one['group']]}{one['name']}": one for one in compared.by(report)}
    for name in names:
        if name.removeprefix("metrics/") not in known:
            if voted.is_of(name):
                raise UserError(f"--metric {name}: there are no such votes on these pictures yet")
            few = ", ".join(known) or "none"
            raise UserError(
                f"--metric: no run has {name!r}{did_you_mean(name, list(known))}; they have {few}"
            )
    return [known[name.removeprefix("metrics/")] for name in names]


def usual(report: Report) -> Sequence[Mapping[str, Any]]:
    """Return what runs are compared by where nothing else is asked for, the first first."""
    return compared.by(report)


def key(report: Report, name: str, option: str = "--by") -> Key:
    """Return a key that varies.

    Args:
      report: in whose runs it does.
      name: dotted, "tv.gamma".
      option: that named it.

    Raises:
      UserError: there is no such key, or it has one value in all runs.
    """
    return axes.named(option, name, report.runs, report.keys)


def few(key: Key) -> Key:
    """Return a key whose values print can tell apart.

    Raises:
      UserError: it has more.
    """
    if len(key.values) > MOST_VALUES:
        raise UserError(
            f"--by: {key.name} has {len(key.values)} values, and at most {MOST_VALUES} are told "
            "apart in print: name another key"
        )
    return key


def telling(report: Report, columns: Sequence[np.ndarray], most: int) -> Key | None:
    """Return the key whose values tell some numbers apart best, None where none does well.

    Args:
      report: of the sweep.
      columns: numbers of shape (runs,), NaN for a run without one.
      most: values of a key.
    """
    found = []
    for at, one in enumerate(report.keys):
        levels = factors.places(one, report.runs)
        # What nearly every run has a value of its own for tells all apart and says nothing.
        if one.name != factors.SEED and 1 < len(one.values) <= min(most, len(levels) / 2):
            found.append((sum(share_between(levels, c) for c in columns), -at, one))
    best = max(found, default=None, key=lambda row: row[:2])
    return best[2] if best and best[0] > 0.05 * len(columns) else None


def numbers(report: Report, metric: Mapping[str, Any]) -> np.ndarray:
    """Return a number for each run, of shape (runs,), NaN where it did not finish or has none."""
    return effects.numbers(report, metric)
