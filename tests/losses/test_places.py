"""Paintings by place: a blend with parts of the picture instead of weights."""

import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, pixels, record, valid_record
from one_run import NUMBERS, SHAPE, STATIC, all_checks, checks, scene
from PIL import Image

from nst.base.errors import UserError
from nst.config import identity, places
from nst.engine.activations import activations
from nst.engine.program import compute_targets
from nst.images import masks, placed
from nst.losses.guided import Regions
from nst.report import build
from nst.runner import prepare

RED, BLUE = (200, 40, 30), (30, 60, 210)


def save(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values.astype(np.uint8)).save(path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A gray content image, a red and a blue painting of different sizes, a soft mask."""
    rng = np.random.default_rng(2)
    gray = rng.integers(90, 160, (6, 8, 1)).repeat(3, axis=2).repeat(6, axis=0).repeat(6, axis=1)
    found = {"photograph": save(tmp_path / "photograph.png", gray)}
    for name, color, shape in (("red", RED, (40, 60, 1)), ("blue", BLUE, (50, 32, 1))):
        values = np.array(color) + rng.integers(-25, 25, shape)
        found[name] = save(tmp_path / f"{name}.png", values)
    ramp = np.linspace(0, 255, 48)[None].repeat(36, axis=0)
    return found | {"ramp": save(tmp_path / "ramp.png", ramp)}


def blend(files: dict[str, Path], red: object, blue: object) -> str:
    return f"{{{files['red']}: {red}, {files['blue']}: {blue}}}"


def arguments(files: dict[str, Path], red: object, blue: object) -> list[str]:
    # Quoted, as the command line hands Hydra what its grammar has no form for.
    return [f"content.path={files['photograph']}", f'style.blend="{blend(files, red, blue)}"']


# --- The regions --------------------------------------------------------------------------------


def test_where_places_overlap_each_has_its_part():
    one, other = np.array([[1.0, 1.0, 0.2]]), np.array([[0.0, 1.0, 0.6]])
    found = placed.regions({"a": one, "b": other}, "vgg16", ("conv1_1",))
    np.testing.assert_allclose(found.content_image[:, 0], [[1, 0.5, 0.25], [0, 0.5, 0.75]])
    assert found.style_image is None


def test_the_rest_is_what_the_others_leave():
    one, other = np.array([[1.0, 0.5, 0.0, 0.5]]), np.array([[1.0, 0.0, 0.0, 0.2]])
    found = placed.regions({"a": one, "rest": None, "b": other}, "vgg16", ("conv1_1",))
    expected = [[0.5, 0.5, 0, 0.5], [0, 0.5, 1, 0.3], [0.5, 0, 0, 0.2]]
    np.testing.assert_allclose(found.content_image[:, 0], expected, atol=1e-6)


def test_a_picture_with_a_gap_is_refused():
    with pytest.raises(UserError, match="leaves 25 % of the picture without a painting: give rest"):
        placed.regions({"a": np.array([[1, 1, 1, 0.0]])}, "vgg16", ("conv1_1",))


def test_gray_masks_are_read_as_shares(tmp_path: Path):
    values = np.random.default_rng(0).integers(0, 256, (8, 12))
    path = save(tmp_path / "mask.png", values)
    found = masks.read_share(path, "style.blend", (8, 12), "photograph.png", (4, 6, 3))
    expected = values.reshape(4, 2, 6, 2).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(found, expected, atol=1e-6)
    save(path, np.dstack([values, values, values // 2]))
    with pytest.raises(UserError, match=r"mask.png' is in color, but a place is a mask of grays"):
        masks.read_share(path, "style.blend", (8, 12), "", (4, 6, 3))
    with pytest.raises(UserError, match=r"12 x 8 pixels, but must be 9 x 8, the size of .* p.png"):
        masks.read_share(path, "style.blend", (8, 9), "p.png", (4, 6, 3))


# --- The loss -----------------------------------------------------------------------------------


def test_each_region_is_drawn_to_a_painting_of_its_own():
    params, content_image, style_image = scene()
    other = np.random.default_rng(3).uniform(0, 255, (13, 30, 3)).astype(np.float32)
    left = np.zeros(SHAPE[:2], np.float32)
    left[:, :5] = 1
    regions = Regions(np.stack([left, 1 - left]))
    paintings = style_image, other
    targets = compute_targets(STATIC, params, content_image, *paintings, masks=regions)
    first = next(checks(STATIC, params, targets, content_image, NUMBERS, steps=1, check_every=1))

    def features(picture: np.ndarray) -> np.ndarray:
        own = activations(STATIC, params, jnp.asarray(picture), ("conv1_1",))["conv1_1"]
        return np.asarray(own, np.float64)

    own, expected = features(content_image), 0.0
    for share, painting in zip((left, 1 - left), map(features, paintings), strict=True):
        inside = own[share == 1]  # (positions, channels)
        whole = painting.reshape(-1, painting.shape[-1])
        difference = inside.T @ inside / len(inside) - whole.T @ whole / len(whole)
        expected += share.mean() * (difference**2).sum() / (4 * own.shape[-1] ** 2)
    assert first.terms.style == pytest.approx(expected, rel=1e-4)


# --- What is typed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"starry": "left", "scream": "rest"}, {"starry": "left", "scream": "rest"}),
        ("{starry:left,scream: rest}", {"starry": "left", "scream": "rest"}),
        (
            "{'./a: b.jpg': rectangle(0, 0, 0.5, 1), ./c.jpg: 'my, mask.png'}",
            {"./a: b.jpg": "rectangle(0, 0, 0.5, 1)", "./c.jpg": "my, mask.png"},
        ),
        ("{starry: 0.5, scream: 0.5}", None),
        ({"starry": 0.5, "scream": 0.5}, None),
        ("starry 0.5 scream 0.5", None),
        ("starry scream", None),
        (["starry", "scream"], None),
        ({}, None),
        (None, None),
    ],
)
def test_places_are_told_from_weights(value: object, found: object):
    assert places.given(value) == found


@pytest.mark.parametrize(
    ("overrides", "wanted"),
    [
        (["style.blend={starry:left,scream:1}"], ["scream the weight 1", "each a place"]),
        (["style.blend={starry:left}"], ["two paintings or more", "starry alone"]),
        (["style.blend={starry:rest,scream:rest}"], ["rest to more than one"]),
        (
            ["style.blend={starry:middle,scream:rest}"],
            ["style.blend.starry", "left, right, top", "rectangle(", "rest", "'middle'"],
        ),
        (["style.blend={stary:left,scream:rest}"], ["no painting 'stary'", "'starry'"]),
        (
            ["style.blend='{starry:rectangle(0,0,2,1),scream:rest}'"],
            ["style.blend.starry=rectangle(0,0,2,1)", "LEFT below RIGHT"],
        ),
        (
            ["style.blend={starry:left,scream:rest}", "style.statistic=mean_std"],
            ["style.blend with places", "style.statistic=gram"],
        ),
        (
            ["style.blend={starry:left,scream:rest}", "content.mask=left", "style.mask=left"],
            ["content.mask and style.mask", "style.blend has 2"],
        ),
    ],
)
def test_refusals(compose: Any, overrides: list[str], wanted: list[str]):
    with pytest.raises(UserError) as raised:
        compose(*overrides)
    for part in wanted:
        assert part in str(raised.value)


def test_places_that_do_not_do(compose: Any, files: dict[str, Path]):
    def refused(red: object, blue: object) -> str:
        own = compose(*FOUR_STEPS, *SHALLOW, *arguments(files, red, blue))
        with pytest.raises(UserError) as raised:
            prepare.prepare(own)
        return str(raised.value)

    assert "of the picture without a painting" in refused("left", "top")
    text = refused("rectangle(0,0,0.004,1)", "rest")
    assert "the place of" in text
    assert "red.png covers not even half of any position of conv1_1" in text
    assert "does not exist" in refused("./none.png", "rest")


# --- Runs ---------------------------------------------------------------------------------------


def redness(folder: Path) -> tuple[float, float]:
    """Return by how much red exceeds blue in the left and in the right half of a result."""
    result = pixels(folder / "result.png").astype(int)
    middle = result.shape[1] // 2
    by = [
        float((half[..., 0] - half[..., 2]).mean())
        for half in (result[:, : middle - 2], result[:, middle + 2 :])
    ]
    return by[0], by[1]


def test_each_side_takes_the_colors_of_its_painting(command: Any, files: dict[str, Path]):
    layers = ("content.layers=[conv1_1]", "style.layers=[conv1_1]", "alpha=1e-3", "optimizer.lr=20")
    several = ",".join(
        blend(files, *one)
        for one in (("left", "rest"), ("rest", "rectangle(0, 0, 0.5, 1)"), ("rest", files["ramp"]))
    )
    run = (*FOUR_STEPS[:3], "steps=20", "check_every=10", *layers)
    own = (f"content.path={files['photograph']}", f"style.blend={several}")
    done = command("-m", *run, *own, "hydra.sweep.dir=sweep")
    assert done.returncode == 0, done.stderr
    folders = [command.folder / "sweep" / number for number in "012"]
    (left, right), (other, swapped), (soft, fading) = map(redness, folders)
    assert left > 40 > 0 > -40 > right
    assert other < -40 < 0 < 40 < swapped
    assert left > soft > fading > right
    written = [valid_record(one) for one in folders]
    assert len({one["config_hash"] for one in written}) == 3
    assert set(written[0]["config"]["style"]["blend"].values()) == {"left", "rest"}
    assert written[2]["sources"][f"place/{files['blue']}"]["used"] == "ramp.png"
    assert None not in written[0]["metrics"].values()
    report = build.write([command.folder / "sweep"])
    assert [key.name for key in report.keys] == ["style.blend"]
    labels = sorted(str(run.values["style.blend"]) for run in report.runs)
    assert labels[0].startswith("blue ")
    assert any(label == "blue rest + red left" for label in labels)
    program = (sys.executable, "-m", "nst.rerun")
    for number in "12":
        done = command(f"sweep/{number}", f"hydra.run.dir=again{number}", program=program)
        assert done.returncode == 0, done.stderr
        again = command.folder / f"again{number}"
        assert record(again)["config_hash"] == written[int(number)]["config_hash"]
        same = (again / "result.png").read_bytes()
        assert same == (folders[int(number)] / "result.png").read_bytes()


def test_bytes_and_parts_count_not_their_names(compose: Any, files: dict[str, Path]):
    def hashed(*overrides: str) -> str:
        prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *overrides))
        return identity.config_hash(prepared.config, prepared.static.network, prepared.sources)

    copied = dict(files)
    for name in ("red", "ramp"):
        copied[name] = files[name].with_name(f"a {name}.png")
        copied[name].write_bytes(files[name].read_bytes())
    quoted = f"'{copied['ramp']}'"
    assert hashed(*arguments(files, files["ramp"], "rest")) == hashed(
        arguments(files, 0, 0)[0],
        f"style.blend=\"{{'{copied['red']}': {quoted}, '{files['blue']}': rest}}\"",
    )
    assert hashed(*arguments(files, "left", "rest")) == hashed(
        *arguments(files, "rectangle(0,0,.5,1)", "rest")
    )
    assert hashed(*arguments(files, "left", "rest")) != hashed(*arguments(files, "rest", "left"))


@pytest.mark.parametrize("override", ["color=match", "scales=[24,32]", "style.size=48"])
def test_places_beside_other_features(compose: Any, files: dict[str, Path], override: str):
    own = arguments(files, files["ramp"], "rest")
    prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *own, override))
    assert sum(prepared.style_shares) == pytest.approx(1)
    found = all_checks(prepared)
    assert found[-1].terms.style < found[0].terms.style
