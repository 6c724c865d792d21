"""One number against another: the runs that no other one beats in both, with pictures of some."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.figure import gathered, look
from nst.figure.look import ACCENT, INK, SMALL, SOFT, TEXT, Drawn
from nst.metrics.front import front
from nst.metrics.knee import is_bent, knee, scaled
from nst.report import compared, labels, recommended
from nst.report.draw import fitted
from nst.report.lettering import drawable
from nst.report.summary import Key, Report

STAR = "★"
_USUAL = ("content_distance", "style_distance")
_PICTURE = 20.0  # millimeters of a picture at least
_DPI = 300
_APART = 0.12  # of two lettered points on the scaled front


@dataclass(frozen=True)
class _Group:
    """Finished runs whose numbers compare."""

    title: str
    runs: list[int]  # places in the report
    points: list[list[float]]
    front: list[int]  # places among them, from the left to the right
    knee: int | None
    bent: bool


def draw(report: Report, metrics: Sequence[Any], by: str | None, width: float, form: str) -> Drawn:
    """Return the figure.

    Args:
      report: of the sweep.
      metrics: the numbers from left to right and upwards; none: the page's own.
      by: dotted key that tells the points apart; none: chosen.
      width: in millimeters.
      form: of the file.

    Raises:
      UserError: there are not two numbers, or no run has both.
    """
    both = _both(report, metrics)
    groups = [_group(one, both) for one in recommended.groups(report, both)]
    if not groups:
        raise UserError(
            f"no finished run has both {both[0]['title']} and {both[1]['title']}, so there is "
            "nothing to draw"
        )
    key = gathered.key(report, by) if by else _key(report, groups, both)
    shown = _shown(report, groups, width)
    words = [text for one in report.keys for text in (one.title, *one.values)]
    with look.look([*words, STAR, *(one["title"] for one in both)]):
        figure = _figure(report, both, groups, key, shown, width)
        return look.saved(figure, form, _caption(report, both, groups, key, shown))


def _both(report: Report, metrics: Sequence[Any]) -> list[Mapping[str, Any]]:
    if metrics and len(metrics) != 2:
        raise UserError(
            f"a front is of two numbers, not {len(metrics)}: "
            "give them as --metric content_distance,style_distance"
        )
    if metrics:
        if metrics[0] is metrics[1] or metrics[0] == metrics[1]:
            raise UserError("a front is of two different numbers: --metric names one twice")
        return list(metrics)
    every = gathered.usual(report)
    asked = [one for one in every if one.get("objective")]
    known = {one["name"]: one for one in every if one["group"] == "metrics"}
    if len(asked) > 1:
        return [asked[1], asked[0]]
    both = [known[name] for name in _USUAL if name in known]
    both = both if len(both) == 2 else every[:2]
    if len(both) < 2:
        raise UserError("a front needs two numbers of each run, and these runs have fewer")
    return both


def _group(one: recommended.Group, both: Sequence[Mapping[str, Any]]) -> _Group:
    # Neither more nor less of some numbers is better, so there is nothing to be on the front of.
    known = all(metric["better"] for metric in both)
    kept = front(one.values, one.better) if known else []
    kept.sort(key=lambda place: one.values[place])
    at = knee(one.values, one.better) if known else None
    bent = bool(kept) and is_bent(scaled([one.values[place] for place in kept], one.better))
    return _Group(one.title, one.runs, one.values, kept, at, bent)


def _key(report: Report, groups: Sequence[_Group], both: Sequence[Any]) -> Key | None:
    """Return the key that tells the points apart best, by the scales on which they are drawn."""
    columns = []
    for metric in both:
        column = gathered.numbers(report, metric)
        known = column[np.isfinite(column)]
        columns.append(np.log(column) if look.is_log(known.tolist()) else column)
    return gathered.telling(report, columns, 6)


def _shown(report: Report, groups: Sequence[_Group], width: float) -> list[tuple[int, bool]]:
    """Return the runs whose pictures are shown, and whether each is a knee."""
    most = int(width // (_PICTURE + 1.5))
    if len(groups) > 1:
        knees = [one.runs[one.knee] for one in groups if one.knee is not None]
        return [(run, True) for run in knees if report.runs[run].picture][:most]
    (one,) = groups
    if not one.front:
        return []
    kept = [at for at in one.front if report.runs[one.runs[at]].picture]
    if not kept:
        return []
    costs = np.array([one.points[at] for at in kept])
    spread = np.ptp(costs, 0)
    at = (costs - costs.min(0)) / np.where(spread > 0, spread, 1)
    chosen = [kept.index(one.knee)] if one.knee in kept else [0]
    # The farthest from all that are chosen, until they stand close or fill the line.
    while len(chosen) < min(most, len(kept)):
        away = np.min([np.hypot(*(at - at[place]).T) for place in chosen], 0)
        best = int(away.argmax())
        if away[best] < _APART:
            break
        chosen.append(best)
    return [(one.runs[kept[place]], kept[place] == one.knee) for place in sorted(chosen)]


def _figure(
    report: Report,
    both: Sequence[Mapping[str, Any]],
    groups: Sequence[_Group],
    key: Key | None,
    shown: Sequence[tuple[int, bool]],
    width: float,
) -> Any:
    columns = max(len(shown), min(3, int(width // _PICTURE)))
    wide = (width - 3) / columns - 2.5
    high = max((_high(report, run) for run, _ in shown), default=0) * wide
    words = [_under(report, run, wide) for run, _ in shown]
    lines = max((len(one) for one in words), default=0)
    plot = min(0.72 * width, 78.0)
    strip = high + lines * 3.2 + 7 if shown else 0
    figure = look.page(width, plot + strip)
    if strip:
        upper, lower = figure.subfigures(2, 1, height_ratios=(plot, strip))
    else:
        upper, lower = figure, None
    axes = upper.add_subplot()
    _points(axes, report, both, groups, key, shown)
    if lower is not None:
        _strip(lower, report, shown, words, columns, (wide, high))
    return figure


def _points(axes: Any, report: Report, both: Any, groups: Any, key: Key | None, shown: Any) -> None:
    every = [point for group in groups for point in group.points]
    for which, metric, values in zip("xy", both, zip(*every, strict=True), strict=True):
        way = f", {metric['better']} is better" if metric["better"] else ""
        log = look.is_log(values)
        look.value_axis(axes, which, f"{drawable(metric['title'])}{way}", log, values, 7, 0.1)
    values = key.values if key else [""]
    tones = look.tones(len(values), bool(key and key.numbers)) if key else [SOFT]
    for at, value in enumerate(values):
        own = [
            (point, place in group.front)
            for group in groups
            for place, (run, point) in enumerate(zip(group.runs, group.points, strict=True))
            if not key or key.of.get(report.runs[run].name) == value
        ]
        look_of = [
            (False, {"ms": 4, "zorder": 3, "mec": "white", "mew": 0.4}),
            (True, {"ms": 5, "zorder": 4, "mec": INK, "mew": 0.8}),
        ]
        for on_front, how in look_of:
            some = [point for point, on in own if on == on_front]
            if some:
                axes.plot(*zip(*some, strict=True), look.marker(at), mfc=tones[at], **how)
    for group in groups:
        line = [group.points[at] for at in group.front]
        if line:
            axes.plot(*zip(*line, strict=True), color=INK, lw=0.9, ls=(0, (1.2, 1.6)), zorder=2)
    for letter, (run, is_knee) in zip(ascii_uppercase, shown, strict=False):
        group = next(one for one in groups if run in one.runs)
        point = group.points[group.runs.index(run)]
        if is_knee:
            axes.plot(*point, "*", ms=10, mfc=ACCENT, mec="white", mew=0.7, zorder=6)
        # On the side of the better, where nothing lies that would beat the run.
        signs = [1 if metric["better"] == "higher" else -1 for metric in both]
        axes.annotate(
            letter, point, [7.5 * sign for sign in signs], textcoords="offset points",
            fontsize=TEXT, weight="bold", ha="center", va="center", zorder=7,
        )  # fmt: skip
    if key:
        _legend(axes, key, tones)


def _legend(axes: Any, key: Key, tones: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker=look.marker(at), ms=4.5, mfc=tone, mec="white", mew=0.4)
        for at, tone in enumerate(tones)
    ]
    axes.legend(
        handles, [f"{drawable(value)}" for value in key.values], title=drawable(key.title),
        title_fontsize=SMALL, alignment="left", loc="best", handletextpad=0.2, borderpad=0.2,
        labelspacing=0.3, frameon=True, framealpha=1, edgecolor="none", fancybox=False,
    )  # fmt: skip


def _strip(
    part: Any, report: Report, shown: Any, words: Any, columns: int, size: tuple[float, float]
) -> None:
    from PIL import Image

    grid = part.add_gridspec(1, columns)
    for at, ((run, is_knee), lines) in enumerate(zip(shown, words, strict=True)):
        axes = part.add_subplot(grid[0, at])
        with Image.open(report.runs[run].picture) as file:
            image = file.convert("RGB")
        # What is smaller than it is printed would be shown in squares.
        fine = fitted(image.size, [round(side / 25.4 * _DPI) for side in size])
        image = image.resize(max(fine, image.size), Image.Resampling.LANCZOS)
        axes.imshow(np.asarray(image), interpolation="none")
        axes.set_axis_off()
        axes.set_title(
            f"{ascii_uppercase[at]}{f' {STAR}' if is_knee else ''}", fontsize=TEXT, pad=2
        )
        axes.text(
            0, -0.06, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=SMALL,
            color=SOFT, linespacing=1.2,
        )  # fmt: skip


def _under(report: Report, run: int, wide: float) -> list[str]:
    """Return the values that tell a run from the others, in lines below its picture."""
    values = [key.of.get(report.runs[run].name, "none") for key in report.keys[:4]]
    return look.fitting(", ".join(values), wide * look.POINT, SMALL, 4)


def _high(report: Report, run: int) -> float:
    one = report.runs[run]
    return one.height / one.width if one.width and one.height else 1.0


def _caption(
    report: Report, both: Any, groups: Sequence[_Group], key: Key | None, shown: Any
) -> str:
    count = sum(len(one.runs) for one in groups)
    said = [f"{both[1]['title'].capitalize()} against {both[0]['title']} of {count} runs."]
    kept = sum(len(one.front) for one in groups)
    if kept:
        each = " of each photograph and painting" if len(groups) > 1 else ""
        said.append(
            f"The dotted line is the Pareto front{each}, {kept} runs with a dark rim: no run beats "
            "one of them in both."
        )
    if any(is_knee for _, is_knee in shown):
        what = (
            "the knee of the front"
            if all(one.bent for one in groups)
            else ("the run that gives up least of either; the front has no knee")
        )
        said.append(f"{STAR}: {what}.")
    if key:
        said.append(f"Points by {key.title}.")
    if shown:
        keys = ", ".join(one.title for one in report.keys[:4])
        said.append(f"Below: results of the lettered runs{f' with their {keys}' if keys else ''}.")
        for letter, (run, _) in zip(ascii_uppercase, shown, strict=False):
            told = ", ".join(
                f"{one['title']} {labels.number(value, 3)}"
                for one in both
                if (value := compared.value(report.runs[run], one["group"], one["name"]))
                is not None
            )
            said.append(f"{letter}: {told}.")
    return " ".join(said)
