"""The launcher as Hydra sees it; Hydra imports this file at every start, so it imports little."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    cluster: str = "inline"  # inline: this process; local: other processes here; slurm: its nodes
    # What follows is for local and slurm.
    chunk: int = 16  # runs of one job, which a node does in one process
    timeout_min: int = 60  # minutes of a job; what is left after them goes on in another, 3 times
    partition: str | None = None  # Slurm's
    gpus_per_node: int | None = None  # GPUs of a job, its lanes spread over them; none: CPU alone
    cpus_per_task: int | None = None  # CPU cores of a job
    mem_gb: int | None = None  # memory of a job
    array_parallelism: int | None = None  # jobs at a time; none: 1 with local, 256 with slurm
    sbatch: Any = None  # other options of Slurm's sbatch, {account: NAME, qos: NAME}


ConfigStore.instance().store(
    group="hydra/launcher", name="batched", node=BatchedLauncherConf, provider="nst"
)


class BatchedLauncher(Launcher):
    """Runs jobs that differ in traced numbers and in layers alone as lanes of one program."""

    def __init__(self, **settings: Any) -> None:
        """Take the settings of `BatchedLauncherConf`."""
        self.settings = BatchedLauncherConf(**settings)

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
        from nst.multirun import batched

        return batched.launch(
            self.hydra_context, self.config, job_overrides, initial_job_idx, self.settings
        )
