"""The user's home folder, kept out of what is written down: records are shown to others.

A path below it is written ``~/...``, and may be given so. Imports nothing heavy.
"""

import functools
import logging
import os
import re
from typing import Any


def without(text: str) -> str:
    """Return `text` with every path in it that lies below the home folder as ``~/...``."""
    return _pattern(os.path.expanduser("~")).sub("~/", text)


def short(path: str | None) -> str | None:
    """Return a file's path as ``~/...`` if it lies below the home folder."""
    below = path and _pattern(os.path.expanduser("~")).match(path)
    return f"~/{path[below.end() :]}" if path and below else path


def without_in(value: Any) -> Any:
    """Return plain data with every text in it as `without` has it."""
    if isinstance(value, str):
        return without(value)
    if isinstance(value, dict):
        return {key: without_in(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_in(one) for one in value]
    return value


class Formatter(logging.Formatter):
    """Lines of a log, tracebacks too, as `without` has them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return without(super().format(record))


@functools.cache
def _pattern(home: str) -> re.Pattern[str]:
    """Return what matches the home folder where a path begins with it, and the slash after it."""
    folders = {home.rstrip("/"), os.path.realpath(home)} if os.path.isabs(home) else set()
    names = "|".join(map(re.escape, sorted(folders - {"", "/"}, key=len, reverse=True)))
    # /mnt/home/me is not below /home/me, file:///home/me is; nor is /home/me-too.
    return re.compile(rf"(?<![\w.~-])(?<![^/]/)(?:{names})(?:/+|(?![\w.-]))" if names else "(?!)")
