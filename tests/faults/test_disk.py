"""Disks that are full, read-only or out of inodes, and folders that go while a run is in them."""

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fake_runs
import pytest
from helpers import Process, environment
from PIL import Image

from nst.base import files
from nst.base.errors import UserError
from nst.rundir import history
from nst.rundir.history_writer import HistoryWriter

TINY = (
    "network=vgg16",
    "size=32",
    "steps=4",
    "check_every=2",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1]",
)
QUIET = (*TINY, "tracking=disabled")
#: On a tmpfs every file takes whole pages.
PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
FULL = "No space left on device"
MISSING = "No such file or directory"


@dataclass(frozen=True)
class Disk:
    """A file system of its own, in this process's view of the files or in another one."""

    folder: Path  # for commands
    seen: Path  # the same for this process
    inside: tuple[str, ...]  # what runs a command where the file system is

    def remount(self, options: str) -> None:
        """Change the file system's options, its size say."""
        subprocess.run([*self.inside, "mount", "-o", f"remount,{options}", self.folder], check=True)

    def fill(self, left: int = 0) -> None:
        """Write zeros until no more than `left` KiB are free."""
        with contextlib.suppress(OSError), (self.seen / "filler").open("wb", 0) as file:
            while True:
                file.write(bytes(1024 * PAGE))
        size = (self.seen / "filler").stat().st_size
        os.truncate(self.seen / "filler", max(0, size - 1024 * left))


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Disk]:
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if _works(mount):
        try:
            yield Disk(folder, folder, ())
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
        return
    # Who may not mount for all may in a namespace of their own, which lasts as long as this sleeps.
    holder = subprocess.Popen(["unshare", "-rm", "sleep", "600"])
    try:
        time.sleep(0.5)
        inside = ("nsenter", f"--target={holder.pid}", "-U", "-m", "--preserve-credentials")
        if not _works([*inside, *mount]):
            pytest.skip("a tmpfs can be mounted neither here nor in a namespace")
        yield Disk(folder, Path(f"/proc/{holder.pid}/root{folder}"), inside)
    finally:
        holder.kill()
        holder.wait()


def _works(command: list[str]) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


Mount = Callable[[str], Disk]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a tmpfs with the options given."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        yield lambda options: stack.enter_context(mounted(folder, options))


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


def refused(done: subprocess.CompletedProcess[str], folder: Path, why: str = FULL) -> str:
    """Check that a command ended with one sentence on what is below `folder`; return the file."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = re.findall("^nst: .*", done.stderr, re.MULTILINE)
    assert line.endswith(f": {why}"), line
    assert str(folder) in line
    return line.removesuffix(f": {why}").rpartition(f"{folder}/")[2]


def whole(folder: Path, status: str = "finished", last: int = 4) -> None:
    """Check that the files of a run are all there and whole."""
    assert json.loads((folder / "run.json").read_text())["status"] == status
    with Image.open(folder / "result.png") as picture:
        picture.verify()
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert int(rows[-1]["step"]) == last
    assert all(None not in row.values() and None not in row for row in rows)


def nothing_half(folder: Path) -> None:
    """Check that below a folder no file is left that stands for another, and none is half."""
    assert [path for path in folder.rglob("*") if path.suffix == ".part"] == []
    for record in folder.rglob("run.json"):
        assert json.loads(record.read_text())["status"] in ("running", "finished")
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
def test_a_disk_fills_up_in_a_run(process: Process, mount: Mount, pages: int):
    disk = mount(f"size={pages * PAGE}k")
    command = (*QUIET, f"hydra.run.dir={disk.folder}/run")
    assert refused(process(*command, before=disk.inside), disk.folder).startswith("run/")
    nothing_half(disk.seen)
    disk.remount("size=1m")
    done = process(*command, before=disk.inside)
    assert done.returncode == 0, done.stderr
    whole(disk.seen / "run")


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
    process: Process, mount: Mount, launcher: str, pages: int
):
    disk = mount(f"size={pages * PAGE}k")
    grid = (f"hydra/launcher={launcher}", "tv.gamma=0,1,10,100", *QUIET)
    command = ("-m", *grid, f"hydra.sweep.dir={disk.folder}/sweep")
    assert refused(process(*command, before=disk.inside), disk.folder).startswith("sweep/")
    nothing_half(disk.seen)
    records = sorted((disk.seen / "sweep").glob("*/run.json"))
    ended = [path.parent for path in records if '"status": "finished"' in path.read_text()]
    assert pages != 16 or 0 < len(ended) < 4
    for folder in ended:
        whole(folder)
    before = [(folder / "result.png").stat().st_mtime_ns for folder in ended]
    disk.remount("size=10m")
    done = process(*command, before=disk.inside)
    assert done.returncode == 0, done.stderr
    for number in range(4):
        whole(disk.seen / "sweep" / str(number))
    assert [(folder / "result.png").stat().st_mtime_ns for folder in ended] == before
    assert (disk.seen / "sweep" / "grid.png").exists()


def test_a_disk_without_inodes(process: Process, mount: Mount):
    # The disk's own folder, the run's, .hydra and its three files; one for the lock, none is left.
    disk = mount("size=1m,nr_inodes=8")
    command = (*QUIET, f"hydra.run.dir={disk.folder}/run")
    assert refused(process(*command, before=disk.inside), disk.folder).startswith("run/")
    nothing_half(disk.seen)


@pytest.mark.parametrize("mode", ["run", "batched"])
def test_a_read_only_disk(process: Process, mount: Mount, mode: str):
    disk = mount("size=1m")
    fake_runs.write_run(disk.seen / "other")
    disk.remount("ro")
    where = [f"hydra.run.dir={disk.folder}/run"]
    if mode == "batched":
        where = ["-m", "hydra/launcher=batched", f"hydra.sweep.dir={disk.folder}/run"]
    done = process(*where, *QUIET, before=disk.inside)
    assert refused(done, disk.folder, "Read-only file system").startswith("run")
    assert [path.name for path in disk.seen.iterdir()] == ["other"]


@pytest.mark.parametrize(
    "pages", [11, *(pytest.param(pages, marks=pytest.mark.slow) for pages in (3, 4, 6, 8, 10, 13))]
)
def test_wandb_offline_on_a_full_disk(process: Process, mount: Mount, pages: int):
    disk = mount(f"size={pages * PAGE}k")
    began = time.monotonic()
    done = process(
        *TINY, "tracking=offline", f"hydra.run.dir={disk.folder}/run", before=disk.inside
    )
    assert time.monotonic() - began < 60
    assert refused(done, disk.folder).startswith("run/")
    assert [path for path in disk.seen.rglob("*") if path.suffix == ".part"] == []


@pytest.mark.parametrize("runs", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_full_cache_costs_only_time(process: Process, mount: Mount, runs: int):
    disk = mount("size=64k")
    env = {"NST_CACHE": str(disk.folder)}
    for number in range(runs):
        folder = process.folder / str(number)
        done = process(*QUIET, f"hydra.run.dir={folder}", env=env, before=disk.inside)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        whole(folder)
    assert [path for path in disk.seen.rglob("*") if path.suffix == ".part"] == []
    assert not list((disk.seen / "converted").glob("*"))


def test_a_full_cache_is_no_place_to_fetch_to(process: Process, mount: Mount, tmp_path: Path):
    from test_network import BYTES, SHA256, Bad, serving

    class Good(Bad):
        def do_GET(self) -> None:
            self.head()
            self.wfile.write(BYTES)

    disk = mount("size=64k")
    with serving(Good) as server:
        source = (f"style.url={server.url}", f"style.checksum=sha256:{SHA256}")
        command = (*QUIET, "style=starry", *source, "assets.fallback=false")
        env = {"NST_CACHE": str(disk.folder), "NO_PROXY": "*"}
        done = process(*command, env=env, before=disk.inside)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.match(rf"nst: style=starry can't be fetched \({FULL}\): download ", line)
    assert [path.name for path in disk.seen.glob("[!.]*") if path.is_file()] == []


def test_a_report_on_a_full_disk(mount: Mount):
    disk = mount("size=1m")
    for number in range(2):
        fake_runs.write_run(disk.seen / str(number), **{"tv.gamma": number})
    command = [*disk.inside, sys.executable, "-m", "nst.report", str(disk.folder)]

    def report() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, env=environment(None))

    disk.fill()
    first = report()
    disk.remount("size=20m")
    assert report().returncode == 0
    names = ("grid.png", "metrics.csv", "index.html")
    before = [(disk.seen / name).read_bytes() for name in names]
    fake_runs.write_run(disk.seen / "2", (0, 0, 9), **{"tv.gamma": 2})
    disk.fill()
    for done in (first, report()):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"nst: {disk.folder} can't be written")
        assert FULL in line
    # The report of before is whole.
    assert [(disk.seen / name).read_bytes() for name in names] == before
    nothing_half(disk.seen)


# --- A folder that goes -------------------------------------------------------------------------

LONG = ("steps=400", "tracking.images_every=0")


def start(process: Process, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-m", "nst.run", *arguments],
        cwd=process.folder,
        env=environment(None),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(running: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    stdout, stderr = running.communicate(timeout=120)
    return subprocess.CompletedProcess(running.args, running.returncode, stdout, stderr)


def await_rows(history: Path, running: subprocess.Popen[str]) -> None:
    """Wait until a run has written some rows."""
    deadline = time.monotonic() + 120
    while not (history.exists() and history.read_text().count("\n") > 3):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("tracking", ["disabled", pytest.param("offline", marks=pytest.mark.slow)])
def test_the_folder_goes_in_mid_run(process: Process, tracking: str):
    folder = process.folder / "run"
    running = start(process, *TINY, *LONG, f"tracking={tracking}", f"hydra.run.dir={folder}")
    await_rows(folder / "history.csv", running)
    shutil.rmtree(folder, ignore_errors=True)
    assert refused(ended(running), process.folder, MISSING).startswith("run/")


REMOVING = (sys.executable, str(Path(__file__).with_name("dying.py")), "remove")


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.slow) for part in ("short", *range(4))]
)
def test_a_folder_that_goes_is_said_whenever_it_goes(process: Process, part: int | str):
    """Before each change of a file that a run makes, so that every crossing of the two is tried."""
    often = ("check_every=1", "sweep.save_every=0")
    done = process(
        *(str(process.folder / "whole"), "0", *QUIET, *often),
        f"hydra.run.dir={process.folder}/whole",
        program=REMOVING,
    )
    changes = int(done.stdout.split()[-1])
    assert changes > 30
    every = range(1 + int(part), changes + 1, 4) if part != "short" else [changes // 2, changes - 1]
    for fatal in every:
        folder = process.folder / f"gone-{fatal}"
        arguments = (str(folder), str(fatal), *QUIET, *often, f"hydra.run.dir={folder}")
        done = process(*arguments, program=REMOVING)
        if done.returncode == 0:  # before there was anything to lose
            whole(folder)
        else:
            assert refused(done, process.folder, MISSING).startswith(f"gone-{fatal}")


def test_the_folder_of_one_run_goes_in_a_sweep(process: Process):
    grid = ("-m", "hydra/launcher=batched", "hydra.launcher.lanes=2", "tv.gamma=0,1")
    sweep = process.folder / "sweep"
    command = (*grid, *QUIET, *LONG, f"hydra.sweep.dir={sweep}")
    running = start(process, *command)
    await_rows(sweep / "0" / "history.csv", running)
    shutil.rmtree(sweep / "0", ignore_errors=True)
    done = ended(running)
    assert refused(done, sweep, MISSING).startswith("0/")
    assert "tv.gamma=0: " in done.stderr
    whole(sweep / "1", last=400)
    # A report of the runs that are there is part of it.
    assert (sweep / "grid.png").exists()


def test_permission_is_lost_in_mid_run(process: Process, bound: tuple[str, ...]):
    folder = process.folder / "run"
    command = (*QUIET, *LONG, f"hydra.run.dir={folder}")
    running = start(process, *command, before=bound)
    await_rows(folder / "history.csv", running)
    folder.chmod(0o555)
    done = ended(running)
    refused(done, folder, "Permission denied")
    assert json.loads((folder / "run.json").read_text())["status"] == "running"
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


def add(record: HistoryWriter, steps: Iterable[int]) -> None:
    for step in steps:
        record.add(row(step))


def test_a_row_that_the_disk_takes_half_of_is_none(mount: Mount):
    disk = mount(f"size={PAGE}k")
    if disk.seen != disk.folder:
        pytest.skip("the tmpfs is in another namespace")
    path = disk.folder / "history.csv"
    record = HistoryWriter(path, -1)
    with pytest.raises(OSError, match=FULL) as full:
        add(record, range(1000))
    assert full.value.filename == str(path)
    room = 1024 * PAGE - path.stat().st_size
    assert 0 < room < len(path.read_text().splitlines()[-1])
    steps = [row["step"] for row in history.rows(path)]
    assert steps == list(range(len(steps)))
    disk.remount("size=1m")
    add(record, [len(steps)])
    assert [row["step"] for row in history.rows(path)] == [*steps, len(steps)]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_run_goes_on_after_the_last_whole_row(tmp_path: Path, cut: int):
    path = tmp_path / "history.csv"
    record = HistoryWriter(path, -1)
    add(record, (0, 10, 20))
    expected = path.read_bytes()
    record.add(row(30))
    # Power went, say: "3" alone of "30" is no row of step 3.
    path.write_bytes(path.read_bytes()[: len(expected) + cut])
    HistoryWriter(path, 20)
    assert path.read_bytes() == expected
    path.write_bytes(b"")
    HistoryWriter(path, 20).add(row(30))
    assert [row["step"] for row in history.rows(path)] == [30]


def test_a_history_that_goes_or_changes_is_said(tmp_path: Path):
    path = tmp_path / "history.csv"
    record = HistoryWriter(path, -1)
    path.write_text("mine\n")
    with pytest.raises(FileExistsError):
        add(record, [0])
    assert path.read_text() == "mine\n"
    path.unlink()
    add(record, [0])
    kept = path.read_bytes()
    path.write_bytes(kept + b"mine\n")
    with pytest.raises(UserError, match="another program changed it"):
        add(record, [10])
    assert path.read_bytes() == kept + b"mine\n"
    path.unlink()
    for late in (lambda: add(record, [10]), record.check):
        with pytest.raises(FileNotFoundError):
            late()
    assert not path.exists()


def test_an_error_names_the_file_that_was_to_be_written(tmp_path: Path, mount: Mount):
    disk = mount(f"size={PAGE}k")
    disk.fill()
    path = disk.seen / "new"
    with pytest.raises(OSError, match=FULL) as full:
        files.write_whole(path, b"12")
    assert full.value.filename == str(path)
    assert [one.name for one in disk.seen.iterdir()] == ["filler"]
