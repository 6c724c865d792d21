"""A module of ours in a process of its own: a library that crashes there takes nothing with it."""

import os
import subprocess
import sys


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a module until it ends, and return how it did, with what it wrote.

    Args:
      module: dotted; it finds packages where this process does.
      arguments: of its command line.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    places = os.pathsep.join(map(os.path.abspath, sys.path))
    # A thread's stack counts as memory taken, and numpy would start one for each core.
    environment = os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    # Ctrl-C isn't for it: it ends soon.
    return subprocess.run(command, capture_output=True, env=environment, start_new_session=True)
