"""The launcher as Hydra sees it; Hydra imports this file at every start, so it imports little."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class BatchedLauncherConf:
    """Settings of the launcher."""

    _target_: str = "hydra_plugins.nst_batch_launcher.launcher.BatchedLauncher"
    lanes: int | None = None  # runs in one program; none: what fits a GPU's memory, 1 on a CPU


ConfigStore.instance().store(
    group="hydra/launcher", name="batched", node=BatchedLauncherConf, provider="nst"
)


class BatchedLauncher(Launcher):
    """Runs jobs that differ in traced numbers and in layers alone as lanes of one program."""

    def __init__(self, lanes: int | None) -> None:
        """Take the settings of `BatchedLauncherConf`."""
        self.lanes = lanes

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives a launcher before the first jobs."""
        self.hydra_context = hydra_context
        self.config = config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the jobs and return how each ended, in their order."""
        from hydra_plugins.nst_batch_launcher import core

        return core.launch(
            self.hydra_context, self.config, job_overrides, initial_job_idx, self.lanes
        )
