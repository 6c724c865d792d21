"""The tracker of Weights & Biases, offline and online; wandb_run.py opens its runs."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst.config.running import Tracking
from nst.config.schema import Config
from nst.engine.check import Check, seconds_per_step
from nst.sources.resolve import ResolvedSource
from nst.tracking import wandb_run, wandb_settings
from nst.tracking.tracker import sweep_group
from nst.tracking.wandb_settings import LONGEST_NAME
from nst.tracking.wandb_summary import losses, summed_up


@dataclass
class WandbTracker:
    """One run at Weights & Biases."""

    opening: Future  # of a wandb.Run
    config: Config
    id: str  # of the run, at W&B as well
    before: Check | None = None
    best: Mapping[str, float] = field(default_factory=dict)  # the lowest row's losses so far
    step: int = -1  # of the last row
    sent: bool = False  # a row

    @property
    def run(self) -> Any:
        """The wandb.Run, once it is open."""
        return self.opening.result()

    @property
    def known(self) -> Mapping[str, Any]:
        """The run's id; once it is open, where it went and what it is called there, too."""
        if not self.opening.done() or self.opening.exception():
            return {"id": self.id}
        return wandb_run.place_of(self.run) | {"id": self.id}

    def log(self, check: Check, picture: Path | None) -> None:
        """Log a check: losses, evaluations, the time of a step, the picture if there is a file."""
        row = losses(check.losses, self.config, check.step) | {"evaluations": check.evaluations}
        if self.config.scales:
            row["size"] = check.size
        if self.before is not None:
            row["s_per_step"] = seconds_per_step(self.before, check)
        self.before = check
        if check.best:
            self.best = check.losses
        self._send(row | self._best_so_far(), check.step, picture)

    def restore(self, rows: Iterable[Mapping[str, float]], pictures: Path) -> None:
        """Log what a run had before it was cut off and W&B has not: of an offline run, all.

        Args:
          rows: of history.csv.
          pictures: the run's folder images/.
        """
        size: float | None = None
        for row in rows:
            terms = dict(row)
            step = int(terms.pop("step"))
            del terms["seconds"]
            beside = {key: int(terms.pop(key)) for key in ("evaluations", "size") if key in terms}
            # As the loop judges: the start is no candidate, and each size has a best of its own.
            fresh = beside.get("size") != size
            if step and (fresh or not self.best or terms["total"] < self.best["total"]):
                self.best = terms
            size = beside.get("size")
            known = losses(terms, self.config, step) | beside | self._best_so_far()
            picture = pictures / f"step_{step:05d}.png"
            self._send(known, step, picture if picture.exists() else None)

    def _send(self, row: dict[str, Any], step: int, picture: Path | None) -> None:
        """Log a row, unless W&B has it from before the run was cut off."""
        import wandb

        self.step = step
        if step < self.run.starting_step:
            return
        if picture is not None:
            row["picture"] = wandb.Image(str(picture))
        self.run.log(row, step=step)
        self.sent = True

    def _best_so_far(self) -> dict[str, float]:
        """Return the best losses so far: W&B's agents stop runs by what a history has."""
        asked = [name.removeprefix("best/loss/") for name in self.config.search.objective]
        names = dict.fromkeys(["total", "content", "style", "tv", *asked])
        return {f"best/loss/{name}": self.best[name] for name in names if name in self.best}

    def finish(
        self,
        status: str,
        best: Mapping[str, Any] | None,
        sources: Mapping[str, ResolvedSource],
        picture: Path | None,
        metrics: Mapping[str, float | None],
    ) -> None:
        """Log the metrics; fill the summary: status, best losses, sources, the best picture."""
        import wandb

        summary = summed_up(self.config, status, best, sources, picture, metrics, self.step)
        if self.sent:  # without a step they join the last row
            self.run.log({key: one for key, one in summary.items() if key.startswith("metrics/")})
        if picture is not None:
            replaced = [f"{key} {one.name}" for key, one in sources.items() if one.fallback]
            said = f"fallback: {', '.join(replaced)}" if replaced else None
            summary["result"] = wandb.Image(str(picture), caption=said)
        self.run.summary.update(summary)


@contextlib.contextmanager
def track(
    config: Config,
    settings: Mapping[str, Any],
    folder: Path,
    group: str | None,
    name: str,
    known: Mapping[str, Any] | None,
) -> Iterator[WandbTracker]:
    """Open a W&B run, yield its tracker, and close it whatever happens.

    Offline it opens beside the caller, as W&B takes most of a second to start: what keeps
    it from opening is raised by the tracker's first use.

    Args:
      config: validated.
      settings: the resolved configuration and what else describes the run; W&B's config.
      folder: where W&B makes its folder wandb/.
      group: the sweep this run belongs to; none: it is a single run.
      name: what sets the run apart; W&B shows it unless another name is given.
      known: what the run's record keeps of it from before; none: the run is new.

    Raises:
      UserError: online without a key, the server can't be reached, or a variable is refused.
    """
    own = wandb_settings.identity(group, known)
    run = wandb_run.opened(config.tracking, folder, group, _cut(name), own, config=settings)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        opening = beside.submit(stack.enter_context, run)
        # A variable may be refused, and a run that is refused must not have begun.
        given = any(name.startswith("WANDB_") for name in os.environ)
        if given or config.tracking.mode == "online":
            opening.result()
        yield WandbTracker(opening, config, own.id)


def log_cells(
    cells: Sequence[Mapping[str, Any]], grid: Path, tracking: Tracking, folder: Path
) -> None:
    """Log the cells of a sweep as one table, and its picture grid, in a W&B run of their own.

    Its arguments are those of `nst.tracking.tracker.Module`.

    Raises:
      UserError: online without a key, or the server can't be reached.
    """
    import wandb

    table = wandb.Table(columns=list(cells[0]))
    for cell in cells:
        values = cell.values()
        table.add_data(*(wandb.Image(str(v)) if isinstance(v, Path) else v for v in values))
    group = sweep_group(folder)
    fixed = {"name": "cells", "job_type": "report"}
    own = wandb_settings.identity(group, None)
    with wandb_run.opened(tracking, folder, group, "cells", own, **fixed) as run:
        run.log({"cells": table, "grid": wandb.Image(str(grid))})


def _cut(text: str) -> str:
    # What differs from run to run may stand at either end.
    half = (LONGEST_NAME - 3) // 2
    return text if len(text) <= LONGEST_NAME else f"{text[:half]}...{text[-half:]}"
