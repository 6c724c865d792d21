"""Seconds a step of the very program that a run is, alone or beside PyTorch's of the same run."""

import statistics
import time
from types import ModuleType
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from nst.bench import memory, ours
from nst.bench.case import Case, Interval, pictures, program
from nst.engine import ceiling, flops


def measure(case: Case, steps: int, repeats: int, peer: ModuleType | None = None) -> dict[str, Any]:
    """Time intervals of ours, of PyTorch where it is asked for, and matrix products, in turns.

    A machine that is shared is not equally fast all the time, hence the turns. Every interval
    starts from other random pictures; the first of each is a warm-up that does not count.

    Args:
      case: what to measure.
      steps: of an interval.
      repeats: intervals that count.
      peer: `nst.bench.torch_peer`, or None.

    Returns:
      what --json prints.
    """
    # A program from the user's cache would have no compile time.
    jax.config.update("jax_enable_compilation_cache", False)
    intervals = {"nst": ours.compiled(case, steps)}
    if peer:
        intervals["torch"] = peer.fastest(case, steps)
    product = ceiling.matmul(case.precision)
    seconds: dict[str, list[float]] = {name: [] for name in intervals}
    products = []
    for turn in range(repeats + 1):
        products.append(product())
        for name, interval in intervals.items():
            spent = _seconds(interval, pictures(case, seed=turn + 1)) / steps
            seconds[name] += [spent] if turn else []
    work = case.batch * flops.per_step(program(case)[0], (case.size, case.size, 3)) / 1e9
    found = {
        name: _summary(interval, seconds[name], work, max(products))
        for name, interval in intervals.items()
    }
    pairs = zip(seconds["nst"], seconds.get("torch", []), strict=False)
    ratios = [mine / theirs for mine, theirs in pairs]
    return {
        **found["nst"],
        "peak_bytes": memory.peak(case, "nst"),
        "ratio_to_torch": statistics.median(ratios) if ratios else None,
        "torch": found.get("torch"),
        "gflop_per_step": work,
        "ceiling_gflops": max(products),
        "device": jax.devices()[0].device_kind,
    }


def _seconds(interval: Interval, several: np.ndarray) -> float:
    state = interval.start(several)
    began = time.perf_counter()
    interval.take(state)
    return time.perf_counter() - began


def _summary(interval: Interval, spent: list[float], work: float, best: float) -> dict[str, Any]:
    median = statistics.median(spent)
    return {
        "s_per_step": median,
        "s_per_step_min": min(spent),
        "s_per_step_max": max(spent),
        "compile_s": interval.compile_seconds,
        "gflops": work / median,
        "ceiling_fraction": work / median / best,
        "form": interval.form,
    }


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    titles = ("", "s/step", "from", "to", "compile s", "GFLOP/s", "ceiling", "peak MiB", "form")
    for title in titles:
        table.add_column(title, justify="left" if title in ("", "form") else "right")
    for name, one in (("nst", found), ("torch", found["torch"])):
        if one:
            times = [
                f"{one[key]:.4f}" for key in ("s_per_step", "s_per_step_min", "s_per_step_max")
            ]
            speed = f"{one['gflops']:.0f}", f"{one['ceiling_fraction']:.2f}"
            peak = f"{one['peak_bytes'] / 2**20:.0f}" if "peak_bytes" in one else "-"
            compiling = f"{one['compile_s']:.1f}"
            table.add_row(name, *times, compiling, *speed, peak, one["form"])
    console = Console()
    console.print(table)
    # soft_wrap: a line of text is one line also where the terminal is narrow.
    line = (
        f"{found['gflop_per_step']:.1f} GFLOP a step; ceiling {found['ceiling_gflops']:.0f} GFLOP/s"
    )
    if found["torch"]:
        line += f"; a step takes {found['ratio_to_torch']:.2f} times what PyTorch's takes"
    console.print(f"{line}; {found['device']}", soft_wrap=True, highlight=False)
