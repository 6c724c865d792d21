"""``hydra/sweeper=grid``; Hydra imports this at every start, so the rest is imported late."""

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nst.multirun.settings import GridSettings

ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSettings, provider="nst")


class GridSweeper(Sweeper):
    """Hydra's basic sweeper, which refuses a grid before anything of it runs or is written."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `GridSettings`."""
        self.settings = GridSettings(**settings)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives a sweeper."""
        from nst.multirun import sweeper

        self.multirun = sweeper.begin(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the jobs; `arguments` are the overrides of the command line."""
        from nst.multirun import grid_sweeper

        return grid_sweeper.sweep(self.settings, self.multirun, arguments)
