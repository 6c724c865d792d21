"""``early_terminate`` of a W&B sweep file: the rows of a history at which runs are compared."""

from pathlib import Path
from typing import Any

from nst.base.errors import UserError, did_you_mean
from nst.config.pruning import LEAST_ETA, MOST_ETA

FIELDS = ("type", "min_iter", "max_iter", "s", "eta", "strict")
#: No run has as many rows.
MOST_ROWS = 10_000_000


def early_terminate(path: Path, asked: object, has_metric: bool) -> dict[str, Any] | None:
    """Return `asked` as ``sweep.prune`` has it, None where the file has none.

    As W&B counts (github.com/wandb/sweeps, hyperband_stopping.py): from `min_iter` on each row
    is `eta` times the one before; from `max_iter` back each of `s` rows is the one behind it over
    `eta`.

    Args:
      path: of the file, for the message.
      asked: what the file has.
      has_metric: whether it says which run is better.

    Raises:
      UserError: one sentence with the file and the field.
    """
    if asked is None:
        return None
    field = f"{path}: early_terminate"
    if not isinstance(asked, dict) or asked.get("type") != "hyperband":
        raise UserError(f"{field} must have type: hyperband, with min_iter, or max_iter and s")
    for name in asked:
        if name not in FIELDS:
            raise UserError(f"{field} has no field {name!r}{did_you_mean(str(name), FIELDS)}")
    if not has_metric:
        raise UserError(f"{field} needs a metric by which one run is better than another")
    eta = asked.get("eta", 3)
    number = isinstance(eta, int | float) and not isinstance(eta, bool)
    if not number or not LEAST_ETA <= eta <= MOST_ETA:
        raise UserError(f"{field}.eta must be a number from {LEAST_ETA} to {MOST_ETA}, not {eta!r}")
    rows: list[int] = []
    if "max_iter" in asked:
        last, count = _whole(field, asked, "max_iter"), _whole(field, asked, "s")
        row = float(last)
        while len(rows) < count and row / eta >= 1:
            row /= eta
            rows.append(int(row))
        if not rows:
            raise UserError(f"{field}: max_iter={last} is below eta={eta}, so no row is left")
    else:
        row = float(_whole(field, asked, "min_iter"))
        while row < MOST_ROWS:
            rows.append(int(row))
            row *= eta
    return {"rows": sorted(set(rows)), "eta": eta}


def _whole(field: str, asked: dict[Any, Any], name: str) -> int:
    value = asked.get(name)
    if value is None:
        raise UserError(f"{field} needs {name}: give min_iter, or max_iter and s")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_ROWS:
        raise UserError(
            f"{field}.{name} must be a whole number from 1 to {MOST_ROWS}, not {value!r:.60}"
        )
    return value
