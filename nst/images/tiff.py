"""TIFF files: through tifffile, and through Pillow what is neither gray, RGB nor CMYK.

TIFF says of its samples how many bits they have and of what kind, what they mean, and how they lie
in the file (TIFF 6.0, sections 3 to 23). Pillow refuses some of that and misreads some.
"""

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, TiffImagePlugin

from nst.base import apart
from nst.base.errors import UserError
from nst.images import depth
from nst.images.decoded import Decoded, of_pillow, seen_through

#: PhotometricInterpretation: what samples mean.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
#: Of which so many are colors.
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, LAB: 3}
#: ExtraSamples: alpha that colors are multiplied by, or are not.
PREMULTIPLIED, ALPHA = 1, 2
#: SampleFormat; 4 is undefined, which is read as unsigned.
KINDS = {1: depth.UNSIGNED, 2: depth.SIGNED, 3: depth.FLOAT, 4: depth.UNSIGNED}
#: Compression: none, and those that need a byte for decode.PIXELS_PER_BYTE pixels: LZW, JPEG,
#: Deflate, PackBits. What is unpacked from JPEG is RGB.
UNCOMPRESSED, JPEG, BOUNDED = 1, (6, 7), (1, 5, 6, 7, 8, 32773, 32946)
#: Pages that are looked through for the first one that is no thumbnail.
PAGES = 8
#: Most bytes of the samples that tifffile reads.
MOST_BYTES = 2**31

_quiet = threading.Lock()


class Page(NamedTuple):
    """What the tags of a page say, with TIFF's defaults."""

    number: int
    width: int
    height: int
    bits: tuple[int, ...]  # of each sample
    formats: tuple[int, ...]  # of each sample
    photometric: int
    extra: tuple[int, ...]
    separate: bool  # whether each sample has a plane of its own
    compression: int
    subsampling: tuple[int, ...]
    inks: int
    turn: int  # EXIF orientation
    thumbnail: bool  # or a mask
    parts: bool  # whether other pictures hang below it
    lacking: bool  # whether parts were never written
    profile: bytes | None

    @property
    def kind(self) -> str:
        """Return `depth.UNSIGNED`, `depth.SIGNED` or `depth.FLOAT`."""
        return KINDS.get(self.formats[0], "")

    @property
    def deep(self) -> bool:
        """Return whether samples are other than unsigned with 8 bits at most."""
        return max(self.bits) > 8 or self.kind != depth.UNSIGNED

    @property
    def clear(self) -> bool:
        """Return whether there is transparency."""
        return PREMULTIPLIED in self.extra or ALPHA in self.extra


def first_page(file: Path) -> Page | None:
    """Return the first page of a TIFF that is no thumbnail, or None for what is no TIFF.

    Raises:
      Image.UnidentifiedImageError: it has no page with the tags of a picture.
    """
    with file.open("rb") as stream:
        head = stream.read(8)
        version = head[2:4].strip(b"\0")
        if head[:2] not in (b"II", b"MM") or version not in (b"*", b"+"):
            return None
        head += stream.read(8) if version == b"+" else b""  # BigTIFF
        found: list[Page] = []
        with contextlib.suppress(Exception):  # damaged tags make Pillow raise almost anything
            tags = TiffImagePlugin.ImageFileDirectory_v2(head)
            while tags.next and len(found) < PAGES and all(page.thumbnail for page in found):
                stream.seek(tags.next)
                tags.load(stream)
                found.append(_page(tags, len(found)))
    if not found:
        raise Image.UnidentifiedImageError(f"no page in {file}")
    return next((page for page in found if not page.thumbnail), found[0])


def _page(tags: TiffImagePlugin.ImageFileDirectory_v2, number: int) -> Page:
    def numbers(tag: int, *default: int) -> tuple[int, ...]:
        found = tags.get(tag, default)
        with contextlib.suppress(TypeError, ValueError):  # a tag of texts, say
            return tuple(int(one) for one in (found if isinstance(found, tuple) else (found,)))
        return default

    samples = numbers(277, 1)[0]
    bits, formats = numbers(258, 1), numbers(339, 1)
    profile = tags.get(34675)
    return Page(
        number=number,
        width=numbers(256)[0],
        height=numbers(257)[0],
        bits=bits * samples if len(bits) == 1 and samples < 99 else bits[:samples],
        formats=formats,
        photometric=numbers(262, 0)[0],
        extra=numbers(338),
        separate=numbers(284, 1)[0] == 2,
        compression=numbers(259, 1)[0],
        subsampling=numbers(530, 2, 2),
        inks=numbers(332, 1)[0],
        turn=numbers(274, 1)[0],
        thumbnail=bool(numbers(254, 0)[0] & 0b101) or numbers(255, 0)[0] == 2,
        parts=330 in tags,
        lacking=0 in (*numbers(273), *numbers(324)),
        profile=profile if isinstance(profile, bytes) else None,
    )


def decode(file: Path, page: Page, subject: str) -> Decoded:
    """Read a page.

    Args:
      file: a TIFF.
      page: one of its pages, not too large.
      subject: names the file in messages.

    Raises:
      UserError: samples have a meaning or an arrangement that is not read.
      Exception: of almost any class, where the file is damaged.
    """
    if page.photometric not in COLORS or (page.photometric == CMYK and page.inks != 1):
        raise _unread(subject, f"PhotometricInterpretation {page.photometric}, InkSet {page.inks}")
    if page.photometric == CMYK and page.clear:
        raise _unread(subject, "CMYK and transparency")
    if page.thumbnail and page.parts:
        raise _unread(subject, "a thumbnail alone on its first page, as raw photographs have")
    if page.lacking:
        raise ValueError("parts are missing")
    if page.photometric == YCBCR and page.compression in JPEG:
        page = page._replace(photometric=RGB)
    if page.photometric in (YCBCR, LAB):
        return _by_pillow(file, page, subject)
    return _by_tifffile(file, page, subject)


def _by_pillow(file: Path, page: Page, subject: str) -> Decoded:
    what = f"PhotometricInterpretation {page.photometric} and BitsPerSample {page.bits}"
    raw = page.compression == UNCOMPRESSED
    if page.photometric == YCBCR and raw and page.subsampling != (1, 1):
        raise _unread(subject, f"{what} and YCbCrSubSampling {page.subsampling}")
    try:
        with silent(), TiffImagePlugin.TiffImageFile(file) as image:
            if page.number:
                image.seek(page.number)
            image.load()  # turns it upright
    except (Image.UnidentifiedImageError, KeyError, SyntaxError):
        raise _unread(subject, what) from None
    return of_pillow(image, 1, subject)


def _by_tifffile(file: Path, page: Page, subject: str) -> Decoded:
    _check_arrangement(page, subject)
    raw = page.compression == UNCOMPRESSED
    if raw and page.width * page.height * sum(page.bits) > 8 * file.stat().st_size:
        raise ValueError("parts are missing")
    samples, palette = _unpacked(file, page.number)
    # (planes, depth, height, width, samples of a plane)
    samples = np.moveaxis(samples[:, 0], 0, -1).reshape(page.height, page.width, -1)
    if page.photometric == PALETTE and palette.size:
        # Some programs write it with 8 bits instead of 16, or 16 of which 8 are 0.
        table = palette >> 8 if palette.max() > 255 else palette
        samples = table.T.astype(np.uint8)[samples[..., 0]]
        page = page._replace(photometric=RGB, bits=(8,) * 3, extra=())
    return _plain(samples, page, subject)


def _unpacked(file: Path, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what `nst.images.tiff_samples.read` does, in a process of its own."""
    done = apart.run("nst.images.tiff_samples", str(file), str(number))
    if done.returncode:
        # A traceback ends in "ValueError: parts are missing", say; a crash leaves no reason.
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ValueError(
            said.partition(": ")[2] if done.returncode == 1 else "unpacking it crashes"
        )
    written = io.BytesIO(done.stdout)
    samples, palette = (np.load(written, allow_pickle=False) for _ in range(2))
    return samples, palette


def _check_arrangement(page: Page, subject: str) -> None:
    colors = COLORS[page.photometric]
    if len(page.bits) < colors or len(set(page.bits)) > 1:
        raise _unread(
            subject, f"PhotometricInterpretation {page.photometric} and BitsPerSample {page.bits}"
        )
    if len(set(page.formats)) > 1 or not page.kind:
        raise _unread(subject, f"SampleFormat {page.formats}")
    said = (page.photometric, len(page.bits)) == (RGB, 4) or len(page.bits) - colors == len(
        page.extra
    )
    if not said:
        raise _unread(subject, f"{len(page.bits)} samples a pixel and ExtraSamples {page.extra}")
    if page.width * page.height * sum(page.bits) > 8 * MOST_BYTES:
        raise _unread(subject, f"{len(page.bits)} samples of {page.bits[0]} bits a pixel")


def _plain(samples: np.ndarray, page: Page, subject: str) -> Decoded:
    """Return samples (H, W, N) on white: of inks and of up to 8 bits in 8 bits."""
    colors = COLORS[page.photometric]
    white = depth.white(samples[..., :colors], page.kind, page.bits[0], subject)
    extra = page.extra or (ALPHA,) * (samples.shape[2] - colors)
    place = next((n for n, one in enumerate(extra, colors) if one in (PREMULTIPLIED, ALPHA)), 0)
    paper = 0 if page.photometric == WHITE_IS_ZERO else 255
    full = depth.white(samples[..., place], page.kind, page.bits[0], subject) if place else 1
    deep = page.deep and page.photometric != CMYK
    if samples.dtype == np.uint8 and white == 255 and not place and paper:
        return Decoded(_image(samples[..., :colors]), page.turn, page.profile)
    out = np.empty((*samples.shape[:2], colors), np.float32 if deep else np.uint8)
    for rows in depth.bands(len(samples), samples[0].size):
        band = depth.grays(samples[rows, :, :colors], white)
        if place:
            share = depth.grays(samples[rows, :, place, None], full) / np.float32(255)
            band *= 1 if extra[place - colors] == PREMULTIPLIED else share
            band = np.clip(band + paper * (1 - share), 0, 255)
        if page.photometric == WHITE_IS_ZERO:
            band = 255 - band
        out[rows] = band if deep else np.rint(band)
    clear = Image.fromarray(depth.in_8_bits(samples[..., place], full)) if place else None
    image = out if deep and colors == 3 else _image(out)
    return Decoded(image, page.turn, page.profile, seen_through(clear))


def _image(pixels: np.ndarray) -> Image.Image:
    """Return a picture of mode L, F, RGB or CMYK."""
    colors = pixels.shape[2]
    return Image.fromarray(pixels[..., 0] if colors == 1 else pixels, {4: "CMYK"}.get(colors))


def _unread(subject: str, what: str) -> UserError:
    return UserError(
        f"{subject} is a TIFF with {what}, which is not read: save it as PNG, or as TIFF in gray "
        "or RGB with 8 or 16 bits"
    )


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep libtiff and libpng from writing to the terminal, which has no other way."""
    with _quiet, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # there is no terminal
            own = os.dup(2)
            stack.callback(os.close, own)
            nothing = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nothing)
            os.dup2(nothing, 2)
            stack.callback(os.dup2, own, 2)
        yield
