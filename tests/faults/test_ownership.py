"""A user's files survive whatever nst does in their folder: its listing and bytes say so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import fake_runs
import pytest
from helpers import QUIET, TINY, Command, Process, ended

from nst.base import locks
from nst.base.errors import UserError
from nst.rundir import ownership

#: What a run writes, a sweep and a report.
OF_A_RUN = (
    *("run.json", "result.png", "history.csv", "state.msgpack", "run.log"),
    *(".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml"),
    *("images/step_00000.png", "images/step_00020.png"),
)
OF_A_REPORT = ("index.html", "grid.png", "metrics.csv")
#: Names near to those that nst uses.
OTHERS = (
    *("multirun.yaml", "steps.webp", "steps.gif", "statements.md", ".lock", ".report/0a1b.jpg"),
    *(".report/written.json.old", ".submitit/1.out", ".run.json.1.part", ".result.png.77.part"),
    *("images/.step_00000.png.1.part", "images/mine.png", ".hydra/mine.yaml", "photos/.a.part"),
    *("wandb/offline-run-x/run-x.wandb", "wandb/latest-run", "wandb/debug.log", "notes.txt"),
    *("wandb/settings", "0/notes.txt", "outputs.zip"),
)


def fill(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"my {name}\n")


def seen(folder: Path) -> dict[str, bytes | None]:
    """Return every path below a folder with its bytes; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


REFUSED = {
    "value": (("hydra.run.dir=photos", "size=7"), "size must be"),
    "path": (("hydra.run.dir=photos", "content.path=none.jpg"), "does not exist"),
    "no sweeper of nst's": (("-m", "hydra/sweeper=basic", "hydra.sweep.dir=."), "multirun.yaml"),
    "key": (("hydra.run.dir=.", "lr=1"), "there is no key"),
    "run": (("hydra.run.dir=.",), "run.json"),
    "wandb": (("hydra.run.dir=new", "tracking=online"), "W&B key"),
    "sweep": (("-m", "hydra.sweep.dir=.", "tv.gamma=0,1"), "multirun.yaml"),
    "batched": (("-m", "hydra/launcher=batched", "hydra.sweep.dir=."), "multirun.yaml"),
    "job": (("-m", "hydra.sweep.dir=sub", "tv.gamma=0,1"), "run.json"),
    "report of a sweep": (("-m", "hydra.sweep.dir=site", "tv.gamma=0,1"), "index.html"),
    "chdir": (("hydra.run.dir=deep/new", "hydra.job.chdir=true", "content.path=none.jpg"), "none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_a_folder_as_it_was(command: Command, case: str):
    arguments, why = REFUSED[case]
    fill(command.folder, (*OF_A_RUN, *OF_A_REPORT, *OTHERS))
    fill(command.folder / "sub" / "1", OF_A_RUN)
    fill(command.folder / "site", OF_A_REPORT)
    before = seen(command.folder)
    # A later override would win.
    done = command(*arguments[:1], *QUIET, *arguments[1:], env={"WANDB_API_KEY": None})
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert why in done.stderr.splitlines()[-1]
    assert seen(command.folder) == before


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_run_refuses_each_file_that_it_would_write_over(tmp_path: Path, name: str):
    fill(tmp_path, [name])
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        ownership.check(tmp_path)


def test_a_record_proves_no_picture_that_is_not_nsts(tmp_path: Path):
    fake_runs.write_run(tmp_path, None)
    assert ownership.check(tmp_path)
    fill(tmp_path, ["result.png"])
    with pytest.raises(UserError, match=r"holds result\.png"):
        ownership.check(tmp_path)


def test_a_run_that_was_refused_proves_nothing(tmp_path: Path):
    fake_runs.write_run(tmp_path, None, config_hash=None, status="failed")
    (tmp_path / "history.csv").unlink()
    assert ownership.check(tmp_path)
    fill(tmp_path, ["history.csv"])
    with pytest.raises(UserError, match=r"holds history\.csv"):
        ownership.check(tmp_path)


@pytest.mark.parametrize("name", [locks.LOCK, ".written.json.lock"])
def test_a_lock_file_of_a_users_own_is_refused(tmp_path: Path, name: str):
    fill(tmp_path, [name])
    lock = locks.run_lock(tmp_path)
    if name != locks.LOCK:
        lock = locks.file_lock(tmp_path / "written.json")
    before = seen(tmp_path)
    with pytest.raises(UserError, match="no lock of nst's"), lock:
        pass
    assert seen(tmp_path) == before


def await_change(path: Path, running: subprocess.Popen[str]) -> None:
    before = path.read_bytes() if path.exists() else b""
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes() == before:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_a_users_files_survive_a_run_from_its_kill_to_its_report(process: Process):
    """Killed, interrupted, resumed, finished, run again, reported: only nst's own files change."""
    mine = [name for name in OTHERS if name != "multirun.yaml"]
    fill(process.folder, mine)
    before = seen(process.folder)
    command = [*TINY, "steps=400", "sweep.save_every=0", "hydra.run.dir=."]
    command += ["tracking.images_every=0"]
    for number in (signal.SIGINT, signal.SIGKILL):
        running = process.start(*command)
        await_change(process.folder / "state.msgpack", running)
        os.kill(running.pid, number)
        done = ended(running)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == (130 if number == signal.SIGINT else -9)
    for _ in range(2):
        done = process(*command)
        assert done.returncode == 0, done.stderr
    for _ in range(2):
        report = process(".", program=(sys.executable, "-m", "nst.report"))
        assert report.returncode == 0, report.stderr
    after = seen(process.folder)
    assert {name: after.get(name, "gone") for name in before} == before
    added = {name for name in set(after) - set(before) if not name.startswith("wandb/")}
    assert added == {
        *(name for name in OF_A_RUN if name not in ("state.msgpack", "images/step_00020.png")),
        *OF_A_REPORT,
        *(name for name in added if name.startswith(".report/")),
    }
