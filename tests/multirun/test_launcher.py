"""The batched launcher, through the command line: a grid is its runs, each as if alone."""

import base64
import hashlib
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jsonschema
import pytest
from helpers import FOUR_STEPS, SCHEMA, SHALLOW, await_rows, record, rows

from nst.report import build

SMALL = (*FOUR_STEPS, *SHALLOW)
BATCHED = ("-m", "hydra.sweep.dir=sweep")


def statuses(folder: Path) -> dict[str, str]:
    return {
        path.parent.name: record(path.parent)["status"]
        for path in sorted(folder.glob("*/run.json"))
    }


@pytest.mark.parametrize(("lanes", "program"), [("null", "advance"), ("2", "advance_lanes")])
def test_a_grid_is_its_runs_and_a_program_a_group(command, lanes: str, program: str):
    # No other test has this size, so that nothing of it is compiled before.
    small = (*FOUR_STEPS, "size=26", "content.layers=[conv1_1]")
    grid = ("style.statistic=gram,mean_std", "tv.gamma=0,1e3", "style.layers=[conv1_1],[conv1_2]")
    with jax.log_compiles():
        done = command(
            *BATCHED, *small, *grid, f"hydra.launcher.lanes={lanes}", "sweep.report=false"
        )
    assert done.returncode == 0, done.stderr
    sweep = command.folder / "sweep"
    assert statuses(sweep) == {str(number): "finished" for number in range(8)}
    assert "8/8" in done.stderr
    compiled = re.findall(r"^WARNING: Compiling jit\((\w+)\)", done.stderr, re.MULTILINE)
    assert compiled.count(program) == 2
    assert compiled.count("compute_targets") <= 2
    own = ("style.statistic=mean_std", "tv.gamma=1e3", "style.layers=[conv1_1]")
    alone = command(*small, *own, "hydra.run.dir=one")
    assert alone.returncode == 0, alone.stderr
    # The last factor turns fastest: gram 0-3, mean_std 4-7; gamma 0 then 1e3; conv1_1 then conv1_2.
    (lane, one) = (sweep / "6", command.folder / "one")
    mine, theirs = record(lane), record(one)
    assert mine["config_hash"] == theirs["config_hash"]
    assert set(mine["best"]) == set(theirs["best"])
    assert mine["best"]["total"] == pytest.approx(theirs["best"]["total"], rel=1e-4)
    if lanes == "null":
        assert (lane / "result.png").read_bytes() == (one / "result.png").read_bytes()
    assert (lane / ".hydra" / "overrides.yaml").read_text().count("mean_std") == 1
    assert len(rows(lane)) == 3


def damaged(picture: Path, file: Path) -> Path:
    """Leave a picture of which the header alone is whole."""
    file.write_bytes(picture.read_bytes()[:-200])
    return file


def test_a_run_that_fails_fails_alone(command, tmp_path: Path, picture: Path):
    grid = (f"content.path=null,{damaged(picture, tmp_path / 'half.png')}", "optimizer.lr=1,1e9")
    done = command(*BATCHED, *SMALL, *grid)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    ended = {"0": "finished", "1": "diverged", "2": "failed", "3": "failed"}
    assert statuses(command.folder / "sweep") == ended
    assert done.stdout.count("failed: content.path") == 2
    shows, titles, first, *_ = done.stdout.splitlines()
    assert shows.startswith("nst report sweep --watch ")
    assert done.stdout.count("--watch") == 1
    assert titles.split("  ")[0] == "run"
    assert "style distance  content distance  status" in titles
    metrics = record(command.folder / "sweep" / "0")["metrics"]
    assert first.split()[-3] == f"{metrics['style_distance']:.3f}"
    # Hydra writes 1000000000.0 for 1e9.
    assert done.stdout.count("optimizer.lr=1e9") == 2
    assert done.stdout.count("diverged: ") == 1


@pytest.mark.parametrize("launcher", ["basic", "batched"])
def test_a_run_that_could_not_start_says_why_and_starts_once_it_can(
    command, picture: Path, launcher: str
):
    later = damaged(picture, command.folder / "later.png")
    grid = ("-m", "hydra.sweep.dir=sweep", f"hydra/launcher={launcher}", *SMALL)
    done = command(*grid, f"content.path=null,{later}")
    assert done.returncode == 1
    sweep = command.folder / "sweep"
    assert statuses(sweep) == {"0": "finished", "1": "failed"}
    jsonschema.validate(record(sweep / "1"), SCHEMA)
    assert record(sweep / "1")["error"].startswith(f"content.path: '{later}'")
    # The report is there all the same.
    assert done.stdout.endswith("sweep/grid.png\nsweep/metrics.csv\nsweep/index.html\n")
    lines = (sweep / "metrics.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["0", "finished"], ["1", "failed"]]
    later.write_bytes(picture.read_bytes())
    done = command(*grid, f"content.path=null,{later}", "sweep.report=false")
    assert done.returncode == 0, done.stderr
    assert statuses(sweep) == {"0": "finished", "1": "finished"}
    assert "index.html" not in done.stdout


def test_a_value_out_of_range_is_told_with_its_job_before_anything_runs(command):
    done = command(*BATCHED, *SMALL, "tv.gamma=0,-1")
    assert done.returncode == 1
    assert "nst: job 1 (tv.gamma=-1): tv.gamma must be" in done.stderr
    assert command.files() == []


def test_a_sweep_goes_on_in_its_folder(command):
    whole = (*BATCHED, *SMALL, "tv.gamma=0,1,2", "steps=600", "check_every=2")
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


def test_ctrl_c_ends_the_sweep_and_keeps_what_is_there(command):
    running = command.start(*BATCHED, *SMALL, "tv.gamma=0,1", "steps=1000000")
    await_rows(command.folder / "sweep" / "0", 3, running)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in stderr
    assert statuses(command.folder / "sweep") == {"0": "interrupted"}
    assert (command.folder / "sweep" / "0" / "state.msgpack").exists()
    said, resumes = stderr.splitlines()[-2:]
    assert said == "sweep keeps what is done; this resumes the sweep:"
    assert shlex.split(resumes)[:2] == ["nst", "-m"]
    assert shlex.split(resumes)[-2:] == ["steps=1000000", "hydra.sweep.dir=sweep"]


def test_every_lane_has_a_run_of_its_own_at_wandb_and_the_sweep_a_table_of_them(
    command, read_wandb
):
    own = ("tracking=offline", "tv.gamma=0,1e3", "hydra.launcher.lanes=2")
    done = command(*BATCHED, *SMALL, *own)
    assert done.returncode == 0, done.stderr
    sweep = command.folder / "sweep"
    assert len(list((sweep / "wandb").glob("offline-run-*"))) == 3
    assert not list(sweep.glob("[01]/wandb"))
    (file,) = sweep.glob("wandb/offline-run-*/files/media/table/cells*.json")
    table = json.loads(file.read_text())
    cells = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [(cell["run"], cell["tv.gamma"]) for cell in cells] == [("0", "0"), ("1", "1e3")]
    for cell in cells:
        metrics = record(sweep / cell["run"])["metrics"]
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


def test_the_launcher_is_found_and_loads_no_jax():
    look = "import sys, hydra_plugins.nst_batch_launcher.launcher; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
