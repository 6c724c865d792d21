"""The same grid in three ways, each in processes of its own."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

from rich.console import Console
from rich.table import Table

#: The grid: 2 poolings x 3 gammas x 4 ratios.
FACTORS = {
    "pooling": ("avg", "max"),
    "tv.gamma": ("0", "1e2", "1e3"),
    "beta": ("1e2", "1e3", "1e4", "1e5"),
}


def measure(size: int, steps: int, network: str, repeats: int) -> dict[str, Any]:
    """Return the median seconds that the 24 runs of the grid take in each of three ways.

    All three find the compiled programs in a cache that an earlier, untimed grid has filled. They
    take turns, the separate processes in as many parts as there are repeats, since a machine that
    is shared is not equally fast all the time.

    Args:
      size: long edge in pixels.
      steps: optimizer steps of each run.
      network: "vgg16", or "vgg19" where its weights are at hand.
      repeats: of the grid in one process; the separate processes run once.
    """
    # Without the sweeps' report, which separate processes don't write.
    settings = [f"size={size}", f"steps={steps}", f"network={network}", "sweep.report=false"]
    sweep = [f"{key}={','.join(values)}" for key, values in FACTORS.items()]
    commands = {
        "batched": [["-m", *settings, *sweep]],
        "basic multirun": [["-m", "hydra/launcher=basic", *settings, *sweep]],
        "separate processes": [[*settings, *cell] for cell in _cells()],
    }
    folder = tempfile.mkdtemp()
    here = os.getcwd()
    try:
        os.chdir(folder)
        _run(commands["batched"])
        seconds: dict[str, list[float]] = {way: [] for way in commands}
        for turn in range(repeats):
            for way, those in commands.items():
                several = those[turn::repeats] if len(those) > 1 else those
                seconds[way].append(_run(several) * len(those) / len(several))
        medians = {way: statistics.median(values) for way, values in seconds.items()}
        return {"seconds": medians, "runs": len(commands["separate processes"])}
    finally:
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)


def _cells() -> Iterator[list[str]]:
    for values in product(*FACTORS.values()):
        yield [f"{key}={value}" for key, value in zip(FACTORS, values, strict=True)]


def _run(commands: list[list[str]]) -> float:
    """Run ``python -m nst.run`` with each list of arguments in turn; return the seconds it took."""
    began = time.perf_counter()
    for arguments in commands:
        command = [sys.executable, "-m", "nst.run", *arguments]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    for title in ("way", "seconds", "pictures an hour", "against batched"):
        table.add_column(title, justify="left" if title == "way" else "right")
    seconds, runs = found["seconds"], found["runs"]
    for name, spent in seconds.items():
        ratio = spent / seconds["batched"]
        table.add_row(name, f"{spent:.1f}", f"{3600 * runs / spent:.0f}", f"{ratio:.2f}")
    Console().print(table)
