"""Each value of a configuration in the range or among the choices that its key's `Key` gives."""

import dataclasses
from typing import Any, TypeVar

from nst.base.errors import UserError, did_you_mean
from nst.config.keys import Key, short

Group = TypeVar("Group")


def in_range(group: Group, prefix: str = "") -> Group:
    """Return a group of the configuration with its numbers as floats and its whole ones as ints.

    Args:
      group: the dataclass, the whole configuration say.
      prefix: of its keys, "tv." say.

    Raises:
      UserError: a value is out of its key's range, or not among its choices.
    """
    changes = {}
    for field in dataclasses.fields(group):  # type: ignore[arg-type]
        name, value = prefix + field.name, getattr(group, field.name)
        key: Key = field.metadata["key"]
        if dataclasses.is_dataclass(value):
            changes[field.name] = in_range(value, prefix if key.flat else f"{name}.")
        elif not (value is None and field.default is None):
            changes[field.name] = _checked(name, value, key)
    return dataclasses.replace(group, **changes)  # type: ignore[type-var]


def _checked(name: str, value: Any, key: Key) -> Any:
    if key.choices:
        return _choice(name, value, key)
    if key.several or key.low is None:
        return value
    return whole(name, value, key) if key.whole else _number(name, value, key)


def whole(name: str, value: object, key: Key) -> int:
    """Return a whole number in its range as an int.

    Args:
      name: of the key, for the message.
      value: as typed.
      key: what is known of it.

    Raises:
      UserError: it is not whole or out of range.
    """
    assert key.low is not None
    # 1e3 arrives as the float 1000.0, and the whole number is meant.
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if not (is_whole and key.low <= value <= key.high):  # type: ignore[operator]
        unit = f" of {key.unit}" if key.unit else ""
        raise UserError(
            f"{name} must be a whole number{unit} from {key.low} to {key.high}, not {value}"
        )
    return int(value)  # type: ignore[call-overload]


def _number(name: str, value: float, key: Key) -> float:
    assert key.low is not None
    large = value > key.low if key.above else value >= key.low
    small = value < key.high if key.below else value <= key.high
    if not (large and small):  # NaN is neither
        low = f"{'above' if key.above else 'at least'} {short(key.low)}"
        high = f"{'below' if key.below else 'at most'} {short(key.high)}"
        raise UserError(f"{name} must be {key.noun}{low} and {high}, not {value:g}")
    return float(value)


def _choice(name: str, value: str, key: Key) -> str:
    if value not in key.choices:
        raise UserError(
            f"{name} must be one of {', '.join(key.choices)}, not {value!r}"
            + did_you_mean(str(value), key.choices)
        )
    return value
