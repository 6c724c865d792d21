"""A sweep and a run, killed at any moment, end as if nothing had happened."""

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import TINY, Command, ended, losses, record, rows
from PIL import Image

DYING = (sys.executable, str(Path(__file__).with_name("dying.py")), "kill")
RUN = (*TINY, "steps=3", "sweep.save_every=0")
#: What lasts long enough to be killed at a random moment.
DEEPER = (*RUN, "content.layers=[conv2_1]", "style.layers=[conv1_1,conv2_1]")
GRID = (
    *("-m", "hydra/launcher=batched", *DEEPER, "check_every=10"),
    *("pooling=avg,max", "tv.gamma=0,1e2,1e3", "beta=1e2,1e3,1e4,1e5"),
)
RUNS = 24
#: Into how many tests the changes of a run are divided, for as many processes.
PARTS = 8


def written(sweep: Path) -> int:
    """Return how many rows all histories have."""
    return sum(len(rows(path.parent)) for path in sweep.glob("*/history.csv"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "tracking"), [(1, "disabled"), (25, "disabled"), (25, "offline")]
)
def test_a_grid_survives_kills(command: Command, kills: int, tracking: str):
    """A fifth of the kills comes while it starts, the others once it has written some more rows."""
    grid = (*GRID, f"tracking={tracking}", f"steps={60 if kills == 1 else 300}")
    whole, killed = command.folder / "whole", command.folder / "killed"
    done = ended(command.start(*grid, f"hydra.sweep.dir={whole}"))
    assert done.returncode == 0, done.stderr
    most = written(whole)
    chance = random.Random(1)
    finished = set()
    for _ in range(kills):
        wanted = written(killed) + chance.uniform(0, min(1.6 * most / kills, 0.9 * most))
        running = command.start(*grid, f"hydra.sweep.dir={killed}")
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 3))
        else:
            while written(killed) < wanted:
                assert running.poll() is None, "the grid has ended before all kills"
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
        running.kill()
        ended(running)
        records = [record(path.parent) for path in killed.glob("*/run.json")]
        finished.add(sum(one["status"] == "finished" for one in records))
    assert len(finished) >= kills // 3  # else they came in few places alone
    done = ended(command.start(*grid, f"hydra.sweep.dir={killed}"))
    assert done.returncode == 0, done.stderr
    for number in map(str, range(RUNS)):
        assert contents(killed / number) == contents(whole / number), number
    if tracking == "offline":
        ids = [record(killed / str(number))["tracked"]["id"] for number in range(RUNS)]
        assert set(ids) <= set(offline(killed))
        # With the sweep's cells, and what a kill cut off before its run.json was there.
        assert len(offline(killed)) <= RUNS + 1 + kills // 5


def contents(folder: Path) -> list[Any]:
    """Return what a run has left, without times, W&B's own files and its id, which is random."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    fields = record(folder)
    del fields["timings"], fields["tracked"]
    pictures = [folder / "result.png", *sorted((folder / "images").glob("*.png"))]
    for path in pictures:
        with Image.open(path) as picture:
            picture.verify()
    # A kill at the very end can leave the lock file; the next run takes it over.
    files = {name for name in names if not name.startswith("wandb")} - {".nst.lock"}
    return [files, fields, losses(folder), *(path.read_bytes() for path in pictures)]


def offline(folder: Path) -> list[str]:
    """Return the ids of W&B's offline records, each of which `wandb leet` shows as a run."""
    # offline-run-DAY_TIME-ID, with a number where two begin in the same second.
    return [path.name.split("-")[3] for path in folder.glob("wandb/offline-run-*")]


def killed(command: Command, change: int) -> Path:
    """Return the folder of a run that was killed before its change of that number of a file."""
    folder = command.folder / f"killed-{change}"
    done = command(str(folder), str(change), *RUN, f"hydra.run.dir={folder}", program=DYING)
    assert done.returncode == -9, (change, done.stderr)
    return folder


def test_a_run_survives_a_kill(command: Command):
    """Before it saves its state after a step whose row it has written."""
    assert command(*RUN, "hydra.run.dir=whole").returncode == 0
    folder = killed(command, 53)
    assert len(losses(folder)) == 3
    # What kills in the middle of a file leave, here of a process of the number 1; the sums are of
    # `printf nst.run.json.1 | sha256sum`.
    halves = (".run.json.1-c31e18ae.part", "images/.step_00010.png.1-11441d1d.part")
    others = (".run.json.1.part", ".run.json.2-c31e18ae.part", "images/.mine.png.1-85c5cd29.part")
    for name in (*halves, *others):
        (folder / name).write_bytes(b"half")
    again = command(*RUN, f"hydra.run.dir={folder}")
    assert again.returncode == 0, again.stderr
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.part")} == set(others)
    for name in others:
        (folder / name).unlink()
    assert contents(folder) == contents(command.folder / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_survives_a_kill_before_any_change_of_a_file(command: Command, part: int):
    """Pictures, history, saved states, records, W&B's files: each before each change of it."""
    whole = command.folder / "whole"
    done = command(str(whole), "0", *RUN, f"hydra.run.dir={whole}", program=DYING)
    changes = int(done.stdout.split()[-1])
    assert changes > 60
    for change in range(1 + part, changes + 1, PARTS):
        folder = killed(command, change)
        began = (folder / "run.json").exists()  # before it, nothing shows whose a record is
        again = command(*RUN, f"hydra.run.dir={folder}")
        assert again.returncode == 0, (change, again.stderr)
        assert contents(folder) == contents(whole), change
        if began:
            assert offline(folder) == [record(folder)["tracked"]["id"]], change


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_run_survives_kills_at_random_moments(command: Command, seed: int):
    """Five kills of each, while it starts, compiles, steps and ends."""
    run = (*DEEPER, "steps=30", "check_every=10")
    assert command(*run, "hydra.run.dir=whole").returncode == 0
    chance = random.Random(seed)
    for _ in range(5):
        running = command.start(*run, "hydra.run.dir=killed")
        time.sleep(chance.uniform(0.5, 6))
        running.kill()
        assert running.communicate(timeout=60) is not None
    again = command(*run, "hydra.run.dir=killed")
    assert again.returncode == 0, again.stderr
    assert contents(command.folder / "killed") == contents(command.folder / "whole")
