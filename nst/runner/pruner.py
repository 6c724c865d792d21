"""Whether a run of a sweep goes on after a rung: compared with those that were there before it.

One rule for one objective, W&B's hyperband (github.com/wandb/sweeps, hyperband_stopping.py): a run
ends whose best value so far is worse than the one that the best 1/eta had at the rung. For several,
the place among the fronts counts. Nobody waits for the others, so the first ones always continue.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nst.base import locks
from nst.base.errors import UserError
from nst.config import blend
from nst.config.pruning import rungs
from nst.config.schema import Config, to_mapping
from nst.metrics.objective import Objective, objective
from nst.metrics.ranking import ahead
from nst.rundir import history
from nst.runner.session import Session

#: What runs had at their rungs, a line each, in the sweep's folder.
FILE = "rungs.jsonl"
#: Of a configuration, what changes no loss of a given picture: how it is found, and what is told.
BESIDE = (
    *("name", "preset", "steps", "check_every", "keep", "seed", "init", "optimizer"),
    *("tracking", "assets", "sweep", "search"),
)


def why_pruned(session: Session, step: int) -> str | None:
    """Return in a sentence why a run ends at a check, None where it continues.

    Args:
      session: of the run, whose check has been recorded.
      step: of the check.

    Raises:
      UserError: the file of rungs is not nst's.
    """
    config, place = session.config, session.place
    asked = rungs(config)
    if asked is None or place.sweep is None or step not in asked.steps:
        return None
    wanted = [objective(name) for name in config.search.objective]
    found = session.reached(wanted)
    values = [value for value in found if value is not None]
    if len(values) < len(found):
        return None
    name = str(place.folder.relative_to(place.sweep))
    others = _others(place.sweep, name, step, _alike(config, wanted), values)
    own = [_best(place.folder, wanted[0], values[0], config.keep)] if len(wanted) == 1 else values
    before = ahead(own, others, [one.better for one in wanted])
    stay = int(1 / asked.eta * (len(others) + 1)) + 1
    if before < stay:
        return None
    shown = " and ".join(
        f"{one.title} {value:.4g}" for one, value in zip(wanted, values, strict=True)
    )
    return (
        f"{shown} at step {step} is number {before + 1} of {len(others) + 1} there: the best "
        f"{stay} continue"
    )


def _others(
    sweep: Path, name: str, step: int, alike: str, values: Sequence[float]
) -> list[list[float]]:
    """Add a run's values at a rung to the sweep's; return those of the runs that compare."""
    file = sweep / FILE
    row = {"run": name, "step": step, "alike": alike, "values": list(values)}
    with locks.file_lock(file):
        text = file.read_bytes() if file.exists() else b""
        known = list(_read(text))
        if text and not known:
            raise UserError(f"{file} is no list of a sweep's rungs: take another folder")
        # What a kill left of a line ends there.
        lead = b"\n" if text and not text.endswith(b"\n") else b""
        with file.open("ab") as opened:
            opened.write(lead + json.dumps(row).encode() + b"\n")
    found = {
        one["run"]: one["values"] for one in known if (one["step"], one["alike"]) == (step, alike)
    }
    found.pop(name, None)  # it was cut off here before
    return list(found.values())


def _read(text: bytes) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict) and row.keys() == {"run", "step", "alike", "values"}:
                yield row


def _alike(config: Config, wanted: Sequence[Objective]) -> str:
    """Return what is equal for runs that are compared with each other.

    Metrics compare across weights and networks, but one photograph is harder than another; losses
    compare where they are the same sums.
    """
    if all(one.of_result for one in wanted):
        style = config.style
        names = [one.path or one.source.name for one in blend.style_images(style).values()]
        content = config.content.path or config.content.source.name
        values: Any = [content, names, style.blend, config.size]
    else:
        values = {k: value for k, value in to_mapping(config).items() if k not in BESIDE}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _best(folder: Path, wanted: Objective, value: float, keep: str) -> float:
    """Return the best value of a loss in a run's history; of a metric, the one there is."""
    group, loss = wanted.name.partition("loss/")[::2]
    if wanted.of_result:
        return value
    rows = history.rows(folder / "history.csv")
    if group == "":
        return min(row[loss] for row in rows)
    lowest, found = float("inf"), [value]
    for row in rows[1:]:  # the start is no candidate
        if row["total"] < lowest or keep == "last":
            lowest = row["total"]
            found.append(row[loss])
    return min(found)
