"""How much memory a run needs at its peak, each measured in a process of its own."""

import dataclasses
import json
import subprocess
import sys
from typing import Any

import jax
from rich.console import Console
from rich.table import Table

from nst.base.errors import UserError
from nst.bench.case import Case


def measure(cases: list[Case], engines: list[str]) -> dict[str, Any]:
    """Return the peak of each case with each engine, in bytes and in bytes a megapixel.

    Args:
      cases: what to measure.
      engines: "nst", "torch".
    """
    rows = []
    for case in cases:
        for engine in engines:
            peak = in_a_process(case, engine)["peak_bytes"]
            pixels = case.batch * case.size**2
            rows.append(
                {
                    "size": case.size,
                    "engine": engine,
                    "peak_bytes": peak,
                    "bytes_per_megapixel": peak / pixels * 1e6,
                }
            )
    return {"memory": rows}


def peak(case: Case, engine: str) -> int:
    """Return the peak of a case in bytes, on a GPU of this process so far.

    Args:
      case: what to measure.
      engine: "nst" or "torch".
    """
    statistics = jax.devices()[0].memory_stats()
    # This process holds the GPU's memory, so that another would find none.
    found = (
        statistics["peak_bytes_in_use"] if statistics else in_a_process(case, engine)["peak_bytes"]
    )
    return int(found)


def in_a_process(case: Case, engine: str) -> dict[str, int]:
    """Return what `nst.bench.two_steps` finds of a case, in a process that may die of it.

    Args:
      case: what to measure.
      engine: "nst", "torch", or "largest" for the largest picture by the estimate.

    Raises:
      UserError: it ended without a result.
    """
    case_as_text = json.dumps(dataclasses.asdict(case))
    command = [sys.executable, "-m", "nst.bench.two_steps", engine, case_as_text]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UserError(f"--size {case.size} with {engine} ended without a result: {last}")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    for title in ("size", "engine", "peak MiB", "MiB a megapixel"):
        table.add_column(title, justify="left" if title == "engine" else "right")
    for row in found["memory"]:
        mebibytes = row["peak_bytes"] / 2**20, row["bytes_per_megapixel"] / 2**20
        table.add_row(str(row["size"]), row["engine"], *(f"{value:.0f}" for value in mebibytes))
    Console().print(table)
