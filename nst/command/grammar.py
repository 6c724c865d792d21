"""Hydra's grammar of values: how a text is quoted for it, and what it makes of one.

Imports Hydra when it is asked, since nst.sweep reads its file before.
"""

import functools
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.report.labels import number

#: What Hydra reads as it stands, without a look by its parser, which takes a millisecond.
PLAIN = re.compile(r"(?!(?:null|true|false|inf|nan)$)[a-z_/][\w/.-]*|", re.ASCII | re.IGNORECASE)


def quoted(text: str) -> str:
    """Return `text` as Hydra's grammar quotes it; interpolations in it stay."""
    mark = '"' if "'" in text and '"' not in text else "'"
    # A backslash counts only before a quote.
    inside = re.sub(rf"(\\*)({mark}|\Z)", lambda at: 2 * at[1] + (at[2] and f"\\{mark}"), text)
    return f"{mark}{inside}{mark}"


def literal(text: str) -> str:
    """Return `text` quoted where that is needed, with nothing in it for OmegaConf to resolve."""
    return text if PLAIN.fullmatch(text) else quoted(re.sub(r"(\\*)\$\{", r"\1\1\${", text))


def split(text: str) -> list[str]:
    """Return the parts between commas that stand outside of quotes and brackets."""
    parts, depth, start, at = [], 0, 0, 0
    word = re.compile(r"""\\.|(?<![^\s,(\[{:=])(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|.""", re.S)
    while at < len(text):
        found = word.match(text, at)
        assert found is not None
        token, at = found[0], found.end()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth = max(0, depth - 1)
        elif token == "," and depth == 0:
            parts.append(text[start : at - 1])
            start = at
    return [*parts, text[start:]]


def unclosed(text: str) -> bool:
    """Return whether a text begins with a quote that doesn't end: a slip, and none of its own."""
    return text[:1] in ("'", '"') and text.count(text[0]) == 1


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


#: What `read` returns of a value that Hydra can't read.
UNREAD: Any = object()


def unread(text: str) -> bool:
    """Return whether Hydra's grammar can't read a value."""
    return read(text) is UNREAD


@functools.lru_cache(maxsize=1024)
def read(text: str) -> Any:
    """Return what Hydra's grammar makes of a value, quotes kept; or `UNREAD`."""
    from nst.command import hydra_private

    try:
        return hydra_private.value(_parser().parse_override(f"key={text}"))
    except Exception:  # Hydra's or ANTLR's: deep brackets, numbers of too many digits.
        return UNREAD


def text_of(read: Any) -> str | None:
    """Return the text that Hydra has read, quoted or not; None where it read no text."""
    text = getattr(read, "text", read)
    return text if isinstance(text, str) else None


@functools.cache
def _parser() -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create()
