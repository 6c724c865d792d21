"""Finished runs of other sweeps are taken instead of computed: sweep.reuse."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import QUIET, Command, compiled, pixels, record, refusal, valid_record
from PIL import Image

from nst.rundir import reuse
from nst.rundir.reader import read

GRID = ("-m", *QUIET, "sweep.report=false")


def seen(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_another_sweep_has_is_taken(command: Command):
    work = command.folder
    assert command(*GRID, "tv.gamma=0,1e3", "hydra.sweep.dir=outputs/a/first").returncode == 0
    assert command(*QUIET, "tv.gamma=1", "hydra.run.dir=outputs/b").returncode == 0
    before = seen(work / "outputs")
    own = ("tv.gamma=1e3,1,0,2", "sweep.reuse=outputs", "hydra.sweep.dir=new", "name=other")
    done = command(*GRID[:-1], *own)
    assert done.returncode == 0, done.stderr
    runs = [valid_record(work / "new" / str(number)) for number in range(4)]
    places = ["../../outputs/a/first/1", "../../outputs/b", "../../outputs/a/first/0", None]
    assert [run["reused_from"] for run in runs] == places
    assert [run["same_as"] for run in runs] == [None] * 4
    assert [run["config"]["tv"]["gamma"] for run in runs] == [1e3, 1, 0, 2]
    assert {run["status"] for run in runs} == {"finished"}
    assert runs[0]["config"]["name"] == "other"
    for run, number in ((0, "a/first/1"), (1, "b"), (2, "a/first/0")):
        mine, theirs = work / "new" / str(run), work / "outputs" / number
        for name in ("result.png", "history.csv", "images/step_00000.png"):
            assert (mine / name).read_bytes() == (theirs / name).read_bytes()
        assert runs[run]["best"] == record(theirs)["best"]
        assert runs[run]["metrics"] == record(theirs)["metrics"]
    assert seen(work / "outputs") == before
    # The table and the reader say so.
    rows = list(csv.DictReader((work / "new" / "metrics.csv").read_text().splitlines()))
    assert [row["reused_from"] for row in rows] == [place or "" for place in places]
    found = read(work / "new" / "0", "0")
    assert getattr(found, "reused_from", None) == places[0]
    # The same command once more has nothing to take.
    after = seen(work / "new" / "0")
    assert command(*GRID, *own).returncode == 0
    assert seen(work / "new" / "0") == after


def test_by_itself_and_in_a_basic_sweep(command: Command):
    assert command(*QUIET, "tv.gamma=1", "hydra.run.dir=first").returncode == 0
    reusing = "sweep.reuse=[first,first]"
    done = command(*QUIET, "tv.gamma=1", reusing, "hydra.run.dir=second")
    assert (done.returncode, record(command.folder / "second")["reused_from"]) == (0, "../first")
    own = ("hydra/launcher=basic", "tv.gamma=1", reusing, "hydra.sweep.dir=third")
    assert command(*GRID, *own).returncode == 0
    assert record(command.folder / "third" / "0")["reused_from"] == "../../first"


def test_of_two_that_are_the_same_one_is_taken_and_the_other_refers_to_it(command: Command):
    assert command(*QUIET, "style=night", "hydra.run.dir=first").returncode == 0
    grid = ("style.path=null,night.png", "hydra.sweep.dir=new", "sweep.reuse=first")
    # A file of the same bytes under another name.
    from nst.config.groups import Source
    from nst.sources.resolve import locate

    night = locate(Source("night"), None, key="style.path", fallback=False)
    (command.folder / "night.png").write_bytes(night.path.read_bytes())
    with compiled() as programs:
        done = command(*GRID, *grid)
    assert done.returncode == 0, done.stderr
    runs = [record(command.folder / "new" / number) for number in "01"]
    assert [run["reused_from"] for run in runs] == ["../../first", None]
    assert [run["same_as"] for run in runs] == [None, "../0"]
    assert "advance" not in programs


@pytest.fixture
def made(command: Command) -> Path:
    """The folder of a run that has finished."""
    done = command(*QUIET, "tv.gamma=3", "hydra.run.dir=first")
    assert done.returncode == 0, done.stderr
    return command.folder / "first"


def change(folder: Path, **fields: Any) -> None:
    (folder / "run.json").write_text(json.dumps(record(folder) | fields))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def replaced(path: Path) -> None:
    Image.fromarray(np.zeros_like(pixels(path))).save(path)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "picture cut": (lambda run: cut(run / "result.png"), "its result.png can't be read ("),
    "picture of another": (lambda run: replaced(run / "result.png"), "its result.png is of anoth"),
    "picture gone": (lambda run: (run / "result.png").unlink(), "its result.png can't be read ("),
    "size": (
        lambda run: change(run, picture={"width": 5, "height": 5}),
        "its result.png has another size than its run.json says",
    ),
    "step": (lambda run: cut(run / "images" / "step_00000.png"), "its images/step_00000.png can't"),
    "history": (lambda run: cut(run / "history.csv"), "history.csv can't be read (a row has"),
    "shorter history": (
        lambda run: (run / "history.csv").write_text(
            "".join((run / "history.csv").read_text().splitlines(True)[:-1])
        ),
        "its history.csv ends at another step than its run.json says",
    ),
    "record": (lambda run: cut(run / "run.json"), "run.json can't be read ("),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_named(made: Path, damage: str, caplog: pytest.LogCaptureFixture):
    same = (record(made)["config_hash"], 20)
    assert reuse.damage(made) is None
    assert reuse.Finished([str(made.parent)], made.parent / "new").find(same) == made
    assert caplog.messages == []
    harm, said = DAMAGES[damage]
    harm(made)
    finished = reuse.Finished([str(made.parent)], made.parent / "new")
    assert [finished.find(same) for _ in range(2)] == [None, None]
    (message,) = caplog.messages
    assert message.startswith(f"{made} is not taken, since ")
    assert said in message
    assert message.endswith(": the run is computed")
    # None of this concerns other runs.
    assert finished.find(("0" * 16, 20)) is None
    assert len(caplog.messages) == 1


def test_a_damaged_run_is_computed_anew(command: Command, made: Path):
    whole = (made / "history.csv").read_bytes().count(b"\n")
    cut(made / "result.png")
    before = seen(made)
    done = command(*GRID, "tv.gamma=3,4", "sweep.reuse=.", "hydra.sweep.dir=new")
    assert done.returncode == 0, done.stderr
    assert "first is not taken, since its result.png can't be read" in done.stderr
    new = command.folder / "new" / "0"
    assert record(new)["reused_from"] is None
    assert (new / "history.csv").read_bytes().count(b"\n") == whole
    assert seen(made) == before


@pytest.mark.parametrize(
    "fields",
    [{"status": "diverged"}, {"status": "running"}, {"config_hash": "0" * 16}],
)
def test_what_is_another_run_or_has_not_finished_is_left(made: Path, fields: dict[str, Any]):
    same = (record(made)["config_hash"], 20)
    change(made, **fields)
    assert reuse.Finished([str(made)], made.parent / "new").find(same) is None


def test_pictures_kept_more_often_are_other_files(made: Path):
    config_hash = record(made)["config_hash"]
    assert reuse.Finished([str(made)], made.parent / "new").find((config_hash, 1)) is None


def test_a_sweeps_own_runs_are_none_of_another(made: Path):
    same = (record(made)["config_hash"], 20)
    assert reuse.Finished([str(made.parent)], made.parent).find(same) is None
    assert reuse.Finished([str(made.parent)], made).find(same) is None


@pytest.mark.parametrize("door", [("-m", "tv.gamma=0,1"), ()])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("outptus", "sweep.reuse: 'outptus' is no folder: it must be one that holds runs"),
        ("[]", "sweep.reuse must be a folder or a list of folders, not []"),
        ("[a,{b:1}]", "sweep.reuse must be a folder or a list of folders, not ['a', {'b': 1}]"),
    ],
)
def test_a_folder_that_is_none(command: Command, door: tuple[str, ...], asked: str, said: str):
    assert said in refusal(command, *door[:1], *QUIET, *door[1:], f"sweep.reuse={asked}")


def test_the_way_names_no_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(home := tmp_path / "home" / "me"))
    run = home / "outputs" / "new" / "0"
    assert reuse.way(run, home / "outputs" / "first") == "../../first"
    assert reuse.way(tmp_path / "data" / "0", home / "first") == "~/first"
    assert reuse.way(tmp_path / "data" / "0", tmp_path / "data" / "1") == "../1"
