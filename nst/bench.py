"""How fast it is: ``python -m nst.bench grid`` times the same grid in three ways.

Imports neither hydra nor wandb; what it times runs in processes of its own.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product

from rich.console import Console
from rich.table import Table

#: The grid: 2 poolings x 3 gammas x 4 ratios.
FACTORS = {
    "pooling": ("avg", "max"),
    "tv.gamma": ("0", "1e2", "1e3"),
    "beta": ("1e2", "1e3", "1e4", "1e5"),
}


def grid(size: int, steps: int, network: str, repeats: int) -> dict[str, float]:
    """Return the median seconds that the 24 runs of the grid take in each of three ways.

    All three find the compiled programs in a cache that an earlier, untimed grid has filled. They
    take turns, the separate processes in as many parts as there are repeats, since a machine that
    is shared is not equally fast all the time.

    Args:
      size: long edge in pixels.
      steps: optimiser steps of each run.
      network: "vgg16", or "vgg19" where its weights are at hand.
      repeats: of the grid in one process; the separate processes run once.
    """
    # Without the sweeps' report, which separate processes don't write.
    settings = [f"size={size}", f"steps={steps}", f"network={network}", "sweep.report=false"]
    sweep = [f"{key}={','.join(values)}" for key, values in FACTORS.items()]
    commands = {
        "batched": [["-m", "hydra/launcher=batched", *settings, *sweep]],
        "basic multirun": [["-m", *settings, *sweep]],
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
        return {way: statistics.median(values) for way, values in seconds.items()}
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


def _print(seconds: dict[str, float], runs: int) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("way", "seconds", "pictures an hour", "against batched"):
        table.add_column(title, justify="left" if title == "way" else "right")
    for name, spent in seconds.items():
        ratio = spent / seconds["batched"]
        table.add_row(name, f"{spent:.1f}", f"{3600 * runs / spent:.0f}", f"{ratio:.2f}")
    Console().print(table)


def main() -> None:
    """Time what the command line asks for and print a table, or with --json an object as well."""
    parser = argparse.ArgumentParser(prog="python -m nst.bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("grid", help="24 runs: batched, basic multirun, separately")
    command.add_argument("--size", type=int, default=96, help="long edge in pixels")
    command.add_argument("--steps", type=int, default=20, help="optimiser steps of each run")
    command.add_argument("--network", default="vgg16", choices=("vgg16", "vgg19"))
    command.add_argument("--repeats", type=int, default=3, help="turns that the ways take, 1 to 24")
    command.add_argument("--json", action="store_true", help="a JSON object as the last line")
    asked = parser.parse_args()
    if not 1 <= asked.repeats <= 24:
        parser.error(f"--repeats must be from 1 to 24, not {asked.repeats}")
    seconds = grid(asked.size, asked.steps, asked.network, asked.repeats)
    _print(seconds, runs=len(list(_cells())))
    if asked.json:
        print(json.dumps({"asked": vars(asked), "seconds": seconds, "runs": len(list(_cells()))}))


if __name__ == "__main__":
    main()
