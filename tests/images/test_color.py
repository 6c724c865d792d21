"""Whose colors a picture gets: formulas by hand and by other packages, then whole runs."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import QUIET, losses, pixels, record
from scipy.linalg import sqrtm
from skimage.color import rgb2yiq, rgb2yuv, yiq2rgb

from nst.images import color, files
from nst.metrics import evaluate
from nst.runner import prepare, session
from nst.sources.resolve import BUILT_IN


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """A content image and a style image of another shape, each with colors that go together."""
    rng = np.random.default_rng(2)
    mixing = rng.uniform(-1, 1, (2, 3, 3))
    content_image = 110 + 40 * rng.normal(size=(12, 16, 3)) @ mixing[0]
    style_image = 90 + 60 * rng.normal(size=(20, 9, 3)) @ mixing[1]
    return content_image.astype(np.float32), style_image.astype(np.float32)


def moments(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    colors = picture.reshape(-1, 3).astype(np.float64)
    return colors.mean(axis=0), np.cov(colors.T, bias=True)


# --- Formulas -----------------------------------------------------------------------------------


def test_a_matched_style_image_has_the_content_images_mean_and_covariance(pair):
    content_image, style_image = pair
    matched = color.matched(style_image, content_image)
    assert matched.shape == style_image.shape
    for mine, theirs in zip(moments(matched), moments(content_image), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-2)


def test_matching_is_that_of_image_analogies(pair):
    content_image, style_image = pair
    (mean_c, cov_c), (mean_s, cov_s) = moments(content_image), moments(style_image)
    transform = sqrtm(cov_c) @ np.linalg.inv(sqrtm(cov_s))
    expected = np.einsum("ij,hwj->hwi", transform, style_image - mean_s) + mean_c
    np.testing.assert_allclose(color.matched(style_image, content_image), expected, atol=1e-2)


def test_matching_does_not_depend_on_the_order_of_the_channels(pair):
    swapped = color.matched(*(picture[..., ::-1] for picture in reversed(pair)))
    np.testing.assert_allclose(swapped[..., ::-1], color.matched(pair[1], pair[0]), atol=1e-2)


def test_a_style_image_without_colors_gets_those_of_one_direction(pair):
    content_image, style_image = pair
    gray = np.repeat(style_image[..., :1], 3, axis=-1)
    noisy = gray + np.random.default_rng(0).uniform(-0.5, 0.5, gray.shape)  # as a JPEG has it
    variances = np.linalg.eigvalsh(moments(color.matched(noisy, content_image))[1])
    assert variances[2] > 100
    assert variances[1] < 0.01
    flat = color.matched(np.full((4, 4, 3), 77, np.float32), content_image)
    np.testing.assert_allclose(
        flat, np.broadcast_to(moments(content_image)[0], (4, 4, 3)), rtol=1e-5
    )


SQUARE = np.array(
    [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [100, 50, 200]]], np.float32
)  # red, green, blue, and a violet


def test_luminance_by_hand():
    # 0.299 * 255, 0.587 * 255, 0.114 * 255, and 29.9 + 29.35 + 22.8.
    expected = [[76.245, 149.685], [29.07, 82.05]]
    np.testing.assert_allclose(color.luminance(SQUARE)[..., 0], expected, rtol=1e-6)
    for channel in range(3):
        np.testing.assert_allclose(color.gray(SQUARE)[..., channel], expected, rtol=1e-6)


def test_chroma_put_back_by_hand():
    # Grays of 86.245, 139.685, 19.07 and 132.05 are 10 more, 10 and 10 less, 50 more than SQUARE's.
    grays = np.array([[86.245, 139.685], [19.07, 132.05]], np.float32)
    picture = np.repeat(grays[..., None], 3, axis=-1)
    expected = [[[265, 10, 10], [-10, 245, -10]], [[-10, -10, 245], [150, 100, 250]]]
    np.testing.assert_allclose(color.with_chroma(picture, SQUARE), expected, atol=1e-4)


def test_chroma_put_back_is_that_of_yiq_and_of_yuv(pair):
    content_image = pair[0].clip(0, 255)
    picture = color.matched(pair[0], pair[1]).clip(0, 255)
    merged = rgb2yiq(content_image)
    merged[..., 0] = rgb2yiq(picture)[..., 0]
    result = color.with_chroma(picture, content_image)
    np.testing.assert_allclose(result, yiq2rgb(merged), atol=1e-3)
    np.testing.assert_allclose(rgb2yuv(result)[..., 1:], rgb2yuv(content_image)[..., 1:], atol=1e-3)


def test_a_picture_with_its_own_chroma_stays_as_it_is(pair):
    own = pair[0].clip(0, 255)
    np.testing.assert_array_equal(color.with_chroma(own, own), own)


def test_what_the_losses_see(pair):
    content_image, style_image = pair
    for choice in ("none", "keep"):
        assert all(one is other for one, other in zip(color.seen(choice, *pair), pair, strict=True))
    assert color.seen("match", *pair)[0] is content_image
    gray, recolored = color.seen("luminance", *pair)
    for picture in (gray, recolored):
        np.testing.assert_allclose(picture, np.repeat(picture[..., :1], 3, -1), atol=1e-3)
    # Gatys et al. 2016: L' = sigma_C / sigma_S (L - mu_S) + mu_C.
    own, other = content_image @ color.LUMA, style_image @ color.LUMA
    expected = own.std() / other.std() * (other - other.mean()) + own.mean()
    np.testing.assert_allclose(recolored[..., 0], expected, atol=1e-2)


# --- Runs ---------------------------------------------------------------------------------------


def chelsea() -> np.ndarray:
    """The content image as a run of 32 pixels has it."""
    package = __import__(BUILT_IN["chelsea"].package)
    return files.load(Path(package.__path__[0]) / BUILT_IN["chelsea"].file, 32, key="content.path")


def same_chroma(picture: np.ndarray, content_image: np.ndarray) -> np.ndarray:
    """Return where a picture is the content image but for luminance; not where it was clipped."""
    inside = ((picture > 0) & (picture < 255)).all(axis=-1)
    assert inside.mean() > 0.5
    difference = (picture - content_image)[inside]
    return np.ptp(difference, axis=-1) <= 1  # rounded channel by channel


def test_a_grid_over_the_colors(command, compose):
    sweep = command.folder / "sweep"
    given = ("init=style", "seed=3")
    done = command(
        *("-m", "hydra/launcher=batched", "hydra.launcher.lanes=2", f"hydra.sweep.dir={sweep}"),
        *(*QUIET, *given, "color=none,match,luminance,keep", "init.mix=0,0.5"),
        env={"JAX_LOG_COMPILES": "1"},
    )
    assert done.returncode == 0, done.stderr
    for program in ("advance_lanes", "compute_targets"):
        lines = re.findall(rf"^WARNING: Compiling jit\({program}\)", done.stderr, re.MULTILINE)
        assert len(lines) == 1, program
    for job, chroma in enumerate(np.repeat((False, False, True, True), 2)):
        for name in ("result.png", "images/step_00000.png"):
            kept = same_chroma(pixels(sweep / str(job) / name), chelsea())
            assert kept.all() == chroma, (job, name)
    # "keep" is the run of "none" but for what is shown.
    none, match, luminance, keep = (losses(sweep / job) for job in "0246")
    assert none == keep
    assert match != none != luminance
    # A lane is the run alone.
    alone, lane = command.folder / "one", sweep / "5"
    prepared = prepare.prepare(compose(*QUIET, *given, "color=luminance", "init.mix=0.5"))
    session.perform(prepared, session.Place(alone))
    mine, theirs = record(lane), record(alone)
    assert mine["config_hash"] == theirs["config_hash"]
    assert mine["best"]["total"] == pytest.approx(theirs["best"]["total"], rel=1e-4)
    shown = [pixels(path / "result.png").astype(int) for path in (lane, alone)]
    assert np.abs(shown[0] - shown[1]).max() <= 1


@pytest.mark.parametrize("choice", ["luminance", "keep"])
def test_metrics_are_of_the_saved_picture_and_of_the_pictures_as_given(
    compose, tmp_path: Path, choice: str
):
    prepared = prepare.prepare(compose(*QUIET, f"color={choice}"))
    session.perform(prepared, session.Place(tmp_path))
    content_image, (style_image,) = chelsea(), prepared.style_images
    saved = pixels(tmp_path / "result.png")
    assert same_chroma(saved, content_image).all()
    expected = evaluate.evaluate(saved.astype(np.float32), content_image, style_image)
    assert record(tmp_path)["metrics"] == pytest.approx(expected, rel=1e-5)
    assert style_image[..., 0].std() != pytest.approx(style_image[..., 2].std())
