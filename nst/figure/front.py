"""One number against another: the runs that no other one beats in both, with pictures of some."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np

from nst.figure import fronts, gathered, look, scales
from nst.figure.fronts import STAR
from nst.figure.look import ACCENT, INK, POINT, SMALL, SOFT, TEXT, Drawn
from nst.report.draw import fitted
from nst.report.lettering import drawable
from nst.report.summary import Key, Report

_PICTURE = 21.5  # millimeters of a picture at least, with the gap to the next one
_GAP, _LINE = 2.0, 3.2  # between two pictures, of a line of text
_DPI = 300


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
    both = fronts.both(report, metrics)
    groups = fronts.groups(report, both)
    key = gathered.few(gathered.key(report, by)) if by else fronts.telling(report, both)
    most = int(width // _PICTURE)
    shown = fronts.shown(report, groups, most)
    words = [text for one in report.keys for text in (one.title, *one.values)]
    with look.look([*words, STAR, *(one["title"] for one in both)]):
        columns = max(len(shown), min(3, most))
        wide = (width - _GAP * (columns - 1) - 2) / columns
        under = [_under(report, run, wide) for run, _ in shown]
        high = wide * max((_high(report, run) for run, _ in shown), default=0)
        strip = 4 + high + 1 + _LINE * max(map(len, under)) if shown else 0
        plot = min(0.72 * width, 78.0)
        figure = look.page(width, plot + strip)
        engine = figure.get_layout_engine()
        engine.set(rect=(0, strip / (plot + strip), 1, plot / (plot + strip)))
        _points(figure.add_subplot(), report, both, groups, key, shown)
        for at, ((run, is_knee), lines) in enumerate(zip(shown, under, strict=True)):
            place = 1 + at * (wide + _GAP), strip - 4 - high
            above = f"{ascii_uppercase[at]}{f' {STAR}' if is_knee else ''}"
            _picture(figure, report, run, place, (wide, high), above, lines)
        return look.saved(figure, form, fronts.caption(report, both, groups, key, shown))


def _points(axes: Any, report: Report, both: Any, groups: Any, key: Key | None, shown: Any) -> None:
    every = [point for group in groups for point in group.points]
    for which, metric, values in zip("xy", both, zip(*every, strict=True), strict=True):
        way = f", {metric['better']} is better" if metric["better"] else ""
        log = scales.is_log(values)
        scales.value_axis(axes, which, f"{drawable(metric['title'])}{way}", log, values, 7, 0.1)
    labels_of = key.values if key else [""]
    tones = look.tones(len(labels_of), bool(key and key.numbers)) if key else [SOFT]
    for at, value in enumerate(labels_of):
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


def _picture(
    figure: Any,
    report: Report,
    run: int,
    place: tuple[float, float],
    size: tuple[float, float],
    above: str,
    below: Sequence[str],
) -> None:
    """Put a picture where it stands, in millimeters from the lower left, with its words."""
    from PIL import Image

    wide, high = (side * 25.4 for side in figure.get_size_inches())
    (x, y), (across, up) = place, size
    axes = figure.add_axes((x / wide, y / high, across / wide, up / high), anchor="NW")
    axes.set_in_layout(False)
    file_of_it = report.runs[run].picture
    assert file_of_it  # as all that are shown
    with Image.open(file_of_it) as file:
        image = file.convert("RGB")
    # What is smaller than it is printed would be shown in squares.
    fine = fitted(image.size, (round(across / 25.4 * _DPI), round(up / 25.4 * _DPI)))
    image = image.resize(max(fine, image.size), Image.Resampling.LANCZOS)
    axes.imshow(np.asarray(image), interpolation="none")
    axes.set_axis_off()
    figure.text(x / wide, (y + up + 1) / high, above, fontsize=TEXT, weight="bold", va="baseline")
    for number, line in enumerate(below):
        foot = (y - 3 - _LINE * number) / high
        figure.text(x / wide, foot, line, fontsize=SMALL, color=SOFT, va="baseline")


def _under(report: Report, run: int, wide: float) -> list[str]:
    """Return the values that tell a run from the others, in lines below its picture."""
    name = report.runs[run].name
    values = [key.of.get(name, "none") for key in report.keys[: fronts.MOST_KEYS]]
    return look.fitting(", ".join(values), wide * POINT, SMALL, 6)


def _high(report: Report, run: int) -> float:
    one = report.runs[run]
    return one.height / one.width if one.width and one.height else 1.0
