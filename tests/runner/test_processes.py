"""One picture in several processes: real ones on this machine, which find each other by a port."""

import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers import SHALLOW, Done, await_rows, ended, losses, pixels, record, refusal

RUN = ("network=vgg16", "tracking=disabled", "size=48", "steps=10", "check_every=5", *SHALLOW)
ROWS = (*RUN, "devices=rows")
#: Long enough to be interrupted.
LONG = (*ROWS, "steps=1500", "sweep.save_every=0", "tracking.images_every=0")


def start(process, each: Sequence[tuple[str, ...]]) -> list[subprocess.Popen[str]]:
    """Start as many processes as there are commands, which are to join each other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    several = {"JAX_COORDINATOR_ADDRESS": address, "NST_PROCESSES": str(len(each))}
    return [
        process.start(*arguments, env=several | {"NST_PROCESS": str(number)})
        for number, arguments in enumerate(each)
    ]


def run(process, each: Sequence[tuple[str, ...]]) -> list[Done]:
    return [ended(one) for one in start(process, each)]


def said(done: Done) -> list[str]:
    """Return nst's own lines: JAX, too, says what it thinks of processes that die."""
    return [line for line in done.stderr.splitlines() if line.startswith("nst: ")]


def alike(one: Path, other: Path) -> bool:
    """Return whether two runs have the same losses, to 1e-5, and pictures, to half a gray level."""
    for first, second in zip(*map(losses, (one, other)), strict=True):
        assert float(second["total"]) == pytest.approx(float(first["total"]), rel=1e-5)
    pictures = (pixels(folder / "result.png").astype(int) for folder in (one, other))
    # Half a gray level may round to a whole one.
    return int(np.abs(np.subtract(*pictures)).max()) <= 1


@pytest.mark.parametrize(
    ("count", "optimizer"), [(2, "adam"), pytest.param(3, "lbfgs", marks=pytest.mark.slow)]
)
def test_processes_make_the_picture_of_one(process, count: int, optimizer: str):
    own = f"optimizer={optimizer}"
    leader, *others = run(
        process, [(*ROWS, own, "hydra.run.dir=rows")] + [(*ROWS, own)] * (count - 1)
    )
    assert [leader.returncode, *(one.returncode for one in others)] == [0] * count, leader.stderr
    assert [one.stdout.count("result.png") for one in (leader, *others)] == [1] + [0] * (count - 1)
    # One process writes: the others' folders are gone.
    assert not list(process.folder.glob("outputs/default/*"))
    assert f"over {count} devices" in (process.folder / "rows" / "run.log").read_text()
    assert process(*RUN, own, "hydra.run.dir=one").returncode == 0
    assert alike(process.folder / "one", process.folder / "rows")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dies", "how"), [(1, signal.SIGKILL), (0, signal.SIGKILL), (0, signal.SIGINT)]
)
def test_where_a_process_dies_the_run_continues_from_what_was_saved(process, dies: int, how: int):
    each = [(*LONG, "hydra.run.dir=rows"), LONG]
    running = start(process, each)
    await_rows(process.folder / "rows", 4, running[0])
    running[dies].send_signal(how)
    began = time.monotonic()
    leader, other = map(ended, running)
    assert time.monotonic() - began < 30
    if dies == 1:
        assert leader.returncode == 1
        (line,) = said(leader)
        assert "another process of this run has ended, or is out of reach" in line
        assert line.endswith(": the same commands continue from what was saved")
    if how == signal.SIGKILL:
        assert (leader.returncode, other.returncode)[1 - dies] != 0
    else:
        assert leader.returncode == 130
    assert len(losses(process.folder / "rows")) < 300
    leader, other = run(process, each)
    assert (leader.returncode, other.returncode) == (0, 0), leader.stderr
    assert "step 0/" not in leader.stderr
    assert record(process.folder / "rows")["status"] == "finished"
    steps = [int(row["step"]) for row in losses(process.folder / "rows")]
    assert steps == list(range(0, 1501, 5))


@pytest.mark.slow
def test_what_one_process_refuses_ends_all(process):
    leader, other = run(process, [ROWS, (*ROWS, "style.path=nowhere.jpg")])
    assert said(leader) == ["nst: process 1 refused the run: its own output says why"]
    (line,) = said(other)
    assert line.endswith("nowhere.jpg' does not exist, but must be a file")
    leader, other = run(process, [ROWS, (*ROWS, "beta=2e4")])
    line = (
        "nst: process 1 has another run than process 0: give each the same command, the same files "
        "and the same version of nst"
    )
    assert said(leader) == said(other) == [line]
    # Of the folders above, each process removes those that it found missing.
    assert not list(process.folder.glob("outputs/default/*"))


@pytest.mark.slow
def test_more_processes_than_rows_are_refused(process):
    done = run(process, [(*ROWS, "size=24", "content.layers=[conv5_1]")] * 2)
    line = (
        "nst: devices=rows needs a row of conv5_1 for each of 2 devices, and at 24 x 16 pixels "
        "there are 1: take a larger size, or devices=lanes"
    )
    assert [said(one) for one in done] == [[line], [line]]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (
            {"NST_PROCESS": "0", "NST_PROCESSES": "2"},
            "NST_PROCESSES=2 needs JAX_COORDINATOR_ADDRESS",
        ),
        ({"NST_PROCESS": "2", "NST_PROCESSES": "2"}, "NST_PROCESS=2 and NST_PROCESSES=2 don't fit"),
        ({"NST_PROCESS": "-1", "NST_PROCESSES": "2"}, "NST_PROCESS=-1 must be a whole number"),
        ({"NST_PROCESSES": "2"}, "NST_PROCESS is missing"),
    ],
)
def test_variables_that_make_no_sense_are_refused(command, given: dict[str, str], found: str):
    line = refusal(command, *ROWS, env=given)
    assert line.startswith(f"nst: {found}")


def test_a_step_of_slurm_says_which_process_this_is(monkeypatch: pytest.MonkeyPatch):
    from nst.base.processes import Process, here

    # As srun sets them for the second of two tasks on two nodes; sbatch alone has no step.
    for name, value in {"PROCID": "1", "NTASKS": "2", "STEP_NUM_NODES": "2"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert here() is None
    monkeypatch.setenv("SLURM_STEP_NODELIST", "node[1-2]")
    assert here() == Process(1, 2, alone=True)
    monkeypatch.setenv("SLURM_STEP_NUM_NODES", "1")
    assert here() == Process(1, 2, alone=False)
