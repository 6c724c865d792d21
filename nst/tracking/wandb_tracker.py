"""The tracker of Weights & Biases, offline and online; wandb_run.py opens its runs."""

import contextlib
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from nst.config.schema import Config
from nst.engine.check import Check
from nst.sources.resolve import ResolvedSource
from nst.tracking import captions, wandb_run, wandb_settings, wandb_shown
from nst.tracking.tracker import Alert, End, Picture
from nst.tracking.wandb_cells import log_cells as log_cells
from nst.tracking.wandb_settings import LONGEST_NAME
from nst.tracking.wandb_summary import losses, summed_up


@dataclass
class WandbTracker:
    """One run at Weights & Biases."""

    opening: Future  # of a wandb.Run
    config: Config
    id: str  # of the run, at W&B as well
    name: str  # what sets the run apart
    before: tuple[int, float] | None = None  # step of the last row, and seconds spent until then
    rates: list[float] = field(default_factory=list)  # seconds a step between rows
    best: Mapping[str, float] = field(default_factory=dict)  # losses of the row to keep so far
    step: int = -1  # of the last row
    sent: bool = False  # a row
    given: bool = False  # the id by WANDB_RUN_ID, so that another program may have it, too

    @property
    def run(self) -> Any:
        """The wandb.Run, once it is open."""
        return self.opening.result()

    @property
    def known(self) -> Mapping[str, Any]:
        """The run's id; once it is open, where it went and what it is called there, too."""
        own = {"id": self.id} | ({"given": True} if self.given else {})
        if not self.opening.done() or self.opening.exception():
            return own
        return wandb_run.place_of(self.run) | own

    def log(self, check: Check, picture: Path | None) -> None:
        """Log a check: losses, evaluations, the time of a step, the picture if there is a file."""
        row = losses(check.losses, self.config, check.step) | {"evaluations": check.evaluations}
        if self.config.scales:
            row["size"] = check.size
        if check.best:
            self.best = check.losses
        row |= self._rate(check.step, check.seconds) | self._best_so_far()
        self._send(row, check.step, picture)

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
            rate = self._rate(step, terms.pop("seconds"))
            beside = {key: int(terms.pop(key)) for key in ("evaluations", "size") if key in terms}
            # As the loop judges: the start is no candidate, and each size has a best of its own.
            fresh = beside.get("size") != size or self.config.keep == "last"
            if step and (fresh or not self.best or terms["total"] < self.best["total"]):
                self.best = terms
            size = beside.get("size")
            known = losses(terms, self.config, step) | beside | rate | self._best_so_far()
            picture = pictures / f"step_{step:05d}.png"
            self._send(known, step, picture if picture.exists() else None)

    def _send(self, row: dict[str, Any], step: int, picture: Path | None) -> None:
        """Log a row, unless W&B has it from before the run was cut off."""
        self.step = step
        if step < self.run.starting_step:
            return
        if picture is not None:
            row["picture"] = _on_the_way(picture, step, row["loss/total"])
        self.run.log(row, step=step)
        self.sent = True

    def _rate(self, step: int, seconds: float) -> dict[str, float]:
        """Return the seconds a step took since the row before, nothing for the first row."""
        before, self.before = self.before, (step, seconds)
        if before is None:
            return {}
        self.rates.append((seconds - before[1]) / (step - before[0]))
        return {"s_per_step": self.rates[-1]}

    def _best_so_far(self) -> dict[str, float]:
        """Return the best losses so far: W&B's agents stop runs by what a history has."""
        asked = [name.removeprefix("best/loss/") for name in self.config.search.objective]
        names = dict.fromkeys(["total", "content", "style", "tv", *asked])
        return {f"best/loss/{name}": self.best[name] for name in names if name in self.best}

    def finish(
        self,
        end: End,
        sources: Mapping[str, ResolvedSource],
        originals: Mapping[str, Picture],
    ) -> None:
        """Log metrics and pictures; fill the summary: status, best losses, sources."""
        summary = summed_up(self.config, end, sources, self.step)
        shown = {wandb_shown.key(key): wandb_shown.image(one) for key, one in originals.items()}
        if end.picture is not None:
            shown["result"] = wandb_shown.image(self._result(end, end.picture, sources))
        if self.sent:  # without a step they join the last row
            numbers = {key: one for key, one in summary.items() if key.startswith("metrics/")}
            self.run.log(numbers | shown)
        else:
            summary |= shown
        if self.rates:
            summary["s_per_step"] = statistics.median(self.rates)  # the last interval says little
        self.run.summary.update(summary)
        if end.status == "diverged" and self.config.tracking.alert:
            text = f"{self.name}: {end.error}"
            wandb_shown.send(self.run, Alert("A run of nst diverged", text, good=False))

    def _result(self, end: End, picture: Path, sources: Mapping[str, ResolvedSource]) -> Picture:
        replaced = [f"{key} {one.name}" for key, one in sources.items() if one.fallback]
        note = f"fallback: {', '.join(replaced)}" if replaced else ""
        total = end.best["total"] if end.best else None
        best = (end.best["step"], total) if end.best and total is not None else None
        return Picture(picture, captions.of_result(self.name, best, end.metrics, note))


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
    name = _cut(name)
    own = wandb_settings.identity(group, known)
    run = defined(wandb_run.opened(config.tracking, folder, group, name, own, config=settings))
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        opening = beside.submit(stack.enter_context, run)
        # A variable may be refused, and a run that is refused must not have begun.
        own_mode = "WANDB_MODE", config.tracking.mode
        given = any(one[0].startswith("WANDB_") and one != own_mode for one in os.environ.items())
        if given or config.tracking.mode == "online":
            opening.result()
        yield WandbTracker(opening, config, own.id, name, given=own.given)


@contextlib.contextmanager
def defined(opened: contextlib.AbstractContextManager[Any]) -> Iterator[Any]:
    """Open a run, and say how its rows are shown.

    Rows carry the optimizer's step as W&B's own, which needs no definition. Nor has a loss one: its
    summary is the last, and best/... has that of the best check; W&B's "min" would count the start
    and smaller sizes, begin anew where a run goes on, and be no number but {"min": ...}.

    Args:
      opened: what opens it.
    """
    with opened as run:
        # Of use as an axis, not as charts of their own: they rise with the steps.
        for name in ("evaluations", "size"):
            run.define_metric(name, hidden=True)
        yield run


def _on_the_way(picture: Path, step: int, total: float) -> Any:
    with Image.open(picture) as file:
        caption = captions.of_check(step, total, file.size)
    return wandb_shown.image(Picture(picture, caption))


def _cut(text: str) -> str:
    # What differs from run to run may stand at either end.
    half = (LONGEST_NAME - 3) // 2
    return text if len(text) <= LONGEST_NAME else f"{text[:half]}...{text[-half:]}"
