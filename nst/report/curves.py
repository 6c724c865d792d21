"""The loss curves of many runs, read from whatever their history.csv hold and thinned to fit."""

import math
from pathlib import Path
from typing import Any

from nst.rundir import history

# Numbers in one page, some 4 MB of text, where a history has as many terms as usual.
BUDGET = 500_000
USUAL_TERMS = 12
POINTS = 100  # of a curve: more can't be told apart at its width
TERMS = 64
LARGEST = 20_000_000  # bytes of a file worth reading

LEADING = ("content", "style", "tv", "total")

History = tuple[list[float], dict[str, list[float | None]]]


def curves(folders: list[Path]) -> dict[str, Any]:
    """Return the loss curves of runs, with the same terms for each.

    Args:
      folders: of the runs.

    Returns:
      "terms": their names; "runs": for each folder None or [steps, [values of each term]].
    """
    points = max(8, min(POINTS, BUDGET // ((len(folders) or 1) * USUAL_TERMS)))
    read_ones = [read(folder / "history.csv", points) for folder in folders]
    found = dict.fromkeys(name for one in read_ones if one for name in one[1])
    rest = [name for name in found if name not in LEADING]
    terms = [*(name for name in LEADING if name in found), *rest][:TERMS]
    return {"terms": terms, "runs": [_listed(one, terms) for one in read_ones]}


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
        header, rows = history.texts(path, strict=False, most=points)
    except OSError:
        return None
    if "step" not in header:
        return None
    columns = dict(zip(header, zip(*rows, strict=True), strict=bool(rows)))
    steps = [number(value) for value in columns.get("step", ())]
    terms = {
        name: [number(value) for value, step in zip(values, steps, strict=True) if step is not None]
        for name, values in columns.items()
        if name and name not in history.BESIDE
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


def _listed(one: History | None, terms: list[str]) -> list[Any] | None:
    if one is None:
        return None
    steps, values = one
    nothing: list[float | None] = [None] * len(steps)
    return [steps, [values.get(term, nothing) for term in terms]]
