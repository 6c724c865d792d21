"""Two processes at once: in one sweep's folder, in one run's, with one cache."""

import hashlib
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import QUIET, Command, Process, await_rows, ended, record, rows
from PIL import Image
from servers import Quiet, serving

from nst.base import locks
from nst.base.errors import UserError

RUN = (*QUIET, "steps=600", "check_every=50")
SWEEP = (
    *("-m", "hydra/launcher=batched", *RUN, "tv.gamma=0,1e2,1e3,1e4"),
    *("sweep.report=false", "hydra.sweep.dir=sweep"),
)
BUSY = r"is in use by another process: let that end, or take another folder"


def check_sweep(sweep: Path) -> None:
    """Check that the four runs of a sweep finished once, and that no file of them is half."""
    assert not list(sweep.rglob("*.part"))
    assert not list(sweep.rglob("*.lock"))
    for number in range(4):
        run = sweep / str(number)
        assert record(run)["status"] == "finished"
        assert [int(row["step"]) for row in rows(run)] == list(range(0, 601, 50))
        with Image.open(run / "result.png") as picture:
            assert picture.text["nst:config_hash"] == record(run)["config_hash"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_one_sweep_s_folder(command: Command):
    both = [command.start(*SWEEP) for _ in range(2)]
    for done in map(ended, both):
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1)
    check_sweep(command.folder / "sweep")


def test_a_run_in_use(command: Command):
    first = command.start(*SWEEP)
    sweep = command.folder / "sweep"
    await_rows(sweep / "0", 1, first)
    first.send_signal(signal.SIGSTOP)  # so that it is at it for as long as it takes
    alone = command(*RUN, "tv.gamma=0", "hydra.run.dir=sweep/0")
    second = command(*SWEEP)
    pictures = [sweep / number / "result.png" for number in "123"]
    written = [path.stat().st_mtime_ns for path in pictures]
    first.send_signal(signal.SIGCONT)
    assert (alone.returncode, second.returncode) == (1, 1)
    assert re.fullmatch(rf"nst: .*sweep/0 {BUSY}\n", alone.stderr)
    # The second leaves the run that the first has, says so, and does the rest.
    assert re.search(rf"tv.gamma=0: .*sweep/0 {BUSY}\n", second.stderr)
    assert "Traceback" not in second.stderr
    done = ended(first)
    assert done.returncode == 0, done.stderr
    check_sweep(sweep)
    assert [path.stat().st_mtime_ns for path in pictures] == written
    assert (sweep / "0" / ".hydra" / "config.yaml").exists()


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


@pytest.mark.slow
def test_one_cache(process: Process, picture: Path, tmp_path: Path):
    """An empty one: each process needs the same picture, weights and programs."""
    data = picture.read_bytes() + bytes(40_000)

    class Slowly(Quiet):
        def do_GET(self) -> None:
            self.server.asked.append(self.path)
            self.head(len(data))
            for start in range(0, len(data), 4096):
                self.wfile.write(data[start : start + 4096])
                time.sleep(0.2)

    cache = tmp_path / "cache"
    env = {"NST_CACHE": str(cache)}
    with serving(Slowly) as server:
        source = (f"content.url={server.url}/a.png", "content.file=a.png", "content.name=a")
        run = (*RUN, *source, f"content.checksum=sha256:{hashlib.sha256(data).hexdigest()}")
        both = [process.start(*run, env=env) for _ in range(2)]
        assert [
            (done.returncode, done.stderr) for done in map(ended, both) if done.returncode
        ] == []
        # And a third finds it all whole.
        third = process(*run, env=env)
    assert (third.returncode, "Warning" in third.stderr) == (0, False)
    assert server.asked == ["/a.png"]
    assert (cache / "a.png").read_bytes() == data
    records = [record(path.parent) for path in process.folder.rglob("run.json")]
    assert [one["status"] for one in records] == ["finished"] * 3
    assert len({one["best"]["total"] for one in records}) == 1


@pytest.mark.slow
def test_a_damaged_program_in_the_cache(process: Process, tmp_path: Path):
    env = {"NST_CACHE": str(tmp_path / "cache")}
    assert process(*RUN, "hydra.run.dir=whole", env=env).returncode == 0
    programs = sorted((tmp_path / "cache" / "compiled").iterdir())
    assert programs
    for program in programs:
        program.write_bytes(program.read_bytes()[:-1000])
    again = process(*RUN, "hydra.run.dir=half", env=env)
    assert (again.returncode, "Warning" in again.stderr) == (0, False)
    pictures = [process.folder / name / "result.png" for name in ("whole", "half")]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
