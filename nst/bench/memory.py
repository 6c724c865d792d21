"""How much memory a run needs at its peak, each measured in a process of its own."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
from rich.console import Console
from rich.table import Table

from nst.base.errors import UserError
from nst.bench.case import Case, Interval, pictures


def measure(cases: list[Case], engines: list[str]) -> dict[str, Any]:
    """Return the peak of each case with each engine, in bytes and in bytes a megapixel.

    Args:
      cases: what to measure.
      engines: "nst", "torch".
    """
    rows = []
    for case in cases:
        for engine in engines:
            peak, pixels = _in_a_process(case, engine), case.batch * case.size**2
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
    return statistics["peak_bytes_in_use"] if statistics else _in_a_process(case, engine)


def _in_a_process(case: Case, engine: str) -> int:
    program = "import sys; from nst.bench import memory; memory.child(*sys.argv[1:])"
    command = [sys.executable, "-c", program, engine, json.dumps(dataclasses.asdict(case))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UserError(f"--size {case.size} with {engine} ended without a result: {last}")
    return int(done.stdout.split()[-1])


def child(engine: str, text: str) -> None:
    """Print the bytes at the peak of two steps, above what the process held before them.

    On a CPU these are resident bytes, the compilation's among them; PyTorch runs eagerly.

    Args:
      engine: "nst" or "torch".
      text: the case, as JSON.
    """
    case = Case(**json.loads(text))
    # Imported for the baseline: a program's code is no run's memory.
    if engine == "torch":
        from nst.bench import torch_peer

        before = torch_peer.peak_bytes() or resident_peak()
        _two_steps(torch_peer.eager(case, steps=2), case)
        print((torch_peer.peak_bytes() or resident_peak()) - before)
        return
    from nst.bench import step

    statistics = jax.devices()[0].memory_stats()
    before = 0 if statistics else resident_peak()
    _two_steps(step.ours(case, steps=2), case)
    after = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use") or resident_peak()
    print(after - before)


def _two_steps(interval: Interval, case: Case) -> None:
    interval.take(interval.start(pictures(case, seed=1)))


def resident_peak() -> int:
    """Return the most bytes of memory that this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux it starts from what the parent held when it started this one.
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    for title in ("size", "engine", "peak MiB", "MiB a megapixel"):
        table.add_column(title, justify="left" if title == "engine" else "right")
    for row in found["memory"]:
        mebibytes = row["peak_bytes"] / 2**20, row["bytes_per_megapixel"] / 2**20
        table.add_row(str(row["size"]), row["engine"], *(f"{value:.0f}" for value in mebibytes))
    Console().print(table)
