"""From Hydra's jobs to a grid, and from how its runs ended to Hydra's job returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, configure_log, filter_overrides, run_job, setup_globals
from hydra.types import HydraContext
from hydra_plugins.nst_batch_launcher import cluster
from hydra_plugins.nst_batch_launcher.launcher import BatchedLauncherConf
from omegaconf import DictConfig, OmegaConf, open_dict

from nst.config import Config, from_mapping
from nst.errors import UserError
from nst.run import REFUSALS, sentence
from nst.validation import validated


@dataclass(frozen=True)
class _Job:
    label: str  # the overrides that set it apart
    composed: DictConfig
    config: Config
    folder: Path


def launch(
    context: HydraContext,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    first: int,
    settings: BatchedLauncherConf,
) -> list[JobReturn]:
    """Run the jobs of a sweep as one grid.

    Args:
      context: Hydra's.
      config: the sweep's configuration.
      job_overrides: the overrides of each job.
      first: number of the first job.
      settings: of the launcher.

    Raises:
      UserError: a setting or a job's configuration is not allowed; nothing has run then.
    """
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    sweep = Path(str(config.hydra.sweep.dir)).absolute()
    try:
        cluster.check(settings)
        jobs = [
            _job(context, config, sweep, overrides, label, first + number)
            for number, (overrides, label) in enumerate(
                zip(job_overrides, _labels(job_overrides), strict=True)
            )
        ]
    except UserError:
        _discard(sweep)
        raise
    cells = [
        cluster.Cell(
            job.label, job.config, job.folder, tuple(job.composed.hydra.overrides.task), sweep
        )
        for job in jobs
    ]
    if settings.cluster == "inline":
        outcomes = cluster.run(cells, settings.lanes)
    else:
        outcomes = cluster.submit(cells, settings, sweep / ".submitit")
    if len(cells) > 1:
        cluster.show_table(cells, outcomes)
    return [_returned(context, job, end) for job, end in zip(jobs, outcomes, strict=True)]


def _labels(job_overrides: Sequence[Sequence[str]]) -> list[str]:
    """Return what sets each job apart: the overrides that not all of them have."""
    sets = [filter_overrides(overrides) for overrides in job_overrides]
    shared = set.intersection(*map(set, sets)) if len(sets) > 1 else set()
    return [",".join(one for one in several if one not in shared) or "run" for several in sets]


def _job(
    context: HydraContext,
    config: DictConfig,
    sweep: Path,
    overrides: Sequence[str],
    label: str,
    number: int,
) -> _Job:
    try:
        composed = context.config_loader.load_sweep_config(config, list(overrides))
        with open_dict(composed):
            composed.hydra.job.id = str(number)
            composed.hydra.job.num = number
        # ${hydra:job.num} and its like are resolved from here.
        HydraConfig.instance().set_config(composed)
        subdir = str(OmegaConf.select(composed, "hydra.sweep.subdir"))
        values: Any = OmegaConf.to_container(composed, resolve=False)
        del values["hydra"]
        plain: Any = OmegaConf.to_container(
            OmegaConf.create(values), resolve=True, throw_on_missing=True
        )
        return _Job(label, composed, validated(from_mapping(plain)), sweep / subdir)
    except REFUSALS as error:
        raise UserError(f"job {number} ({label}): {sentence(error)}") from error


def _returned(context: HydraContext, job: _Job, outcome: Any) -> JobReturn:
    """Let Hydra do for a job what it does for every job: .hydra/, callbacks, the return value."""

    def hand_over(_: DictConfig) -> float | None:
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        if outcome.status != "finished":
            raise UserError(f"{job.label}: {outcome.error}")
        return outcome.best_total

    return run_job(
        task_function=hand_over,
        config=job.composed,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=context,
    )


def _discard(sweep: Path) -> None:
    """Remove what Hydra wrote for a sweep of which nothing has run."""
    if {path.name for path in sweep.glob("*")} <= {"multirun.yaml"}:
        (sweep / "multirun.yaml").unlink(missing_ok=True)
        sweep.rmdir()
