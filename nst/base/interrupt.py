"""Ctrl-C that ends a run at a place of our own, never inside a library that can't bear it."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_asked = False


def listen() -> None:
    """From now on let the first Ctrl-C be noted, and the second end the process as ever."""
    signal.signal(signal.SIGINT, _note)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Listen as `listen` does, and give Ctrl-C back afterwards; only a main thread can."""
    global _asked
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, _asked = signal.getsignal(signal.SIGINT), False
    listen()
    try:
        yield
    finally:
        _asked = False
        # None: a handler that is not Python's, and that Python can't put back.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def asked() -> bool:
    """Return whether Ctrl-C was pressed since `listen`."""
    return _asked


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed since `listen`."""
    if asked():
        raise KeyboardInterrupt


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let Ctrl-C end what is waited for here at once, where that leaves nothing half done.

    Raises:
      KeyboardInterrupt: Ctrl-C was pressed since `listen`.
    """
    check()
    if signal.getsignal(signal.SIGINT) is not _note:  # nobody listens
        yield
        return
    signal.signal(signal.SIGINT, _raise)
    try:
        yield
    finally:
        if not asked():
            signal.signal(signal.SIGINT, _note)


def _raise(signal_number: int, frame: FrameType | None) -> None:
    _note(signal_number, frame)
    raise KeyboardInterrupt


def _note(signal_number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    signal.signal(signal.SIGINT, signal.default_int_handler)
