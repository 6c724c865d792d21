"""The loss curves of many runs, read from whatever their history.csv hold and thinned to fit."""

import math
from pathlib import Path
from typing import Any

# Numbers in one page, some 4 MB of text, where a history has as many terms as usual.
BUDGET = 500_000
USUAL_TERMS = 12
POINTS = 100  # of a curve: more can't be told apart at its width
TERMS = 64
LARGEST = 20_000_000  # bytes of a file worth reading

#: Columns of a history that are no losses.
BESIDE = ("step", "seconds", "evaluations", "size", "")
LEADING = ("total", "content", "style", "tv")

History = tuple[list[float], dict[str, list[float | None]]]


def curves(folders: list[Path]) -> dict[str, Any]:
    """Return the loss curves of runs, with the same terms for each.

    Args:
      folders: of the runs.

    Returns:
      "terms": their names; "runs": for each folder None or [steps, [values of each term]].
    """
    points = max(8, min(POINTS, BUDGET // ((len(folders) or 1) * USUAL_TERMS)))
    histories = [read(folder / "history.csv", points) for folder in folders]
    found = dict.fromkeys(name for history in histories if history for name in history[1])
    rest = [name for name in found if name not in LEADING]
    terms = [*(name for name in LEADING if name in found), *rest][:TERMS]
    return {"terms": terms, "runs": [_listed(history, terms) for history in histories]}


def read(path: Path, points: int = POINTS) -> History | None:
    """Return the steps and terms of a history.csv, None where there is nothing to draw.

    A row that is cut off or has no step is left out, a value that is no finite number is None.

    Args:
      path: of the file.
      points: rows to keep at most, spread evenly, the first and the last among them.
    """
    try:
        if path.stat().st_size > LARGEST:
            return None
        first, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    except OSError:
        return None
    header = first.split(",")
    if "step" not in header:
        return None
    whole = [line for line in lines if line.count(",") == len(header) - 1]
    last, count = len(whole) - 1, min(points, len(whole))
    kept = [whole[round(at * last / max(1, count - 1))].split(",") for at in range(count)]
    columns = dict(zip(header, zip(*kept, strict=True), strict=bool(kept)))
    steps = [number(value) for value in columns.get("step", ())]
    terms = {
        name: [number(value) for value, step in zip(values, steps, strict=True) if step is not None]
        for name, values in columns.items()
        if name not in BESIDE
    }
    known = [step for step in steps if step is not None]
    return (known, terms) if known else None


def number(value: Any) -> float | None:
    """Return a finite number with five digits, None for whatever else it is."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return float(f"{found:.5g}") if math.isfinite(found) else None


def _listed(history: History | None, terms: list[str]) -> list[Any] | None:
    if history is None:
        return None
    steps, values = history
    nothing: list[float | None] = [None] * len(steps)
    return [steps, [values.get(term, nothing) for term in terms]]
