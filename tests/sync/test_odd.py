"""What `nst sync` makes of odd records, of a server that takes nothing, and of Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fake_runs import write_run
from helpers import ROOT, environment
from PIL import Image
from wandb_server import digest

from nst.base import locks
from nst.base.errors import UserError
from nst.report.reading import runs_in
from nst.sync import alone, every, waiting
from nst.sync.waiting import Waiting
from nst.tracking import wandb_remote
from nst.tracking.wandb_remote import There

HISTORY = "step,seconds,evaluations,total,content,style,tv\n"
ROW = "{0},0.5,{0},9.0,1.0,2.0,3.0\n"
GONE = "it was deleted at W&B, which takes no run of its id again"


def tracked(folder: Path, rows: int = 2, **changes: Any) -> Path:
    """Write a run that was tracked offline, of an id that its folder has as its name."""
    known = {"id": f"id-{folder.name}", "project": "p", "entity": "me"}
    known |= changes.pop("known", {})
    write_run(folder, **{"tracked": known, "tracking.mode": "offline", **changes})
    text = HISTORY + "".join(ROW.format(20 * at) for at in range(rows))
    (folder / "history.csv").write_text(text)
    return folder


def read(folder: Path) -> tuple[list[Waiting], dict[str, str]]:
    return waiting.waiting(runs_in([folder])[0])


def test_an_odd_record_keeps_no_other_run_from_being_sent(tmp_path: Path):
    tracked(tmp_path / "good", known={"tags": ["a", "", 3], "group": 7, "notes": None})
    (tracked(tmp_path / "cut") / "history.csv").write_text(HISTORY + ROW.format(0) + "20,0.5,2")
    tracked(tmp_path / "diverged", status="diverged", error="the loss is NaN", best=None)
    text = (tmp_path / "diverged" / "history.csv").read_text()
    (tmp_path / "diverged" / "history.csv").write_text(text.replace("9.0", "nan"))
    tracked(tmp_path / "bare", rows=0, status="failed", error="no room", best=None)
    expected: dict[str, tuple[dict[str, Any], str]] = {
        "list": (dict(tracked=["id"]), "its record doesn't say where it goes"),
        "slash": (dict(known={"id": "a/b"}), "its record doesn't say where it goes"),
        "number": (dict(known={"id": 5}), "its record doesn't say where it goes"),
        "newer": ({"tv.other": 1}, "its record can't be read: there is no key 'tv.other'"),
        "size": (dict(size="huge"), "its record can't be read: size must be a whole number"),
        "best": (dict(best={"step": "x"}), "its record holds what nst never writes ("),
        "sources": (dict(sources={"style": 3}), "its record holds what nst never writes"),
        "twin": (dict(known={"id": "id-good"}), "it has the id of good, and W&B has each id once"),
    }
    for name, (changes, _) in expected.items():
        tracked(tmp_path / name, **changes)
    (tracked(tmp_path / "table") / "history.csv").write_text("a,b\n1,2\n")
    expected["table"] = ({}, "its record can't be read: history.csv is no table of nst's")
    found, left = read(tmp_path)
    assert {one.run.name: len(one.rows) for one in found} == {
        **{"good": 2, "cut": 1, "diverged": 2, "bare": 0},
    }
    assert next(one.known for one in found if one.run.name == "good") == {
        **{"id": "id-good", "project": "p", "entity": "me", "tags": ["a", "3"]},
    }
    assert set(left) == set(expected)
    for name, (_, why) in expected.items():
        assert left[name].startswith(why), left[name]


def test_of_two_folders_with_one_id_the_longer_run_is_sent(tmp_path: Path):
    tracked(tmp_path / "a", rows=2)
    tracked(tmp_path / "b", rows=3, known={"id": "id-a"})
    (one,), left = read(tmp_path)
    assert one.run.name == "b"
    assert left == {"a": "it has the id of b, and W&B has each id once"}


def test_votes_are_those_of_the_whole_sweep_whatever_folder_is_named(tmp_path: Path):
    for sweep, colors in (("a", (10, 60, 110)), ("b", (160, 210))):
        for number, color in enumerate(colors):
            folder = tracked(tmp_path / sweep / str(number), known={"id": f"{sweep}-{number}"})
            Image.new("RGB", (60, 40), (color, 0, 0)).save(folder / "result.png")
        (tmp_path / sweep / "multirun.yaml").touch()
        shown = [digest((tmp_path / sweep / at / "result.png").read_bytes()) for at in "01"]
        vote = {"nst": "vote", "left": shown[0], "right": shown[1], "answer": "left"}
        vote |= {"voter": "me", "time": "2026-11-26T14:35:56.289+00:00"}
        (tmp_path / sweep / "votes.jsonl").write_text(json.dumps(vote) + "\n")
    whole = {one.known["id"]: one for one in read(tmp_path)[0]}
    first, second = (whole[name].run.metrics["preference"] or 0 for name in ("a-0", "a-1"))
    assert first > 0 > second
    for place in ("a", "a/0", "a/1", "b", "b/1"):
        for one in read(tmp_path / place)[0]:
            assert one.record == whole[one.known["id"]].record
    (tmp_path / "b" / "votes.jsonl").unlink()
    assert read(tmp_path / "b")[0][0].record != whole["b-0"].record


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Waiting]:
    """Forty runs that the server lacks."""
    monkeypatch.setattr(wandb_remote, "runs", lambda *_: {})
    monkeypatch.setattr(wandb_remote, "PATIENCE", 0)
    for number in range(40):
        tracked(tmp_path / str(number))
    return read(tmp_path)[0]


def test_a_server_that_takes_no_run_is_not_asked_for_each(
    runs: list[Waiting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tried = []

    def refuse(one: Waiting, _: Path) -> None:
        tried.append(one)
        time.sleep(0.02)
        raise UserError("it did not answer")

    monkeypatch.setattr(every, "send", refuse)
    done = every.every(runs, tmp_path, lambda _: None)
    assert every.ENOUGH <= len(tried) <= every.ENOUGH + every.AT_ONCE
    assert len(done.failed) == 40
    assert set(done.failed.values()) == {"it did not answer", "not tried after so many"}


def test_runs_that_were_deleted_at_wandb_keep_no_other_from_being_sent(
    runs: list[Waiting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    there: dict[str, There] = {}

    def take(one: Waiting, _: Path) -> None:
        if int(one.run.name) < 30:
            with wandb_remote.asked("open the run"):
                raise ValueError("run id-1 was previously created and deleted; try a new run name")
        there[one.known["id"]] = There(len(one.rows), one.record, "")

    monkeypatch.setattr(every, "send", take)
    monkeypatch.setattr(wandb_remote, "runs", lambda *_: there)
    done = every.every(runs, tmp_path, lambda _: None)
    assert done.gone == {str(number): GONE for number in range(30)}
    assert {one.run.name for one in done.sent} == {str(number) for number in range(30, 40)}
    assert done.failed == {}


def test_a_run_that_another_process_sends_is_waited_for(
    runs: list[Waiting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second = runs[:2]
    there: dict[str, There] = {}
    monkeypatch.setattr(wandb_remote, "runs", lambda *_: there)
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        there["id-0"] = There(len(first.rows), first.record, "")

    with locks.run_lock(first.run.folder), locks.run_lock(second.run.folder):
        done = every.every([first, second], tmp_path, say)
    assert all("another process is at work on it" in line for line in said)
    assert (done.sent, done.there) == ([], [first])
    assert done.failed == {"1": "another process is at work on it"}


def test_a_server_that_dies_after_it_took_the_runs_is_named(
    runs: list[Waiting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def take(one: Waiting, _: Path) -> None:
        if one is runs[1]:
            raise UserError("no answer for run id-1: refused")
        monkeypatch.setattr(wandb_remote, "runs", silent)

    def silent(*_: Any) -> Any:
        raise UserError("it did not answer")

    monkeypatch.setattr(every, "send", take)
    done = every.every(runs[:2], tmp_path, lambda _: None)
    assert (done.sent, done.there) == ([], [])
    assert done.failed == {"0": "it did not answer", "1": "no answer: refused"}


def test_a_folder_that_can_only_be_read_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(locks, "run_lock", refuse)
    monkeypatch.setattr(locks, "file_lock", refuse)
    with alone.on(tmp_path), alone.on_cells(tmp_path):
        pass


def test_ctrl_c_does_not_wait_for_a_server_that_is_silent(tmp_path: Path):
    script = """
import sys, threading, time
from pathlib import Path
from nst.sync import alone
alone.GRACE = 0.2
place = Path("place")
place.mkdir()
with alone.ended_soon(place):
    threading.Thread(target=time.sleep, args=(60,)).start()
    print("waits", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout
    process.stdout.readline()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert time.monotonic() - begun < 10
    assert not (tmp_path / "place").exists()
