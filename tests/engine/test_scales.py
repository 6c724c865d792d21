"""Coarse to fine: against optimizations by hand with optax, with a plain resize between them."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import SHALLOW, compiled, pixels, record, rows, valid_record
from one_run import all_checks, checks
from PIL import Image

from nst.base.errors import UserError
from nst.base.program import Hyperparameters, Static
from nst.config import identity
from nst.config.schema import Config
from nst.engine import memory, scales
from nst.engine.check import Check
from nst.engine.lanes import Lane
from nst.networks import vgg
from nst.optimizers.table import OPTIMIZERS
from nst.report.__main__ import main
from nst.report.curves import read
from nst.rundir import history
from nst.runner import prepare
from nst.runner import session as transfer
from nst.runner.prepare import Prepared
from nst.runner.stages import as_lane, stages_of
from nst.tracking.wandb_tracker import WandbTracker

QUICK = ("network=vgg16", "tracking=disabled", "check_every=2", *SHALLOW)
TWO = (*QUICK, "scales=[32,48]", "steps=[2,3]")
Compose = Callable[..., Config]


def together(runs: list[Prepared], static: Static) -> Iterator[tuple[int, Check]]:
    lanes = [as_lane(one, static, None) for one in runs]
    every = runs[0].config.check_every
    shared = stages_of(runs[0], static)
    return scales.checks(static, runs[0].params, shared, lanes, check_every=every)


# --- By hand ------------------------------------------------------------------------------------


def loss_by_hand(params: dict, content_image: np.ndarray, style_image: np.ndarray):
    """The equations of docs/configuration.md for conv1_1 alone, with alpha 1 and beta 1e4."""

    def conv1_1(picture: Any) -> jax.Array:
        options: dict[str, Any] = {"network": "vgg16", "pooling": "avg", "precision": "float32"}
        return vgg.activations(params, picture[None], ("conv1_1",), **options)["conv1_1"][0]

    def gram(activations: jax.Array) -> jax.Array:
        flat = activations.reshape(-1, 64)
        return flat.T @ flat / len(flat)

    content_target, style_target = conv1_1(content_image), gram(conv1_1(style_image))

    def loss(picture: Any) -> jax.Array:
        own = conv1_1(picture)
        content = jnp.sum((own - content_target) ** 2) / 2
        style = jnp.sum((gram(own) - style_target) ** 2) / (4 * 64**2)
        return content + 1e4 * style

    return jax.jit(jax.value_and_grad(loss))


def by_hand(
    params: dict, content_image: Path, style_image: Path
) -> tuple[list[np.ndarray], list[float]]:
    """Return the pictures and their losses before and after each of 2 steps at 32, 3 at 48 pixels.

    Both pictures are 40 x 32 pixels: 32 x 26 and 48 x 38 of them are seen.
    """
    adam = optax.adam(10.0)
    pictures, totals = [], []
    picture, state = np.zeros(0), None
    for (width, height), steps in (((32, 26), 2), ((48, 38), 3)):
        seen = []
        for path in (content_image, style_image):
            with Image.open(path) as image:
                seen.append(np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)))
        loss = loss_by_hand(params, *(one.astype(np.float32) for one in seen))
        if state is None:
            picture = seen[0].astype(np.float32)
            state = adam.init(picture)
            pictures.append(picture)
            totals.append(float(loss(picture)[0]))
        else:
            moments, rest = state
            shape = (height, width, 3)
            picture = jax.image.resize(picture, shape, "bicubic")
            moments = moments._replace(
                mu=jax.image.resize(moments.mu, shape, "bicubic"),
                nu=jax.image.resize(moments.nu, shape, "bilinear"),
            )
            state = (moments, rest)
        for _ in range(steps):
            _, gradient = loss(picture)
            updates, state = adam.update(gradient, state)
            picture = picture + updates
            pictures.append(np.asarray(picture))
            totals.append(float(loss(picture)[0]))
    return pictures, totals


@pytest.fixture
def style_image(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    stripes = rng.integers(0, 256, (1, 20, 3)).repeat(32, axis=0).repeat(2, axis=1)
    path = tmp_path / "stripes.png"
    Image.fromarray(stripes.astype(np.uint8)).save(path)
    return path


@pytest.fixture
def finished(command, picture: Path, style_image: Path) -> Path:
    """The folder of a run of 2 steps at 32 pixels and 3 at 48, as a user starts it."""
    own = (f"content.path={picture}", f"style.path={style_image}", "tracking.images_every=1")
    done = command(*TWO, *own, "hydra.run.dir=one")
    assert done.returncode == 0, done.stderr
    assert [line.split("  ")[0] for line in done.stderr.splitlines() if "step" in line] == [
        f"step {step}/5" for step in (0, 2, 4, 5)
    ]
    assert re.findall(r"\b(\d+) px", done.stderr) == ["32", "32", "48", "48"]
    return command.folder / "one"


def test_a_run_is_two_optimizations_by_hand(
    finished: Path, monkeypatch, compose, picture, style_image
):
    params = prepare.prepare(compose(*QUICK, "size=32")).params
    pictures, totals = by_hand(params, picture, style_image)
    table = rows(finished)
    assert [(row["step"], row["size"]) for row in table] == [
        *(("0", "32"), ("2", "32")),
        *(("4", "48"), ("5", "48")),
    ]
    for row in table:
        step = int(row["step"])
        assert float(row["total"]) == pytest.approx(totals[step], rel=1e-3)
        saved = pixels(finished / "images" / f"step_{step:05d}.png").astype(int)
        np.testing.assert_allclose(saved, np.rint(pictures[step].clip(0, 255)), atol=1)
    best = min((4, 5), key=lambda step: totals[step])
    written = valid_record(finished)
    assert written["best"]["step"] == best
    assert written["picture"] == {"width": 48, "height": 38}
    assert (written["config"]["size"], written["config"]["steps"]) == (48, [2, 3])
    assert None not in [written["metrics"][name] for name in ("lpips", "ssim", "tv")]
    # The report brings the pictures to the last size, and size is no loss to be drawn.
    monkeypatch.setattr(sys, "argv", ["nst.report", str(finished), "--animate", "gif"])
    main()
    with Image.open(finished / "steps.gif") as image:
        assert image.size == (48, 38)
        assert image.n_frames == 4  # type: ignore[attr-defined]
    drawn = read(finished / "history.csv")
    assert drawn
    assert "size" not in drawn[1]


@pytest.mark.slow
def test_wandb_knows_the_sizes_also_where_a_run_goes_on_after_a_cut(command, compose, read_wandb):
    done = command(*TWO, "tracking=offline", "hydra.run.dir=one")
    assert done.returncode == 0, done.stderr
    finished = command.folder / "one"
    logged = [line["history"]["item"] for line in read_wandb(finished) if line["type"] == "history"]
    sizes = [(row["_step"], row["size"]) for row in logged]
    assert sizes == [(0, 32), (2, 32), (4, 48), (5, 48)]
    again: list[tuple[int, int]] = []
    run: Future = Future()
    log = lambda row, step: again.append((step, row["size"]))  # noqa: E731
    run.set_result(SimpleNamespace(starting_step=0, log=log))
    restored = history.rows(finished / "history.csv")
    WandbTracker(run, compose(*TWO), "1", "name").restore(restored, finished / "images")
    assert again == sizes


def test_resizing_by_hand():
    # Twice as large, new samples lie 1/4 beside old ones: 3/4 and 1/4 of them by bilinear
    # interpolation, and by Keys' cubic (1981, equation 15, a = -1/2) the weights below.
    keys = np.array([-0.0703125, 0.8671875, 0.2265625, -0.0234375])
    rng = np.random.default_rng(0)
    ramp = rng.uniform(0, 255, 8).astype(np.float32)
    picture = np.broadcast_to(ramp[None, :, None], (2, 8, 3)).astype(np.float32)
    static = Static("vgg16", "avg", "float32", ("conv1_1",), ("conv1_1",), average=True)
    numbers = Hyperparameters(1, 1, 0, 1, 0.9, 0.999, 1e-8, {"conv1_1": 1}, {"conv1_1": 1})
    state = OPTIMIZERS["adam"].load().init(static, numbers, picture)
    assert state.average
    moments, rest = state.optimizer
    count = jnp.asarray(7, jnp.int32)
    state = state._replace(
        optimizer=(moments._replace(count=count, mu=-picture, nu=picture), rest),
        average=state.average._replace(weight=jnp.float32(3)),
    )
    terms: Any = None
    check = Check(7, 1.5, 0.5, 7, picture, terms, True, False, state)
    found = scales.carried(static, Lane(picture, numbers, check, 5.0), (4, 16, 3))
    assert found.lowest == float("inf")
    assert found.after
    assert (found.after.step, found.after.seconds) == (7, 1.5)
    new = found.after.state
    assert new.average
    assert new.average.weight == 3
    (adam, _) = new.optimizer
    assert adam.count == 7
    cubic = [float(ramp[at - 1 : at + 3] @ keys) for at in (2, 3, 4)]  # 1/4 right of at
    for values in (new.picture, new.average.mean, -adam.mu):
        assert values.shape == (4, 16, 3)
        np.testing.assert_allclose(values[1, 5:10:2, 2], cubic, rtol=1e-4, atol=1e-2)
    linear = [float(0.75 * ramp[at] + 0.25 * ramp[at + 1]) for at in range(7)]
    np.testing.assert_allclose(adam.nu[2, 1:15:2, 0], linear, rtol=1e-5)
    assert (np.asarray(adam.nu) >= 0).all()


def test_a_clipped_picture_stays_within_the_grays(compose):
    edge = np.zeros((2, 8, 3), np.float32)
    edge[:, 4:] = 255
    for clamp in (True, False):
        prepared = prepare.prepare(compose(*TWO, f"optimizer.clamp={clamp}".lower()))
        state = OPTIMIZERS["adam"].load().init(prepared.static, prepared.hyperparameters, edge)
        terms: Any = None
        check = Check(2, 0, 0, 2, edge, terms, True, False, state)
        lane = Lane(edge, prepared.hyperparameters, check)
        after = scales.carried(prepared.static, lane, (4, 16, 3)).after
        assert after
        assert ((after.state.picture < 0).any() or (after.state.picture > 255).any()) != clamp


@pytest.mark.parametrize(
    "optimizer",
    [
        ("optimizer=lbfgs",),  # with an empty memory
        ("optimizer=sgd", "optimizer.lr=1e-5"),  # it has none
    ],
    ids=["lbfgs", "sgd"],
)
def test_without_moments_a_larger_size_is_a_run_from_the_resized_picture(
    compose, optimizer: tuple[str, ...]
):
    prepared = prepare.prepare(compose(*TWO, *optimizer))
    found = all_checks(prepared)
    assert [check.step for check in found] == [0, 2, 4, 5]
    _, two = prepared.scales
    start = jax.image.resize(found[1].picture, two.content_image.shape, "bicubic")
    targets = prepare.targets(two, prepared.static)
    anew = checks(
        *(prepared.static, prepared.params, targets, start, prepared.hyperparameters),
        steps=3,
        check_every=2,
    )
    for check, other in zip(found[2:], list(anew)[1:], strict=True):
        np.testing.assert_array_equal(check.picture, other.picture)
        assert check.evaluations == found[1].evaluations + other.evaluations


def test_the_preset_of_gradient_descent_goes_through_sizes(compose, tmp_path: Path):
    sizes = (*QUICK, "scales=[32,48]", "steps=[2,2]", "check_every=1")
    config = compose("preset=keras", "edge=long", *sizes, "assets.fallback=true")
    assert (config.optimizer.name, config.optimizer.schedule) == ("sgd", "exponential")
    outcome = transfer.perform(prepare.prepare(config), transfer.Place(tmp_path))
    assert outcome.status == "finished"
    assert [row["size"] for row in rows(tmp_path)] == ["32", "32", "32", "48", "48"]
    # lr 0.19537^(step / 4): the count of steps goes on, and 100 is lost to no later one.
    totals = [float(row["total"]) for row in rows(tmp_path)]
    assert totals[2] < totals[0]
    assert totals[4] < totals[3]


# --- What a scale is made of --------------------------------------------------------------------


def test_pictures_are_read_anew_at_each_size(compose, picture: Path):
    own = (f"content.path={picture}", f"style.path={picture}")
    for key, painted in (("null", [(26, 32, 3), (38, 48, 3)]), ("40", [(32, 40, 3)] * 2)):
        prepared = prepare.prepare(compose(*TWO, *own, "init=style", f"style.size={key}"))
        assert [one.content_image.shape for one in prepared.scales] == [(26, 32, 3), (38, 48, 3)]
        assert [one.style_images[0].shape for one in prepared.scales] == painted
        assert prepare.start(prepared).shape == (26, 32, 3)
    with Image.open(picture) as image:
        small = np.asarray(image.resize((32, 26), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(prepared.scales[0].content_image, small)


def test_each_saved_picture_has_the_chroma_of_its_size(compose, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(transfer, "_measured", lambda *_: {})
    prepared = prepare.prepare(compose(*TWO, "color=luminance", "tracking.images_every=1"))
    transfer.perform(prepared, transfer.Place(tmp_path))
    luma = np.array((0.299, 0.587, 0.114))
    for one, step in zip(prepared.scales, (2, 5), strict=True):
        saved = pixels(tmp_path / "images" / f"step_{step:05d}.png").astype(np.float32)
        chroma = one.content_image - (one.content_image @ luma)[..., None]
        inside = ((saved > 0) & (saved < 255)).all(axis=-1)
        assert inside.mean() > 0.3
        found = saved - (saved @ luma)[..., None]
        np.testing.assert_allclose(found[inside], chroma[inside], atol=1.1)


# --- Which run it is ----------------------------------------------------------------------------


def test_one_scale_is_the_size(compose):
    for steps in ("5", "[5]"):
        assert compose(*QUICK, "scales=[48]", f"steps={steps}") == compose(
            *QUICK, "size=48", "steps=5"
        )


def test_one_number_of_steps_is_that_of_each_scale(compose):
    config = compose(*QUICK, "scales=[32,1e2]", "steps=1e1", "size=999")
    assert config == compose(*QUICK, "scales=[32,100]", "steps=[10,10]")
    assert (config.size, config.total_steps) == (100, 20)
    assert prepare.prepare(config).hyperparameters.steps == 20


def test_the_hash_knows_the_scales(compose):
    hashes = set()
    for changes in (
        ("size=48", "steps=4"),
        ("scales=[32,48]", "steps=2"),
        ("scales=[40,48]", "steps=2"),
        ("scales=[32,48]", "steps=[1,3]"),
        ("scales=[32,48]", "steps=2", "style.size=48"),
    ):
        prepared = prepare.prepare(compose(*QUICK, *changes))
        hashes.add(identity.config_hash(prepared.config, "vgg16", prepared.sources))
    assert len(hashes) == 5


# --- Cut off, side by side, tracked -------------------------------------------------------------


class Cut(Exception):
    """Stands for a kill: it leaves a session at once, with nothing tidied up."""


@pytest.mark.parametrize("after", [0, 2, 4])
@pytest.mark.parametrize(
    "options",
    [("optimizer.schedule=cosine", "optimizer.average=0.5", "init=noise"), ("optimizer=lbfgs",)],
    ids=["adam", "lbfgs"],
)
def test_a_run_cut_off_at_any_size_ends_as_if_it_had_not_been(
    compose, tmp_path: Path, monkeypatch, options: tuple[str, ...], after: int
):
    monkeypatch.setattr(transfer, "_measured", lambda *_: {})
    prepared = prepare.prepare(compose(*TWO, "sweep.save_every=0", *options))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    transfer.perform(prepared, transfer.Place(whole))
    found = all_checks(prepared)
    with contextlib.suppress(Cut), transfer.Session(prepared, transfer.Place(cut)) as session:
        for check in found:
            if check.step <= after:
                session.add(check)
        raise Cut
    assert (cut / "state.msgpack").exists()
    transfer.perform(prepared, transfer.Place(cut))
    assert (cut / "result.png").read_bytes() == (whole / "result.png").read_bytes()
    for mine, theirs in zip(rows(cut), rows(whole), strict=True):
        assert mine | {"seconds": ""} == theirs | {"seconds": ""}
    for key in ("status", "best", "last", "config_hash"):
        assert record(cut)[key] == record(whole)[key]


def test_an_interrupted_run_keeps_the_best_of_its_size(compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*TWO))
    with transfer.Session(prepared, transfer.Place(tmp_path)) as session:
        for check in all_checks(prepared)[:2]:
            session.add(check)
    written = valid_record(tmp_path)
    assert (written["status"], written["best"]["step"]) == ("interrupted", 2)
    assert max(pixels(tmp_path / "result.png").shape) == 32


def test_a_run_that_diverges_at_a_small_size_ends_there(compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*TWO, "optimizer.lr=1e9", "beta=1e20"))
    outcome = transfer.perform(prepared, transfer.Place(tmp_path))
    assert outcome.status == "diverged"
    assert [row["step"] for row in rows(tmp_path)] == ["0", "2"]
    valid_record(tmp_path)


def test_lanes_are_the_runs_alone_and_a_lost_one_costs_no_other(compose):
    runs = [
        prepare.prepare(compose(*TWO, f"tv.gamma={gamma}", f"optimizer.lr={lr}"))
        for gamma, lr in ((0, 10), (0, 1e9), (1e4, 5))
    ]
    found: dict[int, list[Check]] = {0: [], 1: [], 2: []}
    for lane, check in together(runs, runs[0].static):
        found[lane].append(check)
    alone = {lane: all_checks(runs[lane]) for lane in found}
    for lane, single in alone.items():
        assert [one.step for one in found[lane]] == [one.step for one in single]
        for mine, theirs in zip(found[lane], single, strict=True):
            assert mine.best == theirs.best
            if theirs.finite and lane != 1:
                np.testing.assert_allclose(mine.picture, theirs.picture, atol=0.05)


def test_a_grid_of_scales_compiles_a_program_a_size(command):
    grid: tuple[str, ...] = ("scales=[32,48]", "steps=2", "tv.gamma=0,1", "style.size=null,48")
    # Which no other test has.
    grid += ("tv.form=power", "pooling=max", "hydra.launcher.lanes=1")
    with compiled() as programs:
        done = command("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", *QUICK, *grid)
    assert done.returncode == 0, done.stderr
    # Of either style.size: at 32 and at 48 pixels. Of the four pairs of pictures three differ in
    # shape from each other: 48 pixels are those of style.size=48 at the last scale, too.
    assert (programs.count("advance"), programs.count("compute_targets")) == (2, 3)
    records = [record(command.folder / "sweep" / str(number)) for number in range(4)]
    assert {one["status"] for one in records} == {"finished"}
    assert len({one["config_hash"] for one in records}) == 4
    assert {one["best"]["step"] for one in records} <= {4}


def test_memory_is_that_of_the_last_size(compose):
    prepared = prepare.prepare(compose(*TWO))
    assert memory.bytes_of_a_lane(prepared.static, prepared.content_image.shape) == (
        48 * 32 * 64 * 4 * 2
    )


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (100, None),  # the run of size=100
        (180, None),
        (181, [128, 181]),
        (300, [150, 212, 300]),
        (512, [128, 181, 256, 362, 512]),  # style-transfer-pytorch's own
        (724, [128, 181, 256, 362, 512, 724]),
    ],
)
def test_auto_scales_rise_from_128_to_the_size(compose: Compose, size: int, sizes: list | None):
    config = compose(*QUICK, "scales=auto", f"size={size}", "steps=7")
    assert (config.size, config.scales) == (size, sizes)
    assert config.steps == ([7] * len(sizes) if sizes else 7)


# --- Refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["scales=[48,32]"], r"scales must rise, .* \[48, 32\] does not"),
        (["scales=[32,32]"], "scales must rise"),
        (["scales=[]"], "scales must be auto or a list of rising sizes in pixels"),
        (["scales=128"], "scales must be auto or a list of rising sizes in pixels.* not 128"),
        (["scales='32 48'"], "scales must be auto or a list of rising sizes in pixels"),
        (["scales=[8,32]"], "each of scales must be a whole number of pixels from 16 to 16384"),
        (["scales=[32,40000]"], "each of scales must be .* not 40000"),
        (["scales=[32,33.5]"], "each of scales must be .* not 33.5"),
        (["scales=[32,true]"], "each of scales must be .* not True"),
        (["steps=[2,3]"], r"steps must be one whole number, not \[2, 3\]"),
        (["scales=[32,48]", "steps=[2,3,4]"], r"\[2, 3, 4\] has 3 for the 2 of \[32, 48\]"),
        (
            ["scales=auto", "size=64", "steps=[2,3]"],
            r"2 for the 1 of scales=auto, which are \[64\]",
        ),
        (["scales=[32,48]", "steps=[2,0]"], "steps must be a whole number from 1"),
        (["scales=[32,48]", "size=1"], "size must be a whole number of pixels"),
    ],
)
def test_scales_that_are_refused(compose: Compose, overrides: list[str], told: str):
    with pytest.raises(UserError, match=told) as raised:
        compose(*QUICK, *overrides)
    assert "\n" not in str(raised.value)


def test_a_scale_too_small_for_a_layer_is_refused_before_anything_runs(command):
    done = command("network=vgg16", "scales=[16,64]")
    assert done.returncode == 1
    # Chelsea is 451 x 300 pixels, and conv5_1 needs 16.
    assert "nst: content: at the scale 16 of scales the picture is 16 x 11 pixels" in done.stderr
    assert "take a scale of 24 or more" in done.stderr
    assert command.files() == []
