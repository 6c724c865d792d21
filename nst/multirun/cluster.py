"""The runs of a grid, in this process or in chunks on a cluster: submitit's array, a node each."""

import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.base import interrupt
from nst.base.errors import UserError, of_file
from nst.config.schema import Config, to_mapping
from nst.multirun.settings import BatchedSettings
from nst.runner.alike import named_files, program
from nst.runner.job import Job
from nst.runner.outcome import Outcome, failed, recorded

#: Seconds that a result may come after its job's end.
LATE = 5.0


def in_process(
    runs: Sequence[Job], lanes: int | None, began: Callable[[], None] | None = None
) -> list[Outcome]:
    """Do the runs in this process and return the `Outcome` of each.

    Args:
      runs: of the grid.
      lanes: runs in one program; none: as many as fit.
      began: is called once nothing can refuse the grid any more.
    """
    from nst.engine import jax_settings

    # Only now, since JAX takes a second: a refused grid answers at once.
    jax_settings.load()
    from nst.runner import grid

    return grid.run(runs, lanes, began=began)


@dataclass(frozen=True)
class Node:
    """What a node does with its chunk."""

    lanes: int | None

    def __call__(self, runs: Sequence[Job]) -> list[Outcome]:
        """Return the `Outcome` of each run."""
        interrupt.listen()
        if os.environ.get("SUBMITIT_EXECUTOR") == "local":
            # How `_cancel` reaches it. On Slurm this signal may announce that the job is requeued.
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
        try:
            return in_process(runs, self.lanes)
        except UserError as error:
            return [failed(str(error)) for _ in runs]
        except OSError as error:
            return [failed(of_file(error)) for _ in runs]

    def checkpoint(self, runs: Sequence[Job]) -> Any:
        """Let a chunk that is preempted or out of time go on in another job."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, runs)


def chunks(configs: Sequence[Config], size: int) -> list[list[int]]:
    """Return the numbers of the configurations, like with like and at most `size` together.

    The names of files stand for their bytes, which only a node reads. A wrong guess costs a
    compilation and never a picture, since a node groups the runs of its chunk by program.
    """
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for number, config in enumerate(configs):
        own = program(config, config.network.source.name), named_files(config)
        alike[own].append(number)
    return [
        numbers[start : start + size]
        for numbers in alike.values()
        for start in range(0, len(numbers), size)
    ]


def submit(
    runs: Sequence[Job],
    settings: BatchedSettings,
    folder: Path,
    began: Callable[[], None],
) -> list[Outcome]:
    """Do the runs on the cluster and return the `Outcome` of each, in their order.

    Args:
      runs: of the grid.
      settings: checked.
      folder: of submitit's scripts and logs; every node must see it.
      began: is called once the cluster has taken jobs.

    Raises:
      UserError: the cluster takes no jobs.
      KeyboardInterrupt: after the jobs are canceled.
    """
    parts = chunks([run.config for run in runs], settings.chunk)
    # Slurm keeps to array_parallelism by itself; on this machine nobody else does.
    width = len(parts) if settings.cluster == "slurm" else settings.array_parallelism or 1
    outcomes: dict[int, Outcome] = {}
    for start in range(0, len(parts), width):
        wave = parts[start : start + width]
        work = [[runs[number] for number in part] for part in wave]
        jobs = _array(work, settings, folder)
        began()
        _wait(jobs, settings.cluster)
        for part, several, job in zip(wave, work, jobs, strict=True):
            outcomes |= zip(part, _outcomes(several, job), strict=True)
        _say(f"{start + len(wave)}/{len(parts)} chunks ended")
    return [outcomes[number] for number in range(len(runs))]


def _array(work: list[list[Job]], settings: BatchedSettings, folder: Path) -> list[Any]:
    import submitit

    executor = submitit.AutoExecutor(folder=folder / "%j", cluster=settings.cluster)
    executor.update_parameters(
        name="nst",
        timeout_min=settings.timeout_min,
        gpus_per_node=settings.gpus_per_node,
        cpus_per_task=settings.cpus_per_task,
        mem_gb=settings.mem_gb,
        slurm_partition=settings.partition,
        slurm_array_parallelism=settings.array_parallelism,
        slurm_additional_parameters=dict(settings.sbatch or {}),
    )
    heard = signal.getsignal(signal.SIGINT)
    if settings.cluster == "local":
        # Processes started here inherit it: Ctrl-C in the terminal is for this one to hand on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        jobs = executor.map_array(Node(settings.lanes), work)
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
        reason = next((line for line in str(error).splitlines() if "error:" in line), str(error))
        raise UserError(f"{settings.cluster} took no jobs: {reason}") from error
    finally:
        signal.signal(signal.SIGINT, heard)
    _say(f"{len(jobs)} chunks submitted as {jobs[0].job_id} ...: logs in {folder}")
    return jobs


def _wait(jobs: Sequence[Any], cluster: str) -> None:
    waiting = list(jobs)
    try:
        while waiting := [job for job in waiting if not job.done()]:
            interrupt.check()
            time.sleep(0.2)
    except KeyboardInterrupt:
        _cancel(jobs, cluster)
        raise
    # A shared file system may show a node's result later than Slurm shows its end.
    patience = time.monotonic() + LATE
    while time.monotonic() < patience and not all(map(_has_result, jobs)):
        time.sleep(0.2)


def _cancel(jobs: Sequence[Any], cluster: str) -> None:
    for job in jobs:
        if cluster == "slurm":
            job.cancel(check=False)
        elif not job.done():
            # Its supervisor, which hands this on; its own SIGINT would leave a second to write.
            os.kill(int(job.job_id), signal.SIGTERM)
    patience = time.monotonic() + LATE
    while cluster == "local" and time.monotonic() < patience and not all(j.done() for j in jobs):
        time.sleep(0.1)


def _has_result(job: Any) -> bool:
    return job.done() and job.paths.result_pickle.exists()


def _outcomes(runs: Sequence[Job], job: Any) -> list[Outcome]:
    """Return how a chunk's runs ended; where its node died, those that had not yet are failed."""
    from submitit.core.utils import FailedJobError

    why = f"job {job.job_id} ended without a result ({job.state}): see {job.paths.stderr}"
    if _has_result(job):
        try:
            return job.result()
        except FailedJobError:
            why = f"job {job.job_id} stopped with an error: see {job.paths.stderr}"
    return [_left(run, why) for run in runs]


def _left(run: Job, why: str) -> Outcome:
    from nst.config import identity
    from nst.rundir import run_json

    fields = run_json.earlier(run.place.folder)
    if not fields or fields["status"] != "finished":
        return failed(why)
    if identity.differences(fields["config"], to_mapping(run.config)):
        return failed(why)
    return recorded(fields, run.place.folder)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
