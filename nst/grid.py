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

from nst import batch, inputs, interrupt, record, saved, scales, transfer
from nst.config import Config
from nst.errors import UserError
from nst.inputs import Prepared
from nst.program import Static
from nst.progress import GridDisplay
from nst.transfer import Outcome, Place, Session

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
    earlier: saved.Saved | None


def run(jobs: Sequence[Job], lanes: int | None = None) -> list[Outcome]:
    """Run every job that has not ended yet, and return how each ended, in their order.

    Jobs that differ in traced numbers and in layers alone share targets and a compiled program.
    A job that can't be run, or whose loss is not finite, fails alone.

    Args:
      jobs: the cells of the grid.
      lanes: runs in one program; none: what fits a GPU's memory, one after the other on a CPU.

    Raises:
      UserError: a job's folder holds another run, or `lanes` don't fit; nothing has run then.
      KeyboardInterrupt: after the records of what was running are written.
    """
    transfer.use_compilation_cache()
    outcomes: dict[int, Outcome] = {}
    groups: dict[Any, list[_Member]] = defaultdict(list)
    for number, job in enumerate(jobs):
        interrupt.check()
        try:
            prepared = inputs.prepare(job.config)
        except UserError as error:
            place = job.place
            record.refuse(place.folder, job.config, place.overrides, str(error))
            outcomes[number] = _failed(error)
            continue
        ended = transfer.ended_before(prepared, job.place)
        if ended:
            outcomes[number] = ended
            continue
        earlier = saved.load(job.place.folder, prepared.static, prepared.hyperparameters)
        groups[_program(prepared, earlier)].append(_Member(number, job, prepared, earlier))
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


def _program(prepared: Prepared, earlier: saved.Saved | None) -> tuple[Any, ...]:
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
    targets = scales.targets(first, static)
    outcomes: dict[int, Outcome] = {}
    waiting = list(members)
    while waiting:
        chunk, waiting = waiting[:fit], waiting[fit:]
        try:
            outcomes |= _run_chunk(chunk, static, targets, display, task)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or len(chunk) == 1:
                raise
            fit = max(1, len(chunk) // 2)
            log.warning("%d lanes don't fit the device's memory: going on with %d", len(chunk), fit)
            waiting = chunk + waiting
    return outcomes


def _run_chunk(
    chunk: list[_Member], static: Static, targets: Any, display: GridDisplay, task: Any
) -> dict[int, Outcome]:
    """Run lanes of one program, each with its session; return how they ended, by number."""
    outcomes: dict[int, Outcome] = {}
    sessions: dict[int, Session] = {}  # by lane
    with contextlib.ExitStack() as stack:
        for lane, member in enumerate(chunk):
            try:
                session = Session(member.prepared, member.job.place, member.earlier)
                sessions[lane] = stack.enter_context(session)
            except (UserError, OSError) as error:
                outcomes[member.number] = _failed(error)
        with contextlib.suppress(KeyboardInterrupt):
            for lane, check in _checks(chunk, static, targets):
                if lane in sessions:
                    own = batch.narrowed(check, chunk[lane].prepared.static)
                    sessions[lane].add(own)
                    display.show(task, lane, check)
                interrupt.check()
    for lane, session in sessions.items():
        outcomes[chunk[lane].number] = session.outcome
        display.ended(task, chunk[lane].job.label, session.outcome)
    interrupt.check()
    return outcomes


def _checks(chunk: list[_Member], static: Static, targets: Any) -> Iterator[tuple[int, Any]]:
    lanes = [scales.lane(member.prepared, static, member.earlier) for member in chunk]
    return scales.checks(chunk[0].prepared, static, targets, lanes)


def _failed(error: Exception) -> Outcome:
    return Outcome("failed", None, 0, None, str(error))
