"""How long a run takes to begin: from its process to its first step, and to its help."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from typing import Any

from rich.console import Console
from rich.table import Table

from nst.base.errors import UserError

#: With what is built in alone, so that no download is measured.
RUN = ("network=vgg16", "content=chelsea", "style=night", "steps=1")


def measure(size: int, repeats: int) -> dict[str, Any]:
    """Return the median seconds to the first step, cache empty and filled, and to the help.

    The cache holds compiled programs and converted weights. The first step is at hand when the
    check after it is shown.

    Args:
      size: long edge in pixels.
      repeats: of each.

    Raises:
      UserError: Hydra, which nst.run needs, is missing, or a run fails.
    """
    if not find_spec("hydra"):
        raise UserError("startup measures nst.run, which needs Hydra: pip install hydra-core")
    seconds: dict[str, list[float]] = {"cold": [], "warm": [], "help": []}
    for _ in range(repeats):
        folder = tempfile.mkdtemp()
        try:
            for cache in ("cold", "warm"):
                seconds[cache].append(_until("step 1/", [*RUN, f"size={size}"], folder))
            seconds["help"].append(_until(None, ["--help"], folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return {
        "startup_s": {name: statistics.median(values) for name, values in seconds.items()},
        "startup_s_min": {name: min(values) for name, values in seconds.items()},
        "startup_s_max": {name: max(values) for name, values in seconds.items()},
    }


def _until(line: str | None, arguments: list[str], folder: str) -> float:
    """Return the seconds until nst.run writes a line that starts with `line`, or until it ends."""
    began = time.perf_counter()
    seconds = None
    process = subprocess.Popen(
        [sys.executable, "-m", "nst.run", *arguments],
        cwd=folder,
        env={**os.environ, "NST_CACHE": os.path.join(folder, "cache"), "WANDB_MODE": "offline"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    last = ""
    for last in process.stderr:
        if line and seconds is None and last.startswith(line):
            seconds = time.perf_counter() - began
    if process.wait() or (line and seconds is None):
        raise UserError(f"nst.run {' '.join(arguments)} failed: {last.strip()}")
    return seconds if seconds is not None else time.perf_counter() - began


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    for title in ("until", "seconds", "from", "to"):
        table.add_column(title, justify="left" if title == "until" else "right")
    titles = {
        "cold": "the first step, empty cache",
        "warm": "the first step, filled cache",
        "help": "the end of --help",
    }
    keys = ("startup_s", "startup_s_min", "startup_s_max")
    for name, title in titles.items():
        table.add_row(title, *(f"{found[key][name]:.2f}" for key in keys))
    Console().print(table)
