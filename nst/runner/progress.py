"""What is shown during a run: a bar in a terminal or a notebook, elsewhere a line a check."""

import io
import os
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
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

from nst.config import look
from nst.config.running import Search
from nst.config.schema import Config
from nst.engine.check import Check, seconds_per_step
from nst.losses.total import weighted
from nst.metrics.objective import objective
from nst.runner.job import Job
from nst.runner.outcome import Outcome

#: What a sweep shows of each run: its losses don't compare with another's.
SHOWN = ("metrics/style_distance", "metrics/content_distance")


class Shown:
    """Keeps something in sight as it changes: in a terminal, in a notebook's cell, or nowhere."""

    def __init__(self, what: RenderableType, console: Console):
        """Show `what` on `console` once this is entered."""
        self._what, self._console = what, console
        self._live = Live(what, console=console) if console.is_terminal else None
        self._cell: Any = None

    def __enter__(self) -> "Shown":
        if self._live:
            self._live.start()
        elif self._console.is_jupyter and not self._console.quiet:
            from IPython.display import display  # a notebook has it

            self._cell = display(self._text(), raw=True, display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.refresh()
        if self._live:
            self._live.stop()

    def refresh(self) -> None:
        """Show it as it is now; a terminal does so by itself."""
        if self._cell:
            self._cell.update(self._text(), raw=True)

    def say(self, line: str) -> None:
        """Print a line where nothing is kept in sight: in a file, say."""
        if not (self._live or self._cell):
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _text(self) -> dict[str, str]:
        console = Console(file=io.StringIO(), width=100, force_jupyter=False)
        console.print(self._what)
        return {"text/plain": console.file.getvalue()}  # type: ignore[attr-defined]


class Display:
    """Shows step, seconds a step, time left, the total and its three weighted terms."""

    def __init__(self, config: Config, console: Console | None = None):
        """Show a run of `config` on `console`, by default the standard error stream."""
        self.config = config
        self._last: Check | None = None
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("elapsed"),
            TimeRemainingColumn(),
            TextColumn("remaining"),
            TextColumn("{task.fields[rate]}"),
        )
        self._task = self._bar.add_task("", total=config.total_steps, rate="compiling")
        self._losses = Text("")
        #: To be entered during the run.
        self.live = Shown(Group(self._bar, self._losses), console or Console(stderr=True))

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
        self.live.refresh()
        self.live.say(f"step {check.step}/{self.config.total_steps}  {rate}  {losses}")

    def _weighted(self, check: Check) -> str:
        terms = check.terms
        sums = terms.content, terms.style, terms.tv
        size = look.size_at(self.config, check.step)
        parts = weighted(*sums, **look.weights(self.config, size)._asdict())
        return (
            f"total {terms.total:.4g} = content {parts.content:.3g}"
            f" + style {parts.style:.3g} + tv {parts.tv:.3g}"
        )


class GridDisplay:
    """Shows a sweep: a line a group of runs that share a program, and one for all."""

    def __init__(self, runs: int, groups: int, ended: int, console: Console | None = None):
        """Show a sweep of `runs` runs in `groups` groups, `ended` of which needn't run."""
        self._runs = runs
        self._ended = ended
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("elapsed"),
            TimeRemainingColumn(),
            TextColumn("remaining"),
            TextColumn("{task.fields[rate]}"),
        )
        #: To be entered during the sweep.
        self.live = Shown(self._bar, console or Console(stderr=True))
        title = f"{runs} runs, {groups} programs"
        self._all = self._bar.add_task(title, total=runs, completed=ended, unit="runs", rate="")
        self._last: dict[int, Check] = {}

    def group(self, label: str, runs: int, steps: int) -> TaskID:
        """Add the line of a group of `runs` runs of `steps` steps, the first called `label`."""
        title = label if runs == 1 else f"{label} and {runs - 1} more"
        return self._bar.add_task(title[:48], total=runs * steps, unit="steps", rate="compiling")

    def show(self, task: TaskID, lane: int, check: Check) -> None:
        """Show a check of one of a group's lanes."""
        before = self._last.get(lane)
        self._last[lane] = check
        if before is not None and before.step < check.step:
            rate = f"{seconds_per_step(before, check):.3f} s/step"
            self._bar.update(task, advance=check.step - before.step, rate=rate)
            self.live.refresh()

    def ended(self, label: str, outcome: Outcome) -> None:
        """Show that a run has ended."""
        self._ended += 1
        self._bar.update(self._all, completed=self._ended)
        self.live.refresh()
        result = outcome.error or "  ".join(
            f"{one.title} {_short(one.of(outcome.numbers))}" for one in map(objective, SHOWN)
        )
        self.live.say(f"{self._ended}/{self._runs}  {label}  {outcome.status}  {result}")


def show_table(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    """Print how the runs of a grid ended, and where they are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run")
    table.add_column("settings", overflow="fold")
    # What the search looks for first; the default, a loss, compares nothing.
    asked = jobs[0].config.search.objective
    looked_for = [] if asked == [Search().objective] else asked
    shown = [objective(one) for one in dict.fromkeys([*looked_for, *SHOWN])]
    for one in shown:
        table.add_column(one.title, justify="right", no_wrap=True)
    table.add_column("status", overflow="fold")
    for job, outcome in zip(jobs, outcomes, strict=True):
        status = outcome.status if not outcome.error else f"{outcome.status}: {outcome.error}"
        # A space after each comma, where a line may break.
        settings = job.label.replace(",", ", ")
        values = [_short(one.of(outcome.numbers)) for one in shown]
        table.add_row(*map(Text, (job.place.folder.name, settings, *values, status)))
    # In a file no line is too long.
    Console(width=None if Console().is_terminal else 10_000).print(table)
    print(os.path.relpath(jobs[0].place.folder.parent))


def _short(value: float | None) -> str:
    """Return a number as a table shows it: distances to three digits, losses to four figures."""
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"
