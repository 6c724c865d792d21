"""The launcher ``batched``: from Hydra's jobs to a grid, and from how its runs ended to Hydra's."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, configure_log, run_job
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from nst.base.errors import UserError
from nst.command import placing
from nst.multirun import begun, cluster, growth
from nst.multirun.compose import Composer, jobs
from nst.multirun.settings import BatchedSettings, check_batched
from nst.runner.job import Job
from nst.runner.outcome import reached


def launch(
    context: HydraContext,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    numbers: Sequence[int],
    settings: BatchedSettings,
) -> list[JobReturn]:
    """Run the jobs of a sweep as one grid.

    Args:
      context: Hydra's.
      config: the sweep's configuration.
      job_overrides: the overrides of each job.
      numbers: of the jobs.
      settings: of the launcher.

    Raises:
      UserError: a setting or a job's configuration is not allowed; nothing has run then.
    """
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    sweep = Path(str(config.hydra.sweep.dir)).absolute()
    began = partial(begun.say, sweep)
    try:
        check_batched(settings)
        composer = Composer(context.config_loader, config)
        composed = list(jobs(composer, job_overrides, numbers, sweep))
        runs = [_with_texts(job, own) for job, own in composed]
        if settings.cluster == "inline":
            outcomes = cluster.in_process(runs, settings.lanes, began)
        else:
            outcomes = cluster.submit(runs, settings, sweep / ".submitit", began)
    except UserError:
        _discard(sweep)
        raise
    if len(runs) > 1:
        from nst.runner import progress

        progress.show_table(runs, outcomes)
    return [
        _returned(context, job, own, outcome)
        for (job, own), outcome in zip(composed, outcomes, strict=True)
    ]


def _returned(context: HydraContext, job: Job, composed: DictConfig, outcome: Any) -> JobReturn:
    """Let Hydra do for a job what it does for every job: .hydra/, callbacks, the return value."""

    def hand_over(_: DictConfig) -> Any:
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        if outcome.status not in ("finished", "pruned"):
            raise UserError(f"{job.label}: {outcome.error}")
        return reached(outcome, job.config.search.objective)

    return run_job(
        task_function=hand_over,
        config=composed,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
        hydra_context=context,
    )


def _with_texts(job: Job, composed: DictConfig) -> Job:
    """Return a job with the files that Hydra keeps of what it composed."""
    with read_write(composed), open_dict(composed):
        composed.hydra.runtime.output_dir = str(job.place.folder)
    settings = OmegaConf.masked_copy(composed, "hydra")
    own = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    place = dataclasses.replace(job.place, hydra=placing.texts(own, settings))
    return dataclasses.replace(job, place=place)


def _discard(sweep: Path) -> None:
    """Remove what Hydra wrote for a sweep of which nothing has run."""
    left = {path.name for path in sweep.glob("*")}
    if placing.is_new(sweep) and left <= {"multirun.yaml", growth.FILE}:
        (sweep / "multirun.yaml").unlink(missing_ok=True)
        placing.leave_no_empty()
