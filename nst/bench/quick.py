"""``preset=quick`` against the defaults: time, losses and look, over pairs of pictures."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats

from nst.base.errors import UserError

#: Content and style image; those of the last pair are built in.
PAIRS = (
    ("neckarfront", "starry"),
    ("astronaut", "shipwreck"),
    ("coffee", "composition_vii"),
    ("chelsea", "scream"),
    ("rocket", "seated_nude"),
    ("chelsea", "night"),
)

#: What is compared: seconds, the best check's losses, the metrics of the result.
QUANTITIES = ("steps_s", "process_s", "total", "content", "style", "lpips", "tv")

#: A replicate starts some 1e-4 gray levels from another: rounding alone sets runs as far apart.
_REPLICATE = ("network=vgg16", "init.mix=1e-6", "assets.fallback=false")


def measure(size: int, repeats: int, keep: str | None) -> dict[str, Any]:
    """Return the ratios, quick over defaults, of each pair and their median over the pairs.

    The two take turns, each run in a process of its own.

    Args:
      size: long edge in pixels.
      repeats: of each pair, from starts that differ by less than can be seen.
      keep: a new folder for the runs' folders; none: they are removed.

    Raises:
      UserError: `keep` exists, or a run fails.
    """
    if keep and os.path.exists(keep):
        raise UserError(f"--keep must be a folder that does not exist yet, not {keep}")
    folder = Path(keep or tempfile.mkdtemp()).resolve()
    try:
        # Its programs then come from the cache for both, as a user's do after the first run.
        for name in ("adam", "quick"):
            _run(folder / "first" / name, name, PAIRS[-1], size, 0)
        found = {"/".join(pair): _of_a_pair(folder, pair, size, repeats) for pair in PAIRS}
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return {"pairs": found, "over_pairs": {name: _over(found, name) for name in QUANTITIES}}


def _of_a_pair(folder: Path, pair: tuple[str, str], size: int, repeats: int) -> dict[str, Any]:
    values: dict[str, list[dict[str, float]]] = {"adam": [], "quick": []}
    for seed in range(1, repeats + 1):
        for name, runs in values.items():
            runs.append(_run(folder / "-".join(pair) / f"{name}-{seed}", name, pair, size, seed))
    ratios = {
        key: _ratio([run[key] for run in values["quick"]], [run[key] for run in values["adam"]])
        for key in QUANTITIES
    }
    return {"ratios": ratios, "runs": values}


def _run(folder: Path, name: str, pair: tuple[str, str], size: int, seed: int) -> dict[str, float]:
    settings = [f"content={pair[0]}", f"style={pair[1]}", f"size={size}", f"seed={seed}"]
    if name == "quick":
        settings.append("preset=quick")
    command = [sys.executable, "-m", "nst.run", *_REPLICATE, *settings, f"hydra.run.dir={folder}"]
    tracking = {**os.environ, "WANDB_MODE": "disabled"}
    began = time.perf_counter()
    done = subprocess.run(command, env=tracking, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise UserError(f"{' '.join(settings)} failed: {done.stderr.strip().splitlines()[-1]}")
    record = json.loads((folder / "run.json").read_text())
    return {
        "steps_s": record["timings"]["steps_s"],
        "process_s": seconds,
        **{key: record["best"][key] for key in ("total", "content", "style")},
        **{key: record["metrics"][key] for key in ("lpips", "tv")},
    }


def _ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
    """Return the ratio of geometric means, and its 95 % interval by Welch's t, of logarithms.

    With one replicate the interval is without bounds.
    """
    logs = np.log(ours), np.log(theirs)
    ratio = float(np.exp(logs[0].mean() - logs[1].mean()))
    if len(ours) < 2:
        return ratio, 0.0, float("inf")
    interval = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    return ratio, float(np.exp(interval.low)), float(np.exp(interval.high))


def _over(found: dict[str, Any], key: str) -> tuple[float, float, float]:
    """Return the median over the pairs, and the least and greatest ratio.

    Of six pairs these are a 97 % interval of the median (from the binomial distribution).
    """
    ratios = [pair["ratios"][key][0] for pair in found.values()]
    return statistics.median(ratios), min(ratios), max(ratios)


def show(found: dict[str, Any]) -> None:
    """Print what `measure` returned."""
    table = Table(box=None, pad_edge=False)
    titles = ("steps", "process", "total", "content", "style", "LPIPS", "TV")
    table.add_column("quick / defaults")
    for title in titles:
        table.add_column(title, justify="right")
    for name, pair in found["pairs"].items():
        table.add_row(name, *(_interval(*pair["ratios"][key]) for key in QUANTITIES))
    over = found["over_pairs"]
    table.add_row("median (least, greatest)", *(_interval(*over[key]) for key in QUANTITIES))
    Console(width=160).print(table)


def _interval(ratio: float, low: float, high: float) -> str:
    return f"{ratio:.2f} ({low:.2f}, {high:.2f})"
