"""Ctrl-C that ends a run at a place of our own, never inside a library that can't bear it."""

import signal
from types import FrameType

_asked = False


def listen() -> None:
    """From now on let the first Ctrl-C be noted, and the second end the process as ever."""
    signal.signal(signal.SIGINT, _note)


def asked() -> bool:
    """Return whether Ctrl-C was pressed since `listen`."""
    return _asked


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed since `listen`."""
    if asked():
        raise KeyboardInterrupt


def _note(signal_number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    signal.signal(signal.SIGINT, signal.default_int_handler)
