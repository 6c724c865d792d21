"""What the effects of a sweep are told of: its keys, those that go together as one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nst.metrics.blocks import numbered
from nst.metrics.effects import MOST
from nst.report import axes
from nst.report.summary import Key
from nst.rundir.runs import Run

SEED = "seed"


@dataclass(frozen=True)
class Factor:
    """A key, or several that go together as by `sweep.zip`, and what it is compared within."""

    keys: list[Key]
    values: list[str]  # labels
    levels: np.ndarray  # of shape (runs,): the place of each run's value, -1 for none
    others: list[str] = field(default_factory=list)  # keys that make the blocks
    along: list[Key] = field(default_factory=list)  # keys that its value decides
    drawn: bool = False  # nearly every run has a value of its own, as after a random search

    @property
    def title(self) -> str:
        """What it is called: "pooling", "content with style"."""
        return " with ".join(key.title for key in self.keys)

    @property
    def names(self) -> list[str]:
        """The dotted names of its keys, and of those that its value decides."""
        return [key.name for key in (*self.keys, *self.along)]


def of(keys: Sequence[Key], runs: Sequence[Run]) -> list[Factor]:
    """Return the factors of a sweep; the seed is none, since it stands for chance.

    Args:
      keys: those that vary.
      runs: in which they do.
    """
    together: dict[tuple[object, ...], list[Key]] = {}
    for key in keys:
        if key.name == SEED:
            continue
        levels = places(key, runs)
        seen: dict[int, int] = {}
        parts = tuple(seen.setdefault(one, len(seen)) for one in levels.tolist())
        # Numbers that a search drew tell every run from every other, and don't go together.
        alone = key.name if _is_drawn(key, levels) else ""
        together.setdefault((alone, *parts), []).append(key)
    found = [_factor(several, runs) for several in together.values()]
    return [_within(one, found) for one in found]


def settings(factors: Sequence[Factor], names: Sequence[str], count: int) -> np.ndarray:
    """Return a number for each run, of shape (runs,), the same where these keys agree.

    Args:
      factors: of the sweep.
      names: of keys, dotted.
      count: of the runs.
    """
    columns = [one.levels.tolist() for one in factors if one.keys[0].name in names]
    return numbered(columns, count)


def places(key: Key, runs: Sequence[Run]) -> np.ndarray:
    """Return the place of each run's value of a key, of shape (runs,), -1 for none.

    Args:
      key: with labels.
      runs: in order.
    """
    of_label = {label: place for place, label in enumerate(key.values)}
    return np.array([of_label.get(key.of.get(run.name, ""), -1) for run in runs], int)


def loose(factor: Factor, every: Sequence[Factor], runs: Sequence[Run]) -> list[str]:
    """Return the keys that can differ within a block: its own, and those that go along with it.

    Args:
      factor: whose blocks they are.
      every: all of the sweep's.
      runs: of the sweep.
    """
    blocks = settings(every, factor.others, len(runs))
    known = {name for one in every for name in one.names} | {SEED}
    # Such as those that a preset explains, or beta where alpha/beta took its place.
    hidden = [name for name in axes.differing(list(runs)) if name not in known]
    return factor.names + [
        name for name in hidden if not _decides(blocks, places(axes.key(name, list(runs)), runs))
    ]


def _factor(keys: list[Key], runs: Sequence[Run]) -> Factor:
    first, *rest = keys
    levels = places(first, runs)
    values = list(first.values)
    for key in rest:
        labels = {first.of.get(run.name): key.of.get(run.name, "none") for run in runs}
        values = [
            f"{text} with {labels[own]}" for own, text in zip(first.values, values, strict=True)
        ]
    return Factor(keys, values, levels, drawn=_is_drawn(first, levels))


def _is_drawn(key: Key, levels: np.ndarray) -> bool:
    count = len(set(levels.tolist()))
    return count > MOST or (key.numbers is not None and 2 < len(levels) < 2 * count)


def _within(factor: Factor, every: Sequence[Factor]) -> Factor:
    """Return a factor with the keys that it is blocked by and those that it decides."""
    others: list[Factor] = []
    along: list[Factor] = []
    for one in every:
        if one is factor:
            continue
        decided = not factor.drawn and _decides(factor.levels, one.levels)
        (along if decided else others).append(one)
    return Factor(
        factor.keys,
        factor.values,
        factor.levels,
        others=[key.name for one in others for key in one.keys],
        along=[key for one in along for key in one.keys],
        # The only key that varies was not drawn: its runs are the line that it is.
        drawn=factor.drawn and (bool(others) or len(factor.values) > MOST),
    )


def _decides(levels: np.ndarray, others: np.ndarray) -> bool:
    pairs = numbered([levels.tolist(), others.tolist()], len(levels))
    return len(np.unique(pairs)) == len(np.unique(levels))
