"""Kills a grid of 24 runs at random moments, lets it end, and holds it to an undisturbed one.

    python tests/faults/kill_grid.py [KILLS] [SEED]

Exit status 0 says that every run ended once, with the same bytes and the same history. In short
form it is part of the tests: `tests/faults/test_kill.py`.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRID = (
    "hydra/launcher=batched",
    "network=vgg16",
    "size=32",
    "steps=60",
    "check_every=10",
    "sweep.save_every=0",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1,conv2_1]",
    "pooling=avg,max",
    "tv.gamma=0,1e2,1e3",
    "beta=1e2,1e3,1e4,1e5",
)
RUNS = 24


def start(folder: Path, *overrides: str) -> subprocess.Popen[bytes]:
    """Start the grid in `folder`."""
    command = [sys.executable, "-m", "nst.run", "-m", *GRID, *overrides]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*command, f"hydra.sweep.dir={folder}"], stdout=quiet, stderr=quiet)


def history(folder: Path) -> list[dict[str, str]]:
    """Return a run's history without the times."""
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def finished(folder: Path) -> int:
    """Return how many runs have finished."""
    records = folder.glob("*/run.json")
    return sum(json.loads(path.read_text())["status"] == "finished" for path in records)


def kill_often(
    folder: Path, kills: int, span: float, chance: random.Random, *overrides: str
) -> None:
    """Start the grid again and again, killing it each time; then let it end."""
    for number in range(kills):
        running = start(folder, *overrides)
        moment = chance.uniform(0.2, 1) * span
        time.sleep(moment)
        running.kill()
        running.wait()
        print(f"kill {number + 1} after {moment:.1f} s: {finished(folder)} finished", flush=True)
    assert start(folder, *overrides).wait() == 0


def compare(whole: Path, killed: Path) -> list[str]:
    """Return what is wrong with the killed grid, a line each."""
    wrong = []
    for number in range(RUNS):
        one, other = whole / str(number), killed / str(number)
        if json.loads((other / "run.json").read_text())["status"] != "finished":
            wrong.append(f"run {number} is not finished")
        if (one / "result.png").read_bytes() != (other / "result.png").read_bytes():
            wrong.append(f"run {number} has another picture")
        if history(one) != history(other):
            wrong.append(f"run {number} has another history")
        names = [sorted(path.name for path in folder.rglob("*")) for folder in (one, other)]
        if names[0] != names[1]:
            wrong.append(f"run {number} has other files: {set(names[0]) ^ set(names[1])}")
    return wrong


def main(kills: int, seed: int, *overrides: str) -> int:
    """Run the grid undisturbed and killed; print and return how many things are wrong."""
    with tempfile.TemporaryDirectory() as place:
        whole, killed = Path(place, "whole"), Path(place, "killed")
        began = time.monotonic()
        assert start(whole, *overrides).wait() == 0, "the undisturbed grid failed"
        span = time.monotonic() - began
        print(f"undisturbed: {finished(whole)} runs in {span:.1f} s", flush=True)
        kill_often(killed, kills, span, random.Random(seed), *overrides)
        wrong = compare(whole, killed)
    print("\n".join(wrong) or f"{RUNS} runs, {kills} kills: all as if nothing had happened")
    return len(wrong)


if __name__ == "__main__":
    given = dict(enumerate(map(int, sys.argv[1:])))
    sys.exit(main(given.get(0, 10), given.get(1, 0)) > 0)
