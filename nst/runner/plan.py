"""Which jobs of a grid are to run, and which of them share a program: nothing is written."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nst.base import interrupt
from nst.base.errors import UserError
from nst.base.program import Static
from nst.config import output
from nst.engine.cut import side_by_side
from nst.engine.devices import places
from nst.engine.lanes import union
from nst.engine.memory import check_lanes, lanes_that_fit
from nst.rundir import checkpoint, refusal
from nst.runner import alike
from nst.runner.job import Job
from nst.runner.known import Reusable, complete, ended_before, over, reusable, same_files
from nst.runner.outcome import Outcome, failed
from nst.runner.prepare import Prepared, prepare

#: How runs ended, by their number in the order of the grid.
Outcomes = dict[int, Outcome]


@dataclass(frozen=True)
class Member:
    """A run of a group."""

    number: int
    job: Job
    prepared: Prepared
    earlier: checkpoint.Saved | None
    original: Path | None = None  # a run of another sweep, whose result it takes


@dataclass
class Plan:
    """What is to be done for the jobs of a grid."""

    ended: Outcomes = field(default_factory=dict)  # of jobs that ended before
    #: Of these the ones that have files beside result.png.
    complete: dict[int, Prepared] = field(default_factory=dict)
    refused: dict[int, UserError] = field(default_factory=dict)  # why jobs can't run
    groups: dict[Hashable, list[Member]] = field(default_factory=lambda: defaultdict(list))
    #: Of runs that come before them, or of another sweep's.
    repeats: list[Member] = field(default_factory=list)

    def programs(self) -> list[tuple[Static, list[Member]]]:
        """Return what is compiled, each program with the runs that it is for."""
        return [
            (union(member.prepared.static for member in members), members)
            for members in self.groups.values()
        ]


def planned(jobs: Sequence[Job]) -> Plan:
    """Prepare the jobs and return what is to be done for them.

    Args:
      jobs: of the grid, in its order.

    Raises:
      UserError: a job's folder holds another run, or files that are not nst's.
    """
    plan = Plan()
    known: set[Hashable] = set()
    finished: Reusable = {}
    for number, job in enumerate(jobs):
        interrupt.check()
        try:
            prepared = prepare(job.config, job.given)
        except UserError as error:
            plan.refused[number] = error
            continue
        same = same_files(prepared)
        if ended := ended_before(prepared, job.place):
            plan.ended[number] = ended
            if output.files(job.config.output):
                plan.complete[number] = prepared
        else:
            earlier = checkpoint.load(job.place.folder, prepared.static, prepared.hyperparameters)
            original = None if same in known else reusable(prepared, job.place, finished)
            member = Member(number, job, prepared, earlier, original)
            taken = original or same in known
            group = plan.repeats if taken else plan.groups[_program(prepared, earlier)]
            group.append(member)
        known.add(same)
    return plan


def _program(prepared: Prepared, earlier: checkpoint.Saved | None) -> Hashable:
    """Return what the runs of a group have in common."""
    return (
        alike.program(prepared.config, prepared.static.network),
        *(asset.sha256 for key, asset in prepared.sources.items() if key != "init"),
        earlier.last.step if earlier else None,
    )


def at_a_time(static: Static, prepared: Prepared, lanes: int | None = None, runs: int = 1) -> int:
    """Return how many runs of a program go side by side.

    Args:
      static: of the runs together.
      prepared: any of them.
      lanes: asked for; none: as many as fit.
      runs: how many there are.

    Raises:
      UserError: `lanes` don't fit, or leave no two devices a run that devices=rows spreads.
    """
    shape, devices = prepared.content_image.shape, prepared.config.devices
    if lanes and lanes > 1 and devices == "rows":
        if places(lanes) < 2:
            raise UserError(
                f"hydra.launcher.lanes={lanes} puts so many runs side by side, and devices=rows "
                f"spreads each over two devices or more, of which there are {places(1)}: take one "
                "of the two"
            )
        return lanes
    check_lanes(min(lanes or 1, runs), static, shape)
    return lanes or side_by_side(static, shape, devices) or lanes_that_fit(static, shape)


def settled(plan: Plan, jobs: Sequence[Job]) -> Outcomes:
    """Return how the jobs end that are not to run; record those that can't.

    Args:
      plan: of the jobs.
      jobs: of the grid.
    """
    for number, ended in plan.ended.items():
        over(ended, jobs[number].place.folder)
    for number, prepared in plan.complete.items():
        complete(prepared, jobs[number].place.folder)
    return plan.ended | {number: refused(jobs[number], why) for number, why in plan.refused.items()}


def refused(job: Job, error: UserError) -> Outcome:
    """Record a job that can't be run, and return that it failed."""
    refusal.write(job.place.folder, job.config, job.place.overrides, str(error))
    return failed(str(error))
