"""Good files to damage: small ones, of every form that each reader takes."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def pictures() -> Iterator[bytes]:
    """Yield a small picture in every format and in many of their forms."""
    from PIL import Image, ImageCms

    from nst.images.files import FORMATS

    down, across = np.mgrid[0:20, 0:24]
    pixels = np.stack([down * 12, across * 10, (down + across) * 5], -1).astype(np.uint8)
    rgb = Image.fromarray(pixels)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(Image.fromarray(pixels[..., 0]))
    palette = rgb.quantize(16)
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    whole = Image.fromarray(pixels[..., 0].astype(np.int32) * 1000)
    real = Image.fromarray(pixels[..., 0].astype(np.float32))
    modes = {mode: rgb.convert(mode) for mode in ("L", "LA", "1", "CMYK", "LAB", "YCbCr")}
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = Image.Exif()
    turned[0x0112] = 6
    turned[0x010F] = "a camera"

    def file(image: Image.Image, form: str, **options: Any) -> bytes:
        out = io.BytesIO()
        if options.pop("frames", False):
            options |= {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
        image.save(out, form, **options)
        return out.getvalue()

    yield file(rgb, "JPEG")
    yield file(rgb, "JPEG", progressive=True, exif=turned)
    yield file(rgb, "JPEG", quality=95, subsampling=0, restart_marker_blocks=1)
    yield file(modes["L"], "JPEG", icc_profile=icc)
    yield file(modes["CMYK"], "JPEG", icc_profile=icc)
    yield file(rgb, "MPO", frames=True)
    yield file(rgb, "PNG", icc_profile=icc, exif=turned)
    yield file(rgb, "PNG", transparency=(0, 0, 0), dpi=(72, 72))
    yield file(rgba, "PNG")
    yield file(modes["LA"], "PNG")
    yield file(modes["1"], "PNG", transparency=0)
    yield file(palette, "PNG", transparency=bytes(range(0, 160, 10)), bits=4)
    yield file(deep, "PNG", transparency=257)
    yield file(rgba, "PNG", frames=True)
    yield interlaced_png(pixels[..., 0])
    for options in ({"lossless": True}, {"quality": 50}, {"frames": True}, {"icc_profile": icc}):
        yield file(rgba, "WEBP", **options)
    yield file(rgb, "WEBP", exif=turned)
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd"):
        yield file(rgb, "TIFF", compression=compression)
    for image in (rgba, palette, deep, whole, real, *modes.values()):
        yield file(image, "TIFF")
    for compression in ("group3", "group4", "tiff_ccitt"):
        yield file(modes["1"], "TIFF", compression=compression)
    yield file(modes["YCbCr"], "TIFF", compression="jpeg")
    yield file(modes["CMYK"], "TIFF", icc_profile=icc, compression="tiff_lzw")
    yield file(rgb, "TIFF", big_tiff=True, exif=turned)
    yield file(rgb, "TIFF", frames=True)
    yield file(deep, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    for image in (rgb, rgba, palette, modes["L"], modes["1"]):
        yield file(image, "BMP")
    yield run_length_bmp(pixels[..., 0] // 64)
    yield file(palette, "GIF", transparency=3)
    yield file(modes["L"], "GIF", interlace=0, comment=b"a comment")
    yield file(palette, "GIF", loop=0, duration=40, disposal=2, frames=True)
    for image in (rgb, modes["L"], modes["1"], deep, real):
        yield file(image, "PPM")
    yield from other_tiffs(pixels)
    yield file(rgb, "JPEG")[:-2]
    small = bytearray(file(palette, "GIF"))
    small[6:10] = struct.pack("<HH", 40, 30)  # a canvas larger than its frame
    yield bytes(small)
    yield b"P3 # text\n24 20 255\n" + " ".join(map(str, pixels.ravel())).encode() + b"\n"
    yield b"P1\n24 20\n" + " ".join(map(str, (pixels[..., 0] > 99).astype(int).ravel())).encode()
    if "AVIF" in FORMATS:
        yield file(rgb, "AVIF", speed=10, exif=turned)
        yield file(rgba, "AVIF", speed=10, icc_profile=icc)
        yield file(rgb, "AVIF", speed=10, frames=True)


def other_tiffs(pixels: np.ndarray) -> Iterator[bytes]:
    """Yield TIFFs that Pillow doesn't read."""
    import tifffile

    gray, options = pixels[..., 0], {"metadata": None, "rowsperstrip": 8}
    floats = pixels.astype(np.float32) / 255
    clear = np.dstack([floats, floats[..., :1]])
    forms: list[tuple[np.ndarray, dict[str, Any]]] = [
        (floats, {"photometric": "rgb"}),
        (clear, {"photometric": "rgb", "extrasamples": [1], "compression": "zlib"}),
        (clear.astype(">f8"), {"photometric": "rgb", "extrasamples": [2], "byteorder": ">"}),
        (pixels.astype(np.uint16).swapaxes(0, 2), {"photometric": "rgb"}),
        (gray.astype(np.uint16) * 257, {"photometric": "miniswhite", "byteorder": ">"}),
        (np.dstack([gray, gray]).astype(np.uint32), {"photometric": "minisblack"}),
        (clear.astype(np.float16), {"photometric": "separated", "tile": (16, 16)}),
        ((gray // 2).astype(np.int8), {"photometric": "minisblack", "compression": "zlib"}),
    ]
    for samples, own in forms:
        out = io.BytesIO()
        if samples.shape[0] == 3:
            own |= {"planarconfig": "separate"}
        elif samples.shape[-1] == 2:
            own |= {"planarconfig": "contig", "extrasamples": [2]}
        tifffile.imwrite(out, samples, **(options | own))
        yield out.getvalue()


def interlaced_png(gray: np.ndarray) -> bytes:
    """Return an interlaced PNG, which Pillow reads and does not write (PNG specification, 8.2)."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
    parts = [gray[y::down, x::across] for y, x, down, across in (*passes, (1, 0, 2, 1))]
    rows = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    head = struct.pack(">IIBBBBB", gray.shape[1], gray.shape[0], 8, 0, 0, 0, 1)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    found = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        found += struct.pack(">I", len(data)) + kind + data
        found += struct.pack(">I", zlib.crc32(kind + data))
    return found


def run_length_bmp(indices: np.ndarray) -> bytes:
    """Return a BMP of run lengths, which Pillow reads and does not write."""
    rows = [b"".join(bytes((1, index)) for index in row) + b"\0\0" for row in indices[::-1]]
    data = b"".join(rows) + b"\0\1"
    colors = b"".join(bytes((60 * n, 50 * n, 40 * n, 0)) for n in range(4))
    height, width = indices.shape
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 2835, 2835, 4, 4)
    offset = 14 + len(head) + len(colors)
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + head + colors + data


Shapes = dict[str, dict[str, tuple[int, ...]]]


def keras(shapes: Shapes) -> Iterator[bytes]:
    """Yield a VGG-16 in each layout of Keras; nothing is allotted to arrays: they read as zeros.

    Args:
      shapes: name of the layer -> "kernel" and "bias" -> shape.
    """
    import h5py

    names = {re.sub(r"conv(\d)_", r"block\1_conv", name): name for name in shapes}

    def legacy(
        root: h5py.Group, suffixes: tuple[str, str], kind: Any = bytes, **options: Any
    ) -> None:
        root.attrs["layer_names"] = np.array(["input_1", *names], kind)
        root.attrs["backend"] = b"tensorflow"
        root.create_group("input_1").attrs["weight_names"] = np.zeros(0, "S1")
        for name, own in names.items():
            weights = [name + suffix for suffix in suffixes]
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array(weights, kind)
            for weight, shape in zip(weights, shapes[own].values(), strict=True):
                group.create_dataset(weight, shape, "<f4", **options)

    def published(file: h5py.File) -> None:
        legacy(file, ("_W_1:0", "_b_1:0"))

    def chunked(file: h5py.File) -> None:
        legacy(file, ("/kernel:0", "/bias:0"), chunks=True, compression="gzip", fillvalue=0.5)

    def filtered(file: h5py.File) -> None:
        options = {"shuffle": True, "fletcher32": True, "maxshape": None}
        legacy(file, ("/kernel:0", "/bias:0"), chunks=True, **options)
        for name, own in names.items():
            file[f"{name}/{name}/bias:0"][...] = np.ones(shapes[own]["bias"])

    def whole(file: h5py.File) -> None:
        file.attrs["model_config"] = '{"class_name": "Functional"}'
        file.attrs["keras_version"] = "3.12.0"
        # Since h5py 3 Keras's names are strings of any length, which HDF5 keeps elsewhere.
        legacy(file.create_group("model_weights"), ("/kernel", "/bias"), h5py.string_dtype())

    def keras3(file: h5py.File, named: bool, **options: Any) -> None:
        for number, (name, own) in enumerate(names.items()):
            group = file.create_group(f"layers/conv2d_{number}/vars")
            if named:
                group.attrs["name"] = name
            for key, shape in zip("01", shapes[own].values(), strict=True):
                group.create_dataset(key, shape, "<f4", **options)

    def written(make: Any, version: str, *arguments: Any, **options: Any) -> bytes:
        out = io.BytesIO()
        with h5py.File(out, "w", libver=version) as file:
            make(file, *arguments, **options)
        return out.getvalue()

    yield written(published, "earliest")
    yield written(chunked, "earliest")
    yield written(filtered, "earliest")
    yield written(whole, "earliest")
    yield written(keras3, "earliest", True)
    yield written(keras3, "earliest", False, chunks=True, fillvalue=0.25)
    yield written(chunked, "latest")
    yield written(keras3, "latest", True)


def run_folders(folder: Path) -> Iterator[Path]:
    """Yield folders of runs that were cut off, as a real record leaves them."""
    import jax

    from nst.config import program
    from nst.config.schema import Config
    from nst.engine.check import Check
    from nst.losses.total import Terms
    from nst.optimizers.table import OPTIMIZERS
    from nst.rundir.record import Record
    from nst.sources.resolve import ResolvedSource

    night = ("night", "night", Path("night.jpg"), "ab" * 32, False, None, None, "Night")
    for name in ("adam", "lbfgs"):
        config = Config(size=16, steps=60)
        config.content.layers = {"conv2_1": 1.0}
        config.style.layers = {"conv1_1": 0.5, "conv2_1": 0.5}
        config.content.source.name = config.style.source.name = "night"
        config.network.source.name, config.init.name = "vgg16", "noise"
        config.tracking.mode = "disabled"
        config.optimizer.name, config.optimizer.memory = name, 2
        config.sweep.save_every = 0
        static, numbers = program.split(config, "vgg16")
        sources = {key: ResolvedSource(*night) for key in ("content", "style", "network")}
        picture = np.full((8, 8, 3), 127.5, np.float32)
        state = jax.tree.map(np.asarray, OPTIMIZERS[name].load().init(static, numbers, picture))
        layers = {"conv1_1": 2.5, "conv2_1": 1e7}
        own = folder / name
        record = Record(own, "vgg16", config, sources, ["pooling=avg"], [picture])
        for step in (0, 20, 40):
            terms = Terms(1e8 / (step + 1), 1e5, 1e4, 12.0, {"conv2_1": 1e5}, layers)
            record.add(Check(step, 0.1 * step, 1.5, step, picture, terms, True, False, state))
        record.finish("interrupted", "stopped by Ctrl-C", {})
        yield own
