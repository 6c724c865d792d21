"""Regions: masks and what is refused of them, guided Gram matrices, runs with masks."""

import sys
from pathlib import Path
from typing import Any

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, compiled, pixels, valid_record
from one_run import NUMBERS, SHAPE, STATIC, all_checks, checks, scene, together
from PIL import ExifTags, Image

from nst.base.errors import UserError
from nst.config import identity
from nst.engine.lanes import Lane
from nst.engine.program import compute_targets
from nst.images import files as images
from nst.images import masks, shapes
from nst.losses import guided as regions
from nst.losses.guided import Regions
from nst.networks import vgg
from nst.networks.vgg import random_params
from nst.report import build
from nst.runner import prepare

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
OPTIONS: Any = {"steps": 6, "check_every": 2}


def save(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
    return path


def halves(shape: tuple[int, int], left: tuple, right: tuple) -> np.ndarray:
    """Return (H, W, 3), the left half of one color."""
    pixels = np.empty((*shape, 3), np.uint8)
    pixels[:, : shape[1] // 2], pixels[:, shape[1] // 2 :] = left, right
    return pixels


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A gray content image, a style image red at the left and blue at the right, their masks."""
    rng = np.random.default_rng(2)
    gray = rng.integers(90, 160, (6, 8, 1)).repeat(3, axis=2).repeat(6, axis=0).repeat(6, axis=1)
    painted = halves((40, 60), (200, 40, 30), (30, 60, 210)) + rng.integers(-25, 25, (40, 60, 1))
    return {
        "photograph": save(tmp_path / "photograph.png", gray),
        "painting": save(tmp_path / "painting.png", painted),
        "content": save(tmp_path / "content.png", halves((36, 48), RED, BLUE)),
        "style": save(tmp_path / "style.png", halves((40, 60), RED, BLUE)),
        "swapped": save(tmp_path / "swapped.png", halves((40, 60), BLUE, RED)),
    }


def arguments(files: dict[str, Path], content: str = "content", style: str = "style") -> list[str]:
    return [
        f"content.path={files['photograph']}",
        f"style.path={files['painting']}",
        f"content.mask={files[content]}",
        f"style.mask={files[style]}",
    ]


# --- Guidance and guided Gram matrices ----------------------------------------------------------


def parts(rng: np.random.Generator, count: int, height: int, width: int) -> np.ndarray:
    """Return (R, H, W) shares of sum 1."""
    raw = rng.uniform(0.1, 1, (count, height, width))
    return (raw / raw.sum(axis=0)).astype(np.float32)


@pytest.mark.parametrize(
    ("layer", "poolings"), [("conv1_2", 0), ("pool1", 1), ("relu2_1", 1), ("conv3_1", 2)]
)
def test_guidance_has_the_means_of_what_a_position_covers(layer: str, poolings: int):
    shares = parts(np.random.default_rng(0), 2, 11, 14)
    side = 2**poolings
    found = regions.guidance(shares, "vgg16", layer)
    # Two odd sides one after the other: 11 -> 5 -> 2, so the last three rows are dropped.
    assert found.shape == (2, 11 // side, 14 // side)
    for region in range(2):
        for row in range(11 // side):
            for column in range(14 // side):
                covered = [
                    shares[region, row * side + down, column * side + right]
                    for down in range(side)
                    for right in range(side)
                ]
                assert found[region, row, column] == pytest.approx(np.mean(covered), rel=1e-5)


def test_guidance_has_the_positions_of_the_network():
    layers = ("conv1_1", "pool1", "conv2_1", "conv3_1", "pool3", "conv5_1")

    def network(pictures: jax.Array) -> dict[str, jax.Array]:
        return vgg.activations(
            random_params("vgg16", 0),
            pictures,
            layers,
            network="vgg16",
            pooling="avg",
            precision="float32",
        )

    found = jax.eval_shape(network, np.zeros((1, 37, 23, 3), np.float32))
    for layer, values in found.items():
        assert regions.guidance(np.ones((2, 37, 23)), "vgg16", layer).shape[1:] == values.shape[1:3]


def test_grams_and_loss_are_the_papers_sums():
    rng = np.random.default_rng(1)
    own, painted = rng.normal(size=(5, 4, 3)), rng.normal(size=(3, 6, 3))
    channels, others = parts(rng, 3, 5, 4), parts(rng, 3, 3, 6)

    def guided(features: np.ndarray, share: np.ndarray) -> np.ndarray:
        gram, norm = np.zeros((3, 3)), 0.0
        for row in range(features.shape[0]):
            for column in range(features.shape[1]):
                square = float(share[row, column]) ** 2
                vector = features[row, column]
                gram += square * np.outer(vector, vector)
                norm += square
        return gram / norm

    expected = 0.0
    for channel, other in zip(channels, others, strict=True):
        weight = channel.sum() / 20
        difference = guided(own, channel) - guided(painted, other)
        expected += weight * (difference**2).sum() / (4 * 3**2)
    target = regions.target(jnp.float32(painted), jnp.asarray(others))
    np.testing.assert_allclose(target[1], guided(painted, others[1]), rtol=1e-5, atol=1e-6)
    found = regions.loss(jnp.float32(own), target, jnp.asarray(channels))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_gradient_is_that_of_the_formula():
    rng = np.random.default_rng(2)
    own, channels = jnp.float32(rng.normal(size=(5, 4, 3))), jnp.asarray(parts(rng, 3, 5, 4))
    target = jnp.float32(rng.normal(size=(3, 3, 3)))  # not symmetric, to be strict

    def plain(features: jax.Array) -> jax.Array:
        weights = channels**2 / (channels**2).sum(axis=(1, 2), keepdims=True)
        grams = jnp.einsum("rhw,hwi,hwj->rij", weights, features, features, precision="highest")
        each = jnp.sum((grams - target) ** 2, axis=(1, 2)) / 36
        return jnp.sum(channels.mean(axis=(1, 2)) * each)

    found = jax.grad(lambda features: regions.loss(features, target, channels))(own)
    np.testing.assert_allclose(found, jax.grad(plain)(own), rtol=1e-4, atol=1e-6)


def test_one_region_is_no_mask():
    params, content_image, style_image = scene()
    whole = Regions(*(np.ones((1, *SHAPE[:2]), np.float32) for _ in range(2)))
    masked = compute_targets(STATIC, params, content_image, style_image, masks=whole)
    plain = compute_targets(STATIC, params, content_image, style_image)
    found, expected = (
        list(checks(STATIC, params, targets, content_image, NUMBERS, **OPTIONS))
        for targets in (masked, plain)
    )
    assert found[0].terms.style_layers == pytest.approx(expected[0].terms.style_layers, rel=1e-4)
    assert found[0].terms.total == pytest.approx(expected[0].terms.total, rel=1e-4)
    np.testing.assert_allclose(found[-1].picture, expected[-1].picture, atol=0.05)


def test_lanes_are_the_runs_alone_which_go_on_from_a_check_to_the_same_bytes():
    params, content_image, style_image = scene()
    rng = np.random.default_rng(11)
    both = Regions(*(parts(rng, 3, *SHAPE[:2]) for _ in range(2)))
    run = STATIC, params, compute_targets(STATIC, params, content_image, style_image, masks=both)
    several = [NUMBERS._replace(beta=beta) for beta in (1e-3, 1.0)]
    found = together(*run, [Lane(content_image, numbers) for numbers in several], **OPTIONS)
    for lane, numbers in zip(found, several, strict=True):
        alone = list(checks(*run, content_image, numbers, **OPTIONS))
        np.testing.assert_allclose(lane[-1].picture, alone[-1].picture, atol=0.01)
    rest = list(checks(*run, content_image, several[-1], **OPTIONS, after=alone[1]))
    assert rest[-1].picture.tobytes() == alone[-1].picture.tobytes()


# --- Masks --------------------------------------------------------------------------------------


def test_regions_are_scaled_by_area_in_the_order_of_their_colors(tmp_path: Path):
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:, :] = BLUE
    pixels[2:5, 3:7] = RED
    pixels[0, :2] = GREEN
    mask = masks.read(save(tmp_path / "mask.png", pixels), "content.mask", (8, 12), "", (4, 6, 3))
    assert mask.colors == (0x0000FF, 0x00FF00, 0xFF0000)
    for region, color in enumerate((BLUE, GREEN, RED)):
        is_in = (pixels == color).all(axis=-1)
        for row in range(4):
            for column in range(6):
                covered = is_in[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean()
                assert mask.shares[region, row, column] == pytest.approx(covered)


def test_areas_that_cut_pixels_take_their_part_of_them():
    found = masks.averaged(np.array([[1, 0, 0], [0, 0, 1]]), (2, 2))
    np.testing.assert_allclose(found, np.array([[2, 0], [0, 2]]) / 3, atol=1e-6)
    found = masks.averaged(np.array([[1, 0], [0, 0], [0, 1]]), (3, 3))
    np.testing.assert_allclose(found, np.array([[2, 1, 0], [0, 0, 0], [0, 1, 2]]) / 2, atol=1e-6)
    # 7 x 5 pixels on 4 x 3: each part of 1/28 by 1/15 of the sides lies in one of each.
    values = np.random.default_rng(3).uniform(size=(7, 5))
    fine = values.repeat(4, axis=0).repeat(3, axis=1)
    expected = [
        [fine[7 * row : 7 * row + 7, 5 * column : 5 * column + 5].mean() for column in range(3)]
        for row in range(4)
    ]
    np.testing.assert_allclose(masks.averaged(values, (4, 3)), expected, rtol=1e-6)
    whole = masks.averaged(np.ones((451, 300), bool), (192, 128))
    np.testing.assert_array_equal(whole, 1)


def test_more_grays_than_flat_colors_are_shares(tmp_path: Path):
    ramp = 2 * np.arange(96, dtype=np.uint8).reshape(8, 12)
    path = save(tmp_path / "soft.png", ramp)
    mask = masks.read(path, "content.mask", (8, 12), "", (4, 6, 3))
    assert mask.names == ("#000000", "#ffffff")
    for row in range(4):
        for column in range(6):
            block = ramp[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert mask.shares[1, row, column] == pytest.approx(block.mean() / 255, abs=1e-6)
    np.testing.assert_allclose(mask.shares.sum(axis=0), 1, atol=1e-6)
    wide = np.arange(96).reshape(8, 12) * 300
    found = masks.read(save16(path, wide), "content.mask", (8, 12), "", (8, 12, 3)).shares[1]
    np.testing.assert_allclose(found, wide / 65535, atol=1e-6)
    # Sixteen are still flat.
    flat = save(path, ramp // 12 * 12)
    assert len(masks.read(flat, "content.mask", (8, 12), "", (8, 12, 3)).colors) == 16


def save16(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values.astype(np.uint16)).save(path)
    return path


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("left", [1, 1, 1, 1], [1, 1, 0.5, 0, 0]),
        ("right", [1, 1, 1, 1], [0, 0, 0.5, 1, 1]),
        ("top", [1, 1, 0, 0], [1, 1, 1, 1, 1]),
        ("bottom", [0, 0, 1, 1], [1, 1, 1, 1, 1]),
        ("rectangle(0.1, 0.25, 0.9, 1)", [0, 1, 1, 1], [0.5, 1, 1, 1, 0.5]),
        ("rectangle(0.24,0.3,0.36,0.45)", [0, 0.6, 0, 0], [0, 0.6, 0, 0, 0]),
    ],
)
def test_parts_without_a_file_cover_their_areas(text: str, rows: list, columns: list):
    part = shapes.read(text, "content.mask")
    assert part is not None
    mask = masks.of_shape(part, "content.mask", text, (4, 5, 3))
    assert mask.colors == (0, 0xFFFFFF)
    expected = [[row * column for column in columns] for row in rows]
    np.testing.assert_allclose(mask.shares[1], expected, atol=1e-6)
    np.testing.assert_allclose(mask.shares[0], 1 - mask.shares[1], atol=1e-6)


def test_the_whole_picture_is_one_region():
    part = shapes.read("rectangle(0,0,1,1)", "content.mask")
    assert part is not None
    mask = masks.of_shape(part, "content.mask", "", (4, 5, 3))
    assert (mask.colors, mask.shares.shape) == ((0xFFFFFF,), (1, 4, 5))


@pytest.mark.parametrize(
    "text", ["left.png", "./left", "lefty", "rectangle", "my rectangle(1).png"]
)
def test_what_is_no_part_is_a_file(text: str):
    assert shapes.read(text, "content.mask") is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rectangle(0,0,1)", ["content.mask=rectangle(0,0,1)", "LEFT,TOP,RIGHT,BOTTOM", "four"]),
        ("rectangle(a,0,1,1)", ["four numbers"]),
        ("rectangle(0.5,0,0.2,1)", ["LEFT below RIGHT", "from 0 to 1"]),
        ("rectangle(0,0,2,1)", ["from 0 to 1", "fractions"]),
        ("rectangle(0,0,nan,1)", ["LEFT below RIGHT"]),
    ],
)
def test_rectangles_that_are_none(compose: Any, text: str, wanted: list[str]):
    with pytest.raises(UserError) as raised:
        compose(f"content.mask='{text}'", "style.mask=left")
    has(str(raised.value), *wanted)


def test_a_mask_lies_as_its_picture_does(tmp_path: Path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored lying on its side
    content_image = save(tmp_path / "turned.jpg", np.zeros((30, 20, 3)), exif=exif)
    own = images.upright_shape(content_image, key="content.path")
    assert own == images.load(content_image, None, key="content.path").shape[:2] == (20, 30)
    stored = save(tmp_path / "stored.png", halves((30, 20), RED, BLUE))
    with pytest.raises(UserError, match="is 20 x 30 pixels, but must be 30 x 20"):
        masks.read(stored, "content.mask", own, "turned.jpg", (20, 30, 3))
    upright = save(tmp_path / "upright.png", halves((20, 30), RED, BLUE))
    masks.read(upright, "content.mask", own, "turned.jpg", (20, 30, 3))


def refusal(compose: Any, *overrides: str) -> str:
    with pytest.raises(UserError) as raised:
        prepare.prepare(compose(*FOUR_STEPS, *overrides))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def has(text: str, *wanted: str) -> None:
    for part in wanted:
        assert part in text


def test_masks_that_do_not_fit_are_refused(compose: Any, files: dict[str, Path], tmp_path: Path):
    def refused(name: str, pixels: np.ndarray, key: str = "style", **options: Any) -> str:
        path = save(tmp_path / name, pixels, **options)
        return refusal(compose, *SHALLOW, *arguments(files | {key: path}))

    text = refused("small.png", halves((39, 60), RED, BLUE))
    has(text, "style.mask: ", "small.png", "60 x 39 pixels", "must be 60 x 40", "painting.png")
    text = refused("other.png", halves((40, 60), RED, GREEN))
    has(text, "content.mask: ", "content.png", "has #0000ff", "not in style.mask", "other.png")
    has(text, "#00ff00, #ff0000")
    text = refused("off.png", halves((40, 60), (255, 7, 0), (0, 7, 255)))
    has(text, "content.mask", "#0000ff, #ff0000", "not in style.mask", "#0007ff, #ff0700")
    three = halves((40, 60), RED, BLUE)
    three[:, :9] = GREEN
    has(refused("three.png", three), "style.mask: ", "has #00ff00", "not in content.mask")
    noisy = np.random.default_rng(0).integers(0, 255, (40, 60, 3))
    text = refused("noisy.jpg", noisy, quality=30)
    has(text, "style.mask: ", "noisy.jpg", " colors", "at most 16", "PNG", "antialiasing")
    tiny = halves((36, 48), BLUE, BLUE)
    tiny[5, 7] = RED
    text = refused("tiny.png", tiny, key="content")
    has(text, "content.mask: ", "tiny.png", "32 x 24 pixels", "#ff0000", "conv1_1", "larger size")
    text = refusal(compose, *arguments(files | {"style": tmp_path / "none.png"}))
    has(text, "style.mask: ", "none.png", "does not exist")


def test_a_region_that_vanishes_in_a_deep_layer_is_refused(
    compose: Any, files: dict[str, Path], tmp_path: Path
):
    pixels = halves((40, 60), BLUE, BLUE)
    pixels[10:22, 10:22] = RED  # 6 x 6 pixels at size 32, a position of conv5_1 covers 16 x 16
    files["style"] = save(tmp_path / "deep.png", pixels)
    text = refusal(compose, *arguments(files))
    has(text, "style.mask: ", "32 x 21 pixels", "#ff0000", "conv4_1", "larger style.size")
    prepare.prepare(compose(*FOUR_STEPS, *arguments(files), "style.size=128"))
    prepare.prepare(compose(*FOUR_STEPS, *arguments(files), "style.layers=[conv1_1,conv3_1]"))


@pytest.mark.parametrize(
    ("lacking", "wanted"),
    [
        ("content.mask", ["style.mask=", "style.png", "needs content.mask"]),
        ("style.mask", ["content.mask=", "content.png", "needs style.mask"]),
    ],
)
def test_one_mask_alone_is_refused(
    command, files: dict[str, Path], lacking: str, wanted: list[str]
):
    some = [one for one in arguments(files) if not one.startswith(lacking)]
    has(helpers.refusal(command, *FOUR_STEPS, *some), *wanted)


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("style.statistic=mean_std", ["content.mask", "style.statistic=gram", "not mean_std"]),
        ("style.blend={night:1,starry:1}", ["style.mask", "one painting", "style.blend has 2"]),
    ],
)
def test_what_masks_do_not_go_with_is_refused(compose: Any, override: str, wanted: list[str]):
    with pytest.raises(UserError) as raised:
        compose("content.mask=a.png", "style.mask=b.png", override)
    has(str(raised.value), *wanted)


# --- Runs ---------------------------------------------------------------------------------------


def redness(folder: Path) -> tuple[float, float]:
    """Return by how much red exceeds blue in the left and in the right half of a result."""
    result = pixels(folder / "result.png").astype(int)
    middle = result.shape[1] // 2
    left, right = result[:, : middle - 2], result[:, middle + 2 :]
    by = [float((half[..., 0] - half[..., 2]).mean()) for half in (left, right)]
    return by[0], by[1]


@pytest.mark.slow
def test_each_half_takes_the_colors_of_its_region(command, files: dict[str, Path]):
    both = (f"style.mask={files['style']},{files['swapped']}", "tv.gamma=0,1")
    given = [one for one in arguments(files) if not one.startswith("style.mask")]
    forty = ("steps=40", "check_every=20")
    batched = ("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", *forty)
    layers = ("content.layers=[conv1_1]", "style.layers=[conv1_1,conv2_1]", "alpha=1e-3")
    with compiled() as programs:
        done = command(*batched, *FOUR_STEPS[:3], *layers, *given, *both)
    assert done.returncode == 0, done.stderr
    # Two groups, and one program for both.
    assert (programs.count("advance"), programs.count("compute_targets")) == (1, 1)
    sweep = command.folder / "sweep"
    for run in ("0", "1"):
        left, right = redness(sweep / run)
        assert left > 60
        assert right < -60
    for run in ("2", "3"):
        left, right = redness(sweep / run)
        assert left < -60
        assert right > 60
    written = [valid_record(sweep / str(run)) for run in range(4)]
    assert len({one["config_hash"] for one in written}) == 4
    source = written[2]["sources"]["style_mask"]
    assert (source["used"], source["requested"]) == ("swapped.png", str(files["swapped"]))
    assert set(written[0]["sources"]) == {
        *("content", "style", "network", "content_mask", "style_mask")
    }
    assert None not in written[0]["metrics"].values()
    report = build.write([sweep])
    assert [key.name for key in report.keys] == ["tv.gamma", "style.mask"]
    alone = command(
        *FOUR_STEPS[:3], *forty, *layers, *arguments(files, style="swapped"), "tv.gamma=1"
    )
    assert alone.returncode == 0, alone.stderr
    mine, theirs = (folder / "result.png" for folder in (command.run_folder(), sweep / "3"))
    assert mine.read_bytes() == theirs.read_bytes()


def test_a_part_is_the_mask_of_its_pixels(command, files: dict[str, Path]):
    """The same picture as of a file, through the command line, in a sweep and run again."""
    black, white = (0,) * 3, (255,) * 3
    mask = save(files["content"].with_name("white.png"), halves((36, 48), white, black))
    other = save(files["content"].with_name("other.png"), halves((40, 60), black, white))
    run = (*FOUR_STEPS, *SHALLOW, *arguments(files)[:2])
    done = command(*run, f"content.mask={mask}", f"style.mask={other}", "hydra.run.dir=file")
    assert done.returncode == 0, done.stderr
    own = ("style.mask=right", "content.mask=left,rectangle(0, 0, 0.5, 1),bottom")
    done = command("-m", *run, *own, "hydra.sweep.dir=sweep")
    assert done.returncode == 0, done.stderr
    first, second, third = (valid_record(command.folder / "sweep" / one) for one in "012")
    assert (first["same_as"], second["same_as"], third["same_as"]) == (None, "../0", None)
    assert first["config"]["content"]["mask"] == "left"
    assert third["sources"]["content_mask"]["used"] == "bottom"
    results = [
        pixels(command.folder / one / "result.png") for one in ("file", "sweep/0", "sweep/2")
    ]
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()
    report = build.write([command.folder / "sweep"])
    assert [key.name for key in report.keys] == ["content.mask"]
    program = (sys.executable, "-m", "nst.rerun")
    done = command("sweep/1", "hydra.run.dir=again", program=program)
    assert done.returncode == 0, done.stderr
    again = (command.folder / "again" / "result.png").read_bytes()
    assert again == (command.folder / "sweep" / "1" / "result.png").read_bytes()


def test_soft_regions_run(compose: Any, files: dict[str, Path]):
    ramp = np.linspace(0, 255, 48).astype(np.uint8)[None].repeat(36, axis=0)
    soft = save(files["content"].with_name("soft.png"), ramp)
    parts = (f"content.mask={soft}", "style.mask=right")
    prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *arguments(files)[:2], *parts))
    found = all_checks(prepared)
    assert found[-1].terms.style < found[0].terms.style


def test_the_bytes_of_the_masks_are_part_of_a_run(compose: Any, files: dict[str, Path]):
    def hashed(*overrides: str) -> str:
        prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *overrides))
        return identity.config_hash(prepared.config, prepared.static.network, prepared.sources)

    copied = files | {"copy": files["style"].with_name("copy.png")}
    copied["copy"].write_bytes(files["style"].read_bytes())
    plain = hashed(*arguments(files)[:2])
    masked = hashed(*arguments(files))
    assert masked == hashed(*arguments(copied, style="copy"))
    assert len({plain, masked, hashed(*arguments(files, style="swapped"))}) == 3


@pytest.mark.parametrize(
    "override", ["color=luminance", "color=match", "init=noise", "optimizer=lbfgs"]
)
def test_masks_beside_other_features(compose: Any, files: dict[str, Path], override: str):
    prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *arguments(files), override))
    targets = prepare.targets(prepared, prepared.static)
    assert targets.style["conv1_1"].shape == (2, 64, 64)
    found = all_checks(prepared)
    assert found[-1].terms.style < found[0].terms.style
