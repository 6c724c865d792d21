"""How a run ended. Imports nothing heavy."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str  # finished, diverged, interrupted or failed
    picture: Path | None  # result.png
    best_step: int
    best_total: float | None
    error: str | None  # one sentence, where it did not finish


def failed(error: str) -> Outcome:
    """Return the outcome of a run that failed without a picture."""
    return Outcome("failed", None, 0, None, error)
