"""The batched launcher, through the command line: a grid is its runs, each as if alone."""

import base64
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from helpers import FOUR_STEPS, SHALLOW

from nst.report import build

BATCHED = ("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep")


def statuses(folder: Path) -> dict[str, str]:
    return {
        path.parent.name: json.loads(path.read_text())["status"]
        for path in sorted(folder.glob("*/run.json"))
    }


@pytest.mark.parametrize("lanes", ["null", "2"])
def test_a_grid_is_its_runs(command, lanes: str):
    tiny = (*FOUR_STEPS, "content.layers=[conv2_1]")
    grid = ("pooling=avg,max", "tv.gamma=0,1e3", "style.layers=[conv1_1],[conv2_1]")
    done = command(*BATCHED, *tiny, *grid, f"hydra.launcher.lanes={lanes}")
    assert done.returncode == 0, done.stderr
    sweep = command.folder / "sweep"
    assert statuses(sweep) == {str(number): "finished" for number in range(8)}
    assert "8/8" in done.stderr
    alone = command(
        *tiny, "pooling=max", "tv.gamma=1e3", "style.layers=[conv1_1]", "hydra.run.dir=one"
    )
    assert alone.returncode == 0, alone.stderr
    # The last factor turns fastest: avg 0-3, max 4-7; gamma 0 then 1e3; conv1_1 then conv2_1.
    (lane, one) = (sweep / "6", command.folder / "one")
    mine, theirs = (json.loads((path / "run.json").read_text()) for path in (lane, one))
    assert mine["config_hash"] == theirs["config_hash"]
    assert set(mine["best"]) == set(theirs["best"])
    assert mine["best"]["total"] == pytest.approx(theirs["best"]["total"], rel=1e-4)
    if lanes == "null":
        assert (lane / "result.png").read_bytes() == (one / "result.png").read_bytes()
    assert (lane / ".hydra" / "overrides.yaml").read_text().count("pooling=max") == 1
    assert len((lane / "history.csv").read_text().splitlines()) == 4


def test_the_grid_compiles_a_program_a_group(command):
    grid = ("pooling=avg,max", "tv.gamma=0,1,2", "style.layers=[conv1_1],[conv1_1,conv2_1]")
    done = command(
        *BATCHED, *FOUR_STEPS, *grid, "content.layers=[conv1_1]", env={"JAX_LOG_COMPILES": "1"}
    )
    assert done.returncode == 0, done.stderr
    for program in ("advance", "targets"):
        lines = re.findall(rf"^WARNING: Compiling jit\({program}\)", done.stderr, re.MULTILINE)
        assert len(lines) == 2


def test_a_run_that_fails_fails_alone(command, tmp_path: Path):
    missing = tmp_path / "missing.png"
    grid = (f"content.path=null,{missing}", "optimizer.lr=1,1e9")
    done = command(*BATCHED, *FOUR_STEPS, *grid)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    ended = {"0": "finished", "1": "diverged", "2": "failed", "3": "failed"}
    assert statuses(command.folder / "sweep") == ended
    assert done.stdout.count("failed: content.path") == 2
    assert done.stdout.count("diverged: ") == 1


@pytest.mark.parametrize("launcher", ["basic", "batched"])
def test_a_run_that_could_not_start_says_why_and_starts_once_it_can(
    command, picture: Path, launcher: str
):
    later = command.folder / "later.png"
    grid = (f"hydra/launcher={launcher}", *FOUR_STEPS, *SHALLOW, f"content.path=null,{later}")
    done = command("-m", "hydra.sweep.dir=sweep", *grid)
    assert done.returncode == 1
    assert statuses(command.folder / "sweep") == {"0": "finished", "1": "failed"}
    record = json.loads((command.folder / "sweep" / "1" / "run.json").read_text())
    schema = Path(__file__).parents[2] / "docs" / "run.schema.json"
    jsonschema.validate(record, json.loads(schema.read_text()))
    assert record["error"].startswith(f"content.path: '{later}'")
    later.write_bytes(picture.read_bytes())
    done = command("-m", "hydra.sweep.dir=sweep", *grid)
    assert done.returncode == 0, done.stderr
    assert statuses(command.folder / "sweep") == {"0": "finished", "1": "finished"}


def test_a_value_out_of_range_is_told_with_its_job_before_anything_runs(command):
    done = command(*BATCHED, *FOUR_STEPS, "tv.gamma=0,-1")
    assert done.returncode == 1
    assert "nst: job 1 (tv.gamma=-1): tv.gamma must be" in done.stderr
    assert command.files() == []


def test_a_sweep_goes_on_in_its_folder(command):
    whole = (*BATCHED, *FOUR_STEPS, *SHALLOW, "tv.gamma=0,1,2", "steps=2000")
    running = command.start(*whole)
    sweep = command.folder / "sweep"
    deadline = time.monotonic() + 120
    while statuses(sweep).get("1") != "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    before = statuses(sweep)
    assert before["0"] == "finished"
    assert before.get("2") != "finished"
    written = (sweep / "0" / "run.json").read_bytes()
    done = command(*whole)
    assert done.returncode == 0, done.stderr
    assert statuses(sweep) == {"0": "finished", "1": "finished", "2": "finished"}
    assert (sweep / "0" / "run.json").read_bytes() == written
    other = command(*BATCHED, *FOUR_STEPS, *SHALLOW, "tv.gamma=0,1,3", "steps=2000")
    assert other.returncode == 1
    assert re.search(r"holds another run.*tv\.gamma \(2\.0, not 3\.0\)", other.stderr)
    assert statuses(sweep) == {"0": "finished", "1": "finished", "2": "finished"}


def test_ctrl_c_ends_the_sweep_and_keeps_what_is_there(command):
    running = command.start(*BATCHED, *FOUR_STEPS, *SHALLOW, "tv.gamma=0,1", "steps=1000000")
    history = command.folder / "sweep" / "0" / "history.csv"
    deadline = time.monotonic() + 120
    while not (history.exists() and history.read_text().count("\n") > 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in stderr
    assert statuses(command.folder / "sweep") == {"0": "interrupted"}
    assert (command.folder / "sweep" / "0" / "state.msgpack").exists()


def test_every_lane_has_a_run_of_its_own_at_wandb_and_the_sweep_a_table_of_them(
    command, read_wandb
):
    tiny = [argument for argument in FOUR_STEPS if argument != "tracking=disabled"]
    done = command(*BATCHED, *tiny, *SHALLOW, "tv.gamma=0,1e3", "hydra.launcher.lanes=2")
    assert done.returncode == 0, done.stderr
    sweep = command.folder / "sweep"
    assert len(list((sweep / "wandb").glob("offline-run-*"))) == 3
    assert not list(sweep.glob("[01]/wandb"))
    (file,) = sweep.glob("wandb/offline-run-*/files/media/table/cells*.json")
    table = json.loads(file.read_text())
    cells = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [(cell["run"], cell["tv.gamma"]) for cell in cells] == [("0", "0"), ("1", "1e3")]
    for cell in cells:
        metrics = json.loads((sweep / cell["run"] / "run.json").read_text())["metrics"]
        assert {key: cell[key] for key in metrics} == pytest.approx(metrics)
    # The pictures of a table go into an artifact, told here by the sums of its files.
    (alone := command.folder / "alone" / "wandb").mkdir(parents=True)
    (alone / file.parents[3].name).symlink_to(file.parents[3])
    lines = read_wandb(alone.parent)
    (artifact,) = (line["artifact"] for line in lines if line["type"] == "artifact")
    kept = {entry["digest"] for entry in artifact["manifest"]["contents"]}
    shown = [
        base64.b64encode(hashlib.md5(path.read_bytes()).digest()).decode()
        for path in build.write([sweep]).thumbnails.values()
    ]
    assert len(shown) == 2
    assert set(shown) <= kept
    (grid,) = file.parents[1].glob("images/grid*.png")
    assert grid.read_bytes() == (sweep / "grid.png").read_bytes()


@pytest.mark.parametrize("launcher", ["basic", "batched"])
def test_a_sweep_ends_with_its_report_also_where_a_run_failed(command, launcher: str):
    grid = (f"hydra/launcher={launcher}", *FOUR_STEPS, *SHALLOW, "hydra.sweep.dir=sweep")
    done = command("-m", *grid, "content.path=null,missing.png")
    assert done.returncode == 1
    assert done.stdout.endswith("sweep/grid.png\nsweep/metrics.csv\nsweep/index.html\n")
    lines = (command.folder / "sweep" / "metrics.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["0", "finished"], ["1", "failed"]]
    again = command("-m", *grid, "content.path=null,missing.png", "sweep.report=false")
    assert "index.html" not in again.stdout


def test_the_launcher_is_found_and_loads_no_jax():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, hydra_plugins.nst_batch_launcher.launcher\n"
            "assert 'jax' not in sys.modules",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
