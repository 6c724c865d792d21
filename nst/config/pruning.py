"""When the runs of a sweep are compared while they last: `sweep.prune`, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nst.base.errors import UserError, did_you_mean
from nst.config.schema import Config

FIELDS = ("steps", "rows", "eta")
#: As W&B's; Li et al. 2018, arXiv:1603.06560, take 3 or 4.
ETA = 3.0
LEAST_ETA, MOST_ETA = 1.01, 1000


@dataclass(frozen=True)
class Rungs:
    """The checks at which runs are compared, and the share that continues."""

    steps: tuple[int, ...]  # rising
    eta: float  # one in `eta` continues


def rungs(config: Config) -> Rungs | None:
    """Return the rungs of a run, None where `sweep.prune` asks for none.

    Args:
      config: validated, but for `sweep.prune`.

    Raises:
      UserError: `sweep.prune` is no number of steps, no list of them and no mapping with them.
    """
    asked = config.sweep.prune
    if asked is None:
        return None
    given = dict(asked) if isinstance(asked, Mapping) else {"steps": asked}
    for name in given:
        if name not in FIELDS:
            hint = did_you_mean(str(name), FIELDS)
            raise UserError(f"sweep.prune has no {name!r}{hint}; it has {', '.join(FIELDS)}")
    eta = given.get("eta", ETA)
    if not _number(eta) or not LEAST_ETA <= eta <= MOST_ETA:
        raise UserError(
            f"sweep.prune: eta must be a number from {LEAST_ETA} to {MOST_ETA}, not {eta}"
        )
    if ("steps" in given) == ("rows" in given):
        raise UserError(f"sweep.prune must have steps or rows, and not both, not {asked}")
    checks = _checks(config)
    if "steps" in given:
        wanted = _steps(given["steps"], eta, config.total_steps)
        found = [next((at for at in checks if at >= step), config.total_steps) for step in wanted]
    else:
        # What W&B's agents find in a history: the best so far is in it from the first step on.
        logged = checks[1:] if config.search.objective[0].startswith("best/") else checks
        rows = _rising("rows", given["rows"], low=0)
        found = [logged[row] for row in rows if row < len(logged)]
        if config.search.objective[0].startswith("metrics/"):
            found = []  # they are logged at the end
    return Rungs(tuple(sorted({at for at in found if 0 < at < config.total_steps})), float(eta))


def _checks(config: Config) -> list[int]:
    """Return the steps after which the loop looks at the picture."""
    found = [0]
    for stage in config.stages:
        found += [*range(found[-1], stage.end, config.check_every)[1:], stage.end]
    return found


def _steps(asked: Any, eta: float, total: int) -> list[int]:
    if isinstance(asked, list):
        return _rising("steps", asked, low=1)
    if not _whole(asked) or asked < 1:
        raise UserError(
            "sweep.prune must be the steps of the first rung, a list of rising steps or "
            f"{{steps: 20, eta: 3}}, not {asked}"
        )
    found = [float(asked)]
    while found[-1] * eta < total:
        found.append(found[-1] * eta)
    return [int(one) for one in found]


def _rising(name: str, asked: Any, low: int) -> list[int]:
    listed = asked if isinstance(asked, list) else [asked]
    if not listed or not all(_whole(one) and one >= low for one in listed):
        raise UserError(f"sweep.prune: {name} must be whole numbers from {low}, not {asked}")
    if any(one >= later for one, later in pairwise(listed)):
        raise UserError(f"sweep.prune: {name} must rise, and {asked} does not")
    return [int(one) for one in listed]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    # An int may be too large for a float, which comparing doesn't mind.
    return _number(value) and abs(value) < 1e300 and value == int(value)
