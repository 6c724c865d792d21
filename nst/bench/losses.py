"""What each style statistic, content statistic and padding takes of time and memory, in turns."""

import dataclasses
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
from rich.console import Console
from rich.table import Table

from nst.bench import ours
from nst.bench.case import Case, Interval, pictures
from nst.config.schema import entries

#: The field of `Case` that is varied, by the key that sets it in a run.
VARIED = {
    "style.statistic": "statistic",
    "content.statistic": "content_statistic",
    "padding": "padding",
}


def measure(sizes: list[int], network: str, repeats: int) -> dict[str, Any]:
    """Time a step with the defaults and with each other choice, in turns.

    The first turn is a warm-up that does not count.

    Args:
      sizes: sides in pixels.
      network: a name in `nst.networks.spec.NETWORKS`.
      repeats: turns that count.

    Returns:
      what --json prints; the first row of a size is that of the defaults.
    """
    rows = [row for size in sizes for row in _of_a_size(Case(size, network=network), repeats)]
    return {"losses": rows, "device": jax.devices()[0].device_kind}


def variants(default: Case) -> dict[tuple[str, str], Case]:
    """Return a case and what differs from it in one choice, by the choice's key and value."""
    found: dict[tuple[str, str], Case] = {}
    for key, field in VARIED.items():
        for value in entries()[key].key.choices or ():
            changed: dict[str, Any] = {field: value}
            if not found or value != getattr(default, field):
                found[key, value] = dataclasses.replace(default, **changed)
    return found


def _of_a_size(default: Case, repeats: int) -> list[dict[str, Any]]:
    cases = variants(default)
    # Two beside each other: compilation takes as long as the steps.
    with ThreadPoolExecutor(2) as pool:
        intervals = list(pool.map(lambda case: ours.compiled(case, steps=1), cases.values()))
    for interval in intervals:
        interval.take(interval.start(pictures(default, seed=0)))
    turns = []
    for turn in range(1, repeats + 1):
        several = pictures(default, seed=turn)
        turns.append([_a_step(interval, several) for interval in intervals])
    rows = []
    for at, ((key, value), interval) in enumerate(zip(cases, intervals, strict=True)):
        spent = [turn[at] for turn in turns]
        rows.append(
            {
                "size": default.size,
                "key": key,
                "value": value,
                "s_per_step": statistics.median(spent),
                "s_per_step_min": min(spent),
                "s_per_step_max": max(spent),
                "ratio": statistics.median(turn[at] / turn[0] for turn in turns),
                "program_bytes": interval.program_bytes,
            }
        )
    return rows


def _a_step(interval: Interval, several: Any) -> float:
    """Return the seconds of an interval of one step, less those of the look that it ends with."""
    state = interval.start(several)
    assert interval.look
    began = time.perf_counter()
    interval.look(state)
    between = time.perf_counter()
    interval.take(state)
    return time.perf_counter() - between - (between - began)


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    for title in ("size", "setting", "s/step", "from", "to", "ratio", "program MiB"):
        table.add_column(title, justify="left" if title == "setting" else "right")
    for row in found["losses"]:
        times = [f"{row[key]:.4f}" for key in ("s_per_step", "s_per_step_min", "s_per_step_max")]
        held = row["program_bytes"]
        mebibytes = "-" if held is None else f"{held / 2**20:.0f}"
        setting = f"{row['key']}={row['value']}"
        table.add_row(str(row["size"]), setting, *times, f"{row['ratio']:.2f}", mebibytes)
    Console(width=100).print(table)
