"""Picture files as browsers show them; `nst.images.tiff` does TIFF's part."""

import contextlib
import hashlib
import io
import logging
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, WebPImagePlugin, features

from nst.base.errors import UserError
from nst.images import tiff
from nst.images.decoded import SIDEWAYS, Decoded, of_pillow, of_samples, turn_of

#: The formats read, by Pillow's names. Left out on purpose: EPS starts another program, TGA can't
#: be told from noise.
FORMATS: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
FORMATS += ("AVIF",) if features.check("avif") else ()  # builds of Pillow differ
#: Shortest side in pixels of a file that is read.
SMALLEST = 8
#: Most pixels of a file that is read: Pillow's own limit against decompression bombs.
MOST_PIXELS = 178_956_970
#: Pixels above which a file must be of the size that so many take, or is damaged. LZW makes the
#: fewest bytes: 12 bits of a run of 3,837 bytes, each of which may be 8 pixels.
LARGE, PIXELS_PER_BYTE = 4096 * 4096, 25_000
#: Formats that know of no such size: a whole mask of 24 megapixels may take 1,000 bytes.
UNBOUNDED = ("WEBP", "AVIF")
#: What Pillow calls the samples of a PNG that it reads with half of their bits.
DEEP = ("RGB;16B", "RGBA;16B", "LA;16B")
#: How often a JPEG without an end is tried with other data behind its own.
_TRIES = 8

# What these know of a file is in our own sentence, or is none of the user's business.
for _name in ("PIL", "tifffile"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings of large or oddly written files: each is either read or refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(file: Path, subject: str) -> Decoded:
    """Read a file's first frame.

    Args:
      file: that can be opened.
      subject: names the file in messages.

    Raises:
      UserError: the file is damaged, too small or too large, or no picture that is read.
    """
    with quiet(), _refused(file, subject):
        page = tiff.first_page(file)
        if page:
            _check_page(page, file, subject)
            return tiff.decode(file, page, subject)
        with Image.open(file, formats=FORMATS) as image:
            _check_size(image.size, image.format not in UNBOUNDED, file, subject)
            if isinstance(image, WebPImagePlugin.WebPImageFile) and image.is_animated:
                # Else what its frame leaves of the canvas would be black.
                image._mode = image.rawmode = "RGBA"  # noqa: SLF001
            if image.format == "PNG" and image.tile and image.tile[0].args in DEEP:
                return _deep_png(image, file)
            return of_pillow(_loaded(image, file), turn_of(image), subject)


def upright_shape(path: Path, *, key: str) -> tuple[int, int]:
    """Return a picture file's own (H, W) in pixels, upright, from its header alone.

    Args:
      path: of a file that can be opened.
      key: the configuration key to name in messages.

    Raises:
      UserError: it is no picture that is read, too small or too large.
    """
    subject = f"{key}: {str(path)!r}"
    with quiet(), _refused(path, subject):
        page = tiff.first_page(path)
        if page:
            _check_page(page, path, subject)
            (width, height), turn = (page.width, page.height), page.turn
        else:
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image.size, image.format not in UNBOUNDED, path, subject)
                (width, height), turn = image.size, _turn_of_header(image, path)
        return (height, width) if turn < SIDEWAYS else (width, height)


@contextlib.contextmanager
def _refused(file: Path, subject: str) -> Iterator[None]:
    """Refuse what Pillow can't read in our own sentences."""
    allowed = f"it must be a whole picture in one of the formats {', '.join(FORMATS)}"
    if file.stat().st_size == 0:
        raise UserError(f"{subject} is empty, but {allowed}")
    try:
        yield
    except UserError:
        raise
    except Image.UnidentifiedImageError:
        raise UserError(f"{subject} is not a picture that can be read, but {allowed}") from None
    except Image.DecompressionBombError as error:
        found = str(error).partition("(")[2].partition(")")[0] or "more"
        raise UserError(f"{subject} has {found}, but at most {MOST_PIXELS} are allowed") from None
    except Exception as error:  # a damaged file makes Pillow's readers raise almost anything
        what = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{subject} is truncated or damaged ({what}), but {allowed}") from error


def _check_page(page: tiff.Page, file: Path, subject: str) -> None:
    bounded = page.compression in tiff.BOUNDED
    _check_size((page.width, page.height), bounded, file, subject)


def check_sides(sides: tuple[int, int], subject: str) -> None:
    """Refuse a picture that is too small or too large.

    Args:
      sides: width and height in pixels.
      subject: names it in messages.

    Raises:
      UserError: says what is allowed.
    """
    width, height = sides
    if min(width, height) < SMALLEST or width * height > MOST_PIXELS:
        raise UserError(
            f"{subject} is {width}x{height} pixels, but at least {SMALLEST}x{SMALLEST} and at most "
            f"{MOST_PIXELS} in all are allowed"
        )


def _check_size(sides: tuple[int, int], bounded: bool, file: Path, subject: str) -> None:
    check_sides(sides, subject)
    (width, height), size = sides, file.stat().st_size
    # It would take seconds and gigabytes to find out.
    if bounded and width * height > max(LARGE, PIXELS_PER_BYTE * size):
        raise UserError(
            f"{subject} has {width}x{height} pixels in {size} bytes, so it is damaged, but it must "
            "be a whole picture"
        )


def _turn_of_header(image: Image.Image, file: Path) -> int:
    """Return what `turn_of` finds once the picture is loaded, mostly without loading it."""
    if image.format != "PNG":
        return turn_of(image)
    if not _has_late_text(file):
        # Pillow would load a PNG for what may stand behind its pixels.
        with contextlib.suppress(Exception):
            return int(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    image.load()
    return turn_of(image)


def _has_late_text(file: Path) -> bool:
    """Return whether a PNG has EXIF, or text that may hold it, behind its pixels (PNG, 5.6)."""
    pixels = False
    with file.open("rb") as stream:
        stream.seek(8)
        while len(head := stream.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if pixels and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                return True
            pixels |= kind == b"IDAT"
            stream.seek(length + 4, io.SEEK_CUR)  # its data and its checksum
    return False


def _loaded(image: Image.Image, file: Path) -> Image.Image:
    tiles = getattr(image, "tile", [])
    raw = tiles[0] if tiles else None
    try:
        image.load()
    except OSError:
        whole = _without_end(file) if image.format in ("JPEG", "MPO") else None
        if whole is None:
            raise
        return whole
    if raw and image.format == "GIF" and raw.extents != (0, 0, *image.size):
        return _on_canvas(image, raw.extents)
    if raw and image.format == "PNG" and "transparency" in image.info:
        _mend_key(image, raw.args)
    return image


def _deep_png(image: Image.Image, file: Path) -> Decoded:
    import imagecodecs  # takes 0.1 s, and few files need it

    # With alpha, too, where one color is transparent.
    with tiff.silent():
        samples = imagecodecs.png_decode(file.read_bytes())
    colors = 1 if samples.shape[2] == 2 else 3
    alpha = samples[..., colors] if samples.shape[2] > colors else None
    return of_samples(samples[..., :colors], alpha, image, _turn_of_header(image, file))


def _without_end(file: Path) -> Image.Image | None:
    """Return a JPEG that lacks nothing but its end marker, None where it lacks more.

    A decoder that still needs data makes another picture where other data stand before the marker.
    """
    data, whole = file.read_bytes().rstrip(b"\xff"), None
    for other in (b"", *map(_jpeg_data, range(_TRIES))):
        with Image.open(io.BytesIO(data + other + b"\xff\xd9"), formats=("JPEG",)) as image:
            image.load()
        whole = whole or image
        if not np.array_equal(np.asarray(image), np.asarray(whole)):
            return None
    return whole


def _jpeg_data(number: int) -> bytes:
    """Return noise as a JPEG's data, with each of the restart markers that may be due."""
    noise = hashlib.sha512(bytes([number])).digest().replace(b"\xff", b"")
    return noise + b"".join(bytes((0xFF, 0xD0 + n)) + noise for n in range(8))


def _on_canvas(image: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    """Return a GIF's frame on its canvas, which is transparent elsewhere, as browsers show it."""
    canvas = Image.new("RGBA", image.size)
    canvas.paste(image.crop(frame).convert("RGBA"), frame)
    return canvas


def _mend_key(image: Image.Image, raw: str) -> None:
    """Mend a PNG's transparent gray, which Pillow takes for one of 8 bits (PNG, 11.3.2.1)."""
    if raw in ("L;2", "L;4"):
        most = 2 ** int(raw[-1]) - 1
        image.info["transparency"] = (image.info["transparency"] & most) * (255 // most)
