"""What the terminal shows while a run goes on: a bar, or a line a check where it is no terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nst.config import Config
from nst.optimise import Check, seconds_per_step


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
            TextColumn("{task.fields[losses]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("", total=config.steps, losses="compiling")

    def __enter__(self) -> "Display":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, check: Check) -> None:
        """Show a check."""
        line = self._losses(check)
        self._bar.update(self._task, completed=check.step, losses=line)
        if not self.console.is_terminal:
            self.console.print(f"step {check.step}/{self.config.steps}  {line}", soft_wrap=True)
        self._last = check

    def _losses(self, check: Check) -> str:
        terms, config = check.terms, self.config
        parts = (
            f"total {terms.total:.4g} = content {config.alpha * terms.content:.3g}"
            f" + style {config.beta * terms.style:.3g} + tv {config.tv.gamma * terms.tv:.3g}"
        )
        if self._last is None:
            return parts
        return f"{seconds_per_step(self._last, check):.3f} s/step  {parts}"
