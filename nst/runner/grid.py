"""Many runs in one process: grouped by program, each with its own folder, record and tracking."""

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console

from nst.base import interrupt, locks
from nst.base.errors import NO_ROOM, DeviceError, UserError, of_file
from nst.base.program import Static
from nst.engine import cache, scales
from nst.engine.check import Check
from nst.engine.lanes import narrowed
from nst.engine.memory import memory_errors
from nst.engine.scales import Stage
from nst.rundir import checkpoint
from nst.runner.job import Job
from nst.runner.known import ended_before, repeated
from nst.runner.outcome import Outcome, failed
from nst.runner.plan import Member, Outcomes, at_a_time, planned, refused, settled
from nst.runner.progress import GridDisplay
from nst.runner.pruner import why_pruned
from nst.runner.session import Session
from nst.runner.stages import as_lane, stages_of

log = logging.getLogger("nst")


def run(
    jobs: Sequence[Job],
    lanes: int | None = None,
    console: Console | None = None,
    began: Callable[[], None] | None = None,
) -> list[Outcome]:
    """Run every job that has not ended yet, and return how each ended, in their order.

    Jobs that differ in traced numbers and in layers alone share targets and a compiled program; of
    jobs that are the same run the first one runs, and the others take its result.
    A job that can't be run, or whose loss is not finite, fails alone.

    Args:
      jobs: the cells of the grid.
      lanes: runs in one program; none: what fits a GPU's memory, one after the other on a CPU.
      console: for the progress; none: the standard error stream.
      began: is called once nothing can refuse the grid any more.

    Raises:
      UserError: a job's folder holds another run or files that are not nst's, or `lanes` don't
        fit; nothing has run then.
      KeyboardInterrupt: after the records of what was running are written.
    """
    cache.use_cache()
    plan = planned(jobs)
    programs = plan.programs()
    for static, members in programs:
        at_a_time(static, members[0].prepared, lanes, len(members))  # refused before it begins
    outcomes = settled(plan, jobs)
    if began:
        began()
    display = GridDisplay(len(jobs), len(programs), len(outcomes), console)
    with display.live:
        for static, members in programs:
            outcomes |= _run_group(static, members, lanes, display)
        for member in plan.repeats:
            outcomes |= _repeat(member, lanes, display)
    return [outcomes[number] for number in range(len(jobs))]


def _run_group(
    static: Static, members: list[Member], lanes: int | None, display: GridDisplay
) -> Outcomes:
    first = members[0].prepared
    fit = at_a_time(static, first, lanes, len(members))
    task = display.group(members[0].job.label, len(members), first.config.total_steps)
    outcomes: Outcomes = {}
    try:
        with memory_errors():
            shared = stages_of(first, static, min(fit, len(members)))
    except UserError as error:
        if _is_gone(error):
            raise
        return {member.number: refused(member.job, error) for member in members}
    waiting = list(members)
    while waiting:
        # Runs that the device cut off continue together with those at the same step.
        alike = [member for member in waiting if _step(member) == _step(waiting[0])]
        chunk = alike[:fit]
        taken = {member.number for member in chunk}
        waiting = [member for member in waiting if member.number not in taken]
        try:
            with memory_errors():
                outcomes |= _run_chunk(chunk, static, shared, display, task)
        except DeviceError as error:
            if _is_gone(error) or len(chunk) == 1:
                raise
            fit = max(1, len(chunk) // 2)
            log.warning("%d lanes don't fit the device's memory: going on with %d", len(chunk), fit)
            waiting = [_as_saved(member) for member in chunk] + waiting
    return outcomes


def _is_gone(error: UserError) -> bool:
    """Return whether an error says that the device is gone: no other run can do better."""
    return isinstance(error, DeviceError) and error.gone


def _step(member: Member) -> int:
    return member.earlier.last.step if member.earlier else 0


def _as_saved(member: Member) -> Member:
    """Return a run with what it has saved by now."""
    prepared = member.prepared
    saved = checkpoint.load(member.job.place.folder, prepared.static, prepared.hyperparameters)
    return dataclasses.replace(member, earlier=saved)


def _repeat(member: Member, lanes: int | None, display: GridDisplay) -> Outcomes:
    """Take the result of the run that this one equals, or run it where that one did not end."""
    interrupt.check()
    outcomes: Outcomes = {}
    with _alone(member, outcomes):
        outcome = repeated(member.prepared, member.job.place, member.original)
        if outcome is None:
            return _run_group(member.prepared.static, [member], lanes, display)
        outcomes[member.number] = outcome
    display.ended(member.job.label, outcomes[member.number])
    return outcomes


def _run_chunk(
    chunk: list[Member], static: Static, shared: list[Stage], display: GridDisplay, task: Any
) -> Outcomes:
    """Run lanes of one program, each with its session; return how they ended."""
    outcomes: Outcomes = {}
    with contextlib.ExitStack() as stack:
        lanes = list(_entered(chunk, static, stack, outcomes))
        if len(chunk) == 1:  # of several, fewer may fit
            stack.enter_context(memory_errors())
        with contextlib.suppress(KeyboardInterrupt):
            members = [member for member, _ in lanes]
            ended = lambda lane: members[lane].number in outcomes  # noqa: E731
            for lane, check in _checks(members, static, shared, ended):
                member, session = lanes[lane]
                if member.number not in outcomes:
                    with _alone(member, outcomes):
                        session.add(narrowed(check, member.prepared.static))
                        display.show(task, lane, check)
                        if why := why_pruned(session, check.step):
                            session.prune(why)
                            outcomes[member.number] = session.outcome
                if all(member.number in outcomes for member, _ in lanes):
                    break
                interrupt.check()
    for member, session in lanes:
        outcome = outcomes.setdefault(member.number, session.outcome)
        display.ended(member.job.label, outcome)
    interrupt.check()
    return outcomes


def _entered(
    chunk: list[Member], static: Static, stack: contextlib.ExitStack, outcomes: Outcomes
) -> Iterator[tuple[Member, Session]]:
    """Yield the runs that are to go on, each with its session; `stack` closes these."""
    for member in chunk:
        place = member.job.place
        stack.enter_context(_alone(member, outcomes))
        with _alone(member, outcomes):
            stack.enter_context(locks.run_lock(place.folder))
            if ended := _ended_meanwhile(member):
                outcomes[member.number] = ended
                continue
            session = Session(member.prepared, place, member.earlier, (static, len(chunk)))
            yield member, stack.enter_context(session)


@contextlib.contextmanager
def _alone(member: Member, outcomes: Outcomes) -> Iterator[None]:
    """Let a run that is refused, or whose files can't be written, fail alone.

    Raises:
      OSError: no file can be written any more; the sweep would compute what it can't keep.
      DeviceError: the device is gone.
    """
    try:
        yield
    except UserError as error:
        if _is_gone(error):
            raise
        outcomes[member.number] = failed(str(error))
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        outcomes[member.number] = failed(of_file(error))


def _ended_meanwhile(member: Member) -> Outcome | None:
    """Return how a run ended that another process has had since this one looked at it.

    Raises:
      UserError: the other process has gone on with it without ending it.
    """
    prepared, place = member.prepared, member.job.place
    if ended := ended_before(prepared, place):
        return ended
    now = checkpoint.load(place.folder, prepared.static, prepared.hyperparameters)
    if (now and now.last.step) != (member.earlier and member.earlier.last.step):
        raise UserError(f"{place.folder} was worked on by another process: start the sweep again")
    return None


def _checks(
    members: list[Member], static: Static, shared: list[Stage], dropped: Callable[[int], bool]
) -> Iterator[tuple[int, Check]]:
    if not members:
        return iter(())
    lanes = [as_lane(member.prepared, static, member.earlier) for member in members]
    first = members[0].prepared
    every = first.config.check_every
    return scales.checks(static, first.params, shared, lanes, check_every=every, dropped=dropped)
