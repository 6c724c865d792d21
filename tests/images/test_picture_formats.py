"""What TIFF, PNG, GIF and JPEG can say of their samples, by their specifications."""

import io
import itertools
import logging
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from pictures import KEY, chunk, loaded, noise, png_of_rows, profile, refusal, srgb
from PIL import ExifTags, Image, ImageCms

from nst.images.files import load, upright_shape
from nst.images.masks import read

ROWS, COLUMNS = np.mgrid[0:24, 0:40]
#: Red, green, blue and black ink in [0, 1], and alpha.
COLORS = np.stack([COLUMNS / 39, ROWS / 23, (ROWS + COLUMNS) / 62, 1 - COLUMNS / 39], -1)
ALPHA = ROWS[..., None] / 23
#: ExtraSamples (TIFF 6.0, page 31).
UNSPECIFIED, PREMULTIPLIED, UNPREMULTIPLIED = 0, 1, 2


# --- TIFF ---


def coded(values: np.ndarray, kind: str) -> np.ndarray:
    """Return values in [0, 1] as samples of a kind, whose white is 1.0 or the largest integer."""
    if np.dtype(kind).kind == "f":
        return values.astype(kind)
    return np.rint(values * float(np.iinfo(kind).max)).astype(kind)


def tagged(path: Path, tags: Mapping[int, tuple[int, ...]], data: bytes, order: str = "<") -> Path:
    """Write a TIFF of one strip by hand (TIFF 6.0, section 2); every value is a LONG."""
    plain = {256: (40,), 257: (24,), 258: (8,), 259: (1,), 262: (1,), 277: (1,), 278: (24,)}
    tags = {**plain, **tags, 273: (0,), 279: (len(data),)}
    place = 8 + 2 + 12 * len(tags) + 4
    start = place + sum(4 * len(values) for values in tags.values() if len(values) > 1)
    table, behind = b"", b""
    for tag, values in sorted({**tags, 273: (start,)}.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            behind += packed
            packed = struct.pack(f"{order}I", place + len(behind) - len(packed))
        table += struct.pack(f"{order}HHI", tag, 4, len(values)) + packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(tags))
    path.write_bytes(head + table + bytes(4) + behind + data)
    return path


def shown(photometric: str, alpha: bool) -> np.ndarray:
    """Return what `COLORS` look like on white."""
    if photometric == "separated":
        light = (1 - COLORS[..., :3]) * (1 - COLORS[..., 3:])  # as without a profile
    else:
        light = COLORS[..., :3] if photometric == "rgb" else np.repeat(COLORS[..., :1], 3, -1)
    return 255 * (light * ALPHA + 1 - ALPHA if alpha else light)


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite", "rgb", "separated"])
def test_tiff_samples(tmp_path: Path, photometric: str, kind: str) -> None:
    count = {"rgb": 3, "separated": 4}.get(photometric, 1)
    extras = [None, UNSPECIFIED, PREMULTIPLIED, UNPREMULTIPLIED]
    # Every pair of an order of bytes, a compression, and tiles or strips.
    stored = [("<", None, True), (">", None, False), ("<", "zlib", False), (">", "zlib", True)]
    forms = itertools.product(extras, ("contig", "separate"), stored)
    for number, (extra, planar, (order, compression, tiles)) in enumerate(forms):
        clear = extra in (PREMULTIPLIED, UNPREMULTIPLIED)
        colors = COLORS[..., :count]
        colors = 1 - colors if photometric == "miniswhite" else colors
        parts = [colors * ALPHA if extra == PREMULTIPLIED else colors]
        parts += [] if extra is None else [ALPHA]
        samples = coded(np.concatenate(parts, -1), kind)
        options: dict[str, Any] = {"tile": (16, 16)} if tiles else {}
        if samples.shape[2] == 1:
            samples = samples[..., 0]
        else:
            options["planarconfig"] = planar
            samples = np.moveaxis(samples, -1, 0) if planar == "separate" else samples
        path = tmp_path / f"{number}.tif"
        extrasamples = None if extra is None else [extra]
        options |= {"compression": compression, "extrasamples": extrasamples, "metadata": None}
        options["byteorder"] = order
        tifffile.imwrite(path, samples, photometric=photometric, **options)
        if clear and photometric == "separated":
            assert "CMYK and transparency, which is not read" in refusal(path)
            continue
        # Ink is rounded to 8 bits twice; samples of 7 bits are coarse, and so is their alpha.
        error = np.abs(loaded(path) - shown(photometric, clear)).max()
        coarse, fine = kind in ("u1", "i1"), 0.13 if kind == "f2" else 0.02
        assert error < (3.1 if coarse or count == 4 else fine), (extra, options)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_tiff_bits_of_grays(
    tmp_path: Path, bits: int, photometric: int, compression: int, order: str
) -> None:
    values = (7 * COLUMNS + ROWS) % 2**bits
    if bits == 16:
        rows = values.astype(f"{order}u2").tobytes()
    else:
        single = values[..., None] >> np.arange(bits)[::-1] & 1
        rows = np.packbits(single.reshape(24, -1), axis=1).tobytes()
    tags = {258: (bits,), 262: (photometric,), 259: (compression,)}
    data = zlib.compress(rows) if compression == 8 else rows
    picture = loaded(tagged(tmp_path / "p.tif", tags, data, order))
    expected = values / (2**bits - 1)
    expected = 255 * (expected if photometric else 1 - expected)
    np.testing.assert_allclose(picture[..., 1], expected, atol=0.01)


def lzw(data: bytes) -> bytes:
    """Return data as LZW (TIFF 6.0, section 13) that never uses its table: codes have 9 bits."""
    codes = [256]
    for start in range(0, len(data), 200):
        codes += [*data[start : start + 200], 256]
    codes[-1] = 257
    return np.packbits(np.array(codes)[:, None] >> np.arange(9)[::-1] & 1).tobytes()


@pytest.mark.parametrize("bits", [10, 12, 14, 24])
def test_tiff_of_other_bits(tmp_path: Path, bits: int) -> None:
    values = np.rint(COLORS[..., 0] * (2**bits - 1)).astype(int)
    rows = np.packbits(values[..., None] >> np.arange(bits)[::-1] & 1).tobytes()
    for compression, data in ((1, rows), (5, lzw(rows)), (8, zlib.compress(rows))):
        picture = loaded(tagged(tmp_path / "p.tif", {258: (bits,), 259: (compression,)}, data))
        np.testing.assert_allclose(picture[..., 0], values / (2**bits - 1) * 255, atol=0.01)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("predictor", [1, 3])
def test_tiff_floats_in_lzw(tmp_path: Path, order: str, predictor: int) -> None:
    samples = COLORS[..., :3].astype(f"{order}f4")
    rows = samples.tobytes()
    if predictor == 3:  # bytes by their weight, the heaviest first, less the pixel's before
        planes = samples.astype(">f4").reshape(24, 120, 1).view(np.uint8)
        planes = planes.transpose(0, 2, 1).reshape(24, 160, 3)
        rows = np.diff(planes, axis=1, prepend=np.zeros((24, 1, 3), np.uint8)).tobytes()
    tags = {258: (32,) * 3, 259: (5,), 262: (2,), 277: (3,), 317: (predictor,), 339: (3,) * 3}
    picture = loaded(tagged(tmp_path / "p.tif", tags, lzw(rows), order))
    np.testing.assert_allclose(picture, 255 * COLORS[..., :3], atol=0.001)


@pytest.mark.parametrize("scale", [257, 1])  # by the specification, and as some write it
def test_tiff_palettes(tmp_path: Path, scale: int) -> None:
    colors = np.array([[255, 0, 10], [0, 255, 20], [0, 0, 30], [255, 254, 253]])
    indices = (ROWS + COLUMNS) % 4
    for bits in (8, 16):
        table = np.zeros((3, 2**bits), np.uint16)
        table[:, :4] = colors.T * scale
        samples = indices.astype(f"u{bits // 8}")
        path = tmp_path / f"{bits}.tif"
        tifffile.imwrite(path, samples, photometric="palette", colormap=table, metadata=None)
        np.testing.assert_array_equal(loaded(path), colors[indices])


def test_tiff_fill_order(tmp_path: Path) -> None:
    values = ((ROWS * COLUMNS) % 3 == 0).astype(np.uint8)
    rows = np.packbits(values, axis=1, bitorder="little").tobytes()
    picture = loaded(tagged(tmp_path / "p.tif", {258: (1,), 266: (2,)}, rows))
    np.testing.assert_array_equal(picture[..., 0], 255 * values)


def test_tiff_thumbnails_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    page = coded(COLORS[..., :3], "u1")
    tifffile.imwrite(path, page[::2, ::2], subfiletype=1, metadata=None)
    tifffile.imwrite(path, page, append=True, metadata=None)
    np.testing.assert_array_equal(loaded(path), page)
    assert upright_shape(path, key=KEY) == (24, 40)
    # The page itself may be of a kind that Pillow doesn't read.
    tifffile.imwrite(path, page[::2, ::2], subfiletype=1, metadata=None)
    floats = coded(COLORS[..., :3], "f4")
    tifffile.imwrite(path, floats, photometric="rgb", append=True, metadata=None)
    np.testing.assert_allclose(loaded(path), page, atol=1)


def test_tiff_raw_content_images_are_refused(tmp_path: Path) -> None:
    tags = {254: (1,), 330: (8,)}
    assert "thumbnail" in refusal(tagged(tmp_path / "raw.tif", tags, bytes(960)))
    mosaic = {262: (32803,)}
    assert "PhotometricInterpretation 32803" in refusal(
        tagged(tmp_path / "raw.tif", mosaic, bytes(960))
    )


@pytest.mark.parametrize(
    ("tags", "size", "words"),
    [
        ({262: (9,)}, 960, "PhotometricInterpretation 9"),
        ({262: (5,), 277: (4,), 258: (8,) * 4, 332: (2,)}, 3840, "InkSet 2"),
        ({277: (3,), 258: (5, 6, 5), 262: (2,)}, 1920, "BitsPerSample (5, 6, 5)"),
        ({277: (2,), 258: (8, 8)}, 1920, "2 samples a pixel and ExtraSamples ()"),
        ({258: (64,), 339: (6,)}, 7680, "SampleFormat (6,)"),
        ({277: (3,), 258: (8,) * 3, 262: (6,)}, 2880, "PhotometricInterpretation 6"),  # 2x2
    ],
)
def test_tiff_arrangements_that_are_refused(
    tmp_path: Path, tags: dict[int, tuple[int, ...]], size: int, words: str
) -> None:
    text = refusal(tagged(tmp_path / "p.tif", tags, bytes(size)))
    assert words in text
    assert "save it as PNG" in text


def test_tiff_cut_off_where_tifffile_reads_it(tmp_path: Path) -> None:
    for compression in (None, "zlib"):
        path = tmp_path / "p.tif"
        samples = coded(COLORS[..., :3], "f4")
        options: dict[str, Any] = {"photometric": "rgb", "rowsperstrip": 4, "metadata": None}
        tifffile.imwrite(path, samples, compression=compression, **options)
        path.write_bytes(path.read_bytes()[:-500])
        assert "truncated or damaged" in refusal(path)


def test_tiff_values_below_0_are_refused_and_overshoot_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    tifffile.imwrite(path, np.full((8, 8), -5, np.int16), metadata=None)
    assert "values down to -5" in refusal(path)
    tifffile.imwrite(path, np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8), metadata=None)
    assert "values down to -1" in refusal(path)
    values = np.linspace(-0.05, 1.5, 192, dtype=np.float32).reshape(8, 8, 3)
    for samples, meaning in ((values, "rgb"), (values[..., 0], "minisblack")):
        tifffile.imwrite(path, samples, photometric=meaning, metadata=None)
        expected = np.broadcast_to(samples.reshape(8, 8, -1), values.shape)
        np.testing.assert_allclose(loaded(path), 255 * expected.clip(0, 1), atol=0.001)


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_tiff_orientation(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "p.tif"
    stored = COLORS[..., :3]
    tag = (274, 3, 1, 6, True)  # row 0 is at the right, column 0 at the top
    options: dict[str, Any] = {"photometric": "rgb", "extratags": [tag], "metadata": None}
    tifffile.imwrite(path, coded(stored, kind), **options)
    expected = 255 * np.rot90(stored, -1)
    np.testing.assert_allclose(loaded(path), expected, atol=1)
    assert upright_shape(path, key=KEY) == (40, 24)
    assert load(path, (10, 30), key=KEY).shape == (10, 30, 3)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "YCbCr", "LAB"]
)
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_tiffs_of_pillow_lie_as_they_say(
    tmp_path: Path, mode: str, compression: str | None
) -> None:
    image = Image.fromarray(coded(COLORS[..., :3], "u1"))
    wide = {"I;16": np.uint16, "F": np.float32}.get(mode)
    gray = np.asarray(image.convert("L"))
    image = Image.fromarray(gray.astype(wide)) if wide else image.convert(mode)
    image.save(tmp_path / "straight.tif", compression=compression)
    image.save(tmp_path / "turned.tif", compression=compression, tiffinfo={274: 6})
    straight, turned = loaded(tmp_path / "straight.tif"), loaded(tmp_path / "turned.tif")
    np.testing.assert_array_equal(turned, np.rot90(straight, -1))
    assert upright_shape(tmp_path / "turned.tif", key=KEY) == (40, 24)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_the_header_tells_the_upright_shape(tmp_path: Path, suffix: str, turn: int) -> None:
    path = tmp_path / f"p.{suffix}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    Image.new("RGB", (40, 24)).save(path, exif=exif)
    # Exif 2.32, tag 274: from 5 on, row 0 stands at the left or at the right.
    expected = (40, 24) if turn >= 5 else (24, 40)
    assert upright_shape(path, key=KEY) == loaded(path).shape[:2] == expected


def test_exif_behind_a_png_s_pixels_turns_it(tmp_path: Path) -> None:
    path, exif = tmp_path / "p.png", Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (40, 24)).save(path)
    data = path.read_bytes()
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path.write_bytes(data[:-12] + late + data[-12:])  # IEND takes 12 bytes
    assert upright_shape(path, key=KEY) == loaded(path).shape[:2] == (40, 24)


def test_the_upright_shape_needs_no_pixels(tmp_path: Path) -> None:
    for suffix in ("jpg", "png"):
        path = tmp_path / f"p.{suffix}"
        Image.fromarray(noise(600, 400, 3)).save(path)
        path.write_bytes(path.read_bytes()[:1000])
        assert upright_shape(path, key=KEY) == (600, 400)
        assert "truncated or damaged" in refusal(path)


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_nothing_of_a_library_is_printed(tmp_path: Path, suffix: str) -> None:
    for index, place in enumerate(range(8, 200, 7)):
        path = tmp_path / f"{index}.{suffix}"
        options = {"compression": "tiff_lzw"} if suffix == "tif" else {}
        Image.fromarray(coded(COLORS[..., :3], "u1")).save(path, **options)
        data = bytearray(path.read_bytes())
        data[place : place + 4] = b"\xff\x01\xfe\x02"
        path.write_bytes(data)
    if suffix == "png":
        whole = png(coded(COLORS[..., :3], "u2"), 2, 16)
        start, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
        packed = whole[start + 8 : end - 4]  # ends with its own check, which is spoiled
        spoiled = chunk(b"IDAT", packed[:-4]) + chunk(b"IDAT", bytes(4))
        (tmp_path / "deep.png").write_bytes(whole[:start] + spoiled + whole[end:])
    script = (
        "import sys; from pathlib import Path; from nst.images import files; "
        "from nst.base.errors import UserError\n"
        "for path in Path(sys.argv[1]).iterdir():\n  try: files.load(path, 16, "
        "key='k')\n  except UserError: pass\nprint('read')"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("read\n", "")


def test_libraries_log_nothing() -> None:
    for name in ("PIL.TiffImagePlugin", "tifffile"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


# --- PNG (the specification, third edition) ---

PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))


def png(samples: np.ndarray, color: int, depth: int, *chunks: bytes, passes: int = 0) -> bytes:
    """Return a PNG of samples (H, W, N) by hand, `chunks` before its data."""
    rows = b""
    for y, x, down, across in (*PASSES, (1, 0, 2, 1)) if passes else ((0, 0, 1, 1),):
        for row in samples[y::down, x::across]:
            if depth < 8:
                bits = row.reshape(-1, 1) >> np.arange(depth)[::-1] & 1
                rows += b"\0" + np.packbits(bits).tobytes()
            else:
                rows += b"\0" + row.astype(f">u{depth // 8}").tobytes()
    height, width, _ = samples.shape
    return png_of_rows(width, height, rows, (depth, color, passes), *chunks)


@pytest.mark.parametrize("passes", [0, 1])
@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize(
    ("color", "depth"),
    [
        *((0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16)),
        *((3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)),
    ],
)
def test_png_samples(tmp_path: Path, color: int, depth: int, clear: bool, passes: int) -> None:
    chance = np.random.default_rng(0)
    samples = chance.integers(0, 2**depth, (13, 17, {2: 3, 4: 2, 6: 4}.get(color, 1)))
    alpha, white, chunks = np.ones((13, 17)), 2**depth - 1, []
    colors = samples[..., :3] if color in (2, 6) else samples[..., :1]
    values = 255 * colors / white
    if color == 3:
        palette = chance.integers(0, 256, (2**depth, 3))
        chunks.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
        values = palette[samples[..., 0]].astype(float)
    if clear and color == 3:
        alphas = chance.integers(0, 256, 2**depth)
        chunks.append(chunk(b"tRNS", alphas.astype(np.uint8).tobytes()))
        alpha = alphas[samples[..., 0]] / 255
    elif clear and color in (0, 2):
        key = samples[3, 4].copy()
        samples[5, 6], samples[7, 8] = key, key
        samples[7, 8, -1] ^= 1  # nearly clear
        values = 255 * samples / white
        chunks.append(chunk(b"tRNS", key.astype(">u2").tobytes()))
        alpha = (samples != key).any(-1).astype(float)
    elif color in (4, 6):
        alpha = samples[..., -1] / white
    path = tmp_path / "p.png"
    path.write_bytes(png(samples, color, depth, *chunks, passes=passes))
    expected = values * alpha[..., None] + 255 * (1 - alpha[..., None])
    atol = 0.01 if depth == 16 else 1.9
    np.testing.assert_allclose(loaded(path), np.broadcast_to(expected, (13, 17, 3)), atol=atol)


def orientation(turn: int) -> bytes:
    """Return EXIF that says how a picture lies, and nothing else."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, turn, 0, 0)


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


@pytest.mark.parametrize(("color", "depth"), [(0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (6, 8)])
def test_png_gamma(tmp_path: Path, color: int, depth: int) -> None:
    ramp = np.arange(256).reshape(16, 16, 1)
    channels = {2: 3, 6: 4}.get(color, 1)
    samples = np.repeat(ramp, channels, -1) * (257 if depth == 16 else 1)
    grays = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
    chunks = [chunk(b"PLTE", grays)] if color == 3 else []
    path = tmp_path / "p.png"
    for value in (100_000, 55_556):
        path.write_bytes(png(samples, color, depth, gamma(value), *chunks))
        expected = srgb((ramp / 255) ** (100_000 / value))
        if color == 6:  # alpha has no gamma
            expected = expected * ramp / 255 + 255 - ramp
        atol = 0.01 if depth == 16 else 1.1
        np.testing.assert_allclose(loaded(path), np.repeat(expected, 3, -1), atol=atol)


def test_png_gamma_gives_way_to_what_says_more(tmp_path: Path) -> None:
    samples = np.full((8, 8, 3), 55)
    path = tmp_path / "p.png"
    rendering = chunk(b"sRGB", b"\0")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    icc = chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(profile))
    # 45,455 is sRGB's; 0 is no gamma.
    for chunks in ((gamma(100_000), rendering), (icc, gamma(100_000)), (gamma(47_000),)):
        path.write_bytes(png(samples, 2, 8, *chunks))
        np.testing.assert_allclose(loaded(path), 55, atol=1)
    path.write_bytes(png(samples, 2, 8, gamma(0)))
    np.testing.assert_array_equal(loaded(path), 55)


@pytest.mark.parametrize("form", ["png", "tif"])
def test_colors_of_16_bits_keep_their_depth(tmp_path: Path, form: str) -> None:
    # 100.0 to 100.9 of 255, which 8 bits would have in one or two steps.
    samples = np.round(257 * (100 + COLUMNS / 43))[..., None] + [0, 500, 1000]
    path, own = tmp_path / f"p.{form}", profile(b"RGB ", 1.0)
    chunks = [chunk(b"eXIf", orientation(6))]
    tags: list[Any] = [(274, 3, 1, 6, True)]
    for data in (None, own):
        if form == "tif":
            options: dict[str, Any] = {"iccprofile": data, "extratags": tags, "metadata": None}
            tifffile.imwrite(path, samples.astype(np.uint16), photometric="rgb", **options)
        else:
            more = [chunk(b"iCCP", b"p\0\0" + zlib.compress(data))] if data else []
            path.write_bytes(png(samples.astype(np.uint16), 2, 16, *more, *chunks))
        expected = np.rot90(srgb(samples / 65535) if data else samples / 257, -1)
        # The profile's primaries are rounded.
        np.testing.assert_allclose(loaded(path), expected, atol=0.1 if data else 0.001)
        half = loaded(path, 20)
        assert half.shape == (20, 12, 3)
        means = expected.reshape(20, 2, 12, 2, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(half[3:-3, 3:-3], means[3:-3, 3:-3], atol=0.1)


# --- GIF (version 89a) and WebP ---

RED_GREEN_BLUE_GRAY = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)])
OTHERS = np.array([(1, 2, 3), (40, 50, 60), (70, 80, 90), (100, 110, 120)])
INDICES = np.arange(120).reshape(10, 12) % 4


def gif(
    canvas: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
    local: np.ndarray | None = None,
    clear: int | None = None,
    passes: bool = False,
) -> bytes:
    """Return a GIF of `INDICES` by hand: its codes are 3 bits, which a clear code keeps so."""
    data = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x81, 1, 0)
    data += RED_GREEN_BLUE_GRAY.astype(np.uint8).tobytes()
    if clear is not None:
        data += b"\x21\xf9\x04\x01\0\0" + bytes([clear, 0])
    flags = (0x81 if local is not None else 0) | (0x40 if passes else 0)
    data += b"," + struct.pack("<HHHHB", *corner, 12, 10, flags)
    data += b"" if local is None else local.astype(np.uint8).tobytes()
    order = [
        row for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(start, 10, step)
    ]
    indices = INDICES[order] if passes else INDICES
    codes = [code for pair in indices.reshape(-1, 2) for code in (4, *pair)] + [5]
    bits = sum(int(code) << 3 * place for place, code in enumerate(codes))
    packed = bits.to_bytes((3 * len(codes) + 7) // 8, "little")
    return data + bytes([2, len(packed)]) + packed + b"\0;"


@pytest.mark.parametrize("local", [None, OTHERS])
@pytest.mark.parametrize("clear", [None, 2])
@pytest.mark.parametrize("passes", [False, True])
def test_gif_frames(
    tmp_path: Path, local: np.ndarray | None, clear: int | None, passes: bool
) -> None:
    frame = (RED_GREEN_BLUE_GRAY if local is None else local)[INDICES]
    frame = np.where(INDICES[..., None] == clear, 255, frame)
    path = tmp_path / "p.gif"
    path.write_bytes(gif((12, 10), (0, 0), local, clear, passes))
    np.testing.assert_array_equal(loaded(path), frame)
    path.write_bytes(gif((20, 16), (5, 3), local, clear, passes))
    expected = np.full((16, 20, 3), 255)
    expected[3:13, 5:17] = frame
    np.testing.assert_array_equal(loaded(path), expected)
    path.write_bytes(gif((12, 10), (5, 3), local, clear, passes))  # beyond its canvas
    np.testing.assert_array_equal(loaded(path), expected[:13, :17])


def test_webp_frame_smaller_than_its_canvas(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 32), (200, 0, 0)).save(out, "WEBP", lossless=True)

    def part(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    # The WebP container: sides less 1 in 24 bits; the frame's place is in pairs of pixels.
    sides, place, frame = b"\x1f\0\0" * 2, b"\x08\0\0" + bytes(3), b"\x0f\0\0" + b"\x1f\0\0"
    frames = part(b"ANMF", place + frame + b"\x64\0\0\0" + out.getvalue()[12:]) * 2
    body = part(b"VP8X", b"\x02\0\0\0" + sides) + part(b"ANIM", bytes(6)) + frames
    path = tmp_path / "p.webp"
    path.write_bytes(part(b"RIFF", b"WEBP" + body))
    np.testing.assert_array_equal(loaded(path)[5, [0, 15, 16, 31], 1], [255, 255, 0, 0])


# --- JPEG ---


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 1}]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_that_lacks_its_end_alone(tmp_path: Path, mode: str, options: dict) -> None:
    path = tmp_path / "p.jpg"
    Image.fromarray(noise(50, 70, 3)).convert(mode).save(path, **options)
    whole, data = loaded(path), path.read_bytes()
    for lacking in (1, 2):
        path.write_bytes(data[:-lacking])
        np.testing.assert_array_equal(loaded(path), whole)
    for lacking in (*range(4, 12), 64, 500):
        path.write_bytes(data[:-lacking])
        assert "truncated" in refusal(path)


# --- Flat masks ---


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("m.webp", {"lossless": True}),
        ("m.tif", {"compression": "group4"}),
        ("m.tif", {"compression": "zstd"}),
        ("m.tif", {"compression": "tiff_lzw"}),
        ("m.png", {}),
        ("m.gif", {}),
    ],
)
def test_flat_masks_of_24_megapixels(tmp_path: Path, name: str, options: dict) -> None:
    mask = Image.new("1", (6000, 4000))
    mask.paste(1, (3000, 0, 6000, 4000))
    path = tmp_path / name
    mask.convert("RGB" if name == "m.webp" else "1").save(path, **options)
    picture = load(path, 60, key=KEY)
    np.testing.assert_array_equal(picture[20, [0, 10, 50, 59], 0], [0, 0, 255, 255])
    mask.close()


def test_masks_have_exact_colors(tmp_path: Path) -> None:
    colors = np.array([(255, 0, 0), (0, 128, 255)], np.uint8)
    pixels = colors[(COLUMNS >= 20).astype(int)]
    opaque = Image.fromarray(pixels).convert("RGBA")
    path = tmp_path / "m"
    for form, image, options in (
        ("webp", Image.fromarray(pixels), {"lossless": True}),
        ("webp", opaque, {"lossless": True}),
        ("png", opaque, {}),
        ("gif", Image.fromarray(pixels), {}),
        ("tiff", Image.fromarray(pixels).quantize(4), {}),
    ):
        image.save(path, form, **options)
        assert read(path, "style.mask", (24, 40), "p", (24, 40, 3)).colors == (0x0080FF, 0xFF0000)
    for kind, scale in ((np.uint16, 257), (np.float32, 1 / 255)):
        deep = (pixels * np.float64(scale)).astype(kind)
        tifffile.imwrite(path, deep, photometric="rgb", metadata=None)
        assert read(path, "style.mask", (24, 40), "p", (24, 40, 3)).colors == (0x0080FF, 0xFF0000)
