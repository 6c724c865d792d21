"""The folder of a run: run.json against its schema, the history, the pictures, the hash."""

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from helpers import QUIET, SCHEMA, SHALLOW, losses, record, rows
from one_run import checks
from PIL import Image

from nst.base import files
from nst.base.errors import UserError
from nst.config import identity
from nst.config.schema import Config
from nst.engine.check import Check
from nst.rundir import record as rundir_record
from nst.rundir.run_json import SCHEMA as LAYOUT
from nst.runner import prepare
from nst.runner import session as transfer
from nst.runner.outcome import Outcome
from nst.runner.prepare import Prepared
from nst.sources import resolve

Compose = Callable[..., Config]
QUICK = ("network=vgg16", "tracking=disabled", "size=32")
OVERRIDES = (
    *(*QUICK, "steps=3", "check_every=2", "seed=7", "tv.gamma=10", "alpha=2"),
    *("style.layers={conv1_1:0.75,conv1_2:0.25}", "content.layers=[conv1_1,conv1_2]"),
)


@pytest.fixture(scope="module")
def prepared(compose: Compose) -> Prepared:
    """A run of three steps, looked at after the second and the third, all three terms at work."""
    return prepare.prepare(compose(*OVERRIDES))


@pytest.fixture(scope="module")
def outcome(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return transfer.perform(prepared, transfer.Place(folder, OVERRIDES))


def folder_of(outcome: Outcome) -> Path:
    assert outcome.picture is not None
    return outcome.picture.parent


def all_checks(prepared: Prepared) -> list[Check]:
    """The checks of a run, straight from the loop."""
    return list(
        checks(
            prepared.static,
            prepared.params,
            prepare.targets(prepared, prepared.static),
            prepare.start(prepared),
            prepared.hyperparameters,
            steps=prepared.config.steps,
            check_every=prepared.config.check_every,
        )
    )


# --- run.json -----------------------------------------------------------------------------------


def test_the_schema_is_closed():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])
    assert SCHEMA["properties"]["schema"]["const"] == LAYOUT


def test_a_finished_run_follows_the_schema(outcome: Outcome):
    written = record(folder_of(outcome))
    jsonschema.validate(written, SCHEMA)
    assert written["status"] == "finished"
    assert written["error"] is None
    assert written["config"]["style"]["layers"] == {"conv1_1": 0.75, "conv1_2": 0.25}
    assert written["config"]["seed"] == 7
    assert "tv.gamma=10" in written["overrides"]
    assert written["last"]["step"] == 3
    assert written["best"]["step"] in (2, 3)
    assert written["timings"]["total_s"] > written["timings"]["steps_s"] > 0
    assert written["versions"]["pillow"] == Image.__version__


def test_a_record_that_has_just_begun_follows_the_schema(compose: Compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*QUIET))
    begun = {}

    class Full(Exception):
        """What a full disk does at the first check."""

    def refuse(*_: object) -> None:
        begun.update(record(tmp_path))
        raise Full

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rundir_record.Record, "add", refuse)
        with pytest.raises(Full):
            transfer.perform(prepared, transfer.Place(tmp_path))
    jsonschema.validate(begun, SCHEMA)
    assert begun["status"] == "running"
    assert begun["timings"]["ended"] is None
    assert begun["best"] is None


def test_a_diverged_run_follows_the_schema(compose: Compose, tmp_path: Path):
    config = compose(*QUIET, "optimizer.lr=1e9")
    diverged = transfer.perform(prepare.prepare(config), transfer.Place(tmp_path))
    written = record(tmp_path)
    jsonschema.validate(written, SCHEMA)
    assert (diverged.status, written["status"]) == ("diverged", "diverged")
    assert written["error"]
    assert written["last"]["total"] is None


def test_the_schema_refuses_what_it_does_not_know(outcome: Outcome):
    written = record(folder_of(outcome))
    for change in ({"extra": 1}, {"schema": 2}, {"status": "done"}, {"config_hash": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written | change, SCHEMA)


# --- history.csv --------------------------------------------------------------------------------


def test_the_history_has_every_loss_of_every_check(prepared: Prepared, outcome: Outcome):
    found = rows(folder_of(outcome))
    layers = ["content/conv1_1", "content/conv1_2", "style/conv1_1", "style/conv1_2"]
    sums = ["total", "content", "style", "tv"]
    assert list(found[0]) == ["step", "seconds", "evaluations", *sums, *layers]
    assert [row["step"] for row in found] == ["0", "2", "3"]
    checks = all_checks(prepared)
    assert len(checks) == 3
    for row, check in zip(found, checks, strict=True):
        numbers = {name: float(value) for name, value in row.items()}
        terms = check.terms
        assert (numbers["total"], numbers["tv"]) == (terms.total, terms.tv)
        assert (numbers["content"], numbers["style"]) == (terms.content, terms.style)
        assert numbers["style/conv1_2"] == terms.style_layers["conv1_2"]
        assert numbers["content/conv1_1"] == terms.content_layers["conv1_1"]


def test_the_rows_of_the_history_add_up(outcome: Outcome):
    for row in rows(folder_of(outcome)):
        loss = {name: float(value) for name, value in row.items()}
        total = 2 * loss["content"] + 1e4 * loss["style"] + 10 * loss["tv"]
        assert loss["total"] == pytest.approx(total, rel=1e-5)
        style = 0.75 * loss["style/conv1_1"] + 0.25 * loss["style/conv1_2"]
        assert loss["style"] == pytest.approx(style, rel=1e-5)
        content = 0.5 * loss["content/conv1_1"] + 0.5 * loss["content/conv1_2"]
        assert loss["content"] == pytest.approx(content, rel=1e-5)


def test_best_and_last_are_rows_of_the_history(outcome: Outcome):
    written = record(folder_of(outcome))
    by_step = {int(row.pop("step")): row for row in rows(folder_of(outcome))}
    for key in ("best", "last"):
        step = written[key].pop("step")
        beside = ("seconds", "evaluations")
        terms = {name: float(row) for name, row in by_step[step].items() if name not in beside}
        assert terms == written[key]
    later = {step: float(row["total"]) for step, row in by_step.items() if step > 0}
    assert written["best"]["total"] == min(later.values())


# --- Pictures -----------------------------------------------------------------------------------


def test_the_text_of_a_picture_says_where_it_comes_from(outcome: Outcome):
    written = record(folder_of(outcome))
    expected = {"result.png": written["best"]["step"], "images/step_00000.png": 0}
    for name, step in expected.items():
        with Image.open(folder_of(outcome) / name) as image:
            text = image.text  # type: ignore[attr-defined]
        assert text["nst:config_hash"] == written["config_hash"]
        assert text["nst:seed"] == "7"
        assert text["nst:step"] == str(step)


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (0, [0]),
        (1, [0, 2, 4, 6, 8, 9]),
        (3, [0, 4, 6, 9]),  # the first checks at or after 3, 6 and 9
        (8, [0, 8]),
        (20, [0]),
    ],
)
def test_pictures_are_kept_as_often_as_asked(
    compose: Compose, tmp_path: Path, every: int, steps: list[int]
):
    overrides = ("steps=9", "check_every=2", f"tracking.images_every={every}")
    prepared = prepare.prepare(compose(*QUICK, *SHALLOW, *overrides))
    transfer.perform(prepared, transfer.Place(tmp_path))
    names = sorted(path.name for path in (tmp_path / "images").iterdir())
    assert names == [f"step_{step:05d}.png" for step in steps]
    assert (tmp_path / "result.png").exists()


# --- The hash -----------------------------------------------------------------------------------


def hashed(config: Config) -> str:
    prepared = prepare.prepare(config)
    return identity.config_hash(config, prepared.static.network, prepared.sources)


@pytest.fixture(scope="module")
def plain(compose: Compose) -> str:
    return hashed(compose(*QUICK))


@pytest.mark.parametrize(
    "override",
    [
        "size=33",
        "steps=201",
        "check_every=21",
        "pooling=max",
        "precision=bfloat16",
        "alpha=1.5",
        "beta=1",
        "tv.gamma=1",
        "content.layers=[conv4_1]",
        "content.layers={conv4_2:2}",
        "style.layers=[conv1_1]",
        "style.layers={conv1_1:0.2,conv2_1:0.2,conv3_1:0.2,conv4_1:0.2,conv5_1:0.3}",
        "init=noise",
        "init=style",
        "init.mix=0.5",
        "init.amplitude=10",
        "color=match",
        "color=keep",
        "optimizer.lr=9",
        "optimizer.b1=0.8",
        "optimizer.b2=0.99",
        "optimizer.eps=1e-7",
        "optimizer=lbfgs",
        "optimizer.schedule=cosine",
        "optimizer.clamp=true",
        "optimizer.average=0.9",
        "content=coffee",
        "style.path={mine}",
        "style.statistic=mean_std",
        "style.normalize=channels",
        "style.size=40",
        "style.blend={night:1,{mine}:1}",
    ],
)
def test_the_hash_changes_with_what_changes_the_picture(
    compose: Compose, picture: Path, plain: str, override: str
):
    assert hashed(compose(*QUICK, override.replace("{mine}", str(picture)))) != plain


def test_the_hash_changes_with_the_seed_of_the_noise(compose: Compose):
    noise = [hashed(compose(*QUICK, "init=noise", f"seed={seed}")) for seed in (0, 1)]
    assert noise[0] != noise[1]


@pytest.mark.parametrize(
    "override",
    [
        "alpha=1.0",
        "steps=2e2",
        "content.layers={conv4_2:1}",
        "style.layers=[conv5_1,conv4_1,conv3_1,conv2_1,conv1_1]",
    ],
)
def test_the_hash_stays_with_what_leaves_the_picture(compose: Compose, plain: str, override: str):
    assert hashed(compose(*QUICK, override)) == plain


def test_the_hash_is_of_the_files_bytes_not_of_their_names(
    compose: Compose, plain: str, tmp_path: Path
):
    sources = prepare.prepare(compose(*QUICK)).sources
    for key, field in (("content", "path"), ("style", "path"), ("network", "weights")):
        original = sources[key].path
        copy = shutil.copyfile(original, tmp_path / f"copy{original.suffix}")
        assert hashed(compose(*QUICK, f"{key}.{field}={copy}")) == plain, key


def test_the_hash_is_of_the_bytes_of_the_picture_to_start_from(
    compose: Compose, picture: Path, tmp_path: Path
):
    def started(path: Path) -> str:
        return hashed(compose(*QUICK, "init=file", f"init.path={path}"))

    copy = shutil.copyfile(picture, tmp_path / "copy.png")
    assert started(copy) == started(picture)
    Image.new("RGB", (40, 32), "red").save(copy)
    assert started(copy) != started(picture)


def test_a_fallback_counts_as_what_it_is(compose: Compose, plain: str):
    config = compose(*QUICK)
    sources = prepare.prepare(config).sources
    used = dataclasses.replace(
        sources["style"], requested="starry", fallback=True, reason="no network", title="another"
    )
    assert isinstance(used, resolve.ResolvedSource)
    assert identity.config_hash(config, "vgg16", {**sources, "style": used}) == plain


# --- Whole files --------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    files.write_whole(path, b"first")
    files.write_whole(path, b"second")
    monkeypatch.setattr(os, "replace", full)
    for name in ("file", "other"):
        with pytest.raises(OSError, match="No space"):
            files.write_whole(tmp_path / name, b"third")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


# --- Going on after a cut -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def long(compose: Compose) -> Prepared:
    steps = ("steps=9", "check_every=2", "sweep.save_every=0")
    return prepare.prepare(compose(*QUICK, *SHALLOW, *steps))


@pytest.fixture(scope="module")
def whole(long: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run where nothing cut it off."""
    folder = tmp_path_factory.mktemp("whole")
    transfer.perform(long, transfer.Place(folder))
    return folder


class Cut(Exception):
    """Stands for a kill: it leaves a session at once, with nothing tidied up."""


def cut_off(prepared: Prepared, folder: Path, after: int) -> None:
    """Run as far as the check of step `after`, then leave everything as it lies."""
    place = transfer.Place(folder)
    with contextlib.suppress(Cut), transfer.Session(prepared, place) as session:
        for check in all_checks(prepared):
            if check.step <= after:
                session.add(check)
        raise Cut


@pytest.mark.parametrize("after", [0, 2, 6, 9])
def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(
    long: Prepared, whole: Path, tmp_path: Path, after: int
):
    cut_off(long, tmp_path, after)
    assert (tmp_path / "state.msgpack").exists()
    transfer.perform(long, transfer.Place(tmp_path))
    same_run(whole, tmp_path)


def test_what_came_after_the_last_saving_is_done_again(long: Prepared, whole: Path, tmp_path: Path):
    cut_off(long, tmp_path / "cut", 2)
    state = (tmp_path / "cut" / "state.msgpack").read_bytes()
    shutil.rmtree(tmp_path / "cut")
    cut_off(long, tmp_path / "cut", 6)
    (tmp_path / "cut" / "state.msgpack").write_bytes(state)  # as if saved at step 2 alone
    transfer.perform(long, transfer.Place(tmp_path / "cut"))
    same_run(whole, tmp_path / "cut")


@pytest.mark.parametrize("choice", ["luminance", "keep"])
def test_a_recolored_run_that_was_cut_off_ends_as_if_it_had_not_been(
    compose: Compose, picture: Path, tmp_path: Path, choice: str
):
    start = ("init=file", f"init.path={picture}", "init.mix=0.5", f"color={choice}")
    steps = ("steps=6", "check_every=2", "sweep.save_every=0")
    recolored = prepare.prepare(compose(*QUICK, *SHALLOW, *start, *steps))
    transfer.perform(recolored, transfer.Place(tmp_path / "whole"))
    cut_off(recolored, tmp_path / "cut", 2)
    transfer.perform(recolored, transfer.Place(tmp_path / "cut"))
    same_run(tmp_path / "whole", tmp_path / "cut")
    jsonschema.validate(record(tmp_path / "cut"), SCHEMA)


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_run_without_a_whole_state_starts_anew(
    long: Prepared, whole: Path, tmp_path: Path, damage: bytes | None
):
    cut_off(long, tmp_path, 4)
    if damage is not None:
        (tmp_path / "state.msgpack").write_bytes(damage)
    transfer.perform(long, transfer.Place(tmp_path))
    same_run(whole, tmp_path)


def same_run(one: Path, other: Path) -> None:
    """Assert that two folders hold the same run: all but times and paths."""
    assert (one / "result.png").read_bytes() == (other / "result.png").read_bytes()
    assert losses(one) == losses(other)
    names = [sorted(path.name for path in folder.rglob("*")) for folder in (one, other)]
    assert names[0] == names[1]
    for key in ("status", "best", "last", "config_hash"):
        assert record(one)[key] == record(other)[key]


def test_a_finished_run_is_not_run_again(long: Prepared, whole: Path):
    written = (whole / "run.json").read_bytes()
    first = transfer.perform(long, transfer.Place(whole))
    assert first.status == "finished"
    assert first.picture == whole / "result.png"
    assert (whole / "run.json").read_bytes() == written


def test_a_diverged_run_is_run_again_only_where_asked(compose: Compose, tmp_path: Path):
    overrides = (*QUIET, "optimizer.lr=1e9")
    diverged = prepare.prepare(compose(*overrides))
    first = transfer.perform(diverged, transfer.Place(tmp_path))
    written = (tmp_path / "run.json").read_bytes()
    assert transfer.perform(diverged, transfer.Place(tmp_path)) == first
    assert (tmp_path / "run.json").read_bytes() == written
    again = prepare.prepare(compose(*overrides, "sweep.retry=true"))
    assert transfer.perform(again, transfer.Place(tmp_path)).status == "diverged"
    assert (tmp_path / "run.json").read_bytes() != written


def test_another_run_in_the_folder_is_refused(compose: Compose, whole: Path):
    other = prepare.prepare(compose(*QUIET, "steps=9", "check_every=2", "tv.gamma=3"))
    with pytest.raises(UserError, match=r"holds another run.*tv\.gamma \(0\.0, not 3\.0\)"):
        transfer.perform(other, transfer.Place(whole))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}'])
def test_a_record_of_another_make_is_refused(long: Prepared, tmp_path: Path, text: str):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UserError, match=r"run\.json"):
        transfer.perform(long, transfer.Place(tmp_path))


def test_auto_is_written_out(compose: Compose):
    """Its pictures are those of float32, which bfloat16's are not."""
    auto = prepare.prepare(compose(*QUICK, "precision=auto"))
    assert auto.config.precision == auto.static.precision == "float32"
    assert auto.config == prepare.prepare(compose(*QUICK, "precision=float32")).config
