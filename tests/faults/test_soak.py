"""Many tiny runs in one process: do memory, open files, threads and time a run stay flat?"""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import TINY

RUNS = 2000


class Sample(NamedTuple):
    """What a process holds after some runs."""

    runs: int
    seconds: float  # of the processor, which others don't change
    mebibytes: float
    files: int
    threads: int


def sample(process: int, folder: Path) -> Sample:
    """Return what the process holds now."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    held = dict(line.split(":", 1) for line in status)
    # Time of its own in user and system mode, fields 14 and 15 of proc(5).
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return Sample(
        runs=sum(1 for _ in folder.glob("*/result.png")),
        seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        mebibytes=int(held["VmRSS"].split()[0]) / 1024,
        files=len(os.listdir(f"/proc/{process}/fd")),
        threads=int(held["Threads"]),
    )


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


@pytest.mark.slow
def test_nothing_grows_over_many_runs_in_one_process(tmp_path: Path):
    folder = tmp_path / "sweep"
    own = ("hydra/launcher=batched", "sweep.report=false", f"hydra.sweep.dir={folder}")
    run = (*TINY, "steps=5", "check_every=20", f"tv.gamma=range(0,{RUNS})")
    running = subprocess.Popen(
        [sys.executable, "-m", "nst.run", "-m", *own, *run],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    samples: list[Sample] = []
    while running.poll() is None:
        time.sleep(0.1)
        with contextlib.suppress(OSError, KeyError):  # it has just ended
            now = sample(running.pid, folder)
            if now.runs >= RUNS * (len(samples) + 1) / 10 and len(samples) < 9:
                samples.append(now)
                print("  ".join(f"{name} {value:.5g}" for name, value in now._asdict().items()))
    assert running.returncode == 0
    assert sum(1 for _ in folder.glob("*/result.png")) == RUNS
    assert growing(samples) == []


def test_growth_is_seen():
    flat = [Sample(10 * n, 5.0 * n, 500.0, 40, 20) for n in range(1, 10)]
    assert growing(flat) == []
    leaking = [one._replace(mebibytes=500 + 30 * n) for n, one in enumerate(flat)]
    assert growing(leaking) == ["mebibytes grew from 560 to 740"]
    slower = [one._replace(seconds=5.0 * n**2) for n, one in enumerate(flat)]
    assert growing(slower) == ["a run took 0.500 s at first and 5.500 s at last"]
