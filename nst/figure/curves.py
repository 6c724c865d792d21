"""The losses of the runs by step: a panel for each term."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nst.base.errors import UserError, did_you_mean
from nst.figure import gathered, look, scales
from nst.figure.look import Drawn
from nst.report import curves
from nst.report.lettering import drawable
from nst.report.summary import Key, Report

_SUMS = {
    "content": "content loss",
    "style": "style loss",
    "tv": "total variation",
    "total": "total",
}
#: Runs that have a line of their own each; panels beside each other.
_EACH, _ACROSS = 6, 4
_NARROWEST = 42  # millimeters of a panel
_HIGH = 34.0
_MARKED = 24  # runs whose checks are marked, too
_FAR = 20  # of the greatest to the least, from which powers of ten tell more


@dataclass(frozen=True)
class _Term:
    """A loss by step."""

    name: str
    lines: dict[int, tuple[np.ndarray, np.ndarray]]  # place of a run -> steps, values
    log: bool


@dataclass(frozen=True)
class _Ink:
    """Runs that are drawn alike."""

    text: str
    runs: list[int]
    color: str


def draw(report: Report, names: Sequence[str], by: str | None, width: float, form: str) -> Drawn:
    """Return the figure.

    Args:
      report: of the sweep.
      names: of losses, "loss/style" or "loss/style/conv1_1"; none: the sums.
      by: dotted key whose values have a color each; none: chosen.
      width: in millimeters.
      form: of the file.

    Raises:
      UserError: there is no such loss, or no run has a history.
    """
    found = curves.curves([run.folder for run in report.runs])
    terms = [_term(name, found) for name in _wanted(names, found["terms"])]
    terms = [one for one in terms if one.lines]
    if not terms:
        raise UserError("no run has a history.csv with losses, so there are no curves to draw")
    some = sorted({run for one in terms for run in one.lines})
    key = gathered.few(gathered.key(report, by)) if by else None
    inks, key = _inks(report, terms, some, key)
    words = [one.text for one in inks] + [one.title for one in report.keys]
    with look.look(words):
        figure = _figure(terms, inks, _legend_title(report, key), width)
        return look.saved(figure, form, _caption(terms, key, some))


def _wanted(names: Sequence[str], terms: Sequence[str]) -> list[str]:
    if not names:
        return [name for name in _SUMS if name in terms]
    known = [f"loss/{name}" for name in terms]
    for name in names:
        if name not in known:
            raise UserError(
                f"--metric: no run's history has {name!r}{did_you_mean(name, known)}; they have "
                f"{', '.join(known) or 'none'}"
            )
    return [name.removeprefix("loss/") for name in names]


def _term(name: str, found: dict[str, Any]) -> _Term:
    at = found["terms"].index(name)
    pairs = {
        place: [pair for pair in zip(one[0], one[1][at], strict=True) if pair[1] is not None]
        for place, one in enumerate(found["runs"])
        if one is not None
    }
    # The first is 0 where a run begins at its content.
    zeros = any(value <= 0 for own in pairs.values() for _, value in own[1:])
    every = [value for own in pairs.values() for _, value in own if value > 0]
    log = bool(every) and not zeros and max(every) / min(every) > _FAR
    lines = {}
    for place, own in pairs.items():
        kept = np.array([pair for pair in own if not log or pair[1] > 0], float)
        if len(kept):
            lines[place] = (kept[:, 0], kept[:, 1])
    return _Term(name, lines, log)


def _inks(
    report: Report, terms: Sequence[_Term], some: Sequence[int], key: Key | None
) -> tuple[list[_Ink], Key | None]:
    """Return what has a color of its own: runs where they are few, else the values of a key."""
    if key is None and len(some) <= _EACH:
        texts = [_label(report, run) for run in some]
        tones = look.tones(len(some), False)
        return [_Ink(*row) for row in zip(texts, [[run] for run in some], tones, strict=True)], None
    key = key or gathered.telling(report, _ends(report, terms), look.MOST_VALUES)
    if key is None:
        return [_Ink("", list(some), look.SOFT)], None
    values = [
        value
        for value in key.values
        if any(key.of.get(report.runs[run].name) == value for run in some)
    ]
    tones = look.tones(len(values), bool(key.numbers))
    return [
        _Ink(value, [run for run in some if key.of.get(report.runs[run].name) == value], tone)
        for value, tone in zip(values, tones, strict=True)
    ], key


def _ends(report: Report, terms: Sequence[_Term]) -> list[np.ndarray]:
    """Return of each term a number for each run, of shape (runs,): where its line ends."""
    columns = []
    for term in terms:
        column = np.full(len(report.runs), np.nan)
        for run, (_, values) in term.lines.items():
            column[run] = math.log(values[-1]) if term.log else values[-1]
        columns.append(column)
    return columns


def _label(report: Report, run: int) -> str:
    name = report.runs[run].name
    return ", ".join(key.of.get(name, "none") for key in report.keys) or f"run {name}"


def _legend_title(report: Report, key: Key | None) -> str:
    return key.title if key else ", ".join(one.title for one in report.keys)


def _figure(terms: Sequence[_Term], inks: Sequence[_Ink], title: str, width: float) -> Any:
    across = max(1, min(len(terms), int(width // _NARROWEST), _ACROSS))
    down = -(-len(terms) // across)
    if down == 2 and len(terms) == 4:
        across = 2
    told = [one for one in inks if one.text]
    high = _HIGH * (1.4 if across == 1 else 1)
    figure = look.page(width, down * (high + 12) + (9 if told else 0))
    grid = figure.add_gridspec(down, across)
    for at, term in enumerate(terms):
        axes = figure.add_subplot(grid[divmod(at, across)])
        axes.set_title(_SUMS.get(term.name, term.name.replace("/", ", ")))
        _lines(axes, term, inks)
        axes.set_xlabel("step" if at >= len(terms) - across else "")
    if told:
        _legend(figure, told, title, width)
    return figure


def _lines(axes: Any, term: _Term, inks: Sequence[_Ink]) -> None:
    from matplotlib.ticker import MaxNLocator

    count = len(term.lines)
    for at, ink in enumerate(inks):
        for run in ink.runs:
            if run in term.lines:
                axes.plot(
                    *term.lines[run], color=ink.color, ls=look.dash(at) if ink.text else "-",
                    lw=1.1 if count <= _MARKED else 0.7, alpha=1 if count <= _MARKED else 0.75,
                    marker="o" if count == 1 or len(term.lines[run][0]) == 1 else None, ms=2.5,
                )  # fmt: skip
    values = [float(one) for _, line in term.lines.values() for one in line]
    scales.value_axis(axes, "y", "", term.log, values)
    power = axes.get_ylabel().strip(" ()")
    axes.set_ylabel("")
    if power:
        axes.set_title(f"{axes.get_title(loc='left')} ({power})")
    if not term.log and min(values) >= 0:
        axes.set_ylim(bottom=0 if min(values) < 0.3 * max(values) else None)
    last = max(float(steps[-1]) for steps, _ in term.lines.values())
    axes.set_xlim(0, last or 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))


def _legend(figure: Any, inks: Sequence[_Ink], title: str, width: float) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=one.color, ls=look.dash(at), lw=1.3) for at, one in enumerate(inks)
    ]
    longest = max(len(one.text) for one in inks)
    columns = max(1, min(len(inks), int(width * look.POINT // (longest * 4.6 + 34))))
    figure.legend(
        handles, [drawable(one.text) for one in inks], ncols=columns, title=drawable(title),
        title_fontsize=look.SMALL, loc="outside upper left", handlelength=2.6, borderpad=0.1,
        columnspacing=1.4, alignment="left", labelspacing=0.3,
    )  # fmt: skip


def _caption(terms: Sequence[_Term], key: Key | None, some: Sequence[int]) -> str:
    names = [_SUMS.get(one.name, one.name.replace("/", ", ")) for one in terms]
    listed = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
    said = [
        f"{listed[0].upper()}{listed[1:]} of {len(some)} run{'s' * (len(some) != 1)} by step, "
        "unweighted, at each check."
    ]
    if any(one.name == "total" for one in terms):
        said.append("The total is weighted by alpha, beta and gamma.")
    if key:
        said.append(f"Lines by {key.title}.")
    return " ".join(said)
