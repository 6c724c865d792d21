"""What each setting does to a number: its values within blocks, and below them the differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.figure import gathered, look
from nst.figure.look import ACCENT, BAD, FAINT, INK, SMALL, SOFT, Drawn
from nst.metrics.blocks import averaged, numbered
from nst.report import effects, factors
from nst.report.factors import Factor
from nst.report.lettering import drawable
from nst.report.summary import Report

#: Lines of blocks and points that a panel draws; means of photographs.
_LINES, _POINTS, _MEANS = 200, 1500, 8
#: Values of a number, beyond which it is drawn as a line of numbers.
_DISCRETE = 24
_NARROWEST = 40  # millimeters of a panel
_HIGH = (26.0, 15.0)  # of its two parts


@dataclass(frozen=True)
class _Panel:
    """A setting with what it does to the number."""

    factor: Factor
    row: dict[str, Any]  # as nst.report.effects has it
    lines: np.ndarray  # (blocks, values): means of each block, NaN for none
    of: list[str]  # of each block what it belongs to: its photograph, say

    @property
    def is_paired(self) -> bool:
        """Whether anything differs in this setting alone."""
        return bool(self.row["differences"])


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
    down = -(-len(panels) // across)
    values = [one for panel in panels for one in _values(report, metric, panel)]
    log = look.is_log(values)
    words = [metric["title"], *(text for one in every for text in (one.title, *one.values))]
    with look.look(words):
        tall = sum(_HIGH) if any(panel.is_paired for panel in panels) else _HIGH[0]
        figure = look.page(width, down * (tall + 14) + (0 if len(panels) % across else 8))
        grid = figure.add_gridspec(2 * down, across, height_ratios=[*_HIGH] * down)
        for at, panel in enumerate(panels):
            y, x = divmod(at, across)
            cell = grid[2 * y, x] if panel.is_paired else grid[2 * y : 2 * y + 2, x]
            above = figure.add_subplot(cell)
            above.set_title(drawable(panel.factor.title))
            look.value_axis(above, "y", "" if x else _title(metric), log, values)
            above.tick_params(labelleft=not x)
            if not panel.is_paired:
                _unpaired(above, report, metric, panel, width / across)
                continue
            _blocks(above, panel)
            below = figure.add_subplot(grid[2 * y + 1, x], sharex=above)
            _differences(below, panel, metric, not x)
            above.tick_params(labelbottom=False, bottom=False)
            _level_ticks(below, panel.factor, width / across)
        if any(panel.is_paired for panel in panels):
            hole = (
                grid[2 * down - 2 : 2 * down, len(panels) % across :]
                if len(panels) % across
                else None
            )
            _legend(figure, metric, width, hole)
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
) -> tuple[list[_Panel], list[str]]:
    """Return the panels, and why the settings without one have none."""
    found = effects.of(report, [metric])
    values = effects.numbers(report, metric)
    within = [report.keys[at] for at in found["within"][0]]
    panels, silent = list[_Panel](), list[str]()
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
        panels.append(_Panel(factor, row, lines, of))
    return panels, silent


def _values(report: Report, metric: Any, panel: _Panel) -> list[float]:
    """Return the numbers that a panel shows."""
    every = panel.lines if panel.is_paired else effects.numbers(report, metric)
    return [float(one) for one in every[np.isfinite(every)]]


def _blocks(axes: Any, panel: _Panel) -> None:
    places = np.arange(len(panel.factor.values))
    several = np.isfinite(panel.lines).sum(1) > 1
    lines = panel.lines[several]
    step = -(-len(lines) // _LINES) or 1
    alpha = max(0.35, min(1.0, 14 / max(1, len(lines) // step)))
    for one in lines[::step]:
        known = np.isfinite(one)
        axes.plot(places[known], one[known], color=FAINT, lw=0.7, marker="o", ms=1.8, alpha=alpha)
    of = [name for name, kept in zip(panel.of, several, strict=True) if kept]
    groups = {name: [row for row, own in zip(lines, of, strict=True) if own == name] for name in of}
    if not panel.row["means"] or len(groups) > _MEANS:
        return
    for own in groups.values():
        complete = [row for row in own if np.isfinite(row).all()]
        if complete:
            axes.plot(places, np.mean(complete, 0), color=INK, lw=1.8, marker="D", ms=4, zorder=4)


def _differences(axes: Any, panel: _Panel, metric: Any, first: bool) -> None:
    sign = {"lower": -1, "higher": 1}.get(metric["better"], 0)
    axes.axhline(0, color=FAINT, lw=0.6, zorder=1)
    axes.plot([0], [0], "o", ms=4, mfc="white", mec=INK, mew=0.8)
    shown = [0.0]
    for level, _, mean, low, high, _, _ in panel.row["differences"]:
        unclear = low is None or low <= 0 <= high or not sign
        ink, shape = (INK, "o") if unclear else (ACCENT, "o") if sign * mean > 0 else (BAD, "s")
        bars = [[mean - low], [high - mean]] if low is not None else None
        axes.errorbar(
            [level], [mean], yerr=bars, fmt=shape, ms=4, color=ink, ecolor=ink, elinewidth=1.1,
            capsize=2.2, capthick=1.1, mfc="white" if unclear and sign else ink, zorder=4,
        )  # fmt: skip
        shown += [mean, *([low, high] if low is not None else [])]
    look.value_axis(axes, "y", "", False, shown)
    power = axes.get_ylabel()
    axes.set_ylabel(f"difference{power}" if first else power.strip())
    axes.locator_params(axis="y", nbins=4)


def _legend(figure: Any, metric: Any, width: float, hole: Any) -> None:
    """Say what the marks are, where a panel would have room, else below all."""
    from matplotlib.lines import Line2D

    rows: list[tuple[str, dict[str, Any]]] = [
        ("one block", {"color": FAINT, "lw": 0.7, "marker": "o", "ms": 1.8}),
        ("their mean", {"color": INK, "lw": 1.8, "marker": "D", "ms": 4}),
    ]
    if metric["better"]:
        rows += [
            ("clearly better", {"color": ACCENT, "ls": "", "marker": "o", "ms": 4}),
            ("clearly worse", {"color": BAD, "ls": "", "marker": "s", "ms": 4}),
            (
                "no clear difference",
                {"color": INK, "ls": "", "marker": "o", "ms": 4, "mfc": "white"},
            ),
        ]
    handles, texts = [Line2D([], [], **how) for _, how in rows], [text for text, _ in rows]
    if hole is not None:
        axes = figure.add_subplot(hole)
        axes.set_axis_off()
        axes.legend(handles, texts, loc="upper left", borderpad=0.1, handletextpad=0.5)
        return
    figure.legend(
        handles, texts, loc="outside lower left", ncols=5 if width > 100 else 3, borderpad=0.1,
        columnspacing=1.2, handletextpad=0.5, labelspacing=0.35,
    )  # fmt: skip


def _level_ticks(axes: Any, factor: Factor, room: float) -> None:
    """Name the values below a panel, upright where they don't fit beside each other."""
    count = len(factor.values)
    places = list(range(count))
    told = places if count <= _DISCRETE else places[:: -(-count // 10)]
    wide = (room - 14) * look.POINT / len(told)
    lines = [look.fitting(factor.values[at], wide, SMALL, 3) for at in told]
    whole = all(
        "".join(some).replace(" ", "") == drawable(factor.values[at]).replace(" ", "")
        for some, at in zip(lines, told, strict=True)
    )
    fits = whole and all(len(some) == 1 or wide > 28 for some in lines)
    texts = (
        ["\n".join(some) for some in lines]
        if fits
        else [drawable(factor.values[at]) for at in told]
    )
    axes.set_xticks(told, texts, rotation=0 if fits else 90)
    axes.set_xlim(-0.4, count - 0.6)
    axes.grid(False, axis="x")


def _unpaired(axes: Any, report: Report, metric: Any, panel: _Panel, room: float) -> None:
    """Draw the runs as points, and no line that would claim an effect."""
    factor, values = panel.factor, effects.numbers(report, metric)
    known = np.flatnonzero(np.isfinite(values) & (factor.levels >= 0))
    known = known[:: -(-len(known) // _POINTS) or 1]
    levels, numbers = factor.levels[known], factor.keys[0].numbers
    if numbers and len(factor.values) > _DISCRETE:
        at = np.array(numbers)[levels]
        wide = at.min() > 0 and at.max() / at.min() > 50
        look.value_axis(axes, "x", "", wide, at.tolist())
    else:
        at = levels + (np.arange(len(known)) % 9 - 4) / 24
        _level_ticks(axes, factor, room)
    axes.plot(at, values[known], "o", ms=3, mfc="none", mec=SOFT, mew=0.7)


def _title(metric: Any) -> str:
    way = f"\n{metric['better']} is better" if metric["better"] else ""
    return f"{drawable(metric['title'])}{' (s)' * (metric['group'] == 'time')}{way}"


def _caption(metric: Any, panels: Sequence[_Panel], silent: Sequence[str]) -> str:
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
