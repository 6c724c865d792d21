"""What the terminal shows during a run: a bar, or a line a check where it is no terminal."""

import contextlib
import os
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from nst.config.schema import Config
from nst.engine.check import Check, seconds_per_step
from nst.losses.total import weighted
from nst.runner.job import Job
from nst.runner.outcome import Outcome


class Display:
    """Shows step, seconds a step, time left, the total and its three weighted terms."""

    def __init__(self, config: Config, console: Console | None = None):
        """Show a run of `config` on `console`, by default the standard error stream."""
        self.config = config
        self.console = console or Console(stderr=True)
        self._last: Check | None = None
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}"),
        )
        self._task = self._bar.add_task("", total=config.total_steps, rate="compiling")
        self._losses = Text("")
        #: To be entered during the run.
        self.live: contextlib.AbstractContextManager = contextlib.nullcontext()
        if self.console.is_terminal:
            self.live = Live(Group(self._bar, self._losses), console=self.console)

    def show(self, check: Check) -> None:
        """Show a check."""
        rate = "compiled"
        if self._last is not None:
            rate = f"{seconds_per_step(self._last, check):.3f} s/step"
        self._last = check
        if self.config.scales:
            rate += f"  {check.size} px"
        losses = self._weighted(check)
        self._bar.update(self._task, completed=check.step, rate=rate)
        self._losses.plain = f"  {losses}"
        if not self.console.is_terminal:
            line = f"step {check.step}/{self.config.total_steps}  {rate}  {losses}"
            self.console.print(line, soft_wrap=True, highlight=False)

    def _weighted(self, check: Check) -> str:
        terms, config = check.terms, self.config
        sums = terms.content, terms.style, terms.tv
        parts = weighted(*sums, alpha=config.alpha, beta=config.beta, gamma=config.tv.gamma)
        return (
            f"total {terms.total:.4g} = content {parts.content:.3g}"
            f" + style {parts.style:.3g} + tv {parts.tv:.3g}"
        )


class GridDisplay:
    """Shows a sweep: a line a group of runs that share a program, and one for all."""

    def __init__(self, runs: int, groups: int, ended: int, console: Console | None = None):
        """Show a sweep of `runs` runs in `groups` groups, `ended` of which needn't run."""
        self.console = console or Console(stderr=True)
        self._runs = runs
        self._ended = ended
        #: To be entered during the sweep.
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        title = f"{runs} runs, {groups} programs"
        self._all = self.bar.add_task(title, total=runs, completed=ended, unit="runs", rate="")
        self._last: dict[int, Check] = {}

    def group(self, label: str, runs: int, steps: int) -> TaskID:
        """Add the line of a group of `runs` runs of `steps` steps, the first called `label`."""
        title = label if runs == 1 else f"{label} and {runs - 1} more"
        return self.bar.add_task(title[:48], total=runs * steps, unit="steps", rate="compiling")

    def show(self, task: TaskID, lane: int, check: Check) -> None:
        """Show a check of one of a group's lanes."""
        before = self._last.get(lane)
        self._last[lane] = check
        if before is not None and before.step < check.step:
            rate = f"{seconds_per_step(before, check):.3f} s/step"
            self.bar.update(task, advance=check.step - before.step, rate=rate)

    def ended(self, label: str, outcome: Outcome) -> None:
        """Show that a run has ended."""
        self._ended += 1
        self.bar.update(self._all, completed=self._ended)
        if not self.console.is_terminal:
            result = outcome.error or f"total {outcome.best_total:.6g}"
            line = f"{self._ended}/{self._runs}  {label}  {outcome.status}  {result}"
            self.console.print(line, soft_wrap=True, highlight=False, markup=False)


def show_table(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    """Print how the runs of a grid ended, and where they are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("run", "overrides", "best total", "at step", "status"):
        table.add_column(title, overflow="fold")
    for job, outcome in zip(jobs, outcomes, strict=True):
        total = "" if outcome.best_total is None else f"{outcome.best_total:.6g}"
        status = outcome.status if not outcome.error else f"{outcome.status}: {outcome.error}"
        cells = (job.place.folder.name, job.label, total, str(outcome.best_step), status)
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
    print(os.path.relpath(jobs[0].place.folder.parent))
