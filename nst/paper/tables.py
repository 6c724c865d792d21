"""Estimates as words, and tables of them in Markdown."""

import math
from collections.abc import Callable, Iterable, Sequence

from nst.paper.grids import PAIRS
from nst.paper.replicates import Compared, Estimate

#: A table's column: what it has of each pair, and how that is said.
Column = tuple[Compared, Callable[[Estimate | None], str]]


def ratio(found: Estimate | None) -> str:
    """Return an estimate of logarithms as a ratio: 0.5 (0.4 to 0.62)."""
    return _said(found, lambda value: f"{math.exp(value):.2g}" if value < 4 else _large(value))


def points(found: Estimate | None) -> str:
    """Return an estimate of shares in percentage points: +11.0 (+8.1 to +13.9)."""
    return _said(found, lambda value: f"{100 * value:+.1f}")


def percent(found: Estimate | None) -> str:
    """Return an estimate of shares: 7.0 % (2.0 % to 12.0 %)."""
    return _said(found, lambda value: f"{100 * value:.1f} %")


def over(column: Column) -> str:
    """Return what a column has over all pairs, and at the whole size."""
    found, said = column
    return f"{said(found.over)}, at the whole size {said(found.confirmed)}"


def by_pair(columns: dict[str, Column]) -> str:
    """Return a table with a row for each pair, one for all, and one for what confirms them.

    Args:
      columns: by their names.
    """
    names = [", ".join(pair) for pair in PAIRS]
    rows = [
        [name, *(said(one.pairs[at]) for one, said in columns.values())]
        for at, name in enumerate(names)
    ]
    rows.append(["**all pairs**", *(said(one.over) for one, said in columns.values())])
    whole = [said(one.confirmed) for one, said in columns.values()]
    rows.append([f"{names[0]}, whole size", *whole])
    return markdown(["pair", *columns], rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _large(value: float) -> str:
    return f"{math.exp(value):.0f}" if value < 9 else f"{math.exp(min(value, 600)):.0e}"


def _said(found: Estimate | None, shown: Callable[[float], str]) -> str:
    if found is None:
        return "nothing in common"
    if found.low is None or found.high is None:
        return shown(found.mean)
    return f"{shown(found.mean)} ({shown(found.low)} to {shown(found.high)})"
