"""Runs nst.run and kills it before its Nth change of a file below a folder; 0: prints how many.

python tests/faults/dying.py FOLDER N ARGUMENTS...
"""

import os
import runpy
import signal
import sys
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.mkdir")


def watch(folder: str, fatal: int) -> None:
    """Count the changes below `folder`, and kill this process before that of number `fatal`."""
    changes = 0

    def hear(event: str, details: tuple[Any, ...]) -> None:
        nonlocal changes
        opened = event == "open" and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not (opened or event in CHANGES) or not str(details[0]).startswith(folder):
            return
        changes += 1
        if changes == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)
    if not fatal:
        import atexit

        atexit.register(lambda: print(f"changes {changes}"))


if __name__ == "__main__":
    _, below, number, *arguments = sys.argv
    watch(below, int(number))
    sys.argv = ["nst.run", *arguments]
    runpy.run_module("nst.run", run_name="__main__")
