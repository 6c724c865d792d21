"""What a plan will take: seconds, memory and disk, from what is known of its programs."""

import math
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nst.base.program import Static
from nst.engine import flops, memory
from nst.networks.spec import NETWORKS
from nst.runner import folder_speeds
from nst.runner.job import Job
from nst.runner.measured import OF_A_CHECK, Speed
from nst.runner.plan import Member, at_a_time, planned
from nst.runner.speeds import Known, Probe
from nst.runner.stages import compiled

# Seconds, as seen on two cores with VGG-16 at 96 to 1024 px.
START = 2.5  # until the configuration is at hand: Python, Hydra, JAX
REPORT = 1.5, 0.04  # of a sweep, and for each run
COMPILE = 0.3, 0.33  # of the steps, and for each convolution
TARGETS = 0.65  # of what the steps take to compile: the targets, compiled and computed
METRICS = 2.2  # of the first picture of a shape
RUN = 0.04, 0.05  # of a run beside its steps, and with tracking
NUMBER = 0.04e-6  # of a number of a picture, to write it
STEP = 0.0005  # at least
#: What the metrics of a picture compute, in steps of VGG-16 as the defaults read it.
OF_METRICS = 2
READ_BY_METRICS = Static("vgg16", "avg", "float32", ("conv4_2",), ("conv5_1",))

# Bytes.
OF_A_NUMBER = 0.93  # of a picture: what is painted hardly shrinks as PNG
OF_A_RUN = 20_000, 40_000  # its other files, and W&B's
OF_A_ROW = 200
OF_A_REPORT = 5_000_000, 40_000  # and for each run


@dataclass(frozen=True)
class Part:
    """A program of a plan, and what it takes."""

    numbers: tuple[int, ...]  # of its runs
    shape: tuple[int, ...]  # of their pictures, (H, W, 3)
    lanes: int  # runs side by side
    step_s: float  # of a step of all lanes, on the way through all sizes
    setup_s: float  # of its targets
    #: What a process does once, for this program and others: the seconds by what it is.
    once: Mapping[Hashable, float]
    steps_s: float  # of all steps of all lanes
    run_s: float  # of each run, beside its steps
    known: str  # what the seconds are from
    memory: int  # bytes at most
    disk: int  # bytes of each run's files

    def seconds(self, count: int) -> float:
        """Return what `count` of its runs take when all is compiled."""
        return math.ceil(count / self.lanes) * self.steps_s + count * self.run_s


@dataclass(frozen=True)
class Estimate:
    """A plan, and what it takes."""

    parts: tuple[Part, ...]
    ended: int  # jobs that ended before
    repeats: int  # jobs that take the result of another
    refused: dict[int, str]  # why jobs can't run, by their numbers
    start_s: float  # until the first program compiles
    memory: int  # bytes that there are
    report: bool  # whether the sweep ends with it

    def seconds(self, counts: Sequence[int]) -> float:
        """Return the seconds of a process that does so many runs of each part."""
        own = sum(part.seconds(count) for part, count in zip(self.parts, counts, strict=True))
        return self.beside_s(counts) + own

    def beside_s(self, counts: Sequence[int]) -> float:
        """Return what of `seconds` it takes to start, and to compile what these runs need."""
        parts = [part for part, count in zip(self.parts, counts, strict=True) if count]
        once: dict[Hashable, float] = {}
        for part in parts:
            once |= part.once
        return self.start_s + sum(part.setup_s for part in parts) + sum(once.values())

    def report_s(self, runs: int) -> float:
        """Return the seconds of the report of so many runs."""
        whole, each = REPORT if self.report else (0.0, 0.0)
        return whole + each * runs

    def disk(self, counts: Sequence[int]) -> int:
        """Return the bytes of the files of so many runs of each part, and of the report."""
        own = sum(part.disk * count for part, count in zip(self.parts, counts, strict=True))
        whole, each = OF_A_REPORT if self.report else (0, 0)
        return own + whole + each * sum(counts)


def estimate(
    jobs: Sequence[Job], lanes: int | None, probe: Probe | None = None, alike: int | None = None
) -> Estimate:
    """Return what the jobs of a grid will take; nothing is written.

    Args:
      jobs: of the grid, in its order.
      lanes: as `nst.runner.grid.run` takes them.
      probe: measures each program; none: from what is known.
      alike: runs at a time that each job stands for; none: there are no others.

    Raises:
      UserError: as `nst.runner.grid.run`.
    """
    began = time.perf_counter()
    plan = planned(jobs)
    programs = plan.programs()
    spent = time.perf_counter() - began
    folder = jobs[0].place.sweep if jobs else None
    known = Known(folder_speeds.read(folder) if folder and not probe else {}, probe)
    parts: list[Part] = []
    for static, members in programs:
        fit = at_a_time(static, members[0].prepared, lanes, len(members))
        fit = min(fit, alike or len(members))
        parts.append(_part(static, members, fit, known))
    return Estimate(
        tuple(parts),
        len(plan.ended),
        len(plan.repeats),
        {number: str(error) for number, error in plan.refused.items()},
        START + spent,
        memory.of_a_device(),
        jobs[0].config.sweep.report if jobs else False,
    )


class _Leg(NamedTuple):
    """What is left of a run at one of its sizes."""

    static: Static  # that is compiled for it
    shape: tuple[int, ...]
    steps: int
    checks: int
    pictures: int  # that are kept


def _legs(static: Static, member: Member, lanes: int) -> Iterator[_Leg]:
    config, begin = member.prepared.config, 0
    done = member.earlier.last.step if member.earlier else 0
    every = config.tracking.images_every
    for stage, one in zip(config.stages, member.prepared.scales, strict=True):
        steps = max(stage.end - max(begin, done), 0)
        if steps or stage.end == config.total_steps:
            checks = math.ceil(steps / config.check_every)
            kept = min(checks, steps // every) if every else 0
            own = compiled(static, one, lanes)
            yield _Leg(own, one.content_image.shape, steps, checks, kept)
        begin = stage.end


def _part(static: Static, members: list[Member], lanes: int, known: Known) -> Part:
    config, shape = members[0].prepared.config, members[0].prepared.content_image.shape
    legs = list(_legs(static, members[0], lanes))
    found = known.speeds(static, members[0], lanes, [leg[:2] for leg in legs])
    steps_s = sum(_seconds(leg, lanes, speed) for leg, (speed, _) in zip(legs, found, strict=True))
    compile_s: dict[Hashable, float] = {
        (*leg[:2], lanes): speed.compile_s or _compiling(static)
        for leg, (speed, _) in zip(legs, found, strict=True)
    }
    last, _ = found[-1]
    metrics_s = OF_METRICS * flops.per_step(READ_BY_METRICS, shape) / last.rate
    numbers = sum(math.prod(leg.shape) * leg.pictures for leg in legs) + 2 * math.prod(shape)
    copies = 1 if config.tracking.mode == "disabled" else 2  # W&B has its own
    written_s = sum(RUN[:copies]) + copies * numbers * NUMBER
    rows = OF_A_ROW * sum(leg.checks for leg in legs)
    return Part(
        numbers=tuple(member.number for member in members),
        shape=shape,
        lanes=lanes,
        step_s=steps_s / max(sum(leg.steps for leg in legs), 1),
        setup_s=TARGETS * sum(compile_s.values()),
        once=compile_s | {shape: METRICS + OF_METRICS * metrics_s},
        steps_s=steps_s,
        run_s=last.run_s or metrics_s + written_s,
        known=" and ".join(dict.fromkeys(source for _, source in found)),
        memory=max(memory.peak(leg.static, leg.shape, lanes) for leg in legs),
        disk=round(copies * (numbers * OF_A_NUMBER + rows)) + sum(OF_A_RUN[:copies]),
    )


def _seconds(leg: _Leg, lanes: int, speed: Speed) -> float:
    work = lanes * flops.per_step(leg.static, leg.shape)
    return max((leg.steps + leg.checks * OF_A_CHECK) * work / speed.rate, leg.steps * STEP)


def _compiling(static: Static) -> float:
    layers = NETWORKS[static.network].up_to(static.layers)
    whole, each = COMPILE
    return whole + each * sum(layer.kind == "conv" for layer in layers)
