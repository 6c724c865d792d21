"""Locks between processes: one at a time in a run's folder, one at a time fetches a file.

They end with the process that holds them, however it ends.
"""

import contextlib
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nst.base import interrupt
from nst.base.errors import UserError

#: Name of the lock's file in a run's folder.
LOCK = ".nst.lock"
_MOMENT = 0.2  # seconds


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Keep other processes off a run's folder.

    Args:
      folder: of the run; made if missing.

    Raises:
      UserError: another process is in it, or a user's own file has the name of its lock.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    # A report that looks who is at work holds the lock for a moment.
    lock = filelock.FileLock(_own(folder / LOCK), timeout=_MOMENT)
    try:
        lock.acquire(poll_interval=_MOMENT / 10)
    except filelock.Timeout:
        raise UserError(
            f"{folder} is in use by another process: let that end, or take another folder"
        ) from None
    with _removed(lock):
        yield


def is_at_work(folder: Path) -> bool:
    """Return whether a process is in a run's folder; where that can't be told, one may be.

    Args:
      folder: of the run.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return (folder / LOCK).exists()
    try:
        with (folder / LOCK).open("rb") as file:
            # Shared, so that several may look at a time.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Wait until no other process is at work on a file.

    Args:
      file: in a folder that exists.

    Raises:
      UserError: a user's own file has the name of its lock.
      KeyboardInterrupt: Ctrl-C was pressed while waiting.
    """
    import filelock

    lock = filelock.FileLock(_own(file.with_name(f".{file.name}.lock")))
    try:
        lock.acquire(cancel_check=interrupt.asked)
    except filelock.Timeout:
        raise KeyboardInterrupt from None
    with _removed(lock):
        yield


def claim(file: Path) -> Callable[[], None] | None:
    """Take a file that shows who is at work on something; it stays when it is let go.

    Args:
      file: made if missing, in a folder that exists.

    Returns:
      What lets it go again; None where another process has it.

    Raises:
      UserError: a user's own file has its name.
    """
    import filelock

    lock = filelock.FileLock(_own(file), blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        return None
    return lock.release


def _own(file: Path) -> Path:
    """Refuse a lock's file that is a user's: locking empties it, and ours are empty."""
    try:
        found = file.stat()  # once: its holder may remove it at any moment
    except FileNotFoundError:
        return file
    if stat.S_ISREG(found.st_mode) and found.st_size:
        raise UserError(f"{file} is no lock of nst's, since it isn't empty: take another folder")
    return file


@contextlib.contextmanager
def _removed(lock: Any) -> Iterator[None]:
    """Remove a lock's file before letting go: who waits for it sees that, and makes it anew."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the permission was lost, say
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
