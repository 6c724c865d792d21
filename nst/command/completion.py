"""What bash is offered for ``nst ...`` before Hydra offers groups and keys.

Hydra's script in bash calls ``nst -sc query=bash`` with the line so far in COMP_LINE.
"""

import os
from collections.abc import Iterable

from nst.base.files import sweep_files


def offer(commands: Iterable[str]) -> bool:
    """Print what fits where no key stands; return whether Hydra is to offer what it knows, too.

    Args:
      commands: the words that may come first.
    """
    line = os.environ.get("COMP_LINE", "")
    before = line.split()[1:]
    word = before.pop() if before and not line[-1:].isspace() else ""
    if not before:
        print(*(one for one in commands if one.startswith(word)))
        return True
    command, *given = before
    if command == "sweep" and not given:
        print(*(one for one in sweep_files() if one.startswith(word)))
        return False
    if command in ("run", "sweep"):
        os.environ["COMP_LINE"] = " ".join(["nst", *given[command == "sweep" :], word])
        return True
    return command not in commands
