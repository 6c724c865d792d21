"""The tests' own short way to the command line says and writes what a process does."""

import hashlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import TINY, Command, Done, Process

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
        ("nst.run", ["content.path=nothing.png", "tracking=disabled"]),
        ("nst.sweep", ["nothing.yaml"]),
        ("nst.report", ["nothing"]),
        ("nst.weights", ["vgg16", "--from", "nothing.h5"]),
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
        record = json.loads((run / "run.json").read_text())
        for key in TIMES:
            record.pop(key, None)
        picture = hashlib.sha256((run / "result.png").read_bytes()).hexdigest()
        names = sorted(str(path.relative_to(run)) for path in run.rglob("*"))
        output = done.stdout.replace(folder, "RUN"), said(done, work)[2]
        return record, picture, names, output

    mine, theirs = one(command, "mine"), one(process, "theirs")
    assert mine == theirs


def test_the_short_way_leaves_no_trace(command: Command, work: Path):
    def state() -> tuple[Any, ...]:
        handlers = tuple(logging.getLogger().handlers)
        return (
            dict(os.environ),
            os.getcwd(),
            list(sys.argv),
            signal.getsignal(signal.SIGINT),
            handlers,
        )

    before = state()
    command("size=7", env={"NST_CACHE": "/nowhere", "HOME": None})
    assert state() == before
