"""Runs nst.run and, before its Nth change of a file below a folder, kills it or removes the folder.

python tests/faults/dying.py kill|remove FOLDER N ARGUMENTS...      N = 0: prints how many there are
"""

import os
import runpy
import shutil
import signal
import sys
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.mkdir")


def watch(deed: str, folder: str, fatal: int) -> None:
    """Count the changes below `folder`, and do the deed before that of number `fatal`."""
    changes = 0

    def hear(event: str, details: tuple[Any, ...]) -> None:
        nonlocal changes
        opened = event == "open" and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not (opened or event in CHANGES) or not str(details[0]).startswith(folder):
            return
        changes += 1
        if changes == fatal and deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif changes == fatal:
            shutil.rmtree(folder, ignore_errors=True)  # whose own changes come after this one

    sys.addaudithook(hear)
    if not fatal:
        import atexit

        atexit.register(lambda: print(f"changes {changes}"))


if __name__ == "__main__":
    _, deed, below, number, *arguments = sys.argv
    watch(deed, below, int(number))
    sys.argv = ["nst.run", *arguments]
    runpy.run_module("nst.run", run_name="__main__")
