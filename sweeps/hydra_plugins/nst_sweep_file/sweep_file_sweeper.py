"""``hydra/sweeper=sweep_file``; Hydra imports this at every start, so the rest is imported late."""

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nst.multirun.settings import SweepFileSettings

ConfigStore.instance().store(
    group="hydra/sweeper", name="sweep_file", node=SweepFileSettings, provider="nst"
)


class SweepFileSweeper(Sweeper):
    """Runs the points of a W&B sweep file through whatever launcher is chosen."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `SweepFileSettings`."""
        self.settings = SweepFileSettings(**settings)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives a sweeper."""
        from nst.multirun import sweeper

        self.multirun = sweeper.begin(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the jobs; `arguments` are the overrides of the command line."""
        from nst.multirun import sweep_file_sweeper

        return sweep_file_sweeper.sweep(self.settings, self.multirun, arguments)
