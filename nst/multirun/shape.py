"""The shape of a grid: every combination, axes that go together, cells left out, their order."""

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from nst.base.errors import UserError, did_you_mean
from nst.config.running import Sweep


@dataclass(frozen=True)
class Axis:
    """A key of the command line with its values, of which there may be one."""

    key: str
    values: tuple[str, ...]  # the override of a job that has it: "beta=1e3"


def last_of_each(overrides: Iterable[Override]) -> list[Override]:
    """Return overrides less those that a later one of their key replaces, at the first one's place.

    As Hydra's own sweeper has it, but that ``+beta`` and ``beta`` are one key here.
    """
    # ~beta is no value of beta.
    return list({one.get_key_element().lstrip("+"): one for one in overrides}.values())


def cells(
    axes: Sequence[Axis], sweep: Sweep, of: str = "sweep.", most: int | None = None
) -> list[list[str]]:
    """Return the overrides of each cell; the last axis' values turn fastest.

    Args:
      axes: in the order of the command line.
      sweep: the configuration's `sweep`: `zip`, `exclude` and `shuffle` shape the grid.
      of: what messages name before `zip` and `exclude`, which a sweep file has as well.
      most: cells that there may be before any is left out; none: any number.

    Raises:
      UserError: one of these names no axis or no value of one, axes that go together have unequal
        lengths, or nothing is left, or there are too many.
    """
    together = _together(axes, sweep.zip, f"{of}zip")
    without = _without(axes, sweep.exclude, f"{of}exclude")
    alone = [[at] for at in range(len(axes)) if not _in(at, together)]
    # A group of axes turns as one, at the place of its first.
    groups = sorted([*together, *alone], key=min)
    turns = [list(zip(*(axes[at].values for at in group), strict=True)) for group in groups]
    count = math.prod(map(len, turns))
    if most is not None and count > most:
        where = of.removesuffix("sweep.")
        raise UserError(f"{where}parameters make {count} runs, and one sweep has at most {most}")
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
        raise UserError(f"{of}exclude leaves none of the {len(found)} cells")
    if sweep.shuffle is not None:
        random.Random(sweep.shuffle).shuffle(kept)
    return [[cell[at] for at in range(len(axes))] for cell in kept]


def _together(axes: Sequence[Axis], asked: Any, option: str) -> list[list[int]]:
    """Return the places of the axes that go together, group by group."""
    if asked is None:
        return []
    groups = asked if isinstance(asked, list) and asked and isinstance(asked[0], list) else [asked]
    found: list[list[int]] = []
    for group in groups:
        if not isinstance(group, list) or len(group) < 2:
            raise UserError(f"{option} must be a list of keys, [content,style], not {asked}")
        places = [_place(axes, str(key), option) for key in group]
        if len(set(places)) < len(places) or any(_in(at, found) for at in places):
            raise UserError(f"{option}={asked} names an axis twice")
        lengths = [len(axes[at].values) for at in places]
        if len(set(lengths)) > 1:
            each = " and ".join(f"{axes[at].key} has {len(axes[at].values)}" for at in places)
            raise UserError(
                f"{option}: axes that go together need as many values as each other, but {each}"
            )
        found.append(sorted(places))
    return found


def _without(axes: Sequence[Axis], asked: Any, option: str) -> list[dict[int, set[str]]]:
    """Return what the cells that are left out have in common, by the places of axes."""
    parser = OverridesParser.create()
    found: list[dict[int, set[str]]] = []
    several = [] if asked is None else asked if isinstance(asked, list) else [asked]
    for one in several:
        if not isinstance(one, Mapping) or not one:
            raise UserError(
                f"{option} must say what the cells have that are left out, "
                f"{{pooling: max, tv.gamma: 0}}, or be a list of that, not {asked}"
            )
        found.append({})
        for key, value in one.items():
            place = _place(axes, str(key), option)
            texts = axes[place].values
            same = {one for one in texts if _same(parser.parse_override(one).value(), value)}
            if not same:
                known = ", ".join(one.partition("=")[2] for one in texts)
                raise UserError(f"{option}: no cell has {key}={value}; {key} takes {known}")
            found[-1][place] = same
    return found


def _place(axes: Sequence[Axis], key: str, option: str) -> int:
    places = {axis.key: at for at, axis in enumerate(axes) if len(axis.values) > 1}
    if key not in places:
        raise UserError(
            f"{option}: the sweep has no axis {key!r}{did_you_mean(key, list(places))}; its axes "
            f"are {', '.join(places) or 'none'}"
        )
    return places[key]


def _in(at: int, groups: list[list[int]]) -> bool:
    return any(at in group for group in groups)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)  # ~/me.jpg, quoted or not
    return one == other
