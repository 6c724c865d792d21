"""Thousands of tiny runs in one process: do memory, open files, threads and time a run stay flat?

python tests/faults/soak.py [RUNS]

Prints a line every tenth of the runs, and ends with status 1 where something grows.
"""

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

RUN = (
    "hydra/launcher=batched",
    "network=vgg16",
    "size=32",
    "steps=5",
    "content.layers=[conv1_1]",
    "style.layers=[conv1_1]",
    "sweep.report=false",
)
QUIET = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}


class Sample(NamedTuple):
    """What a process holds after some runs."""

    runs: int
    seconds: float  # of the processor
    mebibytes: float
    files: int
    threads: int


def sample(process: int, folder: Path) -> Sample:
    """Return what the process holds now, and its processor's time, which others don't change."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    runs = sum(1 for _ in folder.glob("*/result.png"))
    resident = int(status["VmRSS"].split()[0]) / 1024
    files = len(os.listdir(f"/proc/{process}/fd"))
    # Time of its own in user and system mode, fields 14 and 15 of proc(5).
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Sample(runs, seconds, resident, files, int(status["Threads"]))


def soak(runs: int, folder: Path) -> list[Sample]:
    """Run the grid in one process; return a sample for each tenth of its runs, but for the last."""
    command = [sys.executable, "-m", "nst.run", "-m", *RUN, f"tv.gamma=range(0,{runs})"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*command, f"hydra.sweep.dir={folder}"],
        env=os.environ | QUIET,
        stdout=quiet,
        stderr=quiet,
    )
    samples: list[Sample] = []
    while process.poll() is None:
        time.sleep(0.1)
        with contextlib.suppress(OSError, KeyError):  # it has just ended
            now = sample(process.pid, folder)
            if now.runs >= runs * (len(samples) + 1) / 10 and len(samples) < 9:
                samples.append(now)
                print("  ".join(f"{name} {value:.5g}" for name, value in now._asdict().items()))
    assert process.returncode == 0
    assert sum(1 for _ in folder.glob("*/result.png")) == runs
    return samples


def growing(samples: list[Sample]) -> list[str]:
    """Return what is larger in the last samples than in the second and third, beyond its noise."""
    wrong = []
    early, late = samples[1:3], samples[-2:]
    for name in ("mebibytes", "files", "threads"):
        before, after = (max(getattr(one, name) for one in some) for some in (early, late))
        if after > 1.1 * before + 10:  # a few come and go with what is being written
            wrong.append(f"{name} grew from {before:.0f} to {after:.0f}")
    rates = [(b.seconds - a.seconds) / (b.runs - a.runs) for a, b in itertools.pairwise(samples)]
    before, after = min(rates[:3]), min(rates[-3:])
    if after > 1.5 * before:
        wrong.append(f"a run took {before:.3f} s at first and {after:.3f} s at last")
    return wrong


def main(runs: int) -> int:
    """Print what grows; return how much of it there is."""
    with tempfile.TemporaryDirectory() as place:
        wrong = growing(soak(runs, Path(place)))
    print("\n".join(wrong) or f"{runs} runs: nothing grows")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000) > 0)
