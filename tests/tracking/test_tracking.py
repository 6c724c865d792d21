"""What W&B is told, read back from the files of offline runs with W&B's own program."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import QUIET, Inspect, record, rows
from one_run import cut_off

from nst.base.errors import UserError
from nst.config.running import Tracking
from nst.config.schema import Config
from nst.metrics.registry import METRICS
from nst.runner import prepare
from nst.runner import session as transfer
from nst.tracking import wandb_run, wandb_settings

QUICK = ("network=vgg16", "size=32", "steps=3", "check_every=2")
LOSSES = ["total", "content", "style", "tv", "content/conv1_2", "style/conv1_1", "style/conv1_2"]
LAYERS = ("content.layers=[conv1_2]", "style.layers=[conv1_1,conv1_2]")
Compose = Callable[..., Config]
Lines = list[dict[str, Any]]


def perform(compose: Compose, folder: Path, *overrides: str, **options: Any) -> Path:
    config = compose(*QUICK, *LAYERS, *overrides)
    transfer.perform(prepare.prepare(config), transfer.Place(folder, overrides, **options))
    return folder


def opened(folder: Path, group: str | None = None) -> Any:
    own = wandb_settings.identity(group, None)
    return wandb_run.opened(Tracking(mode="offline"), folder, group, "name", own)


def refused(folder: Path, message: str, group: str | None = None) -> str:
    """Return why W&B's run does not open."""
    with (
        pytest.raises(UserError, match=message) as error,
        opened(folder, group),
    ):
        pass
    return str(error.value)


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


@pytest.fixture(scope="module")
def lines(tracked: Path, read_wandb: Inspect) -> Lines:
    return read_wandb(tracked)


@pytest.fixture(scope="module")
def whole(tracked: Path, read_wandb: Inspect) -> dict[str, Any]:
    """The run's configuration and summary."""
    (found,) = read_wandb(tracked, "--summary")
    return found


def test_every_check_is_a_row_with_every_loss(lines: Lines):
    found = logged(lines)
    assert [row["_step"] for row in found] == [0, 2, 3]
    losses = {f"loss/{name}" for name in LOSSES}
    weighted = {"weighted/content", "weighted/style", "weighted/tv"}
    shown = ("picture.", "result.", "content_image.", "style_image.")
    beside = ("_", *shown, "metrics/", "best/")
    own = {key for row in found for key in row if not key.startswith(beside)}
    assert own == losses | weighted | {"s_per_step", "evaluations"}
    assert [row["evaluations"] for row in found] == [0, 2, 3]
    for row in found:
        assert losses | weighted <= set(row)
    assert ["s_per_step" in row for row in found] == [False, True, True]


def test_the_rows_are_those_of_the_history_each_term_with_its_weight(tracked: Path, lines: Lines):
    for row, expected in zip(logged(lines), rows(tracked), strict=True):
        for name in LOSSES:
            assert row[f"loss/{name}"] == pytest.approx(float(expected[name]))
        for term, weight in (("content", 3), ("style", 5e3), ("tv", 7)):
            assert row[f"weighted/{term}"] == pytest.approx(weight * row[f"loss/{term}"])
        total = row["weighted/content"] + row["weighted/style"] + row["weighted/tv"]
        assert row["loss/total"] == pytest.approx(total, rel=1e-5)


def test_a_row_has_the_best_losses_so_far(lines: Lines):
    start, *checks = logged(lines)
    assert not [key for key in start if key.startswith("best/")]  # the start is no candidate
    lowest = checks[0]
    for row in checks:
        lowest = min(lowest, row, key=lambda one: one["loss/total"])
        for term in ("total", "content", "style", "tv"):
            assert row[f"best/loss/{term}"] == lowest[f"loss/{term}"]


def test_the_metrics_are_those_of_the_record(tracked: Path, lines: Lines, whole: dict[str, Any]):
    metrics = record(tracked)["metrics"]
    assert set(metrics) == set(METRICS)
    for found in (logged(lines)[-1], whole["summary"]):
        assert {name: found[f"metrics/{name}"] for name in metrics} == pytest.approx(metrics)


def test_the_first_picture_and_the_best_are_kept(
    tracked: Path, lines: Lines, whole: dict[str, Any]
):
    assert ["picture.path" in row for row in logged(lines)] == [True, False, False]
    files = next(tracked.glob("wandb/offline-run-*/files"))
    for name, path in (("picture", "images/step_00000.png"), ("result", "result.png")):
        kept = files / whole["summary"][name]["path"]
        assert kept.read_bytes() == (tracked / path).read_bytes()


def test_the_summary_has_the_best_and_the_sources(lines: Lines, whole: dict[str, Any]):
    summary = whole["summary"]
    assert summary["status"] == "finished"
    assert summary["best/step"] in (2, 3)
    best = next(row for row in logged(lines) if row["_step"] == summary["best/step"])
    for name in (*(f"loss/{name}" for name in LOSSES), "weighted/style"):
        assert summary[f"best/{name}"] == best[name]
    for key, name in (("content", "chelsea"), ("style", "night"), ("network", "vgg16")):
        assert summary[f"sources/{key}"] == name
        assert summary[f"sources/{key}_fallback"] is False


def test_the_configuration_is_resolved(whole: dict[str, Any]):
    config = whole["config"]
    assert (config["alpha"], config["tv"]["gamma"]) == (3, 7)
    assert config["style"]["layers"] == {"conv1_1": 0.5, "conv1_2": 0.5}
    assert "beta=5e3" in config["overrides"]


def test_the_name_of_a_run_is_what_makes_it(lines: Lines):
    run = head(lines)
    assert run["display_name"] == "alpha=3,beta=5e3,tv.gamma=7"
    assert (run["project"], run["job_type"]) == ("nst", "run")
    assert re.fullmatch("[0-9a-f]{8}", run["run_id"])
    assert not run.get("run_group")
    assert not run.get("tags")


def test_name_group_and_tags_may_be_given(compose: Compose, tmp_path: Path, read_wandb: Inspect):
    own = ("tracking.name=mine", "tracking.group=ours", "tracking.tags=[a,b]")
    run = head(read_wandb(perform(compose, tmp_path, *own, "tracking.project=p", sweep=tmp_path)))
    assert (run["display_name"], run["run_group"], run["project"]) == ("mine", "ours", "p")
    assert run["tags"] == ["a", "b"]


@pytest.mark.parametrize("cut", [2, 3])
def test_a_run_that_goes_on_has_all_its_rows(
    lines: Lines, compose: Compose, tmp_path: Path, read_wandb: Inspect, cut: int
):
    config = compose(*QUICK, *LAYERS, "alpha=3", "beta=5e3", "tv.gamma=7", "sweep.save_every=0")
    prepared = prepare.prepare(config)
    cut_off(prepared, transfer.Place(tmp_path), cut)
    (before,) = tmp_path.glob("wandb/offline-run-*")
    transfer.perform(prepared, transfer.Place(tmp_path))
    assert not before.exists()  # one run is one record, which `wandb leet` shows once
    assert record(tmp_path)["tracked"]["id"] == before.name.rpartition("-")[2]
    found, uncut = logged(read_wandb(tmp_path)), logged(lines)
    assert [row["_step"] for row in found] == [0, 2, 3]
    for row, other in zip(found, uncut, strict=True):
        own = [key for key in other if key.startswith(("loss", "weighted", "best", "evaluations"))]
        assert {key: row[key] for key in own} == {key: other[key] for key in own}
    assert "picture.path" in found[0]
    assert {key for key in uncut[-1] if key.startswith("metrics/")} <= set(found[-1])


def test_runs_of_a_sweep_share_a_folder_and_do_not_mix(
    compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    for job, gamma in enumerate((1, 2)):
        options: dict[str, Any] = (
            {"sweep": tmp_path, "label": "sets it apart"} if job else {"sweep": tmp_path}
        )
        perform(compose, tmp_path / str(job), "alpha=1", f"tv.gamma={gamma}", **options)
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len(runs) == 2
    assert not list(tmp_path.glob("[01]/wandb"))
    found = {}
    for job, run in enumerate(runs):
        # The reader takes a folder with a single run.
        (alone := tmp_path / f"alone{job}" / "wandb").mkdir(parents=True)
        (alone / run.name).symlink_to(run)
        lines = read_wandb(alone.parent)
        assert [row["_step"] for row in logged(lines)] == [0, 2, 3]
        for row in logged(lines):
            gamma = head(lines)["config"]["update"]["tv"]["gamma"]
            assert row["weighted/tv"] == pytest.approx(gamma * row["loss/tv"])
        found[head(lines)["display_name"]] = head(lines)["run_group"]
    group = "/".join(tmp_path.parts[-2:])
    assert found == {"alpha=1,tv.gamma=1": group, "sets it apart": group}


def test_without_any_override_the_name_is_the_experiments(
    compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    config = compose(*QUICK, *LAYERS, "name=mine")
    transfer.perform(prepare.prepare(config), transfer.Place(tmp_path))
    assert head(read_wandb(tmp_path))["display_name"] == "mine"


def test_a_long_name_keeps_both_of_its_ends(compose: Compose, tmp_path: Path, read_wandb: Inspect):
    overrides = [f"style.layers.conv{block}_1=0.25" for block in (1, 2, 3, 4)]
    place = transfer.Place(tmp_path, ("alpha=2", *overrides, "tv.gamma=7"))
    transfer.perform(prepare.prepare(compose(*QUICK, *LAYERS)), place)
    name = head(read_wandb(tmp_path))["display_name"]
    assert len(name) <= 128
    assert name.startswith("alpha=2,")
    assert name.endswith(",tv.gamma=7")


# --- The environment ----------------------------------------------------------------------------

ENVIRONMENT = {
    **{"WANDB_PROJECT": "p", "WANDB_ENTITY": "e", "WANDB_RUN_GROUP": "g", "WANDB_NAME": "n"},
    **{"WANDB_TAGS": "a,b", "WANDB_NOTES": "hello", "WANDB_JOB_TYPE": "j", "WANDB_RUN_ID": "i"},
}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set variables for W&B, which reads them once a process unless it is told to end."""
    import wandb

    def change(**variables: str) -> None:
        wandb.teardown()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    yield change
    wandb.teardown()


def said(run: dict[str, Any]) -> dict[str, Any]:
    keys = ("project", "entity", "run_group", "display_name", "tags", "notes", "job_type", "run_id")
    return {key: run.get(key) for key in keys}


def test_the_environment_is_honored(
    environ: Callable[..., None], compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    environ(**ENVIRONMENT)
    # A value for each of `said`'s keys, as https://docs.wandb.ai/guides/track/environment-variables
    # says what each variable sets.
    values = ["p", "e", "g", "n", ["a", "b"], "hello", "j", "i"]
    assert list(said(head(read_wandb(perform(compose, tmp_path)))).values()) == values


def test_the_configuration_wins_over_the_environment(
    environ: Callable[..., None], compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    environ(**ENVIRONMENT)
    own = ("tracking.project=P", "tracking.entity=E", "tracking.group=G", "tracking.name=N")
    run = head(
        read_wandb(perform(compose, tmp_path, *own, "tracking.tags=[c]", "tracking.notes=why"))
    )
    assert list(said(run).values())[:6] == ["P", "E", "G", "N", ["c"], "why"]


def test_an_id_that_was_given_is_never_taken_for_one_that_nst_drew(
    environ: Callable[..., None], compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    environ(WANDB_RUN_ID="i", WANDB_DIR=str(tmp_path / "shared"))
    steps = ("sweep.retry=true", "optimizer.lr=1e9", "steps=40", "check_every=10")
    perform(compose, tmp_path / "run", *steps)  # diverges, so that it runs again
    assert record(tmp_path / "run")["status"] == "diverged"
    (theirs,) = tmp_path.glob("shared/wandb/offline-run-*-i")
    monkeypatch.delenv("WANDB_RUN_ID")
    environ()
    perform(compose, tmp_path / "run", *steps)
    assert theirs.exists()  # another program may have that id, too
    assert len(list(tmp_path.glob("shared/wandb/offline-run-*-i*"))) == 2


def test_each_run_of_a_sweep_has_an_id_and_a_name_of_its_own(
    environ: Callable[..., None], compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    environ(**ENVIRONMENT, WANDB_RESUME="must")
    runs = []
    for job in "01":
        perform(compose, tmp_path / f"run{job}", sweep=tmp_path / job)
        runs.append(head(read_wandb(tmp_path / job)))
    for key in ("run_id", "display_name"):
        assert runs[0][key] != runs[1][key]
    for run in runs:
        assert run["run_id"] != "i"
        assert run["display_name"].startswith("n-")
        assert (run["project"], run["run_group"], run["job_type"]) == ("p", "g", "j")


def test_wandb_dir_is_where_the_files_go(
    environ: Callable[..., None], compose: Compose, tmp_path: Path
):
    environ(WANDB_DIR=str(tmp_path / "there"))
    perform(compose, tmp_path / "run")
    assert len(list(tmp_path.glob("there/wandb/offline-run-*"))) == 1
    assert not (tmp_path / "run" / "wandb").exists()


@pytest.mark.parametrize(
    ("variable", "value", "parts"),
    [
        ("WANDB_RUN_ID", "a/b", ["'a/b'", ":;,#?/'"]),
        ("WANDB_NAME", "x" * 129, ["at most 128 characters", "not 129"]),
        ("WANDB_TAGS", "a,,b", ["'a,,b'", "between 1 and 64"]),
        ("WANDB_PROJECT", "a/b", ["'a/b'", "project"]),
        ("WANDB_INIT_TIMEOUT", "soon", ["'soon'", "number"]),
        ("WANDB_CONSOLE", "loud", ["'loud'", "'off'"]),
        ("WANDB_FORK_FROM", "a?_step=1", ["every run begins at step 0"]),
        ("WANDB_SWEEP_ID", "s", ["a sweep is more than one run"]),
        ("WANDB_API_KEY", "secret ", ["whitespace"]),
    ],
)
def test_a_variable_that_can_t_be_honored_is_named(
    environ: Callable[..., None], tmp_path: Path, variable: str, value: str, parts: list[str]
):
    environ(**{variable: value})
    text = refused(tmp_path, variable, "sweep")
    assert all(part in text for part in parts)
    assert "\n" not in text
    assert "secret" not in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mode", "overrides", "expected"),
    [
        ("disabled", [], "disabled"),
        ("online", ["tracking=offline"], "offline"),
        ("online", ["tracking.mode=disabled"], "disabled"),
        (None, [], "offline"),
    ],
)
def test_wandb_mode_is_the_mode_unless_the_command_line_has_one(
    monkeypatch: pytest.MonkeyPatch,
    compose: Compose,
    mode: str | None,
    overrides: list[str],
    expected: str,
):
    monkeypatch.delenv("WANDB_MODE")
    if mode:
        monkeypatch.setenv("WANDB_MODE", mode)
    assert compose(*overrides).tracking.mode == expected


@pytest.mark.parametrize("mode", ["dryrun", "", "a/b"])
def test_another_wandb_mode_is_named(command, mode: str):
    done = command(*QUICK, env={"WANDB_MODE": mode})
    message = f"nst: WANDB_MODE must be one of disabled, offline, online, not {mode!r}\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert command.files() == []


# --- A folder wandb/ that is somebody else's ----------------------------------------------------


@pytest.fixture
def theirs(tmp_path: Path) -> dict[Path, bytes]:
    """What somebody else has in wandb/, under the names that W&B uses."""
    files = ("latest-run", "debug.log", "debug-internal.log", "run-20240101_000000-i/a.wandb")
    for name in files:
        path = tmp_path / "wandb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    return held(tmp_path)


def held(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_of_theirs_is_touched(theirs: dict[Path, bytes], compose: Compose, tmp_path: Path):
    perform(compose, tmp_path)
    assert theirs.items() <= held(tmp_path).items()
    assert {path.name for path in (tmp_path / "wandb").iterdir() if path.is_symlink()} == set()


def test_a_run_that_does_not_open_takes_away_its_own_files_alone(
    theirs: dict[Path, bytes], environ: Callable[..., None], tmp_path: Path
):
    # The file does not exist, which W&B finds out when it has begun; a run with this id is there.
    environ(WANDB_SWEEP_PARAM_PATH=str(tmp_path / "nowhere"), WANDB_RUN_ID="i")
    for folder in (tmp_path, tmp_path / "new"):
        refused(folder, "could not start the run")
    assert held(tmp_path) == theirs
    assert list((tmp_path / "new").iterdir()) == []


def test_what_wandb_would_remove_is_left(theirs: dict[Path, bytes], tmp_path: Path):
    note = tmp_path / "wandb" / "wandb-resume.json"
    note.write_text('{"run_id": "theirs"}')
    refused(tmp_path, r"would remove .*wandb-resume\.json")
    assert held(tmp_path) == theirs | {note: b'{"run_id": "theirs"}'}


def test_files_that_go_while_a_run_goes_on_are_said_to_be_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with opened(tmp_path) as run:
        run.log({"a": 1})
        shutil.rmtree(tmp_path / "wandb")
    (warning,) = (line.message for line in caplog.records if line.levelname == "WARNING")
    assert f"{tmp_path}/wandb/offline-run-" in warning
    assert "have gone" in warning


def test_disabled_neither_imports_wandb_nor_writes_for_it(command):
    program = (sys.executable, "-X", "importtime", "-m", "nst.run")
    done = command(*QUIET, program=program)
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jax" in imported
    assert not [name for name in imported if name.partition(".")[0] == "wandb"]
    assert not list(command.folder.rglob("wandb"))
