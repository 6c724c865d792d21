"""The runs below a folder, at any depth, with names that tell them apart."""

import dataclasses
import os
import re
from pathlib import Path

from nst.rundir.reader import read
from nst.rundir.runs import Broken, Run, walk


def find(folders: list[Path], base: Path) -> tuple[list[Run], list[Broken]]:
    """Read every run at any depth below `folders`, in the order of their names.

    Args:
      folders: that exist; a run's own folder counts as well.
      base: what the names of the runs are relative to.
    """
    runs: list[Run] = []
    broken: list[Broken] = []
    for folder in walk(folders):
        found = folder if isinstance(folder, Broken) else read(folder, _name(folder, base))
        if isinstance(found, Run):
            runs.append(found)
        else:
            broken.append(found)
    runs.sort(key=lambda run: natural(run.name))
    broken.sort(key=lambda one: natural(str(one.folder)))
    return _told_apart(runs), broken


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts "2" before "10"; ASCII digits only, since others may not be ints."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


def _name(folder: Path, base: Path) -> str:
    name = os.path.relpath(folder, base)
    # A file's name may hold bytes that are no text.
    return (folder.name if name == "." else name).encode("utf-8", "backslashreplace").decode()


def _told_apart(runs: list[Run]) -> list[Run]:
    """Give different files of one name, a/cat.jpg and b/cat.jpg, names that differ."""
    sums: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        for key, source in run.sources.items():
            sums.setdefault((key, source.name), set()).add(source.sha256)
    double = {pair for pair, found in sums.items() if len(found) > 1}
    if not double:
        return runs
    apart = []
    for run in runs:
        sources = {
            key: dataclasses.replace(source, name=f"{source.name} ({source.sha256[:4] or '?'})")
            if (key, source.name) in double
            else source
            for key, source in run.sources.items()
        }
        names = {key: source.name for key, source in sources.items() if key in run.values}
        values = run.values | names
        apart.append(dataclasses.replace(run, sources=sources, values=values))
    return apart
