"""Kills a grid of 24 runs at random moments, lets it end, and holds it to an undisturbed one.

    python tests/faults/kill_grid.py [KILLS] [SEED] [OVERRIDES...]

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
    folder: Path, kills: int, rows: int, chance: random.Random, *overrides: str
) -> list[int]:
    """Start the grid again and again, killing it each time; then let it end.

    A fifth of the kills comes while the process starts; the others come once it has written some
    more of the grid's `rows` of histories, so few that the grid lasts for as many kills.

    Returns:
      how many runs had finished at each kill.
    """
    ends = []
    for number in range(kills):
        more = chance.uniform(0, min(1.6 * rows / kills, 0.9 * rows))
        wanted = written(folder) + more
        running = start(folder, *overrides)
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 3))
            when = "while it starts"
        else:
            while written(folder) < wanted:
                assert running.poll() is None, "the grid has ended before all kills"
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
            when = f"after {more:.0f} rows"
        running.kill()
        running.wait()
        ends.append(finished(folder))
        print(f"kill {number + 1} {when}: {ends[-1]} finished", flush=True)
    assert start(folder, *overrides).wait() == 0
    return ends


def written(folder: Path) -> int:
    """Return how many rows all histories have."""
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*/history.csv"))


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
        assert start(whole, *overrides).wait() == 0, "the undisturbed grid failed"
        rows = written(whole)
        print(f"undisturbed: {finished(whole)} runs, {rows} rows of histories", flush=True)
        ends = kill_often(killed, kills, rows, random.Random(seed), *overrides)
        wrong = compare(whole, killed)
        if len(set(ends)) < kills // 3:
            wrong.append(f"the kills came in {len(set(ends))} places alone")
    print("\n".join(wrong) or f"{RUNS} runs, {kills} kills: all as if nothing had happened")
    return len(wrong)


if __name__ == "__main__":
    kills, seed, *overrides = [*sys.argv[1:], "10", "0"][: max(2, len(sys.argv) - 1)]
    sys.exit(main(int(kills), int(seed), *overrides) > 0)
