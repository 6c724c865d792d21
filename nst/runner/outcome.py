"""How a run ended. Imports nothing heavy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst.metrics.objective import objective
from nst.rundir import run_json


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str  # finished, diverged, interrupted or failed
    picture: Path | None  # result.png
    best_step: int
    best_total: float | None
    error: str | None  # one sentence, where it did not finish
    metrics: Mapping[str, float | None] = field(default_factory=dict)  # of the picture


def recorded(fields: Mapping[str, Any], folder: Path) -> Outcome:
    """Return how a run ended.

    Args:
      fields: of its run.json.
      folder: of the run.
    """
    best = fields["best"] or {"step": 0, "total": None}
    status, error, metrics = (fields[name] for name in ("status", "error", "metrics"))
    picture = folder / "result.png"
    return Outcome(status, picture, best["step"], best["total"], error, metrics or {})


def reached(folder: Path, objectives: Sequence[str]) -> Any:
    """Return what a search is told of a run that has finished.

    Args:
      folder: of the run.
      objectives: by their whole names.

    Returns:
      The value of the objective, a list of several; None for one without a value.
    """
    fields = run_json.earlier(folder) or {}
    values = [objective(name).of(fields) for name in objectives]
    return values[0] if len(values) == 1 else values


def failed(error: str) -> Outcome:
    """Return the outcome of a run that failed without a picture."""
    return Outcome("failed", None, 0, None, error)
