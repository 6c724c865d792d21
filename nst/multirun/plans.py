"""Before a sweep runs: what it would run and take, and whether that keeps to its budget."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from nst.base.errors import UserError
from nst.command import placing
from nst.config import budget
from nst.multirun import compose, sweeper
from nst.multirun.settings import BatchedSettings, check_batched
from nst.multirun.sweeper import Multirun
from nst.rundir import run_json

#: Jobs of Slurm at a time where `array_parallelism` says nothing, as submitit has it.
AT_A_TIME = 256


def only_planned(
    own: Multirun,
    overrides: Sequence[Sequence[str]],
    count: int | None = None,
    together: int | None = None,
) -> bool:
    """Print a sweep's plan if `sweep.plan` asks for it, and hold it against `sweep.budget`.

    Args:
      own: the sweep.
      overrides: those of each job; of a search, of a run or of several that stand for all.
      count: runs of a search, each like one of `overrides`; none: there are no others.
      together: runs that a search asks for at a time.

    Returns:
      Whether nothing is to be run.

    Raises:
      UserError: the plan is longer than the budget, or a job is refused.
    """
    asked = own.shape()
    if not asked.plan and asked.budget is None:
        return False
    way = _way(own)
    if asked.budget is not None and way[-1] is None:
        raise UserError(
            f"sweep.budget needs hydra/launcher=batched or basic: how many runs {way[0]} does at "
            "a time is not known"
        )
    found = _outlook(own, way, overrides, count, together, probing=asked.plan == "probe")
    from nst.multirun import plan_text

    if asked.plan:
        print("\n".join(plan_text.lines(found)))
        placing.leave_no_empty()
    allowed = budget.seconds(asked)
    needed = found.seconds(found.left)
    if needed > allowed:
        raise UserError(plan_text.too_long(asked.budget, found, found.fitting(allowed)))
    return bool(asked.plan)


def _outlook(
    own: Multirun,
    settings: tuple[str, int | None, int | None, int | None],
    overrides: Sequence[Sequence[str]],
    count: int | None,
    together: int | None,
    *,
    probing: bool,
) -> Any:
    ended = 0
    if count is None:
        jobs = sweeper.expected(own, overrides)
    else:
        # Beyond the search's own, which are other runs than these that stand for them.
        beyond = range(count, count + len(overrides))
        composed = compose.jobs(own.composer(), overrides, beyond, own.folder)
        jobs = [job for job, _ in composed]
        ended = sum(_has_ended(own.folder / str(number)) for number in range(count))
        count -= ended
    from nst.engine import jax_settings

    # Only now, since JAX takes a second: a refused sweep answers at once.
    jax_settings.load()
    from nst.multirun.outlook import Outlook, Way
    from nst.runner.estimate import estimate
    from nst.runner.probe import probe

    def measure(static: Any, member: Any, lanes: int) -> Any:
        print(f"measuring two steps of {member.job.label}", file=sys.stderr, flush=True)
        return probe(static, member, lanes)

    way = Way(*settings)
    alike = together or 1 if count is not None else None
    found = estimate(jobs, way.lanes, measure if probing else None, alike)
    return Outlook(jobs, own.folder.absolute(), found, way, count, ended)


def _has_ended(folder: Path) -> bool:
    try:
        return run_json.read(folder)["status"] not in ("running", "interrupted")
    except run_json.BadRecordError:
        return False


def _way(own: Multirun) -> tuple[str, int | None, int | None, int | None]:
    """Return how the sweep's launcher runs jobs, as `Way` has it.

    Raises:
      UserError: a setting of the launcher's is refused.
    """
    settings: Any = OmegaConf.to_container(own.config.hydra.launcher, resolve=True)
    if settings["_target_"] != BatchedSettings._target_:
        name = str(own.config.hydra.runtime.choices.get("hydra/launcher"))
        return name, 1, None, 1 if name == "basic" else None
    batched = BatchedSettings(**settings)
    check_batched(batched)
    if batched.cluster == "inline":
        return "batched", batched.lanes, None, 1
    at_a_time = batched.array_parallelism or (AT_A_TIME if batched.cluster == "slurm" else 1)
    return batched.cluster, batched.lanes, batched.chunk, at_a_time
