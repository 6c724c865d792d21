"""What W&B is told, read back from the files of offline runs with W&B's own program."""

import contextlib
import csv
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nst import inputs, transfer
from nst.config import Config
from nst.metric_info import METRICS

QUICK = ("network=vgg16", "size=32", "steps=3", "check_every=2")
LOSSES = ["total", "content", "style", "tv", "content/conv2_1", "style/conv1_1", "style/conv2_1"]
LAYERS = ("content.layers=[conv2_1]", "style.layers=[conv1_1,conv2_1]")
Compose = Callable[..., Config]
Lines = list[dict[str, Any]]
Inspect = Callable[..., Lines]


def perform(compose: Compose, folder: Path, *overrides: str, **options: Any) -> Path:
    config = compose(*QUICK, *LAYERS, *overrides)
    transfer.perform(inputs.prepare(config), transfer.Place(folder, overrides, **options))
    return folder


def logged(lines: Lines) -> Lines:
    return [line["history"]["item"] for line in lines if line["type"] == "history"]


def head(lines: Lines) -> dict[str, Any]:
    (run,) = (line["run"] for line in lines if line["type"] == "run")
    return run


@pytest.fixture(scope="module")
def tracked(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with all three terms at work."""
    folder = tmp_path_factory.mktemp("tracked")
    return perform(compose, folder, "alpha=3", "beta=5e3", "tv.gamma=7")


def test_every_check_is_a_row_with_every_loss(tracked: Path, inspect: Inspect):
    rows = logged(inspect(tracked))
    assert [row["_step"] for row in rows] == [0, 2, 3]
    losses = {f"loss/{name}" for name in LOSSES}
    weighted = {"weighted/content", "weighted/style", "weighted/tv"}
    beside = ("_", "picture.", "metrics/")
    own = {key for row in rows for key in row if not key.startswith(beside)}
    assert own == losses | weighted | {"s_per_step", "evaluations"}
    assert [row["evaluations"] for row in rows] == [0, 2, 3]
    for row in rows:
        assert losses | weighted <= set(row)
    assert ["s_per_step" in row for row in rows] == [False, True, True]


def test_the_rows_are_those_of_the_history(tracked: Path, inspect: Inspect):
    history = list(csv.DictReader((tracked / "history.csv").read_text().splitlines()))
    for row, expected in zip(logged(inspect(tracked)), history, strict=True):
        for name in LOSSES:
            assert row[f"loss/{name}"] == pytest.approx(float(expected[name]))


def test_a_weighted_term_is_its_weight_times_the_term(tracked: Path, inspect: Inspect):
    for row in logged(inspect(tracked)):
        for term, weight in (("content", 3), ("style", 5e3), ("tv", 7)):
            assert row[f"weighted/{term}"] == pytest.approx(weight * row[f"loss/{term}"])
        total = row["weighted/content"] + row["weighted/style"] + row["weighted/tv"]
        assert row["loss/total"] == pytest.approx(total, rel=1e-5)


def test_the_metrics_are_those_of_the_record(tracked: Path, inspect: Inspect):
    record = json.loads((tracked / "run.json").read_text())
    assert set(record["metrics"]) == {metric.name for metric in METRICS}
    known = {f"metrics/{name}": value for name, value in record["metrics"].items()}
    last = logged(inspect(tracked))[-1]
    assert {key: last[key] for key in known} == pytest.approx(known)
    (whole,) = inspect(tracked, "--summary")
    assert {key: whole["summary"][key] for key in known} == pytest.approx(known)


def test_the_first_picture_and_the_best_are_kept(tracked: Path, inspect: Inspect):
    lines = inspect(tracked)
    assert ["picture.path" in row for row in logged(lines)] == [True, False, False]
    (whole,) = inspect(tracked, "--summary")
    files = next(tracked.glob("wandb/offline-run-*/files"))
    for name, path in (("picture", "images/step_00000.png"), ("result", "result.png")):
        kept = files / whole["summary"][name]["path"]
        assert kept.read_bytes() == (tracked / path).read_bytes()


def test_the_summary_has_the_best_and_the_sources(tracked: Path, inspect: Inspect):
    (whole,) = inspect(tracked, "--summary")
    summary = whole["summary"]
    assert summary["status"] == "finished"
    assert summary["best/step"] in (2, 3)
    best = next(row for row in logged(inspect(tracked)) if row["_step"] == summary["best/step"])
    for name in (*(f"loss/{name}" for name in LOSSES), "weighted/style"):
        assert summary[f"best/{name}"] == best[name]
    for key, name in (("content", "chelsea"), ("style", "night"), ("network", "vgg16")):
        assert summary[f"sources/{key}"] == name
        assert summary[f"sources/{key}_fallback"] is False


def test_the_configuration_is_resolved(tracked: Path, inspect: Inspect):
    (whole,) = inspect(tracked, "--summary")
    assert whole["config"]["alpha"] == 3
    assert whole["config"]["tv"]["gamma"] == 7
    assert whole["config"]["style"]["layers"] == {"conv1_1": 0.5, "conv2_1": 0.5}
    assert "beta=5e3" in whole["config"]["overrides"]


def test_the_name_of_a_run_is_what_makes_it(tracked: Path, inspect: Inspect):
    run = head(inspect(tracked))
    assert run["display_name"] == "alpha=3,beta=5e3,tv.gamma=7"
    assert run["project"] == "nst"
    assert run["job_type"] == "run"
    assert not run.get("run_group")
    assert not run.get("tags")


def test_name_group_and_tags_may_be_given(compose: Compose, tmp_path: Path, inspect: Inspect):
    own = ("tracking.name=mine", "tracking.group=ours", "tracking.tags=[a,b]")
    run = head(inspect(perform(compose, tmp_path, *own, "tracking.project=p", group="sweep")))
    assert (run["display_name"], run["run_group"], run["project"]) == ("mine", "ours", "p")
    assert run["tags"] == ["a", "b"]


@pytest.mark.parametrize("cut", [2, 3])
def test_a_run_that_goes_on_has_all_its_rows(
    tracked: Path, compose: Compose, tmp_path: Path, inspect: Inspect, cut: int
):
    config = compose(*QUICK, *LAYERS, "alpha=3", "beta=5e3", "tv.gamma=7", "sweep.save_every=0")
    prepared = inputs.prepare(config)
    with (
        contextlib.suppress(ZeroDivisionError),
        transfer.Session(prepared, transfer.Place(tmp_path)) as session,
    ):
        for check in transfer._checks(prepared, None):
            session.add(check)
            if check.step == cut:
                raise ZeroDivisionError  # stands for a kill
    shutil.rmtree(tmp_path / "wandb")
    transfer.perform(prepared, transfer.Place(tmp_path))
    rows, whole = logged(inspect(tmp_path)), logged(inspect(tracked))
    assert [row["_step"] for row in rows] == [0, 2, 3]
    for row, other in zip(rows, whole, strict=True):
        own = {key: value for key, value in other.items() if key.startswith(("loss", "weighted"))}
        assert own.items() <= row.items()
    assert "picture.path" in rows[0]
    assert {key for key in whole[-1] if key.startswith("metrics/")} <= set(rows[-1])


def test_runs_of_a_sweep_share_a_folder_and_do_not_mix(
    compose: Compose, tmp_path: Path, inspect: Inspect
):
    for job, gamma in enumerate((1, 2)):
        option = f"tv.gamma={gamma}"
        perform(compose, tmp_path / str(job), option, tracking=tmp_path, group="sweep")
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len(runs) == 2
    assert not list(tmp_path.glob("[01]/wandb"))
    found = {}
    for job, run in enumerate(runs):
        # The reader takes a folder with a single run.
        (alone := tmp_path / f"alone{job}" / "wandb").mkdir(parents=True)
        (alone / run.name).symlink_to(run)
        lines = inspect(alone.parent)
        assert [row["_step"] for row in logged(lines)] == [0, 2, 3]
        for row in logged(lines):
            gamma = head(lines)["config"]["update"]["tv"]["gamma"]
            assert row["weighted/tv"] == pytest.approx(gamma * row["loss/tv"])
        found[head(lines)["display_name"]] = head(lines)["run_group"]
    assert found == {"tv.gamma=1": "sweep", "tv.gamma=2": "sweep"}


def test_without_any_override_the_name_is_the_experiments(
    compose: Compose, tmp_path: Path, inspect: Inspect
):
    config = compose(*QUICK, *LAYERS, "name=mine")
    transfer.perform(inputs.prepare(config), transfer.Place(tmp_path))
    assert head(inspect(tmp_path))["display_name"] == "mine"


def test_disabled_neither_imports_wandb_nor_writes_for_it(nst):
    program = (sys.executable, "-X", "importtime", "-m", "nst.run")
    done = nst(*QUICK, *LAYERS, "tracking=disabled", program=program)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jax" in imported
    assert not [name for name in imported if name.partition(".")[0] == "wandb"]
    assert not list(nst.folder.rglob("wandb"))
