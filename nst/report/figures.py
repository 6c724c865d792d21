"""The number of each run on a contact sheet, and which is the best of those that compare."""

import math
from collections.abc import Sequence
from dataclasses import replace

from nst.base.errors import UserError
from nst.metrics.objective import Objective, objective
from nst.metrics.registry import OF_A_PAIR, PREFERENCE
from nst.report import labels, search
from nst.report.layout import Cell, Layout
from nst.rundir.runs import Run

_DIGITS = 3  # significant ones


def asked(name: str | None) -> Objective | None:
    """Return the metric of a name, None where none is asked for.

    Args:
      name: "style_distance", "best/loss/style".

    Raises:
      UserError: there is no such metric, or neither more nor less of it is better.
    """
    if name in (PREFERENCE.name, f"metrics/{PREFERENCE.name}"):
        return Objective(f"metrics/{PREFERENCE.name}", PREFERENCE.better or "higher")
    try:
        return None if name is None else objective(name)
    except UserError as error:
        raise UserError(f"--metric: {error}") from error


def check(metric: Objective | None, runs: Sequence[Run]) -> None:
    """Refuse to show what the voters prefer where there are no votes.

    Args:
      metric: that is asked for, or none.
      runs: of the report.

    Raises:
      UserError: no run has it.
    """
    if _is_voted(metric) and not any(PREFERENCE.name in run.metrics for run in runs):
        raise UserError("--metric preference: there are no votes on these pictures yet")


def below(layout: Layout, metric: Objective) -> Layout:
    """Return a layout with a metric's number below each picture, and the best marked.

    Args:
      layout: of the sheet.
      metric: that is shown.
    """
    cells = [cell for panel in layout.panels for row in panel.cells for cell in row]
    runs = [cell.run for cell in cells if cell.run]
    values = {run.name: found for run in runs if (found := search.value(run, metric)) is not None}
    signed = [f"{value:+.1f}" for value in values.values()]  # 0 is as much as the others
    texts = signed if _is_voted(metric) else written(list(values.values()))
    said = dict(zip(values, texts, strict=True))
    best = _best(runs, values, metric)

    def of(cell: Cell) -> Cell:
        if not cell.run or cell.run.name not in values:
            return cell
        # All runs beside each other have their numbers with names below them, this one perhaps too.
        others = [line for line in cell.lines if not line.startswith(f"{metric.title} ")]
        best_of_all = cell.run.name in best
        return replace(cell, lines=(said[cell.run.name], *others), best=best_of_all)

    panels = [
        replace(panel, cells=[[of(cell) for cell in row] for row in panel.cells])
        for panel in layout.panels
    ]
    way = f"below each picture: {metric.title}, {metric.better} is better; the best has a frame"
    several = len({_pictures(run) for run in runs}) > 1
    way += " of each photograph, painting and size" if several else ""
    note = f"{layout.note} {way[0].upper()}{way[1:]}.".strip()
    return replace(layout, panels=panels, note=note)


def written(values: Sequence[float]) -> list[str]:
    """Return numbers in one format, so that they compare at a glance: 0.049 and 0.600.

    Args:
      values: finite.
    """
    powers = [math.floor(math.log10(abs(value))) for value in values if value]
    least, most = min(powers, default=0), max(powers, default=0)
    if not -3 <= most < 6:
        return [labels.power(value, _DIGITS) for value in values]
    # The least has them all, unless the largest would have many more.
    decimals = max(0, min(_DIGITS - 1 - least, _DIGITS + 1 - max(0, most)))
    return [f"{value:.{decimals}f}" for value in values]


def _is_voted(metric: Objective | None) -> bool:
    return metric is not None and metric.name == f"metrics/{PREFERENCE.name}"


def _best(runs: Sequence[Run], values: dict[str, float], metric: Objective) -> set[str]:
    """Return the best finished runs, of each pair of pictures by itself: others don't compare."""
    sign = -1 if metric.better == "higher" else 1
    groups: dict[object, list[str]] = {}
    for run in runs:
        if run.status == "finished" and run.name in values:
            groups.setdefault(_pictures(run), []).append(run.name)
    best = {group: min(sign * values[name] for name in names) for group, names in groups.items()}
    return {
        name for group, names in groups.items() for name in names
        if sign * values[name] == best[group]
    }  # fmt: skip


def _pictures(run: Run) -> object:
    return tuple(str(run.values.get(key)) for key in OF_A_PAIR)
