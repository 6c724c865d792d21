"""Which jobs of a grid are to run, and which of them share a program."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from nst.base import interrupt
from nst.base.errors import UserError
from nst.rundir import checkpoint, refusal
from nst.runner import alike
from nst.runner.job import Job
from nst.runner.known import ended_before, same_files
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


@dataclass
class Plan:
    """What is to be done for the jobs of a grid."""

    outcomes: Outcomes = field(default_factory=dict)  # of jobs that needn't or can't run
    groups: dict[Hashable, list[Member]] = field(default_factory=lambda: defaultdict(list))
    repeats: list[Member] = field(default_factory=list)  # of runs that come before them


def planned(jobs: Sequence[Job]) -> Plan:
    """Prepare the jobs and return what is to be done for them.

    Args:
      jobs: of the grid, in its order.

    Raises:
      UserError: a job's folder holds another run, or files that are not nst's.
    """
    plan = Plan()
    known: set[Hashable] = set()
    for number, job in enumerate(jobs):
        interrupt.check()
        try:
            prepared = prepare(job.config, job.given)
        except UserError as error:
            plan.outcomes[number] = refused(job, error)
            continue
        same = same_files(prepared)
        if ended := ended_before(prepared, job.place):
            plan.outcomes[number] = ended
        else:
            earlier = checkpoint.load(job.place.folder, prepared.static, prepared.hyperparameters)
            member = Member(number, job, prepared, earlier)
            group = plan.repeats if same in known else plan.groups[_program(prepared, earlier)]
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


def refused(job: Job, error: UserError) -> Outcome:
    """Record a job that can't be run, and return that it failed."""
    refusal.write(job.place.folder, job.config, job.place.overrides, str(error))
    return failed(str(error))
