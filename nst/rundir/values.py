"""Values of a record that may hold anything, as what a report can show and compare."""

import math
from typing import Any

#: Limits that no run of ours comes near, so that an odd file costs neither memory nor the report.
MOST_KEYS = 200
LONGEST = 1000


def plain(value: Any) -> Any:
    """Return a value as text, number, list of texts or {layer: weight}; anything else as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict) and len(value) <= MOST_KEYS:
        weights = {text(name): number(weight) for name, weight in value.items()}
        if value and None not in weights.values():
            return weights
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return text(", ".join(value))
    return text(value)


def mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the mapping under a key, an empty one where there is none."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """Return any value as text that can be written as UTF-8."""
    found = value if isinstance(value, str) else repr(value)
    return found[:LONGEST].encode("utf-8", "replace").decode()


def number(value: Any) -> float | None:
    """Return a finite number, None for whatever else it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """Return a whole number from 0 to 1e9, None for whatever else it is."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 1e9 else None
