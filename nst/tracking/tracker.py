"""What a tracker is told of a run and of a sweep, whichever it is; table.py names them all.

A tracker's module has the functions of `Module`. It is loaded when a run or the report of a sweep
asks for it, so that no run loads what another tracker needs.
"""

import importlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from nst.base.errors import UserError
from nst.config.running import Tracking
from nst.config.schema import Config
from nst.sources.resolve import ResolvedSource
from nst.tracking.table import TRACKERS

if TYPE_CHECKING:
    import numpy as np

    from nst.engine.check import Check


class Picture(NamedTuple):
    """A picture with what a reader needs beside it."""

    image: "Path | np.ndarray"  # a file, or (H, W, 3) in gray levels
    caption: str
    regions: "np.ndarray | None" = None  # (H, W) of whole numbers: each pixel's region
    names: tuple[str, ...] = ()  # of the regions, by their numbers


@dataclass(frozen=True)
class End:
    """How a run ended."""

    status: str  # finished, diverged, pruned, interrupted or failed
    error: str | None  # one sentence, where it did not finish
    best: Mapping[str, Any] | None  # step and losses; one that is not finite is None or NaN
    picture: Path | None  # file of the best picture
    metrics: Mapping[str, float | None]  # of the best picture, by their names


class Alert(NamedTuple):
    """A message to the owner of a sweep."""

    title: str
    text: str
    good: bool  # whether all is well


@dataclass(frozen=True)
class Cells:
    """What a sweep leaves when it has ended."""

    rows: Sequence[Mapping[str, Any]]  # a mapping a run, all with the same columns
    grid: Picture  # the grid of their pictures
    originals: Mapping[str, Picture]  # every content and style image: "content/NAME", "style/NAME"
    id: str | None = None  # what the tracker knows them by, so that they stay one; none: a new one
    alert: Alert | None = None  # what to send now


class Tracker(Protocol):
    """One run as a tracker knows it, from its first check to its end."""

    @property
    def known(self) -> Mapping[str, Any]:
        """What the run's record keeps of it, by which the run stays the same one when it continues.

        Its "id" is there at once; the rest is where the run went, which may be known at its end.
        """

    def log(self, check: "Check", picture: Path | None) -> None:
        """Log a check, in the order of the steps.

        Args:
          check: its losses, its time and its step.
          picture: file of the check's picture, where one is kept.
        """

    def restore(self, rows: Iterable[Mapping[str, float]], pictures: Path) -> None:
        """Log what a run had before it was cut off; nothing has been logged yet.

        Args:
          rows: of history.csv.
          pictures: the run's folder images/.
        """

    def finish(
        self,
        end: End,
        sources: Mapping[str, ResolvedSource],
        originals: Mapping[str, Picture],
    ) -> None:
        """Log how a run ended; nothing is logged after it.

        Args:
          end: its status, its best picture, that one's metrics.
          sources: the pictures and the network, as they were used.
          originals: content image and style images of a run that is in no sweep, as it used them:
            "content" and "style", or "style/NAME" for each of a blend.
        """


class Module(Protocol):
    """What a tracker's module has."""

    def track(
        self,
        config: Config,
        settings: Mapping[str, Any],
        folder: Path,
        group: str | None,
        name: str,
        known: Mapping[str, Any] | None,
    ) -> AbstractContextManager[Tracker]:
        """Open a run, or one that was cut off, give its `Tracker`, and close it whatever happens.

        Args:
          config: validated.
          settings: the resolved configuration and what else describes the run, "overrides" say.
          folder: where the tracker's files go: the run's, or its sweep's.
          group: the sweep this run belongs to; none: it is a single run.
          name: what sets the run apart in its sweep, or what was asked for.
          known: what the run's record keeps of it from before; none: the run is new.

        Raises:
          UserError: it can't be opened.
        """

    def log_cells(self, cells: Cells, tracking: Tracking, folder: Path) -> None:
        """Log the cells of a sweep as one table, its picture grid, and what it was made from.

        Args:
          cells: of the sweep; where there is an alert, it is sent.
          tracking: as the sweep's runs have it.
          folder: of the sweep.

        Raises:
          UserError: it can't be logged.
        """


def track(
    config: Config,
    settings: Mapping[str, Any],
    folder: Path,
    group: str | None,
    name: str,
    known: Mapping[str, Any] | None,
) -> AbstractContextManager[Tracker]:
    """Open a run with the tracker that its configuration names: `Module.track`."""
    return _module(config.tracking.mode).track(config, settings, folder, group, name, known)


def log_cells(cells: Cells, tracking: Tracking, folder: Path) -> None:
    """Log a sweep with the tracker that its configuration names: `Module.log_cells`."""
    _module(tracking.mode).log_cells(cells, tracking, folder)


def told_apart(pictures: Iterable[tuple[str, Picture]]) -> dict[str, Picture]:
    """Return pictures by their names, "style/cat-2" for the second one of a name.

    Args:
      pictures: each with its name.
    """
    found: dict[str, Picture] = {}
    for name, picture in pictures:
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        found[next(one for one in names if one not in found)] = picture
    return found


def sweep_group(folder: Path) -> str:
    """Return the group of the runs of a sweep: the last two parts of its folder."""
    return "/".join(folder.absolute().parts[-2:])


def _module(mode: str) -> Module:
    if mode not in TRACKERS:  # a sweep's report comes even where all its runs were refused
        raise UserError(f"tracking.mode must be one of {', '.join(TRACKERS)}, not {mode!r}")
    return cast(Module, importlib.import_module(TRACKERS[mode]))
