import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_runs import record, write_run

from nst.rundir.reader import read
from nst.rundir.runs import Broken, Run, folders
from nst.rundir.tree import find


def test_a_record_is_read_whole(tmp_path: Path):
    folder = write_run(
        tmp_path / "7",
        **{"tv.gamma": 1e3, "metrics": {"ssim": 0.25, "lpips": None}, "init.name": "noise"},
    )
    run = read(folder, "7")
    assert isinstance(run, Run)
    assert (run.name, run.status, run.error) == ("7", "finished", None)
    assert run.values["tv.gamma"] == 1e3
    assert run.values["style.layers"] == {"conv1_1": 1.0}
    assert (run.values["content"], run.values["style"]) == ("chelsea", "night")
    assert run.values["init"] == "noise"
    assert run.values["optimizer"] == "adam"
    assert run.metrics == {"ssim": 0.25, "lpips": None}
    assert run.losses == {"total": 5.5, "content": 1.5, "style": 2.5, "tv": 3.5}
    assert (run.best_step, run.steps_s, run.s_per_step) == (20, 3.0, 0.15)
    assert (run.width, run.height) == (60, 40)
    assert run.picture == folder / "result.png"


def test_names_paths_and_tracking_tell_no_runs_apart(tmp_path: Path):
    run = read(write_run(tmp_path / "0"), "0")
    assert isinstance(run, Run)
    beside = ("name", "tracking", "assets", "sweep", "content.", "network.")
    assert [key for key in run.values if key.startswith(beside)] == ["content.layers"]


def test_runs_are_found_at_any_depth_and_in_the_order_of_their_numbers(tmp_path: Path):
    of_wandb = "wandb/offline-run-20261125_201500-x1y2z3/files/no"
    for name in ("b/10", "b/2", "a", "b/2/images/no", of_wandb, ".report/no"):
        write_run(tmp_path / name)
    (tmp_path / "loop").symlink_to(tmp_path)
    found, broken = find([tmp_path, tmp_path / "b"], tmp_path)
    assert [run.name for run in found] == ["a", "b/2", "b/10"]
    assert broken == []
    assert {path.name for path in folders([tmp_path])} == {"a", "2", "10"}


def test_a_path_in_the_name_of_a_run_makes_folders_of_any_name(tmp_path: Path):
    # As hydra.sweep.subdir='${hydra.job.override_dirname}' does of style.path=/wandb/images/a.png.
    names = [f"style.path=/{path}" for path in ("images/a.png", "me/wandb/b", "wandb/images/c")]
    for name in [*names, "images/0", "wandb/1"]:
        write_run(tmp_path / name)
    (tmp_path / "multirun.yaml").touch()
    found, broken = find([tmp_path], tmp_path)
    assert {run.name for run in found} == {*names, "images/0", "wandb/1"}
    assert broken == []


def test_a_folder_may_be_a_run_itself(tmp_path: Path):
    folder = write_run(tmp_path / "only")
    assert [run.name for run in find([folder], folder)[0]] == ["only"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "run.json can't be read"),
        (b'{"schema": 1', "run.json can't be read"),
        (b"\xff\xfe\x00", "run.json can't be read"),
        (b"[" * 100_000, "run.json can't be read"),
        (b'{"schema": 1, "x": ' + b"9" * 5000 + b"}", "run.json can't be read"),
        (b"[1, 2]", "run.json holds no run"),
        (b'{"schema": 2}', "run.json has layout 2, and this version reads layout 1"),
        (b'{"config": {}}', "run.json has layout None, and this version reads layout 1"),
        (b'{"schema": 1, "config": [1]}', "run.json has no config"),
        (b'{"schema": 1, "config": {}, "status": []}', "run.json has the status '[]'"),
    ],
)
def test_a_broken_record_is_listed_with_its_reason(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "run.json").write_bytes(content)
    found = read(tmp_path, "x")
    assert isinstance(found, Broken)
    assert found.reason.startswith(reason)


def test_a_run_that_never_started(tmp_path: Path):
    (tmp_path / "0" / ".hydra").mkdir(parents=True)
    (tmp_path / "0" / "run.log").touch()
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "history.csv").write_text("step,sec")
    _, broken = find([tmp_path], tmp_path)
    assert [(one.folder.name, one.reason) for one in broken] == [
        ("0", "there is no run.json: the run never started"),
        ("1", "there is no run.json, though there is a history.csv"),
    ]


ODD: list[dict[str, Any]] = [
    {"best": [1], "timings": "no", "picture": 3, "metrics": [1], "sources": "x"},
    {"best": {"step": "x", "total": "y"}, "timings": {"steps_s": True, "started": 5}},
    {"metrics": {"ssim": float("nan"), "lpips": 10**400, "tv": "1"}},
    {"picture": {"width": -1, "height": 1e40}, "error": ["a", "list"]},
    {"sources": {"style": {"used": ["x"], "title": {}, "sha256": 3}}},
    {"config": {"size": float("inf"), "style": "night", "tv": [1], "new": {"deep": {"er": {}}}}},
    {"config": {"style": {"layers": {"conv1_1": "x"}, "path": "\ud800"}, "\ud801": 1}},
    {"config": {"beta": "x" * 100_000, "content": {"layers": ["a", "b"]}}},
]


@pytest.mark.parametrize("fields", ODD)
def test_odd_types_are_read_as_missing(tmp_path: Path, fields: dict[str, Any]):
    write_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(record() | fields))
    run = read(tmp_path, "x")
    assert isinstance(run, Run)
    assert all(value is None or abs(value) < 1e300 for value in run.metrics.values())
    assert all(len(value) <= 1000 for value in run.values.values() if isinstance(value, str))
    repr(run).encode()  # no half characters


def test_too_many_keys_are_refused(tmp_path: Path):
    fields = record() | {"config": {f"key{at}": at for at in range(10_000)}}
    (tmp_path / "run.json").write_text(json.dumps(fields))
    found = read(tmp_path, "x")
    assert isinstance(found, Broken)
    assert found.reason == "run.json has 10000 keys, and at most 200 are read"


def test_own_files_go_by_their_stems_and_are_told_apart(tmp_path: Path):
    for at, (path, sha) in enumerate([("a/cat.jpg", "aa"), ("b/cat.jpg", "bb"), ("dog.png", "cc")]):
        fields = record(**{"content.path": path})
        fields["sources"]["content"] = {"used": Path(path).name, "title": "t", "sha256": sha * 32}
        folder = write_run(tmp_path / str(at))
        (folder / "run.json").write_text(json.dumps(fields))
    found, _ = find([tmp_path], tmp_path)
    assert [run.values["content"] for run in found] == ["cat (aaaa)", "cat (bbbb)", "dog"]


def test_a_name_that_is_no_text(tmp_path: Path):
    odd = os.fsdecode(b"\xff\n<script>")
    write_run(tmp_path / odd)
    (run,), _ = find([tmp_path], tmp_path)
    assert run.name == "\\udcff\n<script>"


def test_a_folder_that_can_t_be_opened_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    assert find([tmp_path], tmp_path)[1] == [
        Broken(tmp_path, "the folder can't be opened (Permission denied)")
    ]


def test_a_report_loads_neither_jax_nor_hydra():
    light = "nst.report.build, nst.rundir.tree, nst.rundir.ownership, nst.rundir.history"
    check = f"import sys, {light}; print([n for n in ('jax', 'flax', 'hydra') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
