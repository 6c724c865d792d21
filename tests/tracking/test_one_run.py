"""One run of nst's is one run at W&B, however often it is cut off: on a server that keeps it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import SHALLOW, Process, await_rows, ended, environment, record, rows
from one_run import cut_off
from wandb_server import Kept, Store, account, wandb_server

from nst.config.schema import Config
from nst.runner import prepare
from nst.runner import session as transfer

Compose = Callable[..., Config]
RUN = ("network=vgg16", "size=32", *SHALLOW, "steps=6", "check_every=2", "sweep.save_every=0")
#: Long enough to be killed on its way.
LONG = (
    *("network=vgg16", "size=32", "content.layers=[conv2_1]", "style.layers=[conv1_1]"),
    *("steps=600", "check_every=20", "sweep.save_every=0", "tracking.images_every=100"),
    "hydra.run.dir=run",
)
#: What W&B adds to a row and to a summary by its own clock.
TIMES = ("_runtime", "_timestamp", "_wandb", "s_per_step", "record")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A server, at which this process has an account."""
    import wandb

    wandb.teardown()
    (tmp_path / "home").mkdir()
    with wandb_server() as store:
        for name, value in account(store.url, tmp_path / "home").items():
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        yield store
    wandb.teardown()


def without_times(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in TIMES}


def shown(run: Kept) -> dict[str, Any]:
    """Return what W&B's page of a run would show but for the times."""
    return {
        "rows": [without_times(row) for row in run.rows],
        "summary": without_times(run.summary),
        "settings": run.settings,
        "files": sorted(name for name in run.files if name.startswith("media/")),
        "twice": run.twice,
        "state": run.state,
    }


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_run_that_was_cut_off_online_is_as_if_it_had_not_been(
    compose: Compose, store: Store, tmp_path: Path, lost: int
):
    config = compose(*RUN, "tracking=online")
    transfer.perform(prepare.prepare(config), transfer.Place(tmp_path / "whole"))
    (whole,) = store.runs.values()
    cut_off(prepare.prepare(config), transfer.Place(tmp_path / "cut"), 4)
    cut = store.runs[record(tmp_path / "cut")["tracked"]["id"]]
    kept = cut.lines["wandb-history.jsonl"]
    assert len(kept) == 3
    for _ in range(lost):  # a kill costs what was not yet sent
        kept.pop()
        cut.summary |= cut.rows[-1]
    transfer.perform(prepare.prepare(config), transfer.Place(tmp_path / "cut"))
    assert set(store.runs) == {whole.name, cut.name}
    assert [row["_step"] for row in cut.rows] == [0, 2, 4, 6]
    assert shown(cut) == shown(whole)


def killed(process: Process, *arguments: str, env: dict[str, str | None]) -> None:
    running = process.start(*arguments, env=env)
    await_rows(process.folder / "run", 6, running)
    os.killpg(running.pid, signal.SIGKILL)
    ended(running)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_run_that_was_killed_twice_is_one_run_with_each_step_once(
    process: Process, tmp_path: Path, mode: str
):
    folder = process.folder / "run"
    with wandb_server() as store:
        env = account(store.url, tmp_path)
        run = (*LONG, f"tracking={mode}")
        for _ in range(2):
            killed(process, *run, env=env)
            assert record(folder)["status"] == "running"
        done = process(*run, env=env)
        assert done.returncode == 0, done.stderr
        if mode == "offline":
            assert store.runs == {}
            (kept,) = folder.glob("wandb/offline-run-*")
            sync = [sys.executable, "-m", "nst.sync", "run"]
            for said in ("1 of them sent now", "all of them before"):
                told = subprocess.run(
                    sync, cwd=process.folder, env=environment(env), capture_output=True, text=True
                )
                assert told.returncode == 0, told.stderr
                assert told.stdout.splitlines()[-1] == f"1 run is at W&B in me/nst, {said}"
            assert list(kept.glob("*.synced"))
        (found,) = store.runs.values()
    assert found.name == record(folder)["tracked"]["id"]
    assert (found.steps, found.twice) == (list(range(0, 601, 20)), 0)
    for row, expected in zip(found.rows, rows(folder), strict=True):
        assert row["loss/total"] == pytest.approx(float(expected["total"]))
    assert (found.state, found.summary["status"]) == ("finished", "finished")
    metrics = {key[8:]: one for key, one in found.summary.items() if key.startswith("metrics/")}
    assert metrics == pytest.approx(record(folder)["metrics"])
    pictures = [row["picture"]["path"] for row in found.rows if "picture" in row]
    assert len(pictures) == 7
    assert set(pictures) <= set(found.files)
    assert found.files[found.summary["result"]["path"]] == (folder / "result.png").read_bytes()
