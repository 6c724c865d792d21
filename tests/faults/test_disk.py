"""Disks that are full, read-only or out of inodes, and folders that go while a run is in them."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fake_runs
import pytest
from helpers import QUIET, TINY, Command, Done, Process, await_rows, ended, record, rows
from PIL import Image
from servers import SHA256, Quiet, serving

from nst.base import files
from nst.base.errors import UserError
from nst.rundir import history
from nst.rundir.history_writer import HistoryWriter

#: On a tmpfs every file takes whole pages.
PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
FULL = "No space left on device"
MISSING = "No such file or directory"


@dataclass(frozen=True)
class Disk:
    """A file system of its own."""

    folder: Path

    def remount(self, options: str) -> None:
        """Change the file system's options, its size say."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def fill(self) -> None:
        """Write zeros until nothing is free."""
        with contextlib.suppress(OSError), (self.folder / "filler").open("wb", 0) as file:
            while True:
                file.write(bytes(1024 * PAGE))


Mount = Callable[[str], Disk]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a tmpfs with the options given."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(options: str) -> Disk:
        if not _works(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]):
            pytest.skip(
                "a tmpfs can't be mounted here; in a namespace it can: unshare -rm make test"
            )
        return Disk(folder)

    yield mounted
    _works(["umount", "-l", str(folder)])


def _works(command: list[str]) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


@pytest.fixture(scope="session")
def bound() -> tuple[str, ...]:
    """What runs a command as a user whom permissions bind, as they do not bind root."""
    if os.geteuid():
        return ()
    # Another user might not get at Python, so it is root without root's way round permissions.
    able = ("dac_override", "dac_read_search", "fowner")
    command = ("setpriv", "--bounding-set", ",".join(f"-{one}" for one in able))
    if not _works([*command, "true"]):
        pytest.skip("root's capabilities can't be dropped")
    return command


def refused(done: Done, folder: Path, why: str = FULL) -> str:
    """Check that a command ended with one sentence on what is below `folder`; return the file."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = re.findall("^nst: .*", done.stderr, re.MULTILINE)
    assert line.endswith(f": {why}"), line
    assert str(folder) in line
    return line.removesuffix(f": {why}").rpartition(f"{folder}/")[2]


def whole(folder: Path, last: int = 2) -> None:
    """Check that the files of a finished run are all there and whole."""
    assert record(folder)["status"] == "finished"
    with Image.open(folder / "result.png") as picture:
        picture.verify()
    history = rows(folder)
    assert int(history[-1]["step"]) == last
    assert all(None not in row.values() and None not in row for row in history)


def nothing_half(folder: Path) -> None:
    """Check that below a folder no file is left that stands for another, and none is half."""
    assert list(folder.rglob("*.part")) == []
    for path in folder.rglob("run.json"):
        assert record(path.parent)["status"] in ("running", "finished")
    for path in folder.rglob("*.png"):
        with Image.open(path) as picture:
            picture.verify()
    for path in folder.rglob("history.csv"):
        text = path.read_text()
        assert text == "" or text.endswith("\n")


# --- A full disk --------------------------------------------------------------------------------


# How many pages the files take depends on how long their paths are, so which one of them is the
# first without room is not said here.
@pytest.mark.parametrize(
    "pages", [7, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (1, 3, 4, 5, 6, 8))]
)
def test_a_disk_fills_up_in_a_run(command: Command, mount: Mount, pages: int):
    disk = mount(f"size={pages * PAGE}k")
    run = (*QUIET, f"hydra.run.dir={disk.folder}/run")
    assert refused(command(*run), disk.folder).startswith("run/")
    nothing_half(disk.folder)
    disk.remount("size=1m")
    done = command(*run)
    assert done.returncode == 0, done.stderr
    whole(disk.folder / "run")


@pytest.mark.parametrize(
    ("launcher", "pages"),
    [
        ("batched", 16),
        *(
            pytest.param(launcher, pages, marks=pytest.mark.slow)
            for launcher in ("batched", "basic")
            for pages in (2, 10, 20, 24, 26)
        ),
    ],
)
def test_a_sweep_goes_on_once_there_is_room(
    command: Command, mount: Mount, launcher: str, pages: int
):
    disk = mount(f"size={pages * PAGE}k")
    grid = (f"hydra/launcher={launcher}", "tv.gamma=0,1,10,100", *QUIET)
    run = ("-m", *grid, f"hydra.sweep.dir={disk.folder}/sweep")
    assert refused(command(*run), disk.folder).startswith("sweep/")
    nothing_half(disk.folder)
    records = sorted((disk.folder / "sweep").glob("*/run.json"))
    ended = [path.parent for path in records if '"status": "finished"' in path.read_text()]
    assert pages != 16 or 0 < len(ended) < 4
    for folder in ended:
        whole(folder)
    before = [(folder / "result.png").stat().st_mtime_ns for folder in ended]
    disk.remount("size=10m")
    done = command(*run)
    assert done.returncode == 0, done.stderr
    for number in range(4):
        whole(disk.folder / "sweep" / str(number))
    assert [(folder / "result.png").stat().st_mtime_ns for folder in ended] == before
    assert (disk.folder / "sweep" / "grid.png").exists()


def test_a_disk_without_inodes(command: Command, mount: Mount):
    # The disk's own folder, the run's, .hydra and its three files; one for the lock, none is left.
    disk = mount("size=1m,nr_inodes=8")
    run = (*QUIET, f"hydra.run.dir={disk.folder}/run")
    assert refused(command(*run), disk.folder).startswith("run/")
    nothing_half(disk.folder)


@pytest.mark.parametrize("mode", ["run", "batched"])
def test_a_read_only_disk(command: Command, mount: Mount, mode: str):
    disk = mount("size=1m")
    fake_runs.write_run(disk.folder / "other")
    disk.remount("ro")
    where = [f"hydra.run.dir={disk.folder}/run"]
    if mode == "batched":
        where = ["-m", "hydra/launcher=batched", f"hydra.sweep.dir={disk.folder}/run"]
    done = command(*where, *QUIET)
    assert refused(done, disk.folder, "Read-only file system").startswith("run")
    assert [path.name for path in disk.folder.iterdir()] == ["other"]


@pytest.mark.parametrize(
    "pages", [11, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (3, 4, 6, 8, 10, 13))]
)
def test_wandb_offline_on_a_full_disk(command: Command, mount: Mount, pages: int):
    disk = mount(f"size={pages * PAGE}k")
    run = (*TINY, "tracking=offline", f"hydra.run.dir={disk.folder}/run")
    began = time.monotonic()
    done = command(*run)
    assert time.monotonic() - began < 60
    assert refused(done, disk.folder).startswith("run/")
    assert list(disk.folder.rglob("*.part")) == []


@pytest.mark.parametrize("runs", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_full_cache_costs_only_time(process: Process, mount: Mount, runs: int):
    disk = mount("size=64k")
    env = {"NST_CACHE": str(disk.folder)}
    for number in range(runs):
        folder = process.folder / str(number)
        done = process(*QUIET, f"hydra.run.dir={folder}", env=env)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        whole(folder)
    assert list(disk.folder.rglob("*.part")) == []


def test_a_full_cache_is_no_place_to_fetch_to(command: Command, mount: Mount):
    disk = mount("size=64k")
    with serving(Quiet) as server:
        source = (f"style.url={server.url}", f"style.checksum=sha256:{SHA256}")
        run = (*QUIET, "style=starry", *source, "assets.fallback=false")
        env = {"NST_CACHE": str(disk.folder), "NO_PROXY": "*"}
        done = command(*run, env=env)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.match(rf"nst: style=starry can't be fetched \({FULL}\): download ", line)
    assert [path.name for path in disk.folder.glob("[!.]*") if path.is_file()] == []


def test_a_report_on_a_full_disk(command: Command, mount: Mount):
    disk = mount("size=1m")
    for number in range(2):
        fake_runs.write_run(disk.folder / str(number), **{"tv.gamma": number})

    def report() -> Done:
        program = (sys.executable, "-m", "nst.report")
        return command(str(disk.folder), program=program)

    disk.fill()
    first = report()
    disk.remount("size=20m")
    assert report().returncode == 0
    names = ("grid.png", "metrics.csv", "index.html")
    before = [(disk.folder / name).read_bytes() for name in names]
    fake_runs.write_run(disk.folder / "2", (0, 0, 9), **{"tv.gamma": 2})
    disk.fill()
    for done in (first, report()):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"nst: {disk.folder} can't be written")
        assert FULL in line
    # The report of before is whole.
    assert [(disk.folder / name).read_bytes() for name in names] == before
    nothing_half(disk.folder)


# --- A folder that goes -------------------------------------------------------------------------

LONG = ("steps=400", "check_every=2", "tracking.images_every=0")


def remove_in_mid_run(folder: Path) -> threading.Thread:
    """Remove a run's folder from another thread, once it has written some rows."""

    def remove() -> None:
        deadline = time.monotonic() + 120
        while len(rows(folder)) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        shutil.rmtree(folder, ignore_errors=True)

    thread = threading.Thread(target=remove)
    thread.start()
    return thread


@pytest.mark.parametrize("tracking", ["disabled", pytest.param("offline", marks=pytest.mark.slow)])
def test_the_folder_goes_in_mid_run(command: Command, tracking: str):
    folder = command.folder / "run"
    thread = remove_in_mid_run(folder)
    done = command(*TINY, *LONG, f"tracking={tracking}", f"hydra.run.dir={folder}")
    thread.join()
    assert refused(done, command.folder, MISSING).startswith("run/")


REMOVING = (sys.executable, str(Path(__file__).with_name("dying.py")), "remove")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_folder_that_goes_is_said_whenever_it_goes(process: Process, part: int):
    """Before each change of a file that a run makes, so that every crossing of the two is tried."""
    run = (*QUIET, "sweep.save_every=0")
    folder = process.folder / "whole"
    done = process(str(folder), "0", *run, f"hydra.run.dir={folder}", program=REMOVING)
    changes = int(done.stdout.split()[-1])
    assert changes > 20
    for fatal in range(1 + part, changes + 1, 4):
        folder = process.folder / f"gone-{fatal}"
        done = process(str(folder), str(fatal), *run, f"hydra.run.dir={folder}", program=REMOVING)
        if done.returncode == 0:  # before there was anything to lose
            whole(folder)
        else:
            assert refused(done, process.folder, MISSING).startswith(f"gone-{fatal}")


def test_the_folder_of_one_run_goes_in_a_sweep(command: Command):
    grid = ("-m", "hydra/launcher=batched", "hydra.launcher.lanes=2", "tv.gamma=0,1")
    sweep = command.folder / "sweep"
    thread = remove_in_mid_run(sweep / "0")
    done = command(*grid, *QUIET, *LONG, f"hydra.sweep.dir={sweep}")
    thread.join()
    assert refused(done, sweep, MISSING).startswith("0/")
    assert "tv.gamma=0: " in done.stderr
    whole(sweep / "1", last=400)
    # A report of the runs that are there is part of it.
    assert (sweep / "grid.png").exists()


def test_permission_is_lost_in_mid_run(process: Process, bound: tuple[str, ...]):
    folder = process.folder / "run"
    running = process.start(*QUIET, *LONG, f"hydra.run.dir={folder}", before=bound)
    await_rows(folder, 3, running)
    folder.chmod(0o555)
    done = ended(running)
    refused(done, folder, "Permission denied")
    assert record(folder)["status"] == "running"
    nothing_half(folder)
    folder.chmod(0o755)


def test_a_folder_that_may_not_be_written(process: Process, bound: tuple[str, ...]):
    (process.folder / "locked").mkdir(mode=0o555)
    done = process(*QUIET, f"hydra.run.dir={process.folder}/locked/run", before=bound)
    assert refused(done, process.folder, "Permission denied") == "locked/run"


# --- history.csv --------------------------------------------------------------------------------


def row(step: int) -> dict[str, float]:
    losses = {"total": 1e30 / 3, "content": 1 / 3, "style": 2 / 3, "tv": 0.1}
    layers = {"content/conv4_2": 1 / 7, "style/conv1_1": 1 / 9}
    return {"step": step, "seconds": 0.1, "evaluations": step, **losses, **layers}


def add(writer: HistoryWriter, *steps: int) -> None:
    for step in steps:
        writer.add(row(step))


def test_a_row_that_the_disk_takes_half_of_is_none(mount: Mount):
    disk = mount(f"size={PAGE}k")
    path = disk.folder / "history.csv"
    writer = HistoryWriter(path, -1)
    with pytest.raises(OSError, match=FULL) as full:
        add(writer, *range(1000))
    assert full.value.filename == str(path)
    room = 1024 * PAGE - path.stat().st_size
    assert 0 < room < len(path.read_text().splitlines()[-1])
    steps = [row["step"] for row in history.rows(path)]
    assert steps == list(range(len(steps)))
    disk.remount("size=1m")
    add(writer, len(steps))
    assert [row["step"] for row in history.rows(path)] == [*steps, len(steps)]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_run_goes_on_after_the_last_whole_row(tmp_path: Path, cut: int):
    path = tmp_path / "history.csv"
    writer = HistoryWriter(path, -1)
    add(writer, 0, 10, 20)
    expected = path.read_bytes()
    writer.add(row(30))
    # Power went, say: "3" alone of "30" is no row of step 3.
    path.write_bytes(path.read_bytes()[: len(expected) + cut])
    HistoryWriter(path, 20)
    assert path.read_bytes() == expected
    path.write_bytes(b"")
    HistoryWriter(path, 20).add(row(30))
    assert [row["step"] for row in history.rows(path)] == [30]


def test_a_history_that_goes_or_changes_is_said(tmp_path: Path):
    path = tmp_path / "history.csv"
    writer = HistoryWriter(path, -1)
    path.write_text("mine\n")
    with pytest.raises(FileExistsError):
        add(writer, 0)
    assert path.read_text() == "mine\n"
    path.unlink()
    add(writer, 0)
    kept = path.read_bytes()
    path.write_bytes(kept + b"mine\n")
    with pytest.raises(UserError, match="another program changed it"):
        add(writer, 10)
    assert path.read_bytes() == kept + b"mine\n"
    path.unlink()
    for late in (lambda: add(writer, 10), writer.check):
        with pytest.raises(FileNotFoundError):
            late()
    assert not path.exists()


def test_an_error_names_the_file_that_was_to_be_written(tmp_path: Path, mount: Mount):
    disk = mount(f"size={PAGE}k")
    disk.fill()
    path = disk.folder / "new"
    with pytest.raises(OSError, match=FULL) as full:
        files.write_whole(path, b"12")
    assert full.value.filename == str(path)
    assert [one.name for one in disk.folder.iterdir()] == ["filler"]
