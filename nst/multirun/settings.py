"""The settings of nst's Hydra plugins, which store them; Hydra loads these at every start."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nst.base.errors import UserError, did_you_mean

CLUSTERS = ("inline", "local", "slurm")

#: More runs than this in one sweep are a slip of the pen.
MOST_RUNS = 100_000


@dataclass
class GridSettings:
    """Every key of ``hydra.sweeper`` of the sweeper ``grid``, as Hydra's basic sweeper has them."""

    _target_: str = "hydra_plugins.nst_grid_sweeper.grid_sweeper.GridSweeper"
    max_batch_size: int | None = None  # jobs a launcher gets at a time; none: all
    params: dict[str, str] | None = field(default_factory=dict)  # key -> values, for every multirun


@dataclass
class SearchSettings:
    """``hydra.sweeper`` of the sweeper ``search``, whose settings are the group ``search``."""

    _target_: str = "hydra_plugins.nst_search.search_sweeper.SearchSweeper"


@dataclass
class SweepFileSettings:
    """Every key of ``hydra.sweeper`` of the sweeper ``sweep_file``."""

    _target_: str = "hydra_plugins.nst_sweep_file.sweep_file_sweeper.SweepFileSweeper"
    file: str = "???"  # a W&B sweep file; must be given
    run_cap: int | None = None  # how many runs; none: as the file says


@dataclass
class BatchedSettings:
    """Every key of ``hydra.launcher`` of the launcher ``batched``."""

    _target_: str = "hydra_plugins.nst_batch_launcher.launcher.BatchedLauncher"
    lanes: int | None = None  # runs in one program; none: what fits a GPU's memory, 1 on a CPU
    cluster: str = "inline"  # inline: this process; local: other processes here; slurm: its nodes
    # What follows is for local and slurm.
    chunk: int = 16  # runs of one job, which a node does in one process
    timeout_min: int = 60  # minutes of a job; what is left continues in another, 3 times
    partition: str | None = None  # Slurm's
    gpus_per_node: int | None = None  # GPUs of a job, its lanes spread over them; none: CPU alone
    cpus_per_task: int | None = None  # CPU cores of a job
    mem_gb: int | None = None  # memory of a job
    array_parallelism: int | None = None  # jobs at a time; none: 1 with local, 256 with slurm
    sbatch: Any = None  # other options of Slurm's sbatch, {account: NAME, qos: NAME}


def check_grid(settings: GridSettings) -> None:
    """Refuse a setting that is out of its range.

    Raises:
      UserError: says what is allowed.
    """
    size = settings.max_batch_size
    if size is not None and size < 1:
        raise UserError(f"hydra.sweeper.max_batch_size must be at least 1, not {size}")


def check_sweep_file(settings: SweepFileSettings) -> None:
    """Refuse a setting that is out of its range.

    Raises:
      UserError: says what is allowed.
    """
    value = settings.run_cap
    if value is not None and not 1 <= value <= MOST_RUNS:
        raise UserError(f"hydra.sweeper.run_cap must be from 1 to {MOST_RUNS}, not {value}")


def check_batched(settings: BatchedSettings) -> None:
    """Refuse a setting that is out of its range or needs what is not installed.

    Raises:
      UserError: says what is allowed or missing.
    """
    cluster = settings.cluster
    if cluster not in CLUSTERS:
        allowed = f"must be {', '.join(CLUSTERS[:-1])} or {CLUSTERS[-1]}, not {cluster!r}"
        raise UserError(f"hydra.launcher.cluster {allowed}{did_you_mean(cluster, list(CLUSTERS))}")
    for key in ("lanes", "chunk", "timeout_min", "array_parallelism"):
        value = getattr(settings, key)
        if value is not None and value < 1:
            raise UserError(f"hydra.launcher.{key} must be at least 1, not {value}")
    if settings.sbatch is not None and not isinstance(settings.sbatch, Mapping):
        raise UserError(f"hydra.launcher.sbatch must be {{option: value}}, not {settings.sbatch}")
    if cluster != "inline":
        _check_installed(cluster)


def _check_installed(cluster: str) -> None:
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"hydra.launcher.cluster={cluster} needs submitit: "
            "pip install '.[slurm]' in nst's checkout"
        ) from error
    missing = [name for name in ("sbatch", "srun") if shutil.which(name) is None]
    if cluster == "slurm" and missing:
        raise UserError(
            f"hydra.launcher.cluster=slurm found no {' and no '.join(missing)} here: start the "
            "sweep on a machine that submits Slurm jobs"
        )
