"""Servers that fail in every way: of a source's file, and W&B's own in the middle of a run."""

import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from helpers import TINY, Command, Done, Inspect, Process, await_rows, ended, record, rows
from PIL import Image
from servers import BYTES, SHA256, Quiet, serving
from wandb_server import account, wandb_server

from nst.base.errors import UserError
from nst.config.groups import Source
from nst.sources import download, resolve
from nst.sources.resolve import locate
from nst.tracking import wandb_run

# --- A source's file ----------------------------------------------------------------------------


class Bad(Quiet):
    """Serves a file as badly as the path says."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        getattr(self, self.path.strip("/"))()

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

    def redirects(self, to: str = "http://example.invalid/a.jpg") -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.end_headers()

    def redirects_for_ever(self) -> None:
        self.redirects(self.path)

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
    slow = behavior.startswith("stalls")
    # Short limits are for servers that stall: any other may be late on a busy machine.
    timeout, patience = limits if slow else REAL
    monkeypatch.setattr(download, "TIMEOUT", timeout)
    monkeypatch.setattr(download, "SLOW", patience)
    why = BEHAVIORS[behavior]
    with serving(Bad) as server:
        if behavior == "refuses":
            server.die()
        url = f"{server.url}/{behavior}"
        source = Source("starry", "A title", url, f"sha256:{SHA256}", "starry.jpg", "astronaut")
        began = time.monotonic()
        with pytest.raises(UserError, match=why) as refused:
            locate(source, None, key="style.path", fallback=False)
        assert time.monotonic() - began < timeout + 3
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
            asked = 31 if behavior == "redirects_for_ever" else behavior != "refuses"
            assert len(server.asked) == asked * (1 if slow else 2)
    left = [path.name for path in cache.rglob("*") if path.is_file()]
    assert [name for name in left if not name.endswith(".lock")] == []


# --- W&B ----------------------------------------------------------------------------------------


ONLINE = (
    *(*TINY, "content.layers=[conv2_1]", "steps=600", "check_every=50"),
    *("tracking=online", "tracking.images_every=0", "hydra.run.dir=run"),
)
#: The command with shorter waits for W&B's server.
HURRIED = (
    "from nst import run; from nst.tracking import wandb_run; "
    "wandb_run.WAIT, wandb_run.OPENING = 1.0, 5.0; run.main()"
)


@pytest.mark.slow
def test_wandb_s_server_dies_in_mid_run(process: Process, tmp_path: Path, read_wandb: Inspect):
    folder = process.folder / "run"
    with wandb_server() as store:
        env = account(store.url, tmp_path)
        running = process.start(*ONLINE, env=env)
        await_rows(folder, 2, running)
    died = time.monotonic()
    assert len(store.runs) == 1
    done = ended(running)
    # The run's own 600 steps, and the wait.
    assert time.monotonic() - died < 180
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert record(folder)["status"] == "finished"
    with Image.open(folder / "result.png") as picture:
        picture.verify()
    (line,) = re.findall(r"^WARNING: (W&B's server .*)$", done.stderr, re.MULTILINE)
    assert "`nst sync run` sends it" in line
    # W&B's own file has every row.
    logged = [line["history"]["item"] for line in read_wandb(folder) if line["type"] == "history"]
    assert [row["_step"] for row in logged] == [int(row["step"]) for row in rows(folder)]
    assert [len(logged), "metrics/ssim" in logged[-1]] == [13, True]
    with wandb_server(urlsplit(store.url).port or 0, store):
        told = sync(process, "run", env)
    assert told.stdout.splitlines()[-1] == "1 run is at W&B in me/nst, 1 of them sent now"
    (run,) = store.runs.values()
    assert (run.steps, run.twice) == (list(range(0, 601, 50)), 0)
    assert (run.state, run.summary["status"]) == ("finished", "finished")
    assert run.files[run.summary["result"]["path"]] == (folder / "result.png").read_bytes()


def sync(process: Process, folder: str, env: dict[str, str | None]) -> Done:
    done = process(folder, env=env, program=(sys.executable, "-m", "nst.sync"))
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_of_a_sweep_whose_server_has_gone_is_kept_here(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    """As the next test has it, which waits for a server that is gone."""
    real = wandb_run.begun

    def begun(mode: str, arguments: dict[str, Any]) -> Any:
        if mode == "online":
            raise TimeoutError("nobody answers")
        return real(mode, arguments)

    monkeypatch.setattr(wandb_run, "begun", begun)
    monkeypatch.setattr(wandb_run, "has_key", lambda: True)
    run = (*TINY, "tracking=online", "hydra.run.dir=run")
    env = {"WANDB_MODE": None}
    never = command(*run, env=env)
    assert never.returncode == 1
    assert "tracking=online: W&B could not start the run (nobody answers)" in never.stderr
    assert command.files() == []
    wandb_run._reached.set()
    done = command(*run, env=env)
    assert done.returncode == 0, done.stderr
    (kept,) = command.folder.glob("run/wandb/offline-run-*")
    own = record(command.folder / "run")["tracked"]["id"]
    assert kept.name.endswith(f"-{own}-offline")  # W&B's client has the id itself in use
    warned = "WARNING: W&B could not start the run (nobody answers), so it is kept here: "
    assert f"{warned}`nst sync run` sends it" in done.stderr


@pytest.mark.slow
def test_wandb_s_server_dies_in_a_sweep(process: Process, tmp_path: Path):
    sweep = ("-m", *ONLINE[:-1], "steps=2000", "tv.gamma=0,1", "hydra.sweep.dir=sweep")
    with wandb_server() as store:
        env = account(store.url, tmp_path)
        running = process.start(*sweep, env=env, program=(sys.executable, "-c", HURRIED))
        await_rows(process.folder / "sweep" / "0", 2, running)
    done = ended(running)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    records = [record(process.folder / f"sweep/{number}") for number in range(2)]
    assert [one["status"] for one in records] == ["finished"] * 2
    # The first was online; the other, and the sweep's table, are kept in the same place.
    assert len(list(process.folder.glob("sweep/wandb/offline-run-*"))) == 2
    told = r"^WARNING: W&B could not start .* `(.*)` sends it$"
    assert re.findall(told, done.stderr, re.MULTILINE) == ["nst sync sweep"] * 2
    with wandb_server(urlsplit(store.url).port or 0, store):
        sync(process, "sweep", env)
    found = {run.name: run.steps for run in store.runs.values() if run.display != "cells"}
    assert found == {one["tracked"]["id"]: list(range(0, 2001, 50)) for one in records}
    assert [run.display for run in store.runs.values()].count("cells") == 1


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
