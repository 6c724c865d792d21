"""What a report is made of: runs, the keys that tell them apart, pictures."""

from dataclasses import dataclass, field
from pathlib import Path

from nst.metrics.objective import Objective
from nst.report.live import Progress
from nst.report.voted import Voted
from nst.rundir.runs import Broken, Run


@dataclass(frozen=True)
class Key:
    """A key of the configuration whose value differs between the runs."""

    name: str  # dotted, "tv.gamma", or derived, "alpha/beta"
    title: str  # for people
    values: list[str]  # labels in the order of their values
    of: dict[str, str]  # run name -> label; a run without a value is missing
    numbers: list[float] | None  # the values as numbers, where all of them are
    typed: list[str] = field(default_factory=list)  # the labels as one types them: 1e-4 for 10⁻⁴

    def typed_of(self, run: str) -> str:
        """Return what a run has for the key as one types it, "" where it has no value."""
        label = self.of.get(run, "")
        return (
            self.typed[self.values.index(label)] if label in self.values and self.typed else label
        )


@dataclass(frozen=True)
class Chosen:
    """Which keys a grid shows where, by name."""

    rows: str | None
    cols: str | None
    panels: tuple[str, ...]  # keys of which each combination of values has its own grid
    plain: bool  # no grid would be full: all runs beside each other
    asked: bool  # rows or columns were named


@dataclass(frozen=True)
class Found:
    """What the runs of a search found, by its objectives."""

    objectives: list[Objective]
    values: dict[str, list[float | None]]  # run name -> a number for each objective
    judged: list[Run]  # those that finished with all of these numbers
    front: list[Run]  # of these the ones that no other beats, the best by the first number first
    reference: list[float]  # a number for each objective, where the hypervolume begins
    volume: float | None  # between front and reference; of two or three objectives
    importance: list[dict[str, float]]  # for each objective the share of each key, most first


@dataclass(frozen=True)
class Report:
    """Finished runs and what tells them apart."""

    title: str
    root: Path  # folder that the report lies in
    runs: list[Run]
    broken: list[Broken]
    keys: list[Key]  # those that vary
    thumbnails: dict[str, Path]  # run name -> picture file inside root/.report/
    content: list[tuple[str, Path]]  # title and thumbnail of every content image used
    style: list[tuple[str, Path]]  # title and thumbnail of every style image used
    still: dict[str, str] = field(default_factory=dict)  # run name -> why it was not animated
    large: dict[Path, Path] = field(default_factory=dict)  # thumbnail -> larger, of what was used
    sheet: str = "grid.png"  # the contact sheet's file
    found: Found | None = None  # where the runs are those of a search
    chosen: Chosen | None = None  # of the grid
    waiting: int = 0  # cells of the sweep that are still to begin
    progress: dict[str, Progress] = field(default_factory=dict)  # run name -> how far it is
    voted: Voted | None = None  # what people said of the pictures, where there are votes

    def settings(self, run: str) -> str:
        """Return what a run has for the keys that vary, as one types it: "beta=1e4, seed=0"."""
        return ", ".join(f"{key.name}={key.typed_of(run)}" for key in self.keys)
