"""Many runs in one process: grouped by program, each with its own folder, record and tracking."""

import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nst.base import interrupt, locks
from nst.base.errors import NO_ROOM, UserError, of_file
from nst.base.program import Static
from nst.config.schema import Config
from nst.engine import cache, scales
from nst.engine import lanes as batch
from nst.rundir import checkpoint, refusal
from nst.runner import prepare
from nst.runner import session as transfer
from nst.runner.outcome import Outcome
from nst.runner.prepare import Prepared
from nst.runner.progress import GridDisplay
from nst.runner.session import Place, Session

log = logging.getLogger("nst")


@dataclass(frozen=True)
class Job:
    """One cell of a grid."""

    label: str  # what sets it apart, "style=starry,tv.gamma=1e3"
    config: Config  # validated
    place: Place


@dataclass(frozen=True)
class _Member:
    """A job in its group."""

    number: int  # in the order of the grid
    job: Job
    prepared: Prepared
    earlier: checkpoint.Saved | None


def run(jobs: Sequence[Job], lanes: int | None = None) -> list[Outcome]:
    """Run every job that has not ended yet, and return how each ended, in their order.

    Jobs that differ in traced numbers and in layers alone share targets and a compiled program; of
    jobs that are the same run the first one runs, and the others take its result.
    A job that can't be run, or whose loss is not finite, fails alone.

    Args:
      jobs: the cells of the grid.
      lanes: runs in one program; none: what fits a GPU's memory, one after the other on a CPU.

    Raises:
      UserError: a job's folder holds another run or files that are not nst's, or `lanes` don't
        fit; nothing has run then.
      KeyboardInterrupt: after the records of what was running are written.
    """
    cache.use_cache()
    outcomes: dict[int, Outcome] = {}
    groups: dict[Any, list[_Member]] = defaultdict(list)
    firsts: set[Any] = set()
    again: list[_Member] = []
    for number, job in enumerate(jobs):
        interrupt.check()
        try:
            prepared = prepare.prepare(job.config)
        except UserError as error:
            outcomes[number] = _refused(job, error)
            continue
        same = transfer.files(prepared)
        if ended := transfer.ended_before(prepared, job.place):
            outcomes[number] = ended
            firsts.add(same)
            continue
        earlier = checkpoint.load(job.place.folder, prepared.static, prepared.hyperparameters)
        member = _Member(number, job, prepared, earlier)
        if same in firsts:
            again.append(member)
        else:
            firsts.add(same)
            groups[_program(prepared, earlier)].append(member)
    programs = [
        (batch.union(member.prepared.static for member in members), members)
        for members in groups.values()
    ]
    for static, members in programs:
        side_by_side = min(lanes or 1, len(members))
        batch.check_lanes(side_by_side, static, members[0].prepared.photograph.shape)
    display = GridDisplay(len(jobs), len(groups), len(outcomes))
    with display.bar:
        for static, members in programs:
            outcomes |= _run_group(static, members, lanes, display)
        for member in again:
            outcomes |= _run_again(member, lanes, display)
    return [outcomes[number] for number in range(len(jobs))]


def show_table(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    """Print how the runs of a grid ended, and where they are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("run", "overrides", "best total", "at step", "status"):
        table.add_column(title, overflow="fold")
    for job, outcome in zip(jobs, outcomes, strict=True):
        total = "" if outcome.best_total is None else f"{outcome.best_total:.6g}"
        status = outcome.status if not outcome.error else f"{outcome.status}: {outcome.error}"
        cells = (job.place.folder.name, job.label, total, str(outcome.best_step), status)
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
    print(os.path.relpath(jobs[0].place.folder.parent))


def _program(prepared: Prepared, earlier: checkpoint.Saved | None) -> tuple[Any, ...]:
    """Return what the runs of a group have in common."""
    config = prepared.config
    return (
        replace(prepared.static, content_layers=(), style_layers=()),
        *(asset.sha256 for key, asset in prepared.sources.items() if key != "init"),
        config.color,
        config.plan,
        *(config.style.size or scale.size for scale in config.plan),
        config.check_every,
        earlier.last.step if earlier else None,
    )


def _run_group(
    static: Static, members: list[_Member], lanes: int | None, display: GridDisplay
) -> dict[int, Outcome]:
    first = members[0].prepared
    fit = lanes or batch.lanes_that_fit(static, first.photograph.shape)
    task = display.group(members[0].job.label, len(members), first.config.total_steps)
    outcomes: dict[int, Outcome] = {}
    try:
        with batch.memory_errors():
            targets = scales.targets(first, static)
    except UserError as error:
        return {member.number: _refused(member.job, error) for member in members}
    waiting = list(members)
    while waiting:
        chunk, waiting = waiting[:fit], waiting[fit:]
        try:
            outcomes |= _run_chunk(chunk, static, targets, display, task)
        except jax.errors.JaxRuntimeError as error:
            if not batch.exhausted(error) or len(chunk) == 1:
                raise
            fit = max(1, len(chunk) // 2)
            log.warning("%d lanes don't fit the device's memory: going on with %d", len(chunk), fit)
            waiting = chunk + waiting
    return outcomes


def _run_again(member: _Member, lanes: int | None, display: GridDisplay) -> dict[int, Outcome]:
    """Take the result of the run that this one equals, or run it where that one did not end."""
    interrupt.check()
    outcomes: dict[int, Outcome] = {}
    with _alone(member, outcomes):
        outcome = transfer.repeated(member.prepared, member.job.place)
        if outcome is None:
            return _run_group(member.prepared.static, [member], lanes, display)
        outcomes[member.number] = outcome
    display.ended(member.job.label, outcomes[member.number])
    return outcomes


def _run_chunk(
    chunk: list[_Member], static: Static, targets: Any, display: GridDisplay, task: Any
) -> dict[int, Outcome]:
    """Run lanes of one program, each with its session; return how they ended, by number."""
    outcomes: dict[int, Outcome] = {}
    lanes: list[tuple[_Member, Session]] = []
    with contextlib.ExitStack() as stack:
        for member in chunk:
            place = member.job.place
            stack.enter_context(_alone(member, outcomes))
            with _alone(member, outcomes):
                stack.enter_context(locks.run_lock(place.folder))
                if ended := _ended_meanwhile(member):
                    outcomes[member.number] = ended
                    continue
                session = Session(member.prepared, place, member.earlier)
                lanes.append((member, stack.enter_context(session)))
        if len(chunk) == 1:  # of several, fewer may fit
            stack.enter_context(batch.memory_errors())
        with contextlib.suppress(KeyboardInterrupt):
            for lane, check in _checks([member for member, _ in lanes], static, targets):
                member, session = lanes[lane]
                if member.number not in outcomes:
                    with _alone(member, outcomes):
                        session.add(batch.narrowed(check, member.prepared.static))
                        display.show(task, lane, check)
                if all(member.number in outcomes for member, _ in lanes):
                    break
                interrupt.check()
    for member, session in lanes:
        outcome = outcomes.setdefault(member.number, session.outcome)
        display.ended(member.job.label, outcome)
    interrupt.check()
    return outcomes


@contextlib.contextmanager
def _alone(member: _Member, outcomes: dict[int, Outcome]) -> Iterator[None]:
    """Let a run that is refused, or whose files can't be written, fail alone.

    Raises:
      OSError: no file can be written any more; the sweep would compute what it can't keep.
    """
    try:
        yield
    except UserError as error:
        outcomes[member.number] = _failed(str(error))
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        outcomes[member.number] = _failed(of_file(error))


def _ended_meanwhile(member: _Member) -> Outcome | None:
    """Return how a run ended that another process has had since this one looked at it.

    Raises:
      UserError: the other process has gone on with it without ending it.
    """
    prepared, folder = member.prepared, member.job.place.folder
    if ended := transfer.ended_before(prepared, member.job.place):
        return ended
    now = checkpoint.load(folder, prepared.static, prepared.hyperparameters)
    if (now and now.last.step) != (member.earlier and member.earlier.last.step):
        raise UserError(f"{folder} was worked on by another process: start the sweep again")
    return None


def _checks(chunk: list[_Member], static: Static, targets: Any) -> Iterator[tuple[int, Any]]:
    if not chunk:
        return iter(())
    lanes = [scales.lane(member.prepared, static, member.earlier) for member in chunk]
    return scales.checks(chunk[0].prepared, static, targets, lanes)


def _refused(job: Job, error: UserError) -> Outcome:
    refusal.write(job.place.folder, job.config, job.place.overrides, str(error))
    return _failed(str(error))


def _failed(error: str) -> Outcome:
    return Outcome("failed", None, 0, None, error)
