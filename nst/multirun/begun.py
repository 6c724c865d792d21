"""What a sweep says once, as its first run begins: the command that shows it while it runs."""

import os
import shlex
from pathlib import Path

#: Folders of sweeps that have said nothing yet: a search has a launch for each of its rounds.
_silent: set[str] = set()


def expect(sweep: Path) -> None:
    """Let a sweep say its command when it begins.

    Args:
      sweep: its folder.
    """
    _silent.add(os.path.abspath(sweep))


def say(sweep: Path) -> None:
    """Print the command that shows a sweep, unless that is done.

    Args:
      sweep: its folder.
    """
    folder = os.path.abspath(sweep)
    if folder in _silent:
        _silent.discard(folder)
        command = shlex.join(["nst", "report", os.path.relpath(sweep), "--watch"])
        print(f"{command}  shows the sweep while it runs", flush=True)
