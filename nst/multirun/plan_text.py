"""A sweep's plan as text: aligned, times and sizes as people write them."""

import shutil
from collections.abc import Iterator

from nst.multirun.compose import short
from nst.multirun.outlook import Outlook
from nst.runner.estimate import Part

#: Programs that are listed, those that take longest.
MOST = 12
#: Characters of what sets a run apart.
LABEL = 44
#: What asks for the plan, which is no part of a run.
ASKED = ("sweep.plan=", "sweep.budget=")


def lines(found: Outlook) -> Iterator[str]:
    """Yield the lines of a plan."""
    rows = [
        ("runs", _runs(found)),
        *_refused(found),
        ("programs", _programs(found)),
        *_chunks(found),
        *_ends(found),
    ]
    if found.left:
        rows += [*_time(found), *_room(found)]
    for title, text in rows:
        yield f"{title:<10}{text}"
    if found.left:
        yield ""
        yield from _table(found)


def too_long(budget: str, found: Outlook, fit: int) -> str:
    """Return the sentence that refuses a sweep whose plan is longer than its budget.

    Args:
      budget: as asked.
      found: the plan.
      fit: how many of its runs fit.
    """
    fitting = {0: "not one of them fits", 1: "the first of them fits"}
    return (
        f"sweep.budget={budget}: {several(found.left)} would take about "
        f"{duration(found.seconds(found.left))}, and {fitting.get(fit, f'the first {fit} fit')}"
    )


def duration(seconds: float) -> str:
    """Return a time in its two largest units, "3 min 20 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for length, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, length)
        if number or parts:
            parts.append((number, name))
    return " ".join(f"{number} {name}" for number, name in parts[:2] if number)


def size(count: float) -> str:
    """Return bytes as MB, GB or TB of 10^6, 10^9 or 10^12."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= 0.95 * unit or name == "MB":
            break
    value = count / unit
    return f"{value:.1f} {name}" if value < 9.95 else f"{value:.0f} {name}"


def several(count: int) -> str:
    """Return "1 run", "2 runs"."""
    return f"{count} run" if count == 1 else f"{count} runs"


def _runs(found: Outlook) -> str:
    if found.count is not None:
        before = f", {found.before} more have ended before" if found.before else ""
        like = "one of these" if len(found.jobs) > 1 else "this one"
        return f"{found.count} of a search, each taken to be like {like}{before}"
    text, known = str(len(found.jobs)), found.estimate
    less = [
        f"{count} {what}"
        for count, what in (
            (known.ended, "have ended before"),
            (known.repeats, "take the result of an equal one"),
            (len(known.refused), "can't run"),
        )
        if count
    ]
    return f"{text}, of which {' and '.join(less)}: {found.left} to compute" if less else text


def _refused(found: Outlook) -> Iterator[tuple[str, str]]:
    for number, why in list(found.estimate.refused.items())[:3]:
        yield "", f"{found.jobs[number].label}: {why}"


def _programs(found: Outlook) -> str:
    parts = found.estimate.parts
    lanes = max((part.lanes for part in parts), default=1)
    how = "one run at a time" if lanes == 1 else f"up to {lanes} runs side by side"
    return f"{len(parts)}, {how}"


def _chunks(found: Outlook) -> Iterator[tuple[str, str]]:
    way = found.way
    if way.chunk is None:
        return
    if found.count is not None:
        yield "chunks", f"of at most {several(way.chunk)} for {way.launcher}"
        return
    each = found.chunks(found.left)
    yield (
        "chunks",
        f"{len(each)} jobs for {way.launcher} of at most {several(way.chunk)}, "
        f"{min(way.at_a_time or len(each), len(each))} at a time; "
        f"the longest takes {duration(max(each, default=0.0))}",
    )


def _ends(found: Outlook) -> Iterator[tuple[str, str]]:
    ends = [found.jobs[0], found.jobs[-1]][: len(found.jobs)]
    for title, job in zip(("first", "last"), ends, strict=False):
        own = [short(one) for one in job.place.overrides if not one.startswith(ASKED)]
        number = f"{job.place.folder.name}: " if found.count is None else ""
        yield title, f"{number}{' '.join(own)}"


def _time(found: Outlook) -> Iterator[tuple[str, str]]:
    known, left = found.estimate, found.left
    counts = found.counts(left)
    beside_s = known.beside_s(counts)
    if found.way.at_a_time is None:
        alone = [[int(at == own) for at in range(len(counts))] for own in range(len(counts))]
        several = zip(counts, map(known.seconds, alone), strict=True)
        each = sum(count * seconds for count, seconds in several) / left
        yield (
            "time",
            f"about {duration(each)} for each run in a process of its own, start and compilation "
            f"among it; {found.way.launcher} decides how many run at a time",
        )
        return
    beside = duration(beside_s + known.report_s(left))
    pruned = found.jobs[0].config.sweep.prune is not None
    about = f"{'at most ' * pruned}about {duration(found.seconds(left))}"
    if found.way.chunk:
        yield "time", f"{about} on nodes like this machine, without the wait in a queue"
    else:
        yield "time", f"{about}, of which {beside} to start, compile and report"


def _room(found: Outlook) -> Iterator[tuple[str, str]]:
    known = found.estimate
    peak = max(part.memory for part in known.parts)
    yield "memory", f"about {size(peak)} of {size(known.memory)}"
    there = next(one for one in (found.folder, *found.folder.parents) if one.exists())
    free = size(shutil.disk_usage(there).free)
    yield "disk", f"about {size(known.disk(found.counts(found.left)))}, and {free} are free"


def _label(found: Outlook, part: Part) -> str:
    """Return what the runs of a program have in common, and not those of all programs."""
    everywhere = set.intersection(*(set(job.place.overrides) for job in found.jobs))
    own = [found.jobs[number] for number in part.numbers]
    shared = set.intersection(*(set(job.place.overrides) for job in own)) - everywhere
    if not shared:
        return "all" if len(found.estimate.parts) == 1 else own[0].label
    return ",".join(short(one) for one in own[0].place.overrides if one in shared)


def _table(found: Outlook) -> Iterator[str]:
    """Yield the programs, those that take longest first."""
    counts = found.counts(found.left)
    pairs = [(part, count) for part, count in zip(found.estimate.parts, counts, strict=True)]
    pairs.sort(key=lambda pair: -pair[0].seconds(pair[1]))
    rows = [("program", "runs", "pixels", "a step", "in all", "known from")]
    for part, count in pairs[:MOST]:
        label = _label(found, part)
        label = label if len(label) <= LABEL else f"{label[: LABEL - 3]}..."
        pixels = f"{part.shape[1]} x {part.shape[0]}"
        times = f"{part.step_s:.3g} s", duration(part.seconds(count))
        rows.append((label, str(count), pixels, *times, part.known))
    first, *middle, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    for label, *cells, known in rows:
        right = (cell.rjust(width) for cell, width in zip(cells, middle, strict=True))
        yield "  ".join([label.ljust(first), *right, known])
    if len(pairs) > MOST:
        yield f"and {len(pairs) - MOST} more"
