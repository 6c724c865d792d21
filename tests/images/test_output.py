"""Results as files for print and web, read back by other programs than the one that wrote them."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from pictures import noise, profile, profile_of_tables, srgb
from PIL import ExifTags, Image, JpegImagePlugin

from nst.images import files, icc, output
from nst.images.output import NOTHING, Carried

TEXT = {"nst:config_hash": "0123456789abcdef", "nst:seed": "7"}
SAID = "nst:config_hash=0123456789abcdef; nst:seed=7"
ADOBE = profile(b"RGB ", 2.2)


def picture() -> np.ndarray:
    """Return floats, some of them beyond the gray levels."""
    return np.random.default_rng(1).uniform(-20, 275, (13, 17, 3)).astype(np.float32)


def encoded(name: str, bits: int = 8, carried: Carried = NOTHING, quality: int = 95) -> bytes:
    return output.encoded(name, bits, picture(), carried, TEXT, quality)


def deep(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values.astype(np.float64), 0, 255) / 255 * 65535)


def read_png(data: bytes) -> np.ndarray:
    """Return the samples of a PNG whose rows all have the filter Up (PNG, 9.2)."""
    width, height, bits, color = struct.unpack(">IIBB", data[16:26])
    packed, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (
            zlib.crc32(data[at + 4 : at + 8 + length]),
        )
        packed += data[at + 8 : at + 8 + length] * (kind == b"IDAT")
        at += 12 + length
    count = {2: 3, 6: 4}[color]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    assert set(rows[:, 0]) == {2}
    samples = np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8)
    return samples.reshape(-1).view(f">u{bits // 8}").reshape(height, width, count)


def test_16_bits_are_of_the_floats():
    np.testing.assert_array_equal(read_png(encoded("png", 16)), deep(picture()))
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(encoded("tif", 16))), deep(picture()))
    # Pillow reads a PNG's higher bytes.
    image = np.asarray(Image.open(io.BytesIO(encoded("png", 16)))).astype(int)
    np.testing.assert_array_equal(image, deep(picture()) // 256)


def test_8_bits_are_rounded_once():
    image = np.asarray(Image.open(io.BytesIO(encoded("png", 8))))
    np.testing.assert_array_equal(image, np.rint(picture().clip(0, 255)))


@pytest.mark.parametrize("name", ["jpg", "webp"])
def test_quality_is_heeded(name: str):
    errors = []
    for quality in (100, 60, 5):
        image = Image.open(io.BytesIO(encoded(name, quality=quality)))
        errors.append(np.abs(np.asarray(image) - picture().clip(0, 255)).mean())
    assert errors[0] < errors[1] < errors[2]
    assert len(encoded(name, quality=100)) > len(encoded(name, quality=5))


def test_each_format_says_where_it_is_from():
    with Image.open(io.BytesIO(encoded("png", 16))) as image:
        assert image.info.items() >= TEXT.items()
    with Image.open(io.BytesIO(encoded("jpg"))) as image:
        assert (image.format, image.info["comment"]) == ("JPEG", SAID.encode())
        assert JpegImagePlugin.get_sampling(image) == 0  # 4:4:4
    with Image.open(io.BytesIO(encoded("webp"))) as image:
        assert image.getexif()[ExifTags.Base.ImageDescription] == SAID
    with tifffile.TiffFile(io.BytesIO(encoded("tif", 16))) as tiff:
        assert tiff.pages.first.description == SAID


@pytest.mark.parametrize(("name", "bits"), [("png", 8), ("png", 16), ("tif", 16), ("webp", 8)])
def test_transparency_is_kept(name: str, bits: int):
    alpha = np.linspace(0, 255, 13 * 17, dtype=np.float32).reshape(13, 17)
    data = encoded(name, bits, Carried(None, alpha))
    if name == "tif":
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            assert tiff.pages.first.extrasamples == (2,)  # not premultiplied
            found = tiff.asarray()
    else:
        found = read_png(data) if name == "png" else np.asarray(Image.open(io.BytesIO(data)))
    found = found[..., 3]
    np.testing.assert_array_equal(found, np.rint(alpha) if bits == 8 else deep(alpha))


# --- ICC profiles -------------------------------------------------------------------------------


def with_curve(data: bytes, curve: bytes) -> bytes:
    """Return a profile of `pictures.profile` whose curves are others, put at its end."""
    changed = bytearray(data + curve)
    for number in range(struct.unpack(">I", data[128:132])[0]):
        at = 132 + 12 * number
        if changed[at + 1 : at + 4] == b"TRC":
            changed[at + 4 : at + 12] = struct.pack(">II", len(data), len(curve))
    changed[:4] = struct.pack(">I", len(changed))
    return bytes(changed)


def parametric(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(
        f">HH{len(numbers)}i", kind, 0, *(round(65536 * one) for one in numbers)
    )


def light(levels: np.ndarray) -> np.ndarray:
    """Return linear light in [0, 1] of sRGB's gray levels (IEC 61966-2-1)."""
    values = levels / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


SWAPPED = profile(b"RGB ", 1.8, "brg")
CURVES = {
    "gamma": (ADOBE, lambda y: y ** (256 / 563)),  # 2.2 in 8 bits behind the point
    "linear": (with_curve(ADOBE, b"curv\0\0\0\0" + struct.pack(">I", 0)), lambda y: y),
    "power": (with_curve(ADOBE, parametric(0, 1.75)), lambda y: y ** (1 / 1.75)),
    "sRGB's": (
        with_curve(ADOBE, parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
        lambda y: srgb(y) / 255,
    ),
    "tables": (profile_of_tables("rgb"), lambda y: y),
}


@pytest.mark.parametrize("name", CURVES)
def test_grays_are_converted_far_below_8_bits(name: str):
    own, curve = CURVES[name]
    icc.check(own)
    steps = np.repeat(np.linspace(2, 255, 3000)[None, :, None], 3, axis=2)
    expected = 255 * curve(light(steps))
    bright = expected > 1
    found = icc.from_srgb(steps, own)
    # The primaries of these profiles are rounded, so that white is up to 0.04% off.
    np.testing.assert_allclose(found[bright], expected[bright], atol=0.1)
    np.testing.assert_allclose(icc.to_srgb(found, own)[bright], steps[bright], atol=0.2)


@pytest.mark.parametrize(("own", "power"), [(SWAPPED, 256 / 461), (profile_of_tables("brg"), 1)])
def test_colors_go_to_the_primaries_of_a_profile(own: bytes, power: float):
    values = noise(30, 40, 3).clip(8).astype(np.float32)
    expected = 255 * light(values)[..., [2, 0, 1]] ** power
    np.testing.assert_allclose(icc.from_srgb(values, own), expected, atol=0.4)


def test_a_picture_comes_back_from_a_profile(tmp_path: Path):
    carried = Carried(SWAPPED, None)
    for name, bits in (("png", 16), ("tif", 16), ("png", 8), ("webp", 8), ("jpg", 8)):
        data = output.encoded(name, bits, np.full((16, 16, 3), (200, 90, 40.0)), carried, TEXT, 95)
        path = tmp_path / f"file.{name}"
        path.write_bytes(data)
        found = files.load(path, None, key="content.path")
        np.testing.assert_allclose(found.mean(axis=(0, 1)), (200, 90, 40), atol=3)
        with Image.open(path) as image:
            assert image.info["icc_profile"] == SWAPPED


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (profile(b"GRAY", 1.0), "grays"),
        (ADOBE.replace(b"RGB ", b"CMYK", 1), "CMYK"),
        (profile_of_tables("rgb").replace(b"B2A0", b"none"), "for reading alone"),
    ],
)
def test_profiles_that_colors_have_no_place_in(data: bytes, wanted: str):
    with pytest.raises(icc.UnfitError, match=wanted):
        icc.check(data)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"junk" * 50, ADOBE[:140], ADOBE[:-150], ADOBE.replace(b"gXYZ", b"none")),
        with_curve(ADOBE, parametric(9, 1)),
        with_curve(ADOBE, b"zzzz" * 9),
    ],
)
def test_broken_profiles_are_refused(data: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        icc.check(data)


# --- Transparency of what is read ---------------------------------------------------------------


def alpha_of(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    return files.alpha(files.decoded(path, key="content.path"), shape)


def half() -> np.ndarray:
    """Return (12, 16), clear at the left."""
    return np.repeat(np.array([[0, 255]], np.uint8), 8, axis=1).repeat(12, axis=0)


def test_alpha_is_read_of_each_kind_of_file(tmp_path: Path):
    colors = noise(12, 16, 3)
    clear = np.dstack([colors, half()])
    path = tmp_path / "file"
    for name, image in {
        "PNG": Image.fromarray(clear),
        "WEBP": Image.fromarray(clear),
        "TIFF": Image.fromarray(clear),
        "GIF": Image.fromarray(clear),
    }.items():
        image.save(path, name)
        found = alpha_of(path, (12, 16))
        assert found is not None
        np.testing.assert_array_equal(found, half(), err_msg=name)
    Image.fromarray(np.dstack([colors[..., 0], half()]), "LA").save(path, "PNG")
    np.testing.assert_array_equal(alpha_of(path, (12, 16)), half())
    wide = clear.astype(np.uint16) * 257
    tifffile.imwrite(path, wide, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(alpha_of(path, (12, 16)), half())


def test_alpha_lies_and_is_scaled_as_its_picture(tmp_path: Path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored lying on its side, its left side up
    path = tmp_path / "turned.png"
    Image.fromarray(np.dstack([noise(12, 16, 3), half()])).save(path, exif=exif)
    found = alpha_of(path, (32, 24))
    assert found is not None
    assert found.shape == (32, 24)
    assert found[:14].max() < 30
    assert found[18:].min() > 225


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "L", "I;16"])
def test_what_is_opaque_has_no_alpha(tmp_path: Path, mode: str):
    path = tmp_path / "file.tif"
    image = Image.fromarray(noise(12, 16, 3))
    (Image.new("I;16", (16, 12)) if mode == "I;16" else image.convert(mode)).save(path)
    assert alpha_of(path, (12, 16)) is None
