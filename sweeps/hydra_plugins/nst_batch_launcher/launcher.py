"""``hydra/launcher=batched``; Hydra imports this at every start, so the rest is imported late."""

from collections.abc import Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nst.multirun.settings import BatchedSettings

ConfigStore.instance().store(
    group="hydra/launcher", name="batched", node=BatchedSettings, provider="nst"
)


class BatchedLauncher(Launcher):
    """Runs jobs that differ in traced numbers and in layers alone as lanes of one program."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `BatchedSettings`."""
        self.settings = BatchedSettings(**settings)

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
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        return self.launch_numbered(job_overrides, numbers)

    def launch_numbered(
        self, job_overrides: Sequence[Sequence[str]], numbers: Sequence[int]
    ) -> Sequence[JobReturn]:
        """Do the same for jobs whose numbers need not follow each other."""
        from nst.multirun import batched

        return batched.launch(
            self.hydra_context, self.config, job_overrides, numbers, self.settings
        )
