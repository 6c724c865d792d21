"""The panel of a setting: its blocks and their mean, below them the differences; or points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nst.figure import look, scales
from nst.figure.look import ACCENT, BAD, FAINT, INK, POINT, SMALL, SOFT
from nst.report import effects
from nst.report.factors import Factor
from nst.report.lettering import drawable, width
from nst.report.summary import Report

#: Lines of blocks and points that a panel draws; means of photographs.
_LINES, _POINTS, _MEANS = 200, 1500, 8
#: Values of a number, beyond which it is drawn as a line of numbers.
_DISCRETE = 24
#: What a difference is: color, marker and filling.
_MARKS = {
    "clearly better": (ACCENT, "o", ACCENT),
    "clearly worse": (BAD, "s", BAD),
    "no clear difference": (INK, "o", "white"),
    "a single pair": (INK, "D", "white"),
}


@dataclass(frozen=True)
class Names:
    """The names of values below a panel."""

    places: list[int]  # of those that are named
    texts: list[str]
    upright: bool
    high: float  # millimeters


@dataclass(frozen=True)
class Panel:
    """A setting with what it does to the number."""

    factor: Factor
    row: dict[str, Any]  # as nst.report.effects has it
    lines: np.ndarray  # (blocks, values): means of each block, NaN for none
    of: list[str]  # of each block what it belongs to: its photograph, say

    @property
    def is_paired(self) -> bool:
        """Whether anything differs in this setting alone."""
        return bool(self.row["differences"])


def blocks(axes: Any, panel: Panel) -> None:
    """Draw a thin line for each block, and the strong one of their mean.

    Args:
      axes: of matplotlib's.
      panel: with its blocks.
    """
    axes.grid(False, axis="x")
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


def differences(axes: Any, panel: Panel, metric: Mapping[str, Any], first: bool) -> None:
    """Draw how far each value lies from the first, with the interval of the mean difference.

    Args:
      axes: of matplotlib's.
      panel: with its differences.
      metric: the number.
      first: whether it is the first panel of its line, which names the axis.
    """
    axes.axhline(0, color=FAINT, lw=0.6, zorder=1)
    axes.plot([0], [0], "o", ms=4, mfc="white", mec=INK, mew=0.8)
    shown = [0.0]
    for one in panel.row["differences"]:
        level, _, mean, low, high, _, _ = one
        ink, shape, fill = _MARKS[_judged(one, metric)]
        bars = [[mean - low], [high - mean]] if low is not None else None
        axes.errorbar(
            [level], [mean], yerr=bars, fmt=shape, ms=4, color=ink, ecolor=ink, elinewidth=1.1,
            capsize=2.2, capthick=1.1, mfc=fill, zorder=4,
        )  # fmt: skip
        shown += [mean, *([low, high] if low is not None else [])]
    scales.value_axis(axes, "y", "", False, shown)
    power = axes.get_ylabel()
    axes.set_ylabel(f"difference{power}" if first else power.strip())
    axes.locator_params(axis="y", nbins=4)


def legend(
    figure: Any, panels: Sequence[Panel], metric: Mapping[str, Any], width: float, hole: Any
) -> None:
    """Say what the marks are that occur, where a panel would have room, else below all.

    Args:
      figure: of matplotlib's.
      panels: of the figure.
      metric: the number.
      width: of the figure in millimeters.
      hole: where in its grid a panel would have room; none: nowhere.
    """
    from matplotlib.lines import Line2D

    occur = {_judged(one, metric) for panel in panels for one in panel.row["differences"]}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("one block", {"color": FAINT, "lw": 0.7, "marker": "o", "ms": 1.8}),
        ("their mean", {"color": INK, "lw": 1.8, "marker": "D", "ms": 4}),
        *(
            (words, {"color": ink, "ls": "", "marker": shape, "ms": 4, "mfc": fill})
            for words, (ink, shape, fill) in _MARKS.items()
            if words in occur and metric["better"]
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


def names(factor: Factor, room: float) -> Names:
    """Return how the values below a panel are named: upright where they don't fit side by side.

    Args:
      factor: the setting.
      room: width of the panel in millimeters.
    """
    count = len(factor.values)
    places = list(range(count))
    places = places if count <= _DISCRETE else places[:: -(-count // 10)]
    wide = (room - 14) * POINT / len(places)
    whole = [drawable(factor.values[at]) for at in places]
    lines = [look.fitting(text, wide, SMALL, 3) for text in whole]
    fit = all("".join(some) == text.replace(" ", "") or " ".join(some) == text
              for some, text in zip(lines, whole, strict=True))  # fmt: skip
    if fit and (wide > 28 or all(len(some) == 1 for some in lines)):
        high = max(map(len, lines)) * 1.2 * SMALL
        return Names(places, ["\n".join(some) for some in lines], False, high / POINT)
    return Names(places, whole, True, max(width(text, 10) for text in whole) / 10 * SMALL / POINT)


def name_values(axes: Any, factor: Factor, room: float) -> None:
    """Name the values below a panel.

    Args:
      axes: of matplotlib's.
      factor: the setting.
      room: width of the panel in millimeters.
    """
    found = names(factor, room)
    axes.set_xticks(found.places, found.texts, rotation=90 * found.upright)
    axes.set_xlim(-0.4, len(factor.values) - 0.6)
    axes.grid(False, axis="x")


def _judged(difference: Sequence[Any], metric: Mapping[str, Any]) -> str:
    """Return what a difference is called in the legend."""
    _, _, mean, low, high, _, _ = difference
    if low is None:
        return "a single pair"
    if low <= 0 <= high or not metric["better"]:
        return "no clear difference"
    return "clearly better" if (mean < 0) == (metric["better"] == "lower") else "clearly worse"


def unpaired(
    axes: Any, report: Report, metric: Mapping[str, Any], panel: Panel, room: float
) -> None:
    """Draw the runs as points, and no line that would claim an effect.

    Args:
      axes: of matplotlib's.
      report: of the sweep.
      metric: the number.
      panel: of a setting in which alone no two runs differ.
      room: width of the panel in millimeters.
    """
    factor, values = panel.factor, effects.numbers(report, metric)
    known = np.flatnonzero(np.isfinite(values) & (factor.levels >= 0))
    known = known[:: -(-len(known) // _POINTS) or 1]
    levels, numbers = factor.levels[known], factor.keys[0].numbers
    if numbers and len(factor.values) > _DISCRETE:
        at = np.array(numbers)[levels]
        wide = at.min() > 0 and at.max() / at.min() > 50
        scales.value_axis(axes, "x", "", wide, at.tolist())
    else:
        at = levels + (np.arange(len(known)) % 9 - 4) / 24
        name_values(axes, factor, room)
    axes.plot(at, values[known], "o", ms=3, mfc="none", mec=SOFT, mew=0.7)
