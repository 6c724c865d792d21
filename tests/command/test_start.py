"""Where a picture starts: noise and mixture by hand, pictures against Pillow's own resampling."""

from pathlib import Path

import numpy as np
import pytest
from helpers import SHALLOW, TWO_STEPS, pixels
from PIL import Image
from scipy.linalg import sqrtm

from nst.images import files
from nst.images.initial import initial_picture
from nst.runner import prepare

SHAPE = (2, 2, 3)


@pytest.fixture
def start() -> np.ndarray:
    return np.arange(12, dtype=np.float32).reshape(SHAPE) * 20


# --- By hand ------------------------------------------------------------------------------------


def test_noise_is_over_all_grays_to_the_bit_as_before_there_was_an_amplitude(start):
    noise = np.random.default_rng(3).uniform(0, 255, SHAPE).astype(np.float32)
    assert initial_picture(start, 1, 127.5, 3).tobytes() == noise.tobytes()


def test_amplitude_by_hand(start):
    share = np.random.default_rng(3).random(SHAPE)  # 0 to 1
    found = initial_picture(start, 1, 10, 3)
    np.testing.assert_allclose(found, 117.5 + 20 * share, rtol=1e-6)
    gray = initial_picture(start, 1, 0, 3)
    np.testing.assert_array_equal(gray, np.full(SHAPE, 127.5))


def test_mix_by_hand(start):
    share = np.random.default_rng(3).random(SHAPE)
    found = initial_picture(start, 0.25, 100, 3)
    np.testing.assert_allclose(found, 0.75 * start + 0.25 * (27.5 + 200 * share), rtol=1e-5)
    assert found.dtype == np.float32
    assert initial_picture(start, 0, 127.5, 3) is start


@pytest.mark.parametrize(("given", "deviation"), [((), 0.001), (("init.amplitude=90",), 90)])
def test_init_gray_is_normal_around_the_mean_pixel(compose, given: tuple[str, ...], deviation):
    found = prepare.start(prepare.prepare(compose(*TWO_STEPS, *SHALLOW, "init=gray", *given)))
    # torchvision's mean, which VGG-16's own file is for.
    apart = (found - 255 * np.array([0.485, 0.456, 0.406])) / deviation
    assert apart.mean() == pytest.approx(0, abs=0.1)
    assert apart.std() == pytest.approx(1, abs=0.05)
    # Of a normal distribution 68 % lie within one deviation, of a uniform one 58 %.
    assert np.mean(np.abs(apart) < 1) == pytest.approx(0.683, abs=0.03)


def test_init_noise_is_a_mix_of_noise_alone(compose):
    alone, mixed = (
        prepare.start(prepare.prepare(compose(*TWO_STEPS, *SHALLOW, *more)))
        for more in (("init=noise",), ("init=content", "init.mix=1"))
    )
    np.testing.assert_array_equal(alone, mixed)
    assert np.ptp(alone) > 250


# --- Pictures -----------------------------------------------------------------------------------


def test_stretching_is_pillows_lanczos():
    values = np.random.default_rng(0).integers(0, 256, (30, 20, 3)).astype(np.uint8)
    found = files.stretched(values.astype(np.float32), (8, 11))
    expected = Image.fromarray(values).resize((11, 8), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(found.clip(0, 255), np.asarray(expected), atol=1)
    same = files.stretched(values.astype(np.float32), (30, 20))
    np.testing.assert_array_equal(same, values)


def test_a_file_is_stretched_upright(tmp_path: Path):
    values = np.zeros((10, 40, 3), np.uint8)
    values[:, 30:] = 255  # the right quarter, which is below once the picture is turned
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(values).save(tmp_path / "turned.png", exif=exif)
    found = files.load(tmp_path / "turned.png", (16, 8), key="init.path")
    assert found.shape == (16, 8, 3)
    assert (found[13:] > 200).all()
    assert (found[:11] < 50).all()


def test_the_style_image_as_the_start(compose):
    prepared = prepare.prepare(compose(*TWO_STEPS, *SHALLOW, "init=style"))
    found = prepare.start(prepared)
    assert found.shape == prepared.content_image.shape != prepared.style_images[0].shape
    height, width, _ = found.shape
    style_image = Image.fromarray(prepared.style_images[0].astype(np.uint8))
    expected = style_image.resize((width, height), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(found.clip(0, 255), np.asarray(expected), atol=1)


def test_a_recolored_start_has_the_colors_of_the_painting(compose):
    prepared = prepare.prepare(compose(*TWO_STEPS, *SHALLOW, "init=recolored"))
    found = prepare.start(prepared)
    photograph, painting = prepared.content_image, prepared.style_images[0]
    (mean_c, cov_c), (mean_s, cov_s) = (
        (colors.mean(0), np.cov(colors.T, bias=True))
        for colors in (one.reshape(-1, 3).astype(float) for one in (photograph, painting))
    )
    transform = sqrtm(cov_s) @ np.linalg.inv(sqrtm(cov_c))
    expected = (photograph - mean_c) @ transform.T + mean_s
    np.testing.assert_allclose(found, expected.clip(0, 255), atol=0.05)
    assert np.abs(mean_c - mean_s).max() > 20


def test_a_gray_transfer_starts_gray(compose, picture: Path):
    for init in (
        ["init=content"],
        ["init=noise"],
        ["init=gray"],
        ["init=recolored"],
        ["init=file", f"init.path={picture}"],
    ):
        found = prepare.start(
            prepare.prepare(compose(*TWO_STEPS, *SHALLOW, "color=luminance", *init))
        )
        np.testing.assert_array_equal(found, np.repeat(found[..., :1], 3, axis=-1))


def test_a_file_as_the_start_of_a_run(command, compose, picture: Path):
    arguments = (*TWO_STEPS, *SHALLOW, "init=file", f"init.path={picture}", "hydra.run.dir=first")
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    first = command.folder / "first" / "images" / "step_00000.png"
    with Image.open(picture) as image:  # 40 x 32, and Chelsea at 32 pixels is 32 x 21
        expected = np.asarray(image.resize((32, 21), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(pixels(first), expected)
    # The result of one run as the start of the next.
    result = command.folder / "first" / "result.png"
    again = compose(*TWO_STEPS, *SHALLOW, "init=file", f"init.path={result}")
    np.testing.assert_array_equal(prepare.start(prepare.prepare(again)), pixels(result))
