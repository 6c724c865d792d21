"""How a run ended. Imports nothing heavy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst.metrics.objective import objective


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str  # finished, diverged, pruned, interrupted or failed
    picture: Path | None  # result.png
    best_step: int
    best_total: float | None
    error: str | None  # one sentence, where it did not finish
    #: "best", "last" and "metrics", as the run's run.json has them.
    numbers: Mapping[str, Any] = field(default_factory=dict)


def recorded(fields: Mapping[str, Any], folder: Path) -> Outcome:
    """Return how a run ended.

    Args:
      fields: of its run.json.
      folder: of the run.
    """
    best = fields["best"] or {"step": 0, "total": None}
    numbers = {name: fields[name] for name in ("best", "last", "metrics")}
    picture = folder / "result.png"
    return Outcome(fields["status"], picture, best["step"], best["total"], fields["error"], numbers)


def reached(outcome: Outcome, objectives: Sequence[str]) -> Any:
    """Return what a search is told of a run that has finished.

    Args:
      outcome: of the run.
      objectives: by their whole names.

    Returns:
      The value of the objective, a list of several; None for one without a value, and for a run
      that was pruned.
    """
    if outcome.status == "pruned":
        return None
    values = [objective(name).of(outcome.numbers) for name in objectives]
    return values[0] if len(values) == 1 else values


def failed(error: str) -> Outcome:
    """Return the outcome of a run that failed without a picture."""
    return Outcome("failed", None, 0, None, error)
