"""The votes on a report's pictures: read, and put into its runs."""

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nst.base.errors import UserError
from nst.metrics.registry import PREFERENCE
from nst.report import preference
from nst.report.preference import Preference
from nst.rundir import votes
from nst.rundir.runs import Run

#: Voters whose own preference is a number of its own beside that of all.
MOST_VOTERS = 8


@dataclass(frozen=True)
class Voted:
    """What the voters said of a report's pictures."""

    all: Preference
    own: dict[str, Preference]  # of several voters each one's, who voted most first
    notes: list[str]  # on files that can't be read, or not as a whole


def read(folders: Sequence[Path], base: Path, runs: Sequence[Run]) -> Voted | None:
    """Return what the voters said; None where there is no file of votes.

    Read are the files in `base`, in each of the folders, and in those between `base` and a run.

    Args:
      folders: that the runs lie below.
      base: the deepest folder that they have in common.
      runs: of the report.
    """
    found: list[votes.Vote] = []
    notes: list[str] = []
    for folder in holding([base, *folders, *(run.folder for run in runs)], base):
        try:
            several, note = votes.read(folder)
            found += several
            notes += [f"{note}."] if note else []
        except UserError as error:
            notes.append(f"{error}.")
    if not found:
        return Voted(Preference((), {}, 0), {}, notes) if notes else None
    everyone = preference.of(runs, found)
    most = sorted(everyone.voters, key=lambda name: (-everyone.voters[name], name))[:MOST_VOTERS]
    own = {name: preference.of(runs, found, name) for name in most} if len(most) > 1 else {}
    return Voted(everyone, own, notes)


def added(runs: Sequence[Run], voted: Voted | None) -> list[Run]:
    """Return runs with what the voters prefer among their metrics.

    Args:
      runs: of the report.
      voted: what was said of them; none: nothing.
    """
    if voted is None:
        return list(runs)
    columns = {PREFERENCE.name: voted.all.by_run()}
    columns |= {f"{PREFERENCE.name}/{name}": one.by_run() for name, one in voted.own.items()}
    found = []
    for run in runs:
        own = {name: of[run.name] for name, of in columns.items() if run.name in of}
        found.append(dataclasses.replace(run, metrics={**own, **run.metrics}))
    return found


def is_of(name: str) -> bool:
    """Return whether a metric is what voters said, of all or of one.

    Args:
      name: of the metric.
    """
    return name.partition("/")[0] == PREFERENCE.name


def columns(voted: Voted | None) -> dict[str, dict[str, float]]:
    """Return what a table has beside the preference: by column, a number for each run with votes.

    Args:
      voted: what was said of the runs; none: nothing, and there are no columns.
    """
    found: dict[str, dict[str, float]] = {}
    for group in voted.all.groups if voted else ():
        low, high = group.strengths.intervals()
        for at in group.order:
            for name in group.runs[at]:
                row = (("low", low[at]), ("high", high[at]), ("votes", int(group.counts[at])))
                for end, value in row:
                    found.setdefault(f"{PREFERENCE.name}_{end}", {})[name] = value
    return found


def holding(folders: Sequence[Path], base: Path) -> list[Path]:
    """Return the folders with a file of votes, of these and of those above them up to `base`.

    Args:
      folders: below `base`.
      base: where to end.
    """
    base = Path(os.path.abspath(base))
    found: dict[Path, None] = {}
    for one in folders:
        here = Path(os.path.abspath(one))
        while here not in found and (here == base or base in here.parents):
            found[here] = None
            here = here.parent
    return [one for one in found if os.path.lexists(one / votes.FILE)]
