"""The sweeper as Hydra sees it; Hydra imports this at every start, so the rest is imported late."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import MISSING, DictConfig


@dataclass
class SweepFileConf:
    """Every key of ``hydra.sweeper``."""

    _target_: str = "hydra_plugins.nst_sweep_file.sweep_file_sweeper.SweepFileSweeper"
    file: str = MISSING  # a W&B sweep file
    run_cap: int | None = None  # how many runs; none: as the file says
    seed: int = 0  # of the points that a random or bayes search draws
    round: int = 1  # bayes: how many runs it asks for at a time


ConfigStore.instance().store(
    group="hydra/sweeper", name="sweep_file", node=SweepFileConf, provider="nst"
)


class SweepFileSweeper(Sweeper):
    """Runs the points of a W&B sweep file through whatever launcher is chosen."""

    def __init__(self, file: str, run_cap: int | None, seed: int, round: int) -> None:
        """Keep the settings; `SweepFileConf` describes them."""
        super().__init__()
        self.settings = SweepFileConf(file=file, run_cap=run_cap, seed=seed, round=round)
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self.hydra_context: HydraContext | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Make the launcher, as Hydra asks of a sweeper."""
        from hydra.core.plugins import Plugins

        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the file's points; `arguments`, the command line's overrides, win over the file.

        Raises:
          UserError: the file or a point of it is refused, or a run failed.
        """
        from nst.multirun.sweep_file_runs import sweep

        assert self.config is not None
        assert self.launcher is not None
        assert self.hydra_context is not None
        return sweep(self.settings, self.config, self.hydra_context, self.launcher, arguments)
