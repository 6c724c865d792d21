"""The tracker that is told everything and keeps nothing: `tracking=disabled`."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


class Nothing:
    """A run that is not tracked."""

    known: Mapping[str, Any] = {}

    def log(self, *_: Any) -> None:
        """Keep nothing of a check."""

    def restore(self, *_: Any) -> None:
        """Keep nothing of what was before."""

    def finish(self, *_: Any) -> None:
        """Keep nothing of the end."""


@contextlib.contextmanager
def track(*_: Any) -> Iterator[Nothing]:
    """Give a tracker that keeps nothing."""
    yield Nothing()


def log_cells(*_: Any) -> None:
    """Keep nothing of a sweep."""
