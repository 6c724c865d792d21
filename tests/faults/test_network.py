"""Servers that fail in every way: of a source's file, and W&B's own in the middle of a run."""

import contextlib
import csv
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers import Command, Inspect, Process, environment
from PIL import Image

from nst.base.errors import UserError
from nst.config.groups import Source
from nst.sources import download, resolve
from nst.sources.resolve import locate
from nst.tracking import wandb_run

BYTES = b"a picture, as far as a checksum can tell" * 5000
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing."""

    server: "Server"

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A server on this machine."""

    def __init__(self, handler: type[Quiet], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.over = threading.Event()  # what ends a handler that waits
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        pass  # whoever asked has gone

    def die(self) -> None:
        """Answer nobody any more: connections are refused from now on."""
        self.over.set()
        self.shutdown()
        self.server_close()


@contextlib.contextmanager
def serving(handler: type[Quiet], port: int = 0) -> Iterator[Server]:
    server = Server(handler, port)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.die()


# --- A source's file ----------------------------------------------------------------------------


class Bad(Quiet):
    """Serves a file as badly as the path says."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        getattr(self, self.path.strip("/"))()

    def head(self, *headers: str) -> None:
        self.send_response(200)
        for header in (f"Content-Length: {len(BYTES)}", *headers):
            self.send_header(*header.split(": "))
        self.end_headers()

    def stalls(self) -> None:
        self.server.over.wait()

    def stalls_half_way(self) -> None:
        self.head()
        self.wfile.write(BYTES[: len(BYTES) // 2])
        self.server.over.wait()

    def cuts(self) -> None:
        self.head()
        self.wfile.write(BYTES[: len(BYTES) // 2])

    def hangs_up(self) -> None:
        pass

    def sends_no_http(self) -> None:
        self.wfile.write(BYTES)

    def sends_others(self) -> None:
        self.head()
        self.wfile.write(BYTES[::-1])

    def redirects(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://example.invalid/a.jpg")
        self.end_headers()

    def redirects_for_ever(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def has_none(self) -> None:
        self.send_error(404)

    def is_broken(self) -> None:
        self.send_error(500)


#: What a server does -> what the message says of it.
BEHAVIORS = {
    "refuses": "Connection refused",
    "stalls": "timed out",
    "stalls_half_way": "timed out",
    "cuts": "IncompleteRead",
    "hangs_up": "closed connection without response",
    "sends_no_http": "more than 65536 bytes when reading status line",
    "redirects": "it redirects to http://example.invalid/a.jpg, but only https:// is allowed",
    "redirects_for_ever": "30 redirects",
    "has_none": "the server answered 404",
    "is_broken": "the server answered 500",
    "sends_others": f"wrong checksum, expected sha256:{SHA256}",
}
REAL = (download.TIMEOUT, download.SLOW)


@pytest.mark.parametrize(
    "limits", [(0.5, 0.4), pytest.param(REAL, marks=pytest.mark.slow)], ids=["short", "real"]
)
@pytest.mark.parametrize("behavior", BEHAVIORS)
def test_a_server_that_fails(
    behavior: str,
    limits: tuple[float, float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    cache = tmp_path / "cache"
    monkeypatch.setenv("NST_CACHE", str(cache))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "_silent", {})
    monkeypatch.setattr(resolve, "_warned", set())
    for name, limit in zip(("TIMEOUT", "SLOW"), limits, strict=True):
        monkeypatch.setattr(download, name, limit)
    why = BEHAVIORS[behavior]
    with serving(Bad) as server:
        if behavior == "refuses":
            server.die()
        url = f"{server.url}/{behavior}"
        source = Source("starry", "A title", url, f"sha256:{SHA256}", "starry.jpg", "astronaut")
        began = time.monotonic()
        with pytest.raises(UserError, match=why) as refused:
            locate(source, None, key="style.path", fallback=False)
        assert time.monotonic() - began < limits[0] + 3
        text = str(refused.value)
        assert text.startswith("style=starry")
        assert "\n" not in text
        if behavior == "sends_others":
            assert f"download the right file to {cache / 'starry.jpg'}" in text
        else:
            assert f"download {url} to {cache / 'starry.jpg'}" in text
            assert "give a file of your own with style.path=" in text
            # The sweep's next run asks no slow server again, and has its fallback.
            asset = locate(source, None, key="style.path", fallback=True)
            assert (asset.name, asset.fallback) == ("astronaut", True)
            assert "assets.fallback=false makes this an error" in caplog.text
            slow = behavior.startswith("stalls")
            asked = 31 if behavior == "redirects_for_ever" else behavior != "refuses"
            assert len(server.asked) == asked * (1 if slow else 2)
    left = [path.name for path in cache.rglob("*") if path.is_file()]
    assert [name for name in left if not name.endswith(".lock")] == []


# --- W&B ----------------------------------------------------------------------------------------


class Wandb(Quiet):
    """Answers W&B's client as its server does, as far as a run needs."""

    def answer(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_PUT(self) -> None:
        self.server.asked.append(self.path)
        self.body()
        self.answer({})

    def do_POST(self) -> None:
        asked = json.loads(self.body())
        self.server.asked.append(asked.get("operationName", self.path))
        if self.path != "/graphql":
            self.answer({"exitcode": None, "limits": {}})
            return
        given = asked.get("variables") or {}
        project = {"id": "p", "name": "nst", "entity": {"id": "e", "name": "me"}}
        bucket = {"id": "b", "name": given.get("name"), "config": "{}", "historyLineCount": 0}
        files = [
            {"name": name, "uploadUrl": f"{self.server.url}/{name}"}
            for name in given.get("files", ())
        ]
        data = {
            "viewer": {"id": "u", "entity": "me", "username": "me", "teams": {"edges": []}},
            "upsertBucket": {"bucket": bucket | {"project": project}, "inserted": True},
            "createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files},
        }
        self.answer({"data": data})


ONLINE = (
    "network=vgg16",
    "tracking=online",
    "tracking.images_every=0",
    "size=32",
    "steps=600",
    "check_every=50",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1]",
    "hydra.run.dir=run",
)
#: The command with shorter waits for W&B's server.
HURRIED = (
    "from nst import run; from nst.tracking import wandb_run; "
    "wandb_run.WAIT, wandb_run.OPENING = 1.0, 5.0; run.main()"
)


def account(server: str, home: Path) -> dict[str, str | None]:
    """Return the environment of somebody with an account at `server`."""
    return {
        "WANDB_BASE_URL": server,
        "WANDB_API_KEY": "0123456789" * 4,
        "WANDB_MODE": None,
        "HOME": str(home),
        "NETRC": str(home / "netrc"),
        "NO_PROXY": "*",
    }


@pytest.mark.parametrize(
    "program",
    [("-c", HURRIED), ("-m", "nst.run")],
    ids=["short", "real"],
)
@pytest.mark.slow
def test_wandb_s_server_dies_in_mid_run(
    process: Process, tmp_path: Path, read_wandb: Inspect, program: tuple[str, str]
):
    folder = process.folder / "run"
    with serving(Wandb) as server:
        env = environment(account(server.url, tmp_path))
        running = begin([*program, *ONLINE], process.folder, env)
        wait_for_rows(folder, 2, running)
        assert "UpsertBucket" in server.asked
        server.die()
        died = time.monotonic()
        _, stderr = running.communicate(timeout=240)
    # The run's own 600 steps, and the wait.
    assert time.monotonic() - died < (30 if "-c" in program else 180)
    assert running.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert json.loads((folder / "run.json").read_text())["status"] == "finished"
    with Image.open(folder / "result.png") as picture:
        picture.verify()
    (kept,) = folder.glob("wandb/run-*")
    (line,) = re.findall(r"^WARNING: (W&B's server .*)$", stderr, re.MULTILINE)
    command = f"wandb sync --no-skip-online {kept}"
    assert f"`{command}` sends it" in line
    # W&B's own file has every row, and what it is sent anew from.
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    logged = [line["history"]["item"] for line in read_wandb(folder) if line["type"] == "history"]
    assert [row["_step"] for row in logged] == [int(row["step"]) for row in rows]
    assert [len(logged), "metrics/ssim" in logged[-1]] == [13, True]
    with serving(Wandb, server.server_port) as revived:
        sync = [str(Path(sys.executable).parent / "wandb"), *command.split()[1:]]
        subprocess.run(sync, cwd=tmp_path, env=env, check=True, timeout=120, capture_output=True)
    assert [path for path in revived.asked if path.endswith("/file_stream")]
    assert [path for path in revived.asked if path.startswith("/media/images/result")]


def test_a_run_of_a_sweep_whose_server_has_gone_is_kept_here(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    """As the next test has it, which waits for a server that is gone."""
    real = wandb_run._begun

    def begun(mode: str, arguments: dict[str, Any]) -> Any:
        if mode == "online":
            raise TimeoutError("nobody answers")
        return real(mode, arguments)

    monkeypatch.setattr(wandb_run, "_begun", begun)
    monkeypatch.setattr(wandb_run, "_need_key", lambda: None)
    tiny = [one for one in ONLINE if not one.startswith(("steps", "check_every"))]
    env = {"WANDB_MODE": None}
    never = command(*tiny, "steps=1", env=env)
    assert never.returncode == 1
    assert "tracking=online: W&B could not start the run (nobody answers)" in never.stderr
    assert command.files() == []
    wandb_run._reached.set()
    done = command(*tiny, "steps=1", env=env)
    assert done.returncode == 0, done.stderr
    (kept,) = command.folder.glob("run/wandb/offline-run-*")
    warned = "WARNING: W&B could not start the run (nobody answers), so it is kept here: "
    assert f"{warned}`wandb sync {kept}` sends it" in done.stderr


@pytest.mark.slow
def test_wandb_s_server_dies_in_a_sweep(process: Process, tmp_path: Path):
    sweep = ("-m", *ONLINE[:-1], "steps=2000", "tv.gamma=0,1", "hydra.sweep.dir=sweep")
    with serving(Wandb) as server:
        env = environment(account(server.url, tmp_path))
        running = begin(["-c", HURRIED, *sweep], process.folder, env)
        wait_for_rows(process.folder / "sweep" / "0", 2, running)
        server.die()
        _, stderr = running.communicate(timeout=240)
    assert running.returncode == 0, stderr
    assert "Traceback" not in stderr
    records = [json.loads((process.folder / f"sweep/{n}/run.json").read_text()) for n in range(2)]
    assert [one["status"] for one in records] == ["finished"] * 2
    # The first was online; the other, and the sweep's table, are kept in the same place.
    kept = sorted(process.folder.glob("sweep/wandb/offline-run-*"))
    assert len(kept) == 2
    lines = re.findall(
        r"^WARNING: W&B could not start .* `wandb sync (\S+)` sends it$", stderr, re.M
    )
    assert sorted(map(Path, lines)) == kept


def begin(arguments: list[str], folder: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    """Start Python in `folder`."""
    command = [sys.executable, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True)


def wait_for_rows(folder: Path, rows: int, running: subprocess.Popen[str]) -> None:
    """Wait until a run has written so many rows."""
    history = folder / "history.csv"
    deadline = time.monotonic() + 120
    while not (history.exists() and history.read_text().count("\n") > rows):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("behavior", ["refuses", "stalls"])
def test_wandb_s_server_is_out_of_reach(process: Process, tmp_path: Path, behavior: str):
    class Silent(Quiet):
        def do_POST(self) -> None:
            self.server.over.wait()

    with serving(Silent) as server:
        if behavior == "refuses":
            server.die()
        began = time.monotonic()
        done = process(*ONLINE, env=account(server.url, tmp_path))
    assert time.monotonic() - began < 60
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.match("nst: tracking=online: W&B could not start the run .*tracking=offline", line)
    assert not (process.folder / "run").exists()
