"""One parameter of a W&B sweep file: its distribution, checked, and the values it can take."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError, did_you_mean

RANGE = ("min", "max")
#: Each distribution's fields: those it must have, and those with a default.
DISTRIBUTIONS: dict[str, tuple[tuple[str, ...], dict[str, float]]] = {
    "constant": (("value",), {}),
    "categorical": (("values",), {}),
    "categorical_w_probabilities": (("values", "probabilities"), {}),
    "int_uniform": (RANGE, {}),
    "uniform": (RANGE, {}),
    "q_uniform": (RANGE, {"q": 1.0}),
    "log_uniform_values": (RANGE, {}),
    "inv_log_uniform_values": (RANGE, {}),
    "q_log_uniform_values": (RANGE, {"q": 1.0}),
    "normal": ((), {"mu": 0.0, "sigma": 1.0}),
    "q_normal": ((), {"mu": 0.0, "sigma": 1.0, "q": 1.0}),
    "log_normal": ((), {"mu": 0.0, "sigma": 1.0}),
    "q_log_normal": ((), {"mu": 0.0, "sigma": 1.0, "q": 1.0}),
    "beta": ((), {"a": 1.0, "b": 1.0}),
    "q_beta": ((), {"a": 1.0, "b": 1.0, "q": 1.0}),
}
#: What a grid can count.
COUNTABLE = ("constant", "categorical", "int_uniform", "q_uniform")


@dataclass(frozen=True)
class Parameter:
    """A parameter and what it is drawn from."""

    name: str
    distribution: str
    fields: dict[str, Any]  # with the defaults filled in

    def choices(self) -> Any:
        """Return every value, which a grid runs through; as W&B counts q_uniform."""
        if self.distribution == "constant":
            return [self.fields["value"]]
        if self.distribution == "int_uniform":
            return range(self.fields["min"], self.fields["max"] + 1)
        if self.distribution == "q_uniform":
            return np.arange(self.fields["min"], self.fields["max"], self.fields["q"]).tolist()
        return self.fields["values"]

    def ends(self) -> list[Any]:
        """Return the values that tell whether runs accept all of them."""
        if "value" in self.fields or "values" in self.fields:
            return list(self.choices())
        return [self.fields[end] for end in RANGE if end in self.fields]


def parameter(path: Path, method: str, name: str, entry: object) -> Parameter:
    """Return the parameter that `entry` describes.

    Args:
      path: of the sweep file, for the message.
      method: of the sweep.
      name: a key of the configuration.
      entry: what the file gives for it.

    Raises:
      UserError: one sentence with the file and the field.
    """
    field = f"{path}: parameters.{name}"
    if not isinstance(entry, dict) or not entry:
        raise UserError(f"{field} must have value, values, or min and max, not {entry!r:.60}")
    if "parameters" in entry:
        raise UserError(
            f"{field}.parameters is nested, which runs can't read: write {name}.KEY in one name"
        )
    distribution = entry.get("distribution", _implied(entry))
    if distribution not in DISTRIBUTIONS:
        hint = did_you_mean(str(distribution), DISTRIBUTIONS)
        raise UserError(
            f"{field}.distribution must be one of {', '.join(DISTRIBUTIONS)}, "
            f"not {distribution!r}{hint}"
        )
    fields = {key: value for key, value in entry.items() if key != "distribution"}
    _check_fields(field, distribution, fields)
    if method == "grid" and distribution not in COUNTABLE:
        raise UserError(
            f"{field}: a grid can't run through {distribution}: give it values, "
            "or take method: random"
        )
    if method == "bayes" and distribution == "categorical_w_probabilities":
        raise UserError(f"{field}.probabilities: a bayes search learns them: leave them out")
    return Parameter(name, distribution, {**DISTRIBUTIONS[distribution][1], **fields})


def _implied(entry: dict[str, Any]) -> str:
    """Return the distribution that W&B takes where the file names none."""
    if "value" in entry:
        return "constant"
    if "values" in entry:
        return "categorical_w_probabilities" if "probabilities" in entry else "categorical"
    whole = all(type(entry.get(end)) is int for end in RANGE)
    return "int_uniform" if whole else "uniform"


def _check_fields(field: str, distribution: str, fields: dict[str, Any]) -> None:
    required, optional = DISTRIBUTIONS[distribution]
    allowed = (*required, *optional)
    for key, value in fields.items():
        if key not in allowed:
            hint = did_you_mean(str(key), ["value", "values", "distribution", *allowed])
            raise UserError(f"{field} has no field {key!r} as {distribution}{hint}")
        if key in ("values", "probabilities"):
            if not isinstance(value, list) or not value:
                raise UserError(f"{field}.{key} must be a list, not {value!r:.60}")
        elif key != "value":
            _check_number(f"{field}.{key}", value, whole=distribution == "int_uniform")
    for key in required:
        if key not in fields:
            raise UserError(f"{field}.{key} is missing, which {distribution} needs")
    if "min" in fields and not fields["min"] < fields["max"]:
        raise UserError(f"{field}.min must be below its max {fields['max']}, not {fields['min']}")
    if "log_uniform" in distribution and fields["min"] <= 0:
        raise UserError(f"{field}.min must be above 0 for {distribution}, not {fields['min']}")
    for key in ("q", "a", "b", "sigma"):
        if key in fields and fields[key] <= 0:
            raise UserError(f"{field}.{key} must be above 0, not {fields[key]}")
    if "probabilities" in fields:
        _check_probabilities(field, fields["values"], fields["probabilities"])


def _check_number(field: str, value: object, whole: bool) -> None:
    if whole and type(value) is not int:
        raise UserError(f"{field} must be a whole number, not {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        return
    hint = ""
    if isinstance(value, str):
        try:
            hint = f": YAML takes that for text, and {float(value)!r} for a number"
        except ValueError:
            hint = ""
    raise UserError(f"{field} must be a number, not {value!r}{hint}")


def _check_probabilities(field: str, values: list[Any], chances: list[Any]) -> None:
    for chance in chances:
        _check_number(f"{field}.probabilities", chance, whole=False)
    if len(chances) != len(values) or min(chances) < 0 or not math.isclose(sum(chances), 1):
        raise UserError(f"{field}.probabilities must be one for each value, with the sum 1")
