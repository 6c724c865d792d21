"""What the terminal shows while a run goes on: a bar, or a line a check where it is no terminal."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

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
            TextColumn("{task.fields[rate]}"),
        )
        self._task = self._bar.add_task("", total=config.steps, rate="compiling")
        self._losses = Text("")
        self._live = Live(Group(self._bar, self._losses), console=self.console)

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, check: Check) -> None:
        """Show a check."""
        rate = "compiled"
        if self._last is not None:
            rate = f"{seconds_per_step(self._last, check):.3f} s/step"
        self._last = check
        losses = self._weighted(check)
        self._bar.update(self._task, completed=check.step, rate=rate)
        self._losses.plain = f"  {losses}"
        if not self.console.is_terminal:
            line = f"step {check.step}/{self.config.steps}  {rate}  {losses}"
            self.console.print(line, soft_wrap=True, highlight=False)

    def _weighted(self, check: Check) -> str:
        terms, config = check.terms, self.config
        return (
            f"total {terms.total:.4g} = content {config.alpha * terms.content:.3g}"
            f" + style {config.beta * terms.style:.3g} + tv {config.tv.gamma * terms.tv:.3g}"
        )
