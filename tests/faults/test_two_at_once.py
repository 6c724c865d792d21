"""Two processes at once: in one sweep's folder, in one run's, with one cache."""

import csv
import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from helpers import Command, Process
from PIL import Image

from nst.base import locks
from nst.base.errors import UserError

QUICK = (
    "network=vgg16",
    "size=32",
    "check_every=5",
    "tracking=disabled",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1,conv2_1]",
)
BUSY = r"is in use by another process: let that end, or take another folder"


def both(
    process: Process, *arguments: str, env: Mapping[str, str | None] | None = None
) -> list[tuple[int, str]]:
    """Run a command in two processes; return the exit status and the messages of each."""
    two = [process.start(*arguments, env=env) for _ in range(2)]
    errors = [one.communicate(timeout=240)[1] for one in two]
    return [(one.returncode, text) for one, text in zip(two, errors, strict=True)]


def read(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def steps(folder: Path) -> list[int]:
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    return [int(row["step"]) for row in rows]


def test_one_sweep_s_folder(command: Command):
    grid = ("-m", "hydra/launcher=batched", *QUICK, "steps=60", "sweep.report=false")
    cells = ("tv.gamma=0,1e2,1e3,1e4", "hydra.sweep.dir=sweep")
    ends = both(command, *grid, *cells)
    # What one of them has is not the other's to do: it says so, and goes on with the rest.
    for status, text in ends:
        assert "Traceback" not in text
        assert status in (0, 1)
    runs = [command.folder / "sweep" / str(number) for number in range(4)]
    assert [read(run)["status"] for run in runs] == ["finished"] * 4
    assert all(steps(run) == list(range(0, 61, 5)) for run in runs)
    # Nothing of what either of them has left is half a file, and each picture is that of its run.
    assert not list(command.folder.rglob("*.part"))
    assert not list(command.folder.rglob(".lock"))
    for run in runs:
        with Image.open(run / "result.png") as picture:
            assert picture.text["nst:config_hash"] == read(run)["config_hash"]  # type: ignore[attr-defined]
    written = {run: (run / "result.png").stat().st_mtime_ns for run in runs}
    assert command(*grid, *cells).returncode == 0
    assert {run: (run / "result.png").stat().st_mtime_ns for run in runs} == written


def test_one_run_s_folder(command: Command):
    arguments = (*QUICK, "steps=200", "hydra.run.dir=run")
    first = command.start(*arguments)
    run = command.folder / "run"
    while not (run / "history.csv").exists():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGSTOP)  # so that it is at it for as long as it takes
    second = command(*arguments)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 1
    assert re.fullmatch(rf"nst: .*run {BUSY}\n", second.stderr)
    assert first.wait(timeout=240) == 0
    assert read(run)["status"] == "finished"
    assert steps(run) == list(range(0, 201, 5))
    assert (run / ".hydra" / "config.yaml").exists()


def test_a_lock_ends_with_its_process(tmp_path: Path):
    program = (
        "import sys, time, pathlib; from nst.base import locks\n"
        "with locks.run_lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=BUSY), locks.run_lock(tmp_path):
            pass
        holder.kill()
    with locks.run_lock(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


class _Slowly(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        data = self.server.picture  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for start in range(0, len(data), 4096):
            self.wfile.write(data[start : start + 4096])
            time.sleep(0.2)

    def log_message(self, format: str, *values: object) -> None:
        pass


@pytest.fixture
def server(picture: Path) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slowly)
    server.picture = picture.read_bytes() + bytes(40_000)  # type: ignore[attr-defined]
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_one_cache(process: Process, server: ThreadingHTTPServer, tmp_path: Path):
    """An empty one: each process needs the same picture, weights and programs."""
    digest = hashlib.sha256(server.picture).hexdigest()  # type: ignore[attr-defined]
    source = (
        f"content.url=http://127.0.0.1:{server.server_port}/a.png",
        "content.file=a.png",
        f"content.checksum=sha256:{digest}",
        "content.name=a",
    )
    cache = tmp_path / "cache"
    ends = both(process, *QUICK, *source, "steps=5", env={"NST_CACHE": str(cache)})
    assert [status for status, _ in ends] == [0, 0], ends
    assert server.asked == ["/a.png"]  # type: ignore[attr-defined]
    assert (cache / "a.png").read_bytes() == server.picture  # type: ignore[attr-defined]
    records = [json.loads(path.read_text()) for path in process.folder.rglob("run.json")]
    assert [one["status"] for one in records] == ["finished"] * 2
    assert len({one["best"]["total"] for one in records}) == 1
    # And a third finds it all whole.
    third = process(*QUICK, *source, "steps=5", env={"NST_CACHE": str(cache)})
    assert (third.returncode, "Warning" in third.stderr) == (0, False)


@pytest.mark.slow
def test_a_damaged_program_in_the_cache(process: Process, tmp_path: Path):
    env = {"NST_CACHE": str(tmp_path / "cache")}
    assert process(*QUICK, "steps=5", "hydra.run.dir=whole", env=env).returncode == 0
    programs = sorted((tmp_path / "cache" / "compiled").iterdir())
    assert programs
    for program in programs:
        program.write_bytes(program.read_bytes()[:-1000])
    again = process(*QUICK, "steps=5", "hydra.run.dir=half", env=env)
    assert (again.returncode, "Warning" in again.stderr) == (0, False)
    pictures = [process.folder / name / "result.png" for name in ("whole", "half")]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
