"""Which run goes where on a contact sheet: rows, columns, panels, or a plain sheet of all runs."""

import math
from dataclasses import dataclass, replace

from nst.base.errors import UserError
from nst.metrics.objective import objective
from nst.report import axes, labels, notes, search
from nst.report.summary import Chosen, Key
from nst.rundir.runs import Run

#: More seeds than this aren't shown as panels: the first stands for all.
MOST_SEEDS = 4
#: Below this share of filled cells a grid would show holes, not pictures.
LEAST_FILLED = 0.4
#: One key with more values than this is wrapped into several lines.
LONGEST_LINE = 8
#: Keys named below a picture of a plain sheet.
MOST_LINES = 6
#: Most cells of a grid, filled or not.
MOST_CELLS = 20_000

#: Runs by row and column.
Places = dict[tuple[int, int], list[Run]]


@dataclass(frozen=True)
class Cell:
    """A place on the sheet."""

    run: Run | None  # none: there is no such run
    others: int = 0  # runs with the same values that aren't shown
    lines: tuple[str, ...] = ()  # below the picture
    best: bool = False  # of those that show the same pictures, by the metric that is shown


@dataclass(frozen=True)
class Panel:
    """One grid of the sheet."""

    heading: str
    cells: list[list[Cell]]  # by row, by column


@dataclass(frozen=True)
class Layout:
    """What a contact sheet shows."""

    rows: Key | None
    cols: Key | None
    panels: list[Panel]
    wrap: bool  # whether the cells of a panel may be wrapped into lines as fits
    heading: str  # of a plain sheet: the key, or the order
    note: str  # what isn't shown, and why
    chosen: Chosen


def arrange(runs: list[Run], rows: str | None = None, cols: str | None = None) -> Layout:
    """Return where each run goes.

    Args:
      runs: in the order of their names.
      rows: key whose values are the rows; none: chosen.
      cols: key whose values are the columns; none: chosen.

    Raises:
      UserError: a key is unknown, doesn't vary, or is named for both.
    """
    keys = axes.varying(runs)
    across = None if cols is None else axes.named("--cols", cols, runs, keys)
    down = None if rows is None else axes.named("--rows", rows, runs, keys)
    if across and down and across.name == down.name:
        raise UserError(f"--rows and --cols are both {rows}, but they must be two keys")
    named = {one.name for one in (across, down) if one}
    # Who names one of the two weights wants them apart.
    if named & {"alpha", "beta"}:
        keys = [one for one in keys if one.name != axes.RATIO]
        apart = [axes.key(name, runs) for name in ("alpha", "beta")]
        keys += [one for one in apart if len(one.values) > 1]
    rest = [one for one in keys if one.name not in named]
    if len(keys) == 1 and not named and len(keys[0].values) > LONGEST_LINE:
        return _line(runs, keys[0])
    across, down, rest = _axes(across, down, rest)
    rest, shown, note = _without_seeds(runs, rest)
    groups = _groups(shown, down, across, rest)
    height, width = (len(one.values) if one else 1 for one in (down, across))
    if not named and (down or rest) and _sparse(groups, height, width):
        return _plain(runs, keys)
    if len(groups) * height * width > MOST_CELLS:
        raise UserError(
            f"the grid would have {len(groups) * height * width} cells, and at most {MOST_CELLS} "
            "are drawn: name other keys with --rows and --cols"
        )
    panels = [
        Panel(_heading(runs, rest, group), _cells(groups[group], height, width))
        for group in sorted(groups)
    ]
    names = (one.name if one else None for one in (down, across))
    chosen = Chosen(next(names), next(names), tuple(one.name for one in rest), False, bool(named))
    return Layout(down, across, panels, False, "", note, chosen)


def _axes(
    across: Key | None, down: Key | None, rest: list[Key]
) -> tuple[Key | None, Key | None, list[Key]]:
    """Return columns, rows and what is left for panels."""
    # The seed last: it is what one averages over.
    rest = sorted(rest, key=lambda one: (one.name == "seed", -len(one.values)))
    free = rest[: (across is None) + (down is None)]
    left = rest[len(free) :]
    if len(free) == 2:
        # Numbers run from left to right, and the longer axis goes that way.
        free.sort(key=lambda one: (one.name != "seed", one.numbers is not None, len(one.values)))
        if free[0].name == "seed" and free[1].numbers is None:
            free.reverse()
        down, across = free
    elif free and across is None:
        across = free[0]
    elif free:
        down = free[0]
    return across, down, left


def _without_seeds(runs: list[Run], rest: list[Key]) -> tuple[list[Key], list[Run], str]:
    seed = next((one for one in rest if one.name == "seed"), None)
    if seed is None or len(seed.values) <= MOST_SEEDS:
        return rest, runs, ""
    first = seed.values[0]
    return (
        [one for one in rest if one is not seed],
        [run for run in runs if seed.of[run.name] == first],
        f"Shown is seed {first}, the first of {len(seed.values)}.",
    )


def _groups(
    runs: list[Run], down: Key | None, across: Key | None, rest: list[Key]
) -> dict[tuple[int, ...], Places]:
    """Return the runs by panel, given as the places of its values, and by row and column."""
    groups: dict[tuple[int, ...], Places] = {}
    orders = [{value: at for at, value in enumerate(one.values)} for one in rest]
    down_order, across_order = (
        {value: at for at, value in enumerate(one.values)} if one else {} for one in (down, across)
    )
    for run in runs:
        group = tuple(order[one.of[run.name]] for one, order in zip(rest, orders, strict=True))
        place = (
            down_order[down.of[run.name]] if down else 0,
            across_order[across.of[run.name]] if across else 0,
        )
        groups.setdefault(group, {}).setdefault(place, []).append(run)
    return groups


def _heading(runs: list[Run], rest: list[Key], group: tuple[int, ...]) -> str:
    values = [(one, one.values[at]) for one, at in zip(rest, group, strict=True)]
    return ", ".join(f"{one.title}: {_named(runs, one, value)}" for one, value in values)


def _named(runs: list[Run], key: Key, value: str) -> str:
    """Return a label with what it stands in for, where it is a fallback's."""
    return f"{value} {notes.in_place_of(runs, key.name, value)}".rstrip()


def _cells(places: Places, height: int, width: int) -> list[list[Cell]]:
    return [[_cell(places.get((y, x), [])) for x in range(width)] for y in range(height)]


def _cell(runs: list[Run]) -> Cell:
    """Show the newest finished run of those with the same values."""
    if not runs:
        return Cell(None)
    best = max(
        runs, key=lambda run: (run.picture is not None, run.status == "finished", run.started)
    )
    return Cell(best, len(runs) - 1)


def _sparse(groups: dict[tuple[int, ...], Places], height: int, width: int) -> bool:
    filled = sum(len(places) for places in groups.values())
    # On a diagonal no two pictures share a row or a column.
    diagonal = len(groups) == 1 and min(height, width) == filled > 2
    return diagonal or filled < LEAST_FILLED * len(groups) * height * width


def _line(runs: list[Run], only: Key) -> Layout:
    """Return the runs of one key as lines of text under pictures, wrapped as fits."""
    (places,) = _groups(runs, None, only, []).values()
    (row,) = _cells(places, 1, len(only.values))
    cells = [replace(cell, lines=(text,)) for cell, text in zip(row, only.values, strict=True)]
    chosen = Chosen(None, only.name, (), False, False)
    return Layout(None, None, [Panel("", [cells])], True, only.title, "", chosen)


def _plain(runs: list[Run], keys: list[Key]) -> Layout:
    """Return all runs in the order of their objective or style distance, or else of their names."""
    wanted = search.objectives(runs) or [objective("metrics/style_distance")]
    first = wanted[0]
    sign = -1 if first.better == "higher" else 1

    def cost(run: Run) -> float:
        value = search.value(run, first)
        return math.inf if value is None else sign * value

    cells = []
    for run in sorted(runs, key=cost):
        lines = [f"run {run.name}"] + [
            _said(one, _named(runs, one, one.of[run.name])) for one in keys[:MOST_LINES]
        ]
        numbers = ((one.title, search.value(run, one)) for one in wanted)
        lines += [f"{name} {labels.number(x, 3)}" for name, x in numbers if x is not None]
        cells.append(Cell(run, 0, tuple(lines)))
    known = any(cost(run) < math.inf for run in runs)
    by = f"{first.title}, the {'largest' if sign < 0 else 'smallest'} first"
    order = f"ordered by {by}" if known else "in the order of names"
    chosen = Chosen(None, None, (), True, False)
    return Layout(None, None, [Panel("", [cells])], True, f"All runs, {order}", "", chosen)


def _said(one: Key, label: str) -> str:
    """Return key and value in short: "gamma = 1e3", "style conv1_1 to conv5_1"."""
    if one.name.endswith(".layers"):
        return f"{one.name.removesuffix('.layers')} {label}"
    return f"{one.name.rpartition('.')[2]} = {label}"
