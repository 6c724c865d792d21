"""What a reader must know of all comparisons: blocks, replicates, tests, what is missing."""

import os
from collections.abc import Sequence

from nst.metrics import permutation
from nst.metrics.bootstrap import FEW
from nst.report import comparable
from nst.report.notes import notes as of_runs
from nst.stats.compare import Finding, count
from nst.stats.gather import MIX, Sweep
from nst.stats.words import LEVEL, listed, p

#: Blocks without some value, and folders, that a note names.
_MOST = 6
#: Share of the variation that is worth a sentence.
_LEAST = 0.1
#: Measured on the project's default run at 112 px.
_CHAOS = "reruns in float32 that started 1e-4 gray levels apart were up to 11 % apart in style loss"


def notes(sweep: Sweep, found: Sequence[Finding], interval: str, spoken: bool = False) -> list[str]:
    """Return what must be known of all that is said, a sentence each.

    Args:
      sweep: of the runs.
      found: all findings.
      interval: "t" or "bootstrap".
      spoken: they stand below sentences.
    """
    compared = [one for one in found if one.comparisons]
    said = dict.fromkeys(one.why for one in found if one.why)
    return [
        *said,
        *_of_blocks(compared),
        *_of_scales(compared),
        *_of_missing(compared),
        *_of_replicates(compared, spoken),
        *(_of_rest(compared) if spoken else []),
        *_of_tests(compared, spoken),
        *_of_intervals(compared, interval),
        *of_runs(sweep.report.runs),
        *(sweep.report.voted.notes if sweep.report.voted else []),
        *_of_broken(sweep),
    ]


def _of_blocks(found: Sequence[Finding]) -> list[str]:
    """Return of each setting what its pairs are made of."""
    said: dict[str, None] = {}
    for one in found:
        others = listed(one.factor.others) if one.factor.others else ""
        title = one.factor.title
        if one.by_seed:
            said[f"The pairs of {title} are seeds: all other settings are alike."] = None
        elif others:
            said[f"A block of {title} is one combination of {others}."] = None
        if one.factor.along:
            along = " and ".join(key.title for key in one.factor.along)
            said[f"With {title} changes {along}: what is said of one is said of both."] = None
    return list(said)


def _of_scales(found: Sequence[Finding]) -> list[str]:
    """Return which blocks have numbers of another scale, and which are of several pictures."""
    said: dict[str, None] = {}
    pictures: dict[str, None] = {}
    for one in found:
        apart = comparable.of_one(one.metric, one.factor.others)
        if apart and one.metric["group"] == "losses":
            said[
                f"The {one.metric['title']} is a different sum for each {listed(apart)}: blocks "
                "with the larger ones decide the mean difference."
            ] = None
        else:
            pictures |= dict.fromkeys(apart)
    if pictures:
        said[
            f"Blocks are of several values of {listed(list(pictures))}: their differences are "
            "averaged, not their numbers."
        ] = None
    return list(said)


def _of_missing(found: Sequence[Finding]) -> list[str]:
    """Return which blocks lack a value, once for all metrics that lack the same."""
    by_missing: dict[tuple[str, tuple[str, ...]], list[Finding]] = {}
    for one in found:
        if one.missing:
            by_missing.setdefault((one.factor.title, tuple(one.missing)), []).append(one)
    said = []
    for (title, missing), those in by_missing.items():
        every = [one for one in found if one.factor.title == title]
        of = (
            ""
            if len(those) == len(every)
            else f" in {listed([one.metric['title'] for one in those])}"
        )
        one = those[0]
        what = "seed" if one.by_seed else "block"
        used = (
            "are left out"
            if 2 * one.complete >= one.blocks and one.complete
            else "are in the pairs whose two values they have"
        )
        rest = f"; and {len(missing) - _MOST} more" if len(missing) > _MOST else ""
        total = max(one.blocks, one.complete + len(missing))
        said.append(
            f"{len(missing)} of {total} {what}s of {title}{of} lack a value and {used}: "
            f"{'; '.join(missing[:_MOST])}{rest}."
        )
    return said


def _of_replicates(found: Sequence[Finding], spoken: bool) -> list[str]:
    if not found:
        return []
    most = max(one.replicates.most for one in found)
    if most == 1:
        still = any(one.replicates.still for one in found)
        why = "the seeds change nothing" if still else "each combination of settings ran once"
        return [
            f"No replicates: {why}, and {_CHAOS}, so a difference that small may be chance"
            + f"; {MIX}=1e-6 seed=0,1,2 makes three of each." * spoken
            + "." * (not spoken)
        ]
    fewest = min(one.replicates.least for one in found)
    several = f"{fewest} to {most}" if fewest < most else f"{most}"
    apart = {
        one.metric["title"]: f"{one.replicates.deviation:.2g}"
        for one in found
        if one.replicates.deviation
    }
    spread = ", ".join(f"{value} in {title}" for title, value in apart.items())
    once = " A cell that ran once says nothing of chance." if fewest == 1 else ""
    return [f"{several} replicates a cell; their standard deviation is {spread}.{once}"]


def _of_rest(found: Sequence[Finding]) -> list[str]:
    """Return in which metrics a setting does more in one block than in another."""
    depends: dict[tuple[str, str], list[str]] = {}
    for one in found:
        if one.shares and one.shares.rest > max(one.shares.key, _LEAST) and not one.by_seed:
            chance = " or is chance" if one.shares.replicates is None else ""
            depends.setdefault((one.factor.title, chance), []).append(one.metric["title"])
    return [
        f"What {title} does to {listed(metrics)} depends on the block{chance}: the rest is more "
        "than its values; the page of nst report shows where."
        for (title, chance), metrics in depends.items()
    ]


def _of_tests(found: Sequence[Finding], spoken: bool) -> list[str]:
    tests = count(found)
    if not tests:
        return []
    of_seeds = any(one.tested > one.difference.pairs for each in found for one in each.comparisons)
    swapped = "each seed of each block" if of_seeds else "each pair"
    said = [
        "p is how often so large a difference comes by chance where two values do the same "
        f"(permutation test: they are swapped in {swapped}), after Holm's correction for {tests} "
        f"comparison{'s' * (tests != 1)}."
    ]
    if spoken:
        said.append(
            f"'is' means that p is at most {LEVEL} and the interval leaves out 0, 'seems' that one "
            "of the two holds."
        )
    fewest = min(one.tested for each in found for one in each.comparisons if one.p is not None)
    best = permutation.least(fewest)
    if best * tests > LEVEL:
        what = "even one comparison alone" if best > LEVEL else f"{tests} comparisons at once"
        more = "run more blocks" + " or seeds" * (not of_seeds)
        remedy = more if best > LEVEL else f"name fewer metrics, or {more}"
        said.append(
            f"{fewest} pairs are too few for {what}: they can give no p below {p(best)}, "
            f"{p(min(1.0, best * tests))} after Holm's correction{f'; {remedy}' * spoken}."
        )
    return said


def _of_intervals(found: Sequence[Finding], interval: str) -> list[str]:
    if not any(one.p is not None for each in found for one in each.comparisons):
        return []
    kind = {"t": "Student's t", "bootstrap": "the bootstrap's (BCa)"}[interval]
    rows = " or ".join(sorted({"seeds" if one.by_seed else "blocks" for one in found}))
    said = [
        f"Each 95 % interval is {kind} of the differences in the {rows}: how far the mean holds "
        f"over {rows} like these. It is not corrected for the number of comparisons."
    ]
    few = min(one.difference.pairs for each in found for one in each.comparisons)
    if interval == "bootstrap" and few < FEW:
        said.append(f"Of {few} pairs a bootstrap interval is too narrow: --interval t is wider.")
    return said


def _of_broken(sweep: Sweep) -> list[str]:
    broken, root = sweep.report.broken, sweep.report.root
    said = [
        f"Can't be read: {os.path.relpath(one.folder, root)}: {one.reason}."
        for one in broken[:_MOST]
    ]
    return [*said, f"And {len(broken) - _MOST} more."] if len(broken) > _MOST else said
