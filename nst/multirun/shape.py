"""The shape of a grid: every combination, axes that go together, cells left out, their order."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from nst.base.errors import UserError, did_you_mean
from nst.config.running import Sweep


@dataclass(frozen=True)
class Axis:
    """A key of the command line with its values, of which there may be one."""

    key: str
    values: tuple[str, ...]  # the override of a job that has it: "beta=1e3"


def cells(axes: Sequence[Axis], sweep: Sweep) -> list[list[str]]:
    """Return the overrides of each cell; the last axis' values turn fastest.

    Args:
      axes: in the order of the command line.
      sweep: the configuration's `sweep`: `zip`, `exclude` and `shuffle` shape the grid.

    Raises:
      UserError: one of these names no axis or no value of one, axes that go together have unequal
        lengths, or nothing is left.
    """
    together = _together(axes, sweep.zip)
    without = _without(axes, sweep.exclude)
    alone = [[at] for at in range(len(axes)) if not _in(at, together)]
    # A group of axes turns as one, at the place of its first.
    groups = sorted([*together, *alone], key=min)
    turns = [list(zip(*(axes[at].values for at in group), strict=True)) for group in groups]
    places = list(itertools.chain.from_iterable(groups))
    found = [
        dict(zip(places, itertools.chain.from_iterable(chosen), strict=True))
        for chosen in itertools.product(*turns)
    ]
    kept = [
        cell
        for cell in found
        if not any(all(cell[at] in texts for at, texts in one.items()) for one in without)
    ]
    if found and not kept:
        raise UserError(f"sweep.exclude leaves none of the {len(found)} cells")
    if sweep.shuffle is not None:
        random.Random(sweep.shuffle).shuffle(kept)
    return [[cell[at] for at in range(len(axes))] for cell in kept]


def _together(axes: Sequence[Axis], asked: Any) -> list[list[int]]:
    """Return the places of the axes that go together, group by group."""
    if asked is None:
        return []
    groups = asked if isinstance(asked, list) and asked and isinstance(asked[0], list) else [asked]
    found: list[list[int]] = []
    for group in groups:
        if not isinstance(group, list) or len(group) < 2:
            raise UserError(f"sweep.zip must be a list of keys, [content,style], not {asked}")
        places = [_place(axes, str(key), "sweep.zip") for key in group]
        if len(set(places)) < len(places) or any(_in(at, found) for at in places):
            raise UserError(f"sweep.zip={asked} names an axis twice")
        lengths = [len(axes[at].values) for at in places]
        if len(set(lengths)) > 1:
            each = " and ".join(f"{axes[at].key} has {len(axes[at].values)}" for at in places)
            raise UserError(f"axes of sweep.zip need as many values as each other, but {each}")
        found.append(sorted(places))
    return found


def _without(axes: Sequence[Axis], asked: Any) -> list[dict[int, set[str]]]:
    """Return what the cells that are left out have in common, by the places of axes."""
    parser = OverridesParser.create()
    found: list[dict[int, set[str]]] = []
    several = [] if asked is None else asked if isinstance(asked, list) else [asked]
    for one in several:
        if not isinstance(one, Mapping) or not one:
            raise UserError(
                "sweep.exclude must say what the cells have that are left out, "
                f"{{pooling: max, tv.gamma: 0}}, or be a list of that, not {asked}"
            )
        found.append({})
        for key, value in one.items():
            place = _place(axes, str(key), "sweep.exclude")
            texts = axes[place].values
            same = {one for one in texts if _same(parser.parse_override(one).value(), value)}
            if not same:
                known = ", ".join(one.partition("=")[2] for one in texts)
                raise UserError(f"sweep.exclude: no cell has {key}={value}; {key} takes {known}")
            found[-1][place] = same
    return found


def _place(axes: Sequence[Axis], key: str, option: str) -> int:
    names = [axis.key for axis in axes if len(axis.values) > 1]
    if key not in names:
        raise UserError(
            f"{option}: the sweep has no axis {key!r}{did_you_mean(key, names)}; its axes are "
            f"{', '.join(names) or 'none'}"
        )
    # Of a key that stands twice the last one counts.
    return max(at for at, axis in enumerate(axes) if axis.key == key)


def _in(at: int, groups: list[list[int]]) -> bool:
    return any(at in group for group in groups)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)  # ~/me.jpg, quoted or not
    return one == other
