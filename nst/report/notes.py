"""What a reader of a report must know of its runs: what stood in for what, which are the same."""

import os
from collections.abc import Sequence

from nst.rundir.runs import Run

_SOURCES = ("content", "style", "network")
#: Runs that a sentence names; of more it says how many there are.
_MOST = 6


def notes(runs: Sequence[Run]) -> list[str]:
    """Return a sentence on each fallback, and one on the runs that are the same.

    Args:
      runs: of a report.
    """
    return [*of_fallbacks(runs), *of_twins(runs)]


def fallbacks(run: Run) -> str:
    """Return "style=night instead of starry" where that was so, "" where all are as asked.

    Args:
      run: with its sources.
    """
    return "; ".join(f"{key}={used} instead of {asked}" for key, used, asked in _replaced(run))


def in_place_of(runs: Sequence[Run], key: str, name: str) -> str:
    """Return "in place of starry" for a fallback's name, "" for any other.

    Args:
      runs: of a report.
      key: "content", "style" or "network"; other keys have no fallbacks.
      name: of the picture or network that was used.
    """
    if key not in _SOURCES:
        return ""
    asked = {each for run in runs for k, used, each in _replaced(run) if (k, used) == (key, name)}
    itself = any(
        source.name == name and not source.instead_of
        for run in runs
        for part, source in run.sources.items()
        if part.partition("/")[0] == key
    )
    return f"{'also ' if itself else ''}in place of {_and(sorted(asked))}" if asked else ""


def twins(runs: Sequence[Run]) -> dict[str, str]:
    """Return the names of runs that equal another one, each with the other's name.

    Args:
      runs: of a report, in the order of their names.
    """
    of_folder = {os.path.abspath(run.folder): run.name for run in runs}
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for run in runs:
        original = of_folder.get(os.path.abspath(run.folder / run.same_as)) if run.same_as else None
        # Where the same was computed twice, in two sweeps say, the hash tells.
        if not original and run.config_hash and run.status == "finished":
            original = first.setdefault(run.config_hash, run.name)
        if original and original != run.name:
            found[run.name] = original
    return found


def of_fallbacks(runs: Sequence[Run]) -> list[str]:
    """Return a sentence on each fallback.

    Args:
      runs: of a report.
    """
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for run in runs:
        for key, used, asked in _replaced(run):
            found.setdefault((key, used), {}).setdefault(asked, []).append(run.name)
    said = []
    for (key, used), by_asked in found.items():
        names = _and([f"{key}={asked}" for asked in by_asked])
        those = {name for several in by_asked.values() for name in several}
        them = "it" if len(by_asked) == 1 else "them"
        said.append(
            f"{names} could not be fetched: the built-in {used} replaces {them} "
            f"in {_share(len(those), len(runs))}."
        )
    return said


def of_twins(runs: Sequence[Run]) -> list[str]:
    """Return a sentence that says which runs are the same, none where all differ.

    Args:
      runs: of a report.
    """
    by_other: dict[str, list[str]] = {}
    for name, other in twins(runs).items():
        by_other.setdefault(other, []).append(name)
    if not by_other:
        return []
    count = sum(map(len, by_other.values()))
    pairs = [f"{_and(names)} as {other}" for other, names in by_other.items()]
    which = f": {'; '.join(pairs)}" if len(pairs) > 1 and count <= _MOST else ""
    others = f"run {next(iter(by_other))}" if len(by_other) == 1 else "others"
    return [
        f"{count} of the {len(runs)} runs {'is' if count == 1 else 'are'} the same as {others} "
        f"in all that determines a picture{which}."
    ]


def _replaced(run: Run) -> list[tuple[str, str, str]]:
    """Return of each fallback its key, its name, and the name that was asked for."""
    return [
        (key.partition("/")[0], source.name, source.instead_of)
        for key, source in run.sources.items()
        if source.instead_of
    ]


def _share(count: int, of: int) -> str:
    if count < of:
        return f"{count} of {of} runs"
    return {1: "the run", 2: "both runs"}.get(of, f"all {of} runs")


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
