"""Picture files: every mode with known values, every bad file, resampling by hand."""

import io
import math
import os
import resource
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import KEY, loaded, noise, png_of_rows, profile, refusal, srgb
from PIL import Image

from nst.base.errors import UserError
from nst.images.files import FORMATS, MOST_PIXELS, load, save, scaled_shape


def store(folder: Path, image: Image.Image, name: str = "picture.png", **options: Any) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


# --- Size ---


@pytest.mark.parametrize(
    ("width", "height", "size", "shape"),
    [
        (1024, 768, 256, (192, 256)),
        (768, 1024, 256, (256, 192)),
        (10, 10, 7, (7, 7)),
        (1000, 1, 10, (1, 10)),  # never nothing
        (8, 3, 4, (2, 4)),  # 1.5 rounds up
        (8, 5, 4, (3, 4)),  # 2.5 rounds up too
        (100, 50, 400, (200, 400)),
        (123, 45, None, (45, 123)),
    ],
)
def test_scaled_shape_by_hand(
    width: int, height: int, size: int | None, shape: tuple[int, int]
) -> None:
    assert scaled_shape(width, height, size) == shape


@pytest.mark.parametrize(
    ("edge", "landscape", "portrait"),
    [("long", (12, 15), (15, 12)), ("short", (15, 19), (19, 15)), ("height", (15, 19), (15, 12))],
)
def test_scaled_shape_of_each_edge_by_hand(
    edge: str, landscape: tuple[int, int], portrait: tuple[int, int]
) -> None:
    # 15 * 40 / 50 = 12, 15 * 50 / 40 = 18.75.
    assert scaled_shape(50, 40, 15, edge) == landscape
    assert scaled_shape(40, 50, 15, edge) == portrait


@given(st.integers(1, 60_000), st.integers(1, 60_000), st.integers(1, 20_000))
def test_scaled_shape_keeps_the_long_edge_and_the_aspect_ratio(
    width: int, height: int, size: int
) -> None:
    high, wide = scaled_shape(width, height, size)
    assert max(high, wide) == size
    assert scaled_shape(height, width, size) == (wide, high)
    for side, scaled in ((width, wide), (height, high)):
        exact = Fraction(side * size, max(width, height))
        assert scaled >= 1
        assert abs(scaled - exact) <= Fraction(1, 2) or (scaled == 1 and exact < 1)


def lanczos(values: np.ndarray, length: int) -> np.ndarray:
    """Resample the first axis with a Lanczos-3 window as wide as the reduction."""
    scale = len(values) / length
    stretch = max(scale, 1.0)
    centers = (np.arange(length)[:, None] + 0.5) * scale
    x = (np.arange(len(values))[None] + 0.5 - centers) / stretch
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    return np.tensordot(weights / weights.sum(1, keepdims=True), values, 1)


@pytest.mark.parametrize("size", [16, 31, 100])
def test_resampling_is_antialiased_lanczos(tmp_path: Path, size: int) -> None:
    values = noise(30, 45, 3)
    picture = load(store(tmp_path, Image.fromarray(values)), size, key=KEY)
    height, width = round(30 * size / 45), size
    rows = lanczos(values.astype(float), height)
    expected = lanczos(rows.swapaxes(0, 1), width).swapaxes(0, 1).clip(0, 255)
    assert picture.shape == (height, width, 3)
    # 8-bit resampling rounds and clips after each axis.
    assert np.abs(picture - expected).mean() < 0.6


def test_own_size_is_exact(tmp_path: Path) -> None:
    values = noise(9, 14, 3)
    picture = loaded(store(tmp_path, Image.fromarray(values)))
    assert picture.dtype == np.float32
    np.testing.assert_array_equal(picture, values)


# --- Modes ---

GRAYS = np.arange(96, dtype=np.uint8).reshape(8, 12) * 2


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif", "pgm", "webp", "avif", "jpg"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    if suffix == "avif" and "AVIF" not in FORMATS:
        pytest.skip("this Pillow has no AVIF")
    lossless = {"webp": {"lossless": True}}.get(suffix, {})
    path = store(tmp_path, Image.fromarray(GRAYS), f"p.{suffix}", **lossless)
    picture = loaded(path)
    np.testing.assert_allclose(
        picture, np.repeat(GRAYS[..., None], 3, 2), atol=6 if suffix in ("jpg", "avif") else 0
    )


def test_modes_with_known_values(tmp_path: Path) -> None:
    rgba = (200, 100, 0, 51)  # a fifth: 0.2 c + 0.8 * 255
    cases = [
        (Image.new("RGBA", (8, 8), rgba), "png", (244, 224, 204)),
        (Image.new("RGBA", (8, 8), (9, 9, 9, 0)), "png", (255, 255, 255)),
        (Image.new("LA", (8, 8), (100, 51)), "png", (224, 224, 224)),
        (Image.new("1", (8, 8), 1), "png", (255, 255, 255)),
        (Image.new("1", (8, 8), 0), "tif", (0, 0, 0)),
        (Image.new("CMYK", (8, 8), (255, 0, 0, 0)), "tif", (0, 255, 255)),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "jpg", (0, 0, 0)),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "jpg", (255, 0, 0)),
    ]
    for index, (image, suffix, color) in enumerate(cases):
        picture = loaded(store(tmp_path, image, f"{index}.{suffix}"))
        assert np.abs(picture - color).max() <= 1, (image.mode, suffix)


def test_palette_and_its_transparency(tmp_path: Path) -> None:
    image = Image.fromarray((np.arange(64, dtype=np.uint8) % 2).reshape(8, 8)).convert("P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    opaque = loaded(store(tmp_path, image))
    np.testing.assert_array_equal(opaque[0, :2], [(10, 20, 30), (200, 100, 50)])
    for name, clear in (("t.png", 1), ("t.gif", 1), ("bytes.png", b"\xff\x00")):
        picture = loaded(store(tmp_path, image, name, transparency=clear))
        np.testing.assert_array_equal(picture[0, :2], [(10, 20, 30), (255, 255, 255)])


@pytest.mark.parametrize(("mode", "key"), [("RGB", (7, 7, 7)), ("L", 7), ("1", 0)])
def test_a_transparent_color_is_white(
    tmp_path: Path, mode: str, key: tuple[int, ...] | int
) -> None:
    path = store(tmp_path, Image.new(mode, (8, 8), key), transparency=key)
    np.testing.assert_array_equal(loaded(path), 255)


def test_16_bit_grays_are_scaled_by_257(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for name in ("deep.png", "deep.tif"):
        picture = loaded(store(tmp_path, Image.fromarray(values), name))
        np.testing.assert_allclose(picture[..., 1], values / 257, atol=1e-3)
        assert picture.max() == 255
    pgm = tmp_path / "deep.pgm"
    pgm.write_bytes(b"P5 8 8 65535\n" + (values // 300).astype(">u2").tobytes())
    np.testing.assert_allclose(loaded(pgm)[..., 0], values // 300 / 257, atol=1e-3)


def test_a_transparent_16_bit_gray_is_white(tmp_path: Path) -> None:
    path = store(tmp_path, Image.new("I;16", (8, 8), 300), transparency=300)
    np.testing.assert_array_equal(loaded(path), 255)


@pytest.mark.parametrize(
    ("kind", "peak", "white"),
    [
        (np.int32, 255, 255),
        (np.int32, 65535, 65535),
        (np.int32, 2**31 - 1, 2**31 - 1),
        (np.float32, 1, 1),
        (np.float32, 255, 255),
        (np.float32, 65535, 65535),
        (np.float32, 1e6, 1e6),
    ],
)
def test_32_bit_grays(tmp_path: Path, kind: type, peak: float, white: float) -> None:
    values: np.ndarray = (np.linspace(0, 1, 64) * peak).astype(kind).reshape(8, 8)
    picture = loaded(store(tmp_path, Image.fromarray(values), "deep.tif"))
    np.testing.assert_allclose(picture[..., 2], values * (255 / white), rtol=1e-5, atol=1e-3)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for name in ("a.gif", "a.png", "a.webp", "a.tif", "a.mpo"):
        path = store(
            tmp_path, frames[0], name, save_all=True, append_images=frames[1:], lossless=True
        )
        if name == "a.mpo":  # what telephones call .jpg
            path = path.rename(tmp_path / "a.jpg")
        assert np.abs(loaded(path) - (255, 0, 0)).max() <= 2, name


# --- Orientation and color ---

#: Where EXIF orientation n puts the stored row 0 and the stored column 0 (Exif 2.32, 4.6.4 A).
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("name", ["o.png", "o.tif", "o.webp"])
def test_exif_orientation(tmp_path: Path, orientation: int, name: str) -> None:
    stored = noise(9, 14, 3)
    row0, column0 = ORIENTATIONS[orientation]
    expected = stored if row0 in ("top", "bottom") else stored.swapaxes(0, 1)
    expected = expected[::-1] if "bottom" in (row0, column0) else expected
    expected = expected[:, ::-1] if "right" in (row0, column0) else expected
    exif = Image.Exif()
    exif[274] = orientation
    path = store(tmp_path, Image.fromarray(stored), name, exif=exif, lossless=True)
    np.testing.assert_array_equal(loaded(path), expected)
    assert load(path, 28, key=KEY).shape[:2] == ((18, 28) if orientation < 5 else (28, 18))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*"]
)
def test_broken_exif_is_ignored(tmp_path: Path, exif: bytes) -> None:
    path = store(tmp_path, Image.new("RGB", (8, 8), "white"), "e.jpg", exif=exif)
    np.testing.assert_array_equal(loaded(path), 255)


@pytest.mark.parametrize("name", ["c.png", "c.tif", "c.webp"])
def test_icc_profile_is_converted(tmp_path: Path, name: str) -> None:
    values = noise(8, 12, 3)
    path = store(
        tmp_path, Image.fromarray(values), name, icc_profile=profile(b"RGB ", 1.0), lossless=True
    )
    np.testing.assert_allclose(loaded(path), srgb(values / 255), atol=1.5)


def test_icc_profile_with_swapped_primaries_swaps_the_channels(tmp_path: Path) -> None:
    values = noise(8, 12, 3)
    swapped = profile(b"RGB ", 1.0, "brg")
    path = store(tmp_path, Image.fromarray(values), icc_profile=swapped)
    expected = srgb(values / 255)[..., [1, 2, 0]]
    np.testing.assert_allclose(loaded(path), expected, atol=1.5)


def test_icc_profile_of_grays(tmp_path: Path) -> None:
    expected = np.repeat(srgb(GRAYS / 255)[..., None], 3, 2)
    deep = Image.fromarray(GRAYS.astype(np.uint16) * 257)
    for image in (Image.fromarray(GRAYS), deep):
        path = store(tmp_path, image, icc_profile=profile(b"GRAY", 1.0))
        np.testing.assert_allclose(loaded(path), expected, atol=1.5)
    path = store(tmp_path, Image.fromarray(GRAYS), "rgb.jpg", icc_profile=profile(b"RGB ", 1.0))
    assert loaded(path)[-1, -1, 0] > 220  # 190 stored


@pytest.mark.parametrize("broken", [b"junk", profile(b"RGB ", 1.0)[:200], profile(b"GRAY", 1.0)])
def test_a_broken_or_unfit_icc_profile_is_ignored(tmp_path: Path, broken: bytes) -> None:
    values = noise(8, 12, 3)
    path = store(tmp_path, Image.fromarray(values), icc_profile=broken)
    np.testing.assert_array_equal(loaded(path), values)


# --- Bad files ---


def test_bad_paths(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.png")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "empty.png").touch()
    assert "is empty" in refusal(tmp_path / "empty.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in refusal(tmp_path / "pipe.png")
    assert "readable" in refusal(tmp_path / ("x" * 300 + ".png"))


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store(tmp_path, Image.new("RGB", (8, 8)))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # file modes don't stop a privileged user
    assert "Permission denied" in refusal(path)


def test_not_a_picture(tmp_path: Path) -> None:
    eps = io.BytesIO()
    Image.new("RGB", (8, 8)).save(eps, format="EPS")
    contents = {"t.png": b"hello\nworld", "p.jpg": b"%PDF-1.7\n", "e.png": eps.getvalue()}
    contents |= {"head.png": b"\x89PNG\r\n\x1a\n", "t.tif": b"II*\0\x08\0\0\0"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        text = refusal(tmp_path / name)
        assert all(found in text for found in FORMATS)
        assert "is not a picture" in text


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif", "ppm", "avif"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_pictures(tmp_path: Path, suffix: str, kept: float) -> None:
    if suffix == "avif" and "AVIF" not in FORMATS:
        pytest.skip("this Pillow has no AVIF")
    path = store(tmp_path, Image.fromarray(noise(64, 64, 3)), f"p.{suffix}")
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    assert "but it must be a whole picture" in refusal(path)


def test_damaged_bytes_never_escape_as_another_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    refused = []
    for suffix in ("png", "jpg", "webp", "tif", "bmp", "gif", "ppm"):
        path = store(tmp_path, Image.fromarray(noise(32, 32, 3)), f"p.{suffix}")
        whole = bytearray(path.read_bytes())
        for _ in range(40):
            data = bytearray(whole)
            for place in rng.integers(0, min(len(data), 400), 6):
                data[place] = rng.integers(0, 256)
            path.write_bytes(data)
            try:
                assert load(path, 16, key=KEY).shape[2] == 3
            except UserError as error:
                refused.append(str(error))
    assert len(refused) > 50
    assert not any("\n" in text for text in refused)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 8), (8, 7), (2000, 1)])
def test_too_small(tmp_path: Path, width: int, height: int) -> None:
    text = refusal(store(tmp_path, Image.new("RGB", (width, height))))
    assert f"is {width}x{height} pixels" in text
    assert "8x8" in text


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_rows(30_000, 30_000, bytes(3751 * 30_000)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text = refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
    assert "900000000 pixels" in text
    assert str(MOST_PIXELS) in text


def test_the_limit_holds_where_pillow_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_rows(30_000, 30_000, b""))
    assert "30000x30000 pixels" in refusal(path)


def test_large_pictures_are_read_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png_of_rows(10_000, 9_100, bytes(1251 * 9_100)))
    picture = loaded(path, 20)
    np.testing.assert_array_equal(picture, np.zeros((18, 20, 3)))


def test_a_color_mode_that_pillow_cannot_convert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store(tmp_path, Image.new("LAB", (8, 8), (255, 128, 128)), "lab.tif")
    assert np.abs(loaded(path) - 255).max() <= 1

    def no_way(*_: object) -> None:  # as Pillow's older versions answer
        raise ValueError("conversion from LAB to RGB not supported")

    monkeypatch.setattr(Image.Image, "convert", no_way)
    assert "the color mode LAB" in refusal(path)


def test_grays_that_are_not_finite(tmp_path: Path) -> None:
    values = np.full((8, 8), math.nan, np.float32)
    assert "not finite" in refusal(store(tmp_path, Image.fromarray(values), "nan.tif"))


# --- Writing ---


def test_save_rounds_clips_and_keeps_the_text(tmp_path: Path) -> None:
    row = np.array([-5.0, 0.4, 0.6, 127.5, 254.6, 300.0])
    picture = np.broadcast_to(row[None, :, None], (8, 6, 3)).astype(np.float32)
    path = tmp_path / "images" / "result.png"
    path.parent.mkdir()
    save(path, picture, {"config_hash": "0123abcd", "seed": "7"})
    data = path.read_bytes()
    assert b"tEXtconfig_hash\x000123abcd" in data
    assert b"tEXtseed\x007" in data
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        np.testing.assert_array_equal(np.asarray(image)[0, :, 0], [0, 0, 1, 128, 255, 255])
    save(path, picture, {"config_hash": "0123abcd", "seed": "7"})
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


def test_save_then_load_is_the_same_picture(tmp_path: Path) -> None:
    picture = noise(9, 14, 3).astype(np.float32)
    save(tmp_path / "p.png", picture, {})
    np.testing.assert_array_equal(loaded(tmp_path / "p.png"), picture)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_save_refuses_what_is_no_picture(tmp_path: Path, value: float) -> None:
    for picture in (np.full((8, 8, 3), value), np.zeros((8, 8)), np.zeros((8, 8, 4))):
        with pytest.raises(ValueError, match="finite"):
            save(tmp_path / "p.png", picture, {})
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.png"
    save(path, np.zeros((8, 8, 3)), {})
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save(path, np.ones((8, 8, 3)), {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
