"""From Hydra's jobs to a grid, and from how its runs ended to Hydra's job returns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, configure_log, filter_overrides, run_job
from hydra.types import HydraContext
from hydra_plugins.nst_batch_launcher.launcher import BatchedLauncherConf
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from nst.base import home
from nst.base.errors import UserError
from nst.command import placing
from nst.multirun import batched_settings, cluster
from nst.multirun import cells as _cells
from nst.multirun.compose import Composer, Job, jobs


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
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    sweep = Path(str(config.hydra.sweep.dir)).absolute()
    try:
        batched_settings.check(settings)
        composer = Composer(context.config_loader, config)
        own = jobs(composer, job_overrides, first, sweep)
        cells = [
            _cells.Cell(
                job.label,
                job.config,
                job.folder,
                tuple(map(home.without, filter_overrides(job.overrides))),
                sweep,
                _texts(composer, job),
            )
            for job in own
        ]
        if settings.cluster == "inline":
            outcomes = _cells.run(cells, settings.lanes)
        else:
            outcomes = cluster.submit(cells, settings, sweep / ".submitit")
    except UserError:
        _discard(sweep)
        raise
    if len(cells) > 1:
        _cells.show_table(cells, outcomes)
    return [
        _returned(context, composer, job, outcome)
        for job, outcome in zip(own, outcomes, strict=True)
    ]


def _returned(context: HydraContext, composer: Composer, job: Job, outcome: Any) -> JobReturn:
    """Let Hydra do for a job what it does for every job: .hydra/, callbacks, the return value."""

    def hand_over(_: DictConfig) -> float | None:
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        if outcome.status != "finished":
            raise UserError(f"{job.label}: {outcome.error}")
        return outcome.best_total

    return run_job(
        task_function=hand_over,
        config=composer(job.overrides, job.number),
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=context,
    )


def _texts(composer: Composer, job: Job) -> dict[str, str]:
    config = composer(job.overrides, job.number)
    with read_write(config), open_dict(config):
        config.hydra.runtime.output_dir = str(job.folder)
        settings = OmegaConf.masked_copy(config, "hydra")
        del config["hydra"]
    return placing.texts(config, settings)


def _discard(sweep: Path) -> None:
    """Remove what Hydra wrote for a sweep of which nothing has run."""
    if placing.is_new(sweep) and {path.name for path in sweep.glob("*")} <= {"multirun.yaml"}:
        (sweep / "multirun.yaml").unlink(missing_ok=True)
        placing.leave_no_empty()
