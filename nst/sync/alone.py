"""What keeps two `nst sync` from one run, from one table of cells, and ends one after Ctrl-C."""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from nst.base import locks
from nst.base.errors import UserError
from nst.tracking import wandb_run


class InUseError(UserError):
    """Another process is at work in a folder."""


#: Seconds that W&B's client has after Ctrl-C; it would wait minutes for a server that is silent.
GRACE = 5.0
#: Variables that say what one run is. Records say it here, and W&B reads both.
OF_A_RUN = (
    *("WANDB_MODE", "WANDB_DIR", "WANDB_RUN_ID", "WANDB_RUN_GROUP", "WANDB_NAME", "WANDB_TAGS"),
    *("WANDB_NOTES", "WANDB_JOB_TYPE", "WANDB_RESUME"),
)


@contextlib.contextmanager
def on(folder: Path) -> Iterator[None]:
    """Keep other processes off a folder with a run or with several.

    Args:
      folder: one that can only be read is taken as it is: no run can be at work there.

    Raises:
      InUseError: another process is at work in it.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.run_lock(folder))
        except UserError as error:
            raise InUseError(f"another process is at work in {folder}: let that end") from error
        except OSError:
            pass
        yield


@contextlib.contextmanager
def on_cells(sweep: Path) -> Iterator[None]:
    """Wait until no other process sends the cells of a sweep.

    Args:
      sweep: its folder.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(locks.file_lock(sweep / "cells"))
        yield


@contextlib.contextmanager
def by_records(place: Path) -> Iterator[None]:
    """Keep W&B's client from variables that are of another run, and its files out of the home.

    Args:
      place: folder for them: W&B's client sends the way to the files of a table with it.
    """
    own = (*OF_A_RUN, "WANDB_DATA_DIR")
    before = {name: os.environ.pop(name) for name in own if name in os.environ}
    os.environ["WANDB_DATA_DIR"] = str(place / "data")
    wandb_run.give_folders(place)
    try:
        yield
    finally:
        del os.environ["WANDB_DATA_DIR"]
        os.environ.update(before)


@contextlib.contextmanager
def ended_soon(place: Path) -> Iterator[None]:
    """After Ctrl-C, end the process within `GRACE` seconds, whatever W&B's client waits for.

    Args:
      place: folder that is removed then.
    """

    def leave() -> None:
        shutil.rmtree(place, ignore_errors=True)
        os._exit(130)

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        timer.start()
        signal.default_int_handler(number, frame)

    timer = threading.Timer(GRACE, leave)
    timer.daemon = True
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is stop:
            signal.signal(signal.SIGINT, before or signal.default_int_handler)
