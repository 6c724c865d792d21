"""What each setting does to a number: its values within blocks, and below them the differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.figure import effect_panels, gathered, look, scales
from nst.figure.effect_panels import Panel
from nst.figure.look import Drawn
from nst.metrics.blocks import averaged, numbered
from nst.report import effects, factors
from nst.report.factors import Factor
from nst.report.lettering import drawable
from nst.report.summary import Report

_NARROWEST = 40  # millimeters of a panel
_HIGH = (26.0, 15.0)  # of its two parts


def draw(
    report: Report, metrics: Sequence[Any], by: Sequence[str], width: float, form: str
) -> Drawn:
    """Return the figure.

    Args:
      report: of the sweep.
      metrics: the number, as nst.report.compared has it; none: the page's own.
      by: dotted keys of the settings to show; none: all that vary.
      width: in millimeters.
      form: of the file.

    Raises:
      UserError: nothing varies, a key doesn't, or no setting can be compared in this number.
    """
    metric = [*metrics, *gathered.usual(report)][0]
    every = factors.of(report.keys, report.runs)
    panels, silent = _panels(report, metric, every, _wanted(report, every, by))
    if not panels:
        raise UserError(f"no effects to draw: {silent[0] if silent else 'no key varies'}")
    across = max(1, min(len(panels), int(width // _NARROWEST), 4))
    lines = [panels[at : at + across] for at in range(0, len(panels), across)]
    values = [one for panel in panels for one in _values(report, metric, panel)]
    log = scales.is_log(values)
    words = [metric["title"], *(text for one in every for text in (one.title, *one.values))]
    with look.look(words):
        # Below a line of panels its longest names, above it its titles.
        rooms = [
            10 + max(effect_panels.names(one.factor, width / across).high for one in line)
            for line in lines
        ]
        paired = any(panel.is_paired for panel in panels)
        tall = sum(_HIGH) if paired else _HIGH[0]
        full = not len(panels) % across
        figure = look.page(width, sum(rooms) + tall * len(lines) + 8 * (paired and full))
        grid = figure.add_gridspec(2 * len(lines), across, height_ratios=[*_HIGH] * len(lines))
        for at, panel in enumerate(panels):
            y, x = divmod(at, across)
            cell = grid[2 * y, x] if panel.is_paired else grid[2 * y : 2 * y + 2, x]
            above = figure.add_subplot(cell)
            above.set_title(drawable(panel.factor.title))
            scales.value_axis(above, "y", "" if x else _title(metric), log, values)
            above.tick_params(labelleft=not x)
            if not panel.is_paired:
                effect_panels.unpaired(above, report, metric, panel, width / across)
                continue
            effect_panels.blocks(above, panel)
            below = figure.add_subplot(grid[2 * y + 1, x], sharex=above)
            effect_panels.differences(below, panel, metric, not x)
            above.tick_params(labelbottom=False, bottom=False)
            effect_panels.name_values(below, panel.factor, width / across)
        if paired:
            hole = None if full else grid[-2:, len(panels) % across :]
            effect_panels.legend(figure, panels, metric, width, hole)
        return look.saved(figure, form, _caption(metric, panels, silent))


def _wanted(report: Report, every: Sequence[Factor], by: Sequence[str]) -> list[Factor]:
    if not by:
        return list(every)
    names = [gathered.key(report, name).name for name in by]
    found = [next((one for one in every if name in one.names), None) for name in names]
    for name, one in zip(names, found, strict=True):
        if one is None:
            raise UserError(
                f"--by: {name} has no effect of its own; there are "
                f"{', '.join(key.name for factor in every for key in factor.keys)}"
            )
    return [one for one in found if one]


def _panels(
    report: Report, metric: Any, every: Sequence[Factor], wanted: Sequence[Factor]
) -> tuple[list[Panel], list[str]]:
    """Return the panels, and why the settings without one have none."""
    found = effects.of(report, [metric])
    values = effects.numbers(report, metric)
    within = [report.keys[at] for at in found["within"][0]]
    panels, silent = list[Panel](), list[str]()
    for factor, of_factor in zip(every, found["factors"], strict=True):
        row = of_factor["of"][0]
        if not any(factor is one for one in wanted):
            continue
        if "why" in row:
            silent.append(row["why"])
            continue
        names = [*factor.others, *([factors.SEED] if row["seeds"] else [])]
        columns = [factors.places(key, report.runs) for key in report.keys if key.name in names]
        blocks = numbered([one.tolist() for one in columns], len(report.runs))
        known = np.isfinite(values) & (factor.levels >= 0)
        first = [np.flatnonzero(known & (blocks == one))[0] for one in np.unique(blocks[known])]
        of = [", ".join(key.of.get(report.runs[at].name, "") for key in within) for at in first]
        lines = averaged(factor.levels, blocks, values, len(factor.values))
        panels.append(Panel(factor, row, lines, of))
    return panels, silent


def _values(report: Report, metric: Any, panel: Panel) -> list[float]:
    """Return the numbers that a panel shows."""
    every = panel.lines if panel.is_paired else effects.numbers(report, metric)
    return [float(one) for one in every[np.isfinite(every)]]


def _title(metric: Any) -> str:
    way = f"\n{metric['better']} is better" if metric["better"] else ""
    return f"{drawable(metric['title'])}{' (s)' * (metric['group'] == 'time')}{way}"


def _caption(metric: Any, panels: Sequence[Panel], silent: Sequence[str]) -> str:
    said = [f"What each setting does to the {metric['title']}."]
    paired = [panel for panel in panels if panel.is_paired]
    if paired:
        said.append(
            "A thin line is a block of runs that differ in this setting alone, the strong line "
            "their mean. Below: how far each value lies from the first, with the 95 % interval of "
            "the mean difference over the blocks (Student's t)."
        )
    for panel in panels:
        what = panel.row["headline"] or (
            "nothing is paired, so each point is a run, "
            "and what sets two apart may be another setting"
        )
        said.append(f"{panel.factor.title}: {what}.")
    return " ".join([*said, *silent])
