"""Where a key that varies, and a number of a run, stand at W&B. Imports nothing of W&B's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nst.metrics.objective import Objective
from nst.metrics.registry import METRICS
from nst.report import axes
from nst.report.summary import Key, Report
from nst.rundir.recorded import GROUPS
from nst.rundir.runs import Run

#: Groups that a record has as one value, and W&B's config as a group with its name.
_NAMED = ("init", "optimizer")
#: Layers of one key that have a column of their own.
_MOST = 8
#: From here on the numbers of a key are told apart by their ratio.
_POWERS = 50.0


@dataclass(frozen=True)
class Column:
    """A key of a run's config, or a number of its summary."""

    name: str  # "tv.gamma" in the config, "metrics/ssim" in the summary
    title: str  # for people
    of_config: bool
    log: bool = False  # whether its numbers are told apart by their ratio

    @property
    def path(self) -> str:
        """What W&B's tables call it: it wraps each of a config's first keys in a `value`."""
        return f"config:{self.key}" if self.of_config else f"summary:{self.name}"

    @property
    def key(self) -> str:
        """The name of a key in the config as W&B keeps it: "tv.value.gamma"."""
        first, *rest = self.name.split(".")
        return ".".join([first, "value", *rest])


def swept(report: Report) -> list[Column]:
    """Return the keys that vary, in the order of the report, as W&B has them.

    Args:
      report: of the sweep.
    """
    found = [one for key in report.keys for one in _columns(key, report.runs)]
    return list({one.name: one for one in found}.values())


def targets(wanted: Sequence[Objective]) -> list[Column]:
    """Return the numbers by which runs are judged: what a search looked for, else two distances.

    Args:
      wanted: what the runs were searched by; none: it is no search.
    """
    return [Column(one.name, one.title, False) for one in wanted] or distances()


def distances() -> list[Column]:
    """Return style distance and content distance."""
    names = ("style_distance", "content_distance")
    return [Column(f"metrics/{name}", METRICS[name].title, False) for name in names]


def _columns(key: Key, runs: Sequence[Run]) -> list[Column]:
    if key.name == axes.RATIO:
        both = axes.differing(list(runs))
        return [_of_config(one, one, runs) for one in ("alpha", "beta") if one in both]
    if key.name in GROUPS:
        # What was used, a fallback or a file of the user's own: config has what was asked for.
        return [Column(f"sources/{key.name}", key.title, False)]
    values = [run.values.get(key.name) for run in runs]
    inner = dict.fromkeys(name for one in values if isinstance(one, dict) for name in one)
    if inner:
        # A point in a name, as in a file's, would be read as a step inwards.
        apart = [name for name in inner if len({_part(one, name) for one in values}) > 1]
        parts = [name for name in apart if "." not in name]
        return [Column(f"{key.name}.{name}", f"{key.title} {name}", True) for name in parts[:_MOST]]
    name = f"{key.name}.name" if key.name in _NAMED else key.name
    return [_of_config(name, key.title, runs, key.numbers)]


def _of_config(
    name: str, title: str, runs: Sequence[Run], numbers: Sequence[float] | None = None
) -> Column:
    if numbers is None:
        numbers = [one for run in runs if isinstance(one := run.values.get(name), int | float)]
    log = bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= _POWERS
    return Column(name, title, True, log)


def _part(value: Any, name: str) -> str:
    return repr(value.get(name)) if isinstance(value, dict) else ""
