"""`nst sync` against a server that keeps what it is sent."""

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import TINY, Command, Done, pixels, record, rows
from wandb_server import KEY, Store, account, wandb_server

from nst.base import locks
from nst.tracking import wandb_remote

OFFLINE = (*TINY, "tracking=offline", "hydra.sweep.dir=sweep")
SYNC = (sys.executable, "-m", "nst.sync")
Sync = Callable[..., Done]


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    """Let W&B's client, which reads its variables once a process, begin anew."""
    import wandb

    wandb.teardown()
    yield
    wandb.teardown()


@pytest.fixture
def store() -> Iterator[Store]:
    with wandb_server() as store:
        yield store


@pytest.fixture
def sync(command: Command, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Sync:
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str, **env: str | None) -> Done:
        return command(*arguments, program=SYNC, env=account(store.url, home) | env)

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of eight runs, one of which equals the first, tracked offline."""
    command = Command(tmp_path_factory.mktemp("finished"))
    env = {"WANDB_PROJECT": "styles", "WANDB_TAGS": "a,b", "WANDB_MODE": None}
    done = command("-m", *OFFLINE, "tv.gamma=0,10,0.0,1,2,3,4,5", env=env)
    assert done.returncode == 0, done.stderr
    return command.folder / "sweep"


@pytest.fixture
def sweep(command: Command, finished: Path) -> Path:
    """The same in the folder of the command, where a test may change it."""
    return Path(shutil.copytree(finished, command.folder / "sweep"))


#: What W&B's client would take for each run that it sends.
OF_ANOTHER = {
    f"WANDB_{name}": "other"
    for name in ("RUN_ID", "RUN_GROUP", "NAME", "TAGS", "NOTES", "JOB_TYPE", "DIR", "DATA_DIR")
} | {"WANDB_MODE": "disabled", "WANDB_RESUME": "must"}


def test_a_sweep_is_sent_once_by_one_command(sync: Sync, store: Store, finished: Path, sweep: Path):
    done = sync("sweep", **OF_ANOTHER)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "8 runs are at W&B in me/styles, 8 of them sent now"
    (cells,) = [one for one in store.runs.values() if one.display == "cells"]
    assert (cells.group, cells.job_type) == (f"{finished.parent.name}/sweep", "report")
    grid = io.BytesIO(cells.files[cells.summary["grid"]["path"]])
    np.testing.assert_array_equal(pixels(grid), pixels(sweep / "grid.png"))
    table = json.loads(store.artifacts[f"run-{cells.name}-cells"]["cells.table.json"])
    at = {name: number for number, name in enumerate(table["columns"])}
    assert [row[at["run"]] for row in table["data"]] == list("01234567")
    for row in table["data"]:
        assert row[at["picture"]]["path"] in store.artifacts[f"run-{cells.name}-cells"]
    for number in "01234567":
        written, history = record(sweep / number), rows(sweep / number)
        run = store.runs[written["tracked"]["id"]]
        assert (run.group, run.job_type, run.tags) == (
            f"{finished.parent.name}/sweep",
            "sweep",
            ["a", "b"],
        )
        assert (run.steps, run.twice, run.state) == ([0, 1, 2], 0, "finished")
        for row, expected in zip(run.rows, history, strict=True):
            assert row["loss/total"] == pytest.approx(float(expected["total"]))
        assert run.summary["status"] == "finished"
        metrics = {key[8:]: one for key, one in run.summary.items() if key.startswith("metrics/")}
        assert metrics == pytest.approx(written["metrics"])
        assert run.settings["tv"]["gamma"] == written["config"]["tv"]["gamma"]
        picture = run.files[run.summary["result"]["path"]]
        assert picture == (sweep / number / "result.png").read_bytes()
        assert (run.display, run.notes) == (written["tracked"]["name"], "")
        # W&B's client would find out that of the process that sends.
        assert "wandb-metadata.json" not in run.files
    known = repr((store.runs, store.artifacts))
    for secret in (KEY, "home0", "other", str(sweep.parent)):
        assert secret not in known
    seen = store.seen()
    again = sync("sweep")
    assert again.stdout == "8 runs are at W&B in me/styles, all of them before\n"
    assert store.seen() == seen


def test_what_the_server_lacks_is_sent_and_nothing_twice(sync: Sync, store: Store, sweep: Path):
    sync("sweep")
    run = store.runs[record(sweep / "1")["tracked"]["id"]]
    whole = store.seen()
    # As if the first try had ended after two of its three rows.
    run.lines["wandb-history.jsonl"].pop()
    run.summary = run.rows[0] | run.rows[1]
    done = sync("sweep")
    assert done.stdout.splitlines()[-1] == "8 runs are at W&B in me/styles, 1 of them sent now"
    assert (run.steps, run.twice) == ([0, 1, 2], 0)
    for one in (*whole, *(seen := store.seen())):
        for row in one["rows"]:
            for key in [key for key in row if key in ("_runtime", "_timestamp")]:
                del row[key]
    assert seen == whole


@pytest.mark.parametrize(
    ("refused", "forgets", "why"),
    [
        ({"file_stream": 403}, False, "doesn't show all of it"),
        ({"UpsertBucket": 403}, False, "could not open the run: "),
        ({}, True, "doesn't show all of it"),
    ],
    ids=["refuses rows", "refuses runs", "forgets rows"],
)
def test_a_server_that_refuses_or_forgets_is_named_and_the_command_can_be_repeated(
    sync: Sync,
    store: Store,
    sweep: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: dict[str, int],
    forgets: bool,
    why: str,
):
    monkeypatch.setattr(wandb_remote, "PATIENCE", 1)
    store.refused, store.forgets = refused, forgets
    done = sync("sweep")
    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("nst: ")]
    assert line.startswith("nst: 8 of 8 runs were not sent (")
    assert why in line
    assert line.endswith("; the same command sends what is missing")
    assert not list(sweep.glob("wandb/*/*.synced"))
    store.refused, store.forgets = {}, False
    assert sync("sweep").returncode == 0
    found = [(one.steps, one.twice) for one in store.runs.values() if one.display != "cells"]
    assert found == [([0, 1, 2], 0)] * 8


def refusal(done: Done) -> str:
    (line,) = [one for one in done.stderr.splitlines() if not one.startswith("wandb: ")]
    assert (done.returncode, done.stdout) == (1, "")
    return line


def test_what_can_t_be_sent_is_said_in_one_sentence(
    command: Command, sync: Sync, store: Store, tmp_path: Path
):
    needs = "nst: W&B wants a key, and none was found: run `wandb login`, or set WANDB_API_KEY"
    done = command(*TINY, "tracking=offline", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    assert refusal(sync("run", WANDB_API_KEY=None)) == needs
    store.refused = {"Viewer": 401}
    assert "could not say whose key this is: " in refusal(sync("run"))
    store.refused = {}
    with locks.run_lock(command.folder / "run"):
        assert "it is running: send it when it has ended" in refusal(sync("run"))
    with locks.run_lock(command.folder):
        assert refusal(sync(".")) == "nst: another process is at work in .: let that end"
    assert "WANDB_SWEEP_ID" in refusal(sync("run", WANDB_SWEEP_ID="s"))
    assert store.runs == {}
    command(*TINY, "tracking=disabled", "hydra.run.dir=other")
    assert refusal(sync("other")) == (
        "nst: there is nothing to send: other: it wasn't tracked (tracking=disabled)"
    )
    assert "there are no runs in" in refusal(sync(str(tmp_path / "work" / "other" / "images")))
    done = sync(".", "--project", "p", "--entity", "team")
    assert "left out: other: it wasn't tracked" in done.stdout
    assert "1 run is at W&B in team/p, 1 of them sent now" in done.stdout
