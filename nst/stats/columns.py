"""The tables: one of comparisons, one of shares, in columns for people and for programs."""

import csv
import io
from collections.abc import Sequence

from nst.report.effect_words import figures
from nst.stats.compare import Comparison, Finding
from nst.stats.words import p

Rows = list[list[str]]

COMPARISONS = ["setting", "metric", "value", "against", "difference", "95 % interval", "pairs"]
COMPARISONS += ["p (Holm)"]
NAMES = ("setting", "metric")
SHARES = ["setting", "metric", "its values", "blocks", "rest", "replicates"]

OF_SHARES = (
    "What the variation over the runs is made of: the setting's values, the blocks, and the rest, "
    "which is what the setting does in one block and not in another."
)
#: Columns of the CSV; numbers have all their digits, values are as one types them.
CSV = (
    "key", "metric", "value", "against", "mean_value", "mean_against", "difference", "low", "high",
    "interval", "pairs", "pairs_are", "above", "below", "p_pairs", "p", "p_holm", "blocks",
    "complete", "replicates_least", "replicates_most", "replicates_sd", "share_key", "share_blocks",
    "share_rest", "share_replicates", "note",
)  # fmt: skip


def comparisons(found: Sequence[Finding]) -> Rows:
    """Return a row for each comparison; for a finding without one, why.

    Args:
      found: all findings.
    """
    rows = []
    for one in found:
        title, metric = one.factor.title, one.metric["title"]
        rows += [[title, metric, *_cells(one, each)] for each in one.comparisons]
        if not one.comparisons:
            rows.append([title, metric, "not compared", "", "", "", "", ""])
    return rows


def shares(found: Sequence[Finding]) -> Rows:
    """Return a row for each finding with shares.

    Args:
      found: all findings.
    """
    return [
        [one.factor.title, one.metric["title"]]
        + [percent(part) for part in (of.key, of.blocks, of.rest, of.replicates)]
        for one in found
        if (of := one.shares)
    ]


def without_names(head: list[str], rows: Rows) -> tuple[list[str], Rows]:
    """Return head and rows without empty columns, and without names that a caption has said.

    Args:
      head: COMPARISONS or SHARES.
      rows: below it.
    """
    kept = [
        at
        for at, name in enumerate(head)
        if len({row[at] for row in rows}) > 1
        or (name not in NAMES and any(row[at] for row in rows))
    ]
    return [head[at] for at in kept], [[row[at] for at in kept] for row in rows]


def percent(share: float | None) -> str:
    """Return a share as "61 %", "0.4 %", "< 0.01 %", "" for none.

    Args:
      share: 0 to 1.
    """
    if share is None:
        return ""
    if 0 < share < 1e-4:
        return "< 0.01 %"
    return f"{100 * share:.0f} %" if share >= 0.0095 or not share else f"{100 * share:.1g} %"


def csv_text(found: Sequence[Finding], interval: str) -> str:
    """Return the CSV: a row for each comparison, with the shares of its setting and metric.

    Args:
      found: all findings.
      interval: "t" or "bootstrap".
    """
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(CSV)
    for one in found:
        key = " with ".join(key.name for key in one.factor.keys)
        start, end = [key, one.metric["typed"]], _of_finding(one)
        for each in one.comparisons:
            table.writerow([*start, *_numbers(one, each, interval), *end])
        if not one.comparisons:
            table.writerow([*start, *[None] * 15, *end])
    return file.getvalue()


def _cells(found: Finding, one: Comparison) -> list[str]:
    d, values = one.difference, found.factor.values
    wins, way = (d.above, "higher") if d.mean > 0 else (d.below, "lower")
    if d.above == d.below == 0:
        wins, way = d.pairs, "equal"
    half = None if d.low is None or d.high is None else (d.high - d.low) / 2
    ends = [] if d.low is None or d.high is None else [d.low, d.high]
    mean, *interval = figures(d.mean, *ends, half=half or None)
    return [
        values[d.level],
        values[d.against],
        mean,
        " to ".join(interval),
        f"{way} in {wins} of {d.pairs}",
        p(one.holm),
    ]


def _numbers(found: Finding, one: Comparison, interval: str) -> list[object]:
    d, factor = one.difference, found.factor
    typed = (len(factor.keys) == 1 and factor.keys[0].typed) or factor.values
    return [
        typed[d.level], typed[d.against], *one.means, d.mean, d.low, d.high, interval, d.pairs,
        "seeds" if found.by_seed else "blocks", d.above, d.below, one.tested, one.p,
        one.holm,
    ]  # fmt: skip


def _of_finding(one: Finding) -> list[object]:
    of, several = one.shares, one.replicates
    parts = [of.key, of.blocks, of.rest, of.replicates] if of else [None] * 4
    lacking = "; ".join(one.missing)
    return [
        one.blocks, one.complete, several.least, several.most, several.deviation, *parts,
        one.why or lacking,
    ]  # fmt: skip
