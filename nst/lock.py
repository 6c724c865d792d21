"""Locks between processes: one at a time in a run's folder, one at a time fetches a file.

They end with the process that holds them, however it ends.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nst import interrupt
from nst.errors import UserError


@contextlib.contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Keep other processes off a run's folder.

    Args:
      folder: of the run; made if missing.

    Raises:
      UserError: another process is in it.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise UserError(
            f"{folder} is in use by another process: let that end, or take another folder"
        ) from None
    try:
        yield
    finally:
        # Nobody waits for it, so the next one may make it anew.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def in_turn(file: Path) -> Iterator[None]:
    """Wait until no other process is at work on a file.

    Args:
      file: in a folder that exists.

    Raises:
      KeyboardInterrupt: Ctrl-C was pressed while waiting.
    """
    import filelock

    lock = filelock.FileLock(file.with_name(f".{file.name}.lock"))
    try:
        lock.acquire(cancel_check=interrupt.asked)
    except filelock.Timeout:
        raise KeyboardInterrupt from None
    try:
        yield
    finally:
        lock.release()
