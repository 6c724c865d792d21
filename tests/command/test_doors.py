"""The tests' own short way to the command line says and writes what a process does."""

import hashlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import TINY, Command, Done, Process, record

#: What differs between any two runs: when, how long, and where the process was.
TIMES = ("run_id", "timings", "command", "environment")


def said(done: Done, work: Path) -> tuple[int, str, list[str]]:
    """Return exit status and output without the times of steps."""
    lines = [line.partition("s/step")[2] or line for line in done.stderr.splitlines()]
    return done.returncode, done.stdout.replace(str(work), "WORK"), lines


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("nst.run", ["size=7"]),
        ("nst.run", ["a=[1"]),
        ("nst.run", ["-m", "steps=1,0", "tracking=disabled"]),
        ("nst.run", ["--resolve"]),
        pytest.param("nst.run", ["content.path=nothing.png"], marks=pytest.mark.slow),
        ("nst.sweep", ["nothing.yaml"]),
        ("nst.report", ["nothing"]),
        pytest.param("nst.weights", ["vgg16", "--from", "nothing.h5"], marks=pytest.mark.slow),
        ("nst.weights", []),
    ],
)
def test_a_sentence_is_the_same(
    command: Command, process: Process, work: Path, program: str, arguments: list[str]
):
    whole = (sys.executable, "-m", program)
    mine, theirs = (door(*arguments, program=whole) for door in (command, process))
    assert said(mine, work) == said(theirs, work)
    assert command.files() == []


def test_a_run_is_the_same(command: Command, process: Process, work: Path):
    def one(door: Process, folder: str) -> tuple[Any, ...]:
        done = door(*TINY, "tracking=disabled", f"hydra.run.dir={folder}")
        assert done.returncode == 0, done.stderr
        run = work / folder
        fields = {key: value for key, value in record(run).items() if key not in TIMES}
        picture = hashlib.sha256((run / "result.png").read_bytes()).hexdigest()
        names = sorted(str(path.relative_to(run)) for path in run.rglob("*"))
        output = done.stdout.replace(folder, "RUN"), said(done, work)[2]
        return fields, picture, names, output

    mine, theirs = one(command, "mine"), one(process, "theirs")
    assert mine == theirs


def test_the_short_way_leaves_no_trace(command: Command, work: Path):
    def state() -> tuple[Any, ...]:
        heard = signal.getsignal(signal.SIGINT), logging.getLogger().handlers[:]
        return dict(os.environ), os.getcwd(), sys.argv[:], heard

    before = state()
    command("size=7", env={"NST_CACHE": "/nowhere", "HOME": None})
    assert state() == before
