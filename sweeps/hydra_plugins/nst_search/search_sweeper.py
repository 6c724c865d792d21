"""``hydra/sweeper=search``; Hydra imports this at every start, so the rest is imported late."""

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nst.multirun.settings import SearchSettings

ConfigStore.instance().store(
    group="hydra/sweeper", name="search", node=SearchSettings, provider="nst"
)


class SearchSweeper(Sweeper):
    """Asks Optuna which runs come next, for the objectives of ``search.objective``."""

    def __init__(self, **settings: Any) -> None:
        """Take no settings: those of a search are the group ``search``."""
        SearchSettings(**settings)  # has none of its own

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives a sweeper."""
        from nst.multirun import sweeper

        self.multirun = sweeper.begin(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the jobs; `arguments` are the overrides of the command line."""
        from nst.multirun import search_sweeper

        return search_sweeper.sweep(self.multirun, arguments)
