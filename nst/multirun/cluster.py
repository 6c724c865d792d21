"""Chunks of a grid on the nodes of a cluster: submitit's job array, one node a chunk."""

import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hydra_plugins.nst_batch_launcher.launcher import BatchedLauncherConf

from nst.base import interrupt
from nst.base.errors import UserError, of_file
from nst.config.schema import Config
from nst.multirun.cells import Cell, run

#: Seconds that a result may come after its job's end.
LATE = 5.0


@dataclass(frozen=True)
class Node:
    """What a node does with its chunk."""

    lanes: int | None

    def __call__(self, cells: Sequence[Cell]) -> list[Any]:
        """Return the `Outcome` of each cell."""
        interrupt.listen()
        if os.environ.get("SUBMITIT_EXECUTOR") == "local":
            # How `_cancel` reaches it. On Slurm this signal may announce that the job is requeued.
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
        try:
            return run(cells, self.lanes)
        except UserError as error:
            return [_failed(str(error)) for _ in cells]
        except OSError as error:
            return [_failed(of_file(error)) for _ in cells]

    def checkpoint(self, cells: Sequence[Cell]) -> Any:
        """Let a chunk that is preempted or out of time go on in another job."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, cells)


def chunks(configs: Sequence[Config], size: int) -> list[list[int]]:
    """Return the numbers of the configurations, like with like and at most `size` together.

    The names of pictures and weights stand for their bytes, which only a node reads. A wrong guess
    costs a compilation and never a picture, since a node groups the runs of its chunk by program.
    """
    alike: dict[Any, list[int]] = defaultdict(list)
    for number, one in enumerate(configs):
        program = (
            *(one.network.name, one.network.weights, one.pooling, one.precision),
            *(one.plan, one.check_every),
            *(one.content.name, one.content.path, one.style.name, one.style.path),
            one.color,
            *(one.style.statistic, one.style.size, tuple(one.style.blend or ())),
            *(one.content.mask, one.style.mask),
            *(one.content.reduction, one.tv.form, one.tv.reduction),
        )
        alike[program].append(number)
    return [
        numbers[start : start + size]
        for numbers in alike.values()
        for start in range(0, len(numbers), size)
    ]


def submit(cells: Sequence[Cell], conf: BatchedLauncherConf, folder: Path) -> list[Any]:
    """Run the cells on the cluster and return the `Outcome` of each, in their order.

    Args:
      cells: the grid.
      conf: checked.
      folder: of submitit's scripts and logs; every node must see it.

    Raises:
      UserError: the cluster takes no jobs.
      KeyboardInterrupt: after the jobs are cancelled.
    """
    parts = chunks([cell.config for cell in cells], conf.chunk)
    # Slurm keeps to array_parallelism by itself; on this machine nobody else does.
    width = len(parts) if conf.cluster == "slurm" else conf.array_parallelism or 1
    outcomes: dict[int, Any] = {}
    for start in range(0, len(parts), width):
        wave = parts[start : start + width]
        work = [[cells[number] for number in part] for part in wave]
        jobs = _array(work, conf, folder)
        _wait(jobs, conf.cluster)
        for part, several, job in zip(wave, work, jobs, strict=True):
            outcomes |= zip(part, _outcomes(several, job), strict=True)
        _say(f"{start + len(wave)}/{len(parts)} chunks ended")
    return [outcomes[number] for number in range(len(cells))]


def _array(work: list[list[Cell]], conf: BatchedLauncherConf, folder: Path) -> list[Any]:
    import submitit

    executor = submitit.AutoExecutor(folder=folder / "%j", cluster=conf.cluster)
    executor.update_parameters(
        name="nst",
        timeout_min=conf.timeout_min,
        gpus_per_node=conf.gpus_per_node,
        cpus_per_task=conf.cpus_per_task,
        mem_gb=conf.mem_gb,
        slurm_partition=conf.partition,
        slurm_array_parallelism=conf.array_parallelism,
        slurm_additional_parameters=dict(conf.sbatch or {}),
    )
    heard = signal.getsignal(signal.SIGINT)
    if conf.cluster == "local":
        # Processes started here inherit it: Ctrl-C in the terminal is for this one to hand on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        jobs = executor.map_array(Node(conf.lanes), work)
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
        reason = next((line for line in str(error).splitlines() if "error:" in line), str(error))
        raise UserError(f"{conf.cluster} took no jobs: {reason}") from error
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


def _outcomes(cells: Sequence[Cell], job: Any) -> list[Any]:
    """Return how a chunk's runs ended; where its node died, those that had not yet are failed."""
    from submitit.core.utils import FailedJobError

    why = f"job {job.job_id} ended without a result ({job.state}): see {job.paths.stderr}"
    if _has_result(job):
        try:
            return job.result()
        except FailedJobError:
            why = f"job {job.job_id} stopped with an error: see {job.paths.stderr}"
    return [_left(cell, why) for cell in cells]


def _left(cell: Cell, why: str) -> Any:
    from nst.config import identity
    from nst.rundir import run_json
    from nst.runner.outcome import Outcome

    fields = run_json.earlier(cell.folder)
    if not fields or fields["status"] != "finished":
        return _failed(why)
    if identity.differences(fields["config"], asdict(cell.config)):
        return _failed(why)
    best = fields["best"]
    return Outcome("finished", cell.folder / "result.png", best["step"], best["total"], None)


def _failed(why: str) -> Any:
    from nst.runner.outcome import Outcome

    return Outcome("failed", None, 0, None, why)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
