"""The cells of a grid before JAX is loaded, and the grid of them run in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.config.schema import Config


@dataclass(frozen=True)
class Cell:
    """A `nst.runner.grid.Job` in the making, which needs no JAX."""

    label: str
    config: Config
    folder: Path  # of the run
    overrides: tuple[str, ...]
    sweep: Path  # the folder of all
    hydra: dict[str, str]  # files of .hydra/, name -> text

    def job(self) -> Any:
        """Return the `nst.runner.grid.Job`."""
        # Only now, since JAX takes a second: a refused grid answers at once.
        from nst.runner.grid import Job
        from nst.runner.session import Place
        from nst.tracking.tracker import sweep_group

        group = sweep_group(self.sweep)
        place = Place(self.folder, self.overrides, self.sweep, group, self.hydra)
        return Job(self.label, self.config, place)


def run(cells: Sequence[Cell], lanes: int | None) -> list[Any]:
    """Run the cells in this process and return the `Outcome` of each."""
    from nst.engine import jax_settings

    jax_settings.load()
    from nst.runner import grid

    return grid.run([cell.job() for cell in cells], lanes)


def show_table(cells: Sequence[Cell], outcomes: Sequence[Any]) -> None:
    """Print how the runs ended."""
    from nst.runner import grid

    grid.show_table([cell.job() for cell in cells], outcomes)
