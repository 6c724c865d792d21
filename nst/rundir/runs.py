"""Runs, and the folders they lie in. Imports no JAX, so that a report starts at once."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Folders that hold no runs, wherever they are.
SKIPPED = (".hydra", ".report", ".git")
#: Levels that a run's folder may lie below its sweep's.
_DEEPEST = 3
#: What shows that a folder is a run's.
_OF_A_RUN = ("run.json", ".hydra", "history.csv")
#: W&B's own folders inside wandb/.
_OF_WANDB = re.compile(r"latest-run$|(offline-)?run-\d{8}_\d{6}-")


@dataclass(frozen=True)
class RecordedSource:
    """A picture or a network as a run used it."""

    name: str  # a source's name, or the stem of the user's own file
    title: str  # work, author, year, license
    sha256: str  # of the file's bytes; "" where the record lacks it
    path: str | None  # of the user's own file, as it was given
    file: str | None  # its name in the cache folder, where it was fetched
    instead_of: str | None = None  # the name that was asked for, where this is its fallback


@dataclass(frozen=True)
class Run:
    """A run that has ended, whatever its end."""

    folder: Path
    name: str  # its folder as seen from the reported folder: "3", "pooling/2026-11-22_10-00-00/3"
    status: str  # finished, diverged, pruned, interrupted, failed or running
    error: str | None  # one sentence, where it did not finish
    values: dict[str, Any]  # dotted key -> value, of every key that can tell two runs apart
    metrics: dict[str, float | None]  # by the names of nst.metrics.registry
    losses: dict[str, float | None]  # of the result: total, content, style, tv; unweighted
    best_step: int | None  # of the result
    steps_s: float | None  # seconds spent in steps
    s_per_step: float | None
    started: str  # ISO 8601
    width: int | None  # of the picture in pixels
    height: int | None
    picture: Path | None  # result.png, where there is one
    sources: dict[str, RecordedSource] = field(default_factory=dict)  # "content", "style", ...
    config_hash: str | None = None  # equal for runs that determine the same picture
    same_as: str | None = None  # the way to the folder of the run whose result this one took
    reused_from: str | None = None  # the same, of a run of another sweep
    objective: tuple[str, ...] = ()  # what it was searched by, search.objective
    checks: dict[str, dict[str, float | None]] = field(default_factory=dict)  # "best", "last"
    overrides: tuple[str, ...] = ()  # what was asked for on top of the defaults


@dataclass(frozen=True)
class Broken:
    """A folder that looks like a run's and can't be read."""

    folder: Path
    reason: str  # one sentence


def folders(within: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders of runs at any depth.

    Args:
      within: folders to look into; a run's own counts as well.
    """
    yield from (found for found in walk(within) if isinstance(found, Path))


def sweep_of(folder: Path) -> Path | None:
    """Return the folder of a run's sweep, the nearest above it with Hydra's record of one.

    Args:
      folder: of the run.

    Returns:
      The folder; none for a single run, and for one of a sweep of the library's, which has no such
      record.
    """
    above = folder.parents[:_DEEPEST]
    return next((one for one in above if (one / "multirun.yaml").is_file()), None)


def walk(within: Iterable[Path]) -> Iterator[Path | Broken]:
    """Yield the folders of runs at any depth, and those that can't be opened.

    Args:
      within: folders to look into; a run's own counts as well.
    """
    seen: set[tuple[int, int]] = set()  # ends loops of links, and folders named twice
    for folder in within:
        yield from _walk(folder, seen)


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Broken]:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as entries:
                files = {entry.name: entry.is_dir() for entry in entries}
        except OSError as error:
            yield Broken(here, f"the folder can't be opened ({error.strerror})")
            continue
        a_run = any(name in files for name in _OF_A_RUN)
        if a_run:
            yield here
        waiting += [
            here / name
            for name, is_dir in files.items()
            if is_dir and not _holds_none(name, here, a_run)
        ]


def _holds_none(name: str, parent: Path, of_a_run: bool) -> bool:
    """Return whether a folder holds no runs; one that a path in a run's name made may hold some."""
    of_wandb = parent.name == "wandb" and _OF_WANDB.match(name)
    return name in SKIPPED or (name == "images" and of_a_run) or bool(of_wandb)
