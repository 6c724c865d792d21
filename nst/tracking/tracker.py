"""What a tracker is told of a run and of a sweep, whichever it is; table.py names them all.

A tracker's module has the functions of `Module`. It is loaded when a run or the report of a sweep
asks for it, so that no run loads what another tracker needs.
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from nst.base.errors import UserError
from nst.config.running import Tracking
from nst.config.schema import Config
from nst.sources.resolve import ResolvedSource
from nst.tracking.table import TRACKERS

if TYPE_CHECKING:
    from nst.engine.check import Check


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
        status: str,
        best: Mapping[str, Any] | None,
        sources: Mapping[str, ResolvedSource],
        picture: Path | None,
        metrics: Mapping[str, float | None],
    ) -> None:
        """Log how a run ended; nothing is logged after it.

        Args:
          status: "finished", "diverged", "pruned", "interrupted" or "failed".
          best: step and losses at the best check, a loss that is not finite as None or NaN.
          sources: the pictures and the network, as they were used.
          picture: file of the best picture.
          metrics: of the best picture, by their names.
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

    def log_cells(
        self, cells: Sequence[Mapping[str, Any]], grid: Path, tracking: Tracking, folder: Path
    ) -> None:
        """Log the cells of a sweep as one table, and its picture grid.

        Args:
          cells: a mapping a run, all with the same columns; a path is that of a picture.
          grid: file of the picture grid.
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


def log_cells(
    cells: Sequence[Mapping[str, Any]], grid: Path, tracking: Tracking, folder: Path
) -> None:
    """Log a sweep with the tracker that its configuration names: `Module.log_cells`."""
    _module(tracking.mode).log_cells(cells, grid, tracking, folder)


def sweep_group(folder: Path) -> str:
    """Return the group of the runs of a sweep: the last two parts of its folder."""
    return "/".join(folder.absolute().parts[-2:])


def _module(mode: str) -> Module:
    if mode not in TRACKERS:  # a sweep's report comes even where all its runs were refused
        raise UserError(f"tracking.mode must be one of {', '.join(TRACKERS)}, not {mode!r}")
    return cast(Module, importlib.import_module(TRACKERS[mode]))
