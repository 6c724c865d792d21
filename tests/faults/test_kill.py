"""A sweep and a run, killed at any moment, end as if nothing had happened."""

import json
import random
import sys
import time
from pathlib import Path

import kill_grid
import pytest
from helpers import Command
from PIL import Image

DYING = (sys.executable, str(Path(__file__).with_name("dying.py")), "kill")
RUN = (
    "network=vgg16",
    "size=32",
    "steps=30",
    "check_every=10",
    "sweep.save_every=0",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1,conv2_1]",
)
#: Into how many tests the changes of a run are divided, for as many processes.
PARTS = 8


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 25])
def test_a_grid_survives_kills(kills: int):
    steps = f"steps={60 if kills < 10 else 300}"
    assert kill_grid.main(kills, 1, "tracking=disabled", steps) == 0


def contents(folder: Path) -> tuple[set[str], dict, list[dict[str, str]], bytes, list[bytes]]:
    """Return what a run has left, without times and W&B's own files, whose names are random."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    fields = json.loads((folder / "run.json").read_text())
    del fields["timings"]
    pictures = sorted((folder / "images").glob("*.png"))
    for path in pictures:
        with Image.open(path) as picture:
            picture.verify()
    return (
        {name for name in names if not name.startswith("wandb")},
        fields,
        kill_grid.history(folder),
        (folder / "result.png").read_bytes(),
        [path.read_bytes() for path in pictures],
    )


def undisturbed(command: Command) -> tuple[Path, int]:
    """Return the folder of a run that nobody kills, and how many files it changes."""
    folder = command.folder / "whole"
    done = command(str(folder), "0", *RUN, f"hydra.run.dir={folder}", program=DYING)
    assert done.returncode == 0, done.stderr
    return folder, int(done.stdout.split()[-1])


@pytest.mark.parametrize(
    "part", ["short", *(pytest.param(part, marks=pytest.mark.slow) for part in range(PARTS))]
)
def test_a_run_survives_a_kill_before_any_change_of_a_file(command: Command, part: int | str):
    """Pictures, history, saved states, records, W&B's files: each before each change of it."""
    whole, changes = undisturbed(command)
    wanted = contents(whole)
    assert changes > 40
    every = range(1 + int(part), changes + 1, PARTS) if part != "short" else [changes - 3]
    for fatal in every:
        folder = command.folder / f"killed-{fatal}"
        arguments = (*RUN, f"hydra.run.dir={folder}")
        killed = command(str(folder), str(fatal), *arguments, program=DYING)
        assert killed.returncode == -9, (fatal, killed.stderr)
        again = command(*arguments)
        assert again.returncode == 0, (fatal, again.stderr)
        assert contents(folder) == wanted, fatal


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_run_survives_kills_at_random_moments(command: Command, seed: int):
    """Five kills of each, while it starts, compiles, steps and ends."""
    whole, _ = undisturbed(command)
    chance = random.Random(seed)
    folder = command.folder / "killed"
    arguments = (*RUN, f"hydra.run.dir={folder}")
    for _ in range(5):
        running = command.start(*arguments)
        time.sleep(chance.uniform(0.5, 6))
        running.kill()
        assert running.communicate(timeout=60) is not None
    again = command(*arguments)
    assert again.returncode == 0, again.stderr
    assert contents(folder) == contents(whole)


def test_a_kill_in_the_middle_of_a_file_leaves_nothing(command: Command):
    run = command.folder / "run"
    arguments = (*RUN, "tracking=disabled", f"hydra.run.dir={run}")
    running = command.start(*arguments)
    while not (run / "history.csv").exists():
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.communicate(timeout=60)
    # Of a process of the number 1; the sums are of `printf nst.run.json.1 | sha256sum`.
    halves = (".run.json.1-c31e18ae.part", "images/.step_00010.png.1-11441d1d.part")
    others = (".run.json.1.part", ".run.json.2-c31e18ae.part", "images/.mine.png.1-85c5cd29.part")
    for name in (*halves, *others):
        (run / name).write_bytes(b"half")
    assert command(*arguments).returncode == 0
    left = {path.relative_to(run).as_posix() for path in run.rglob("*.part")}
    assert left == set(others)
