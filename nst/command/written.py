"""A value of Python as it is typed on the command line."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.command.grammar import literal
from nst.report.labels import number


def written(key: str, value: Any, inside: bool = False) -> str:
    """Return a value as it is typed on the command line.

    Args:
      key: to name in the message.
      value: of the key.
      inside: whether it stands in a list or a mapping, where a text needs its quotes.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, os.PathLike):
        value = str(os.fspath(value))
    if isinstance(value, str):
        return literal(value) if inside else value
    if isinstance(value, Mapping):
        parts = [f"{literal(str(name))}: {written(key, one, True)}" for name, one in value.items()]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple | set | range):
        return "[" + ", ".join(written(key, one, True) for one in value) + "]"
    raise UserError(
        f"{key} can't be of type {type(value).__name__}: it must be a number, a text, true or "
        "false, None, or a list or mapping of these"
    )
