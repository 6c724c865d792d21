"""What a search lowers or raises: a name that runs log, which way is better, its value in a record.

Imports nothing heavy, since a configuration and a sweep file are checked with it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nst.base.errors import UserError, did_you_mean
from nst.metrics.registry import METRICS, described
from nst.networks.spec import NETWORKS

#: What a run logs at each check, and of its best one under best/ (nst/tracking/wandb_tracker.py).
LOSSES = ("loss/total", "loss/content", "loss/style", "loss/tv")

_METRICS = {f"metrics/{name}": one.better for name, one in METRICS.items()}
_LOGGED = [*_METRICS, *(f"best/{loss}" for loss in LOSSES), *LOSSES]
_LAYERS = {layer for network in NETWORKS.values() for layer in network.layer_names}


@dataclass(frozen=True)
class Objective:
    """A number of a run by which it is better or worse than another."""

    name: str  # as runs log it: "metrics/ssim", "best/loss/style", "loss/style/conv1_1"
    better: str  # "lower" or "higher"

    @property
    def of_result(self) -> bool:
        """Whether it is a metric, which is taken of a picture."""
        return self.name.startswith("metrics/")

    @property
    def title(self) -> str:
        """What it is called on a table."""
        group, _, name = self.name.partition("/")
        known = described(name) if group == "metrics" else None
        return known.title if known else self.name

    def of(self, fields: Mapping[str, Any]) -> float | None:
        """Return its value in a run, None where that has none.

        Args:
          fields: of the run's run.json; best, last and metrics will do.
        """
        group, name = self.name.partition("/")[::2]
        if group != "metrics":
            group, name = ("best" if group == "best" else "last"), self.name.partition("loss/")[2]
        value = (fields.get(group) or {}).get(name)
        return float(value) if value is not None and math.isfinite(value) else None


def objective(name: str) -> Objective:
    """Return the objective of a name.

    Args:
      name: "metrics/ssim", "best/loss/style", "loss/style/conv1_1"; of the first two forms the last
        part will do where it is of one name alone.

    Raises:
      UserError: runs log no such name, it may be two, or neither more nor less of it is better.
    """
    found = [one for one in _LOGGED if one == name]
    found = found or [one for one in _LOGGED if one.rpartition("/")[2] == name and _shortened(one)]
    if len(found) > 1:
        raise UserError(f"{name!r} may be {' or '.join(found)}: give the whole name")
    layer = re.fullmatch(r"(?:best/)?loss/(?:content|style)/(\w+)", name)
    if layer and layer[1] in _LAYERS:
        found = [name]
    if not found:
        short = [one.rpartition("/")[2] for one in _LOGGED if _shortened(one)]
        raise UserError(
            f"runs log no {name!r}{did_you_mean(name, [*_LOGGED, *short])}; they log "
            f"{', '.join(_LOGGED)}, and one layer's loss as best/loss/style/conv1_1"
        )
    better = _METRICS.get(found[0], "lower")
    if better is None:
        raise UserError(
            f"neither more nor less of {found[0]} is better, so nothing can look for it"
        )
    return Objective(found[0], better)


def _shortened(name: str) -> bool:
    return not name.startswith("loss/")
