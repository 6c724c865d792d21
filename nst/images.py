"""Picture files to and from float32 RGB arrays (H, W, 3) in [0, 255]; the only user of PIL."""

import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, PngImagePlugin, features

from nst.assets import readable
from nst.errors import UserError
from nst.paths import write_whole

#: The formats read, by Pillow's names. Left out on purpose: EPS starts another program, TGA can't
#: be told from noise.
FORMATS: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
FORMATS += ("AVIF",) if features.check("avif") else ()  # builds of Pillow differ
#: Shortest side in pixels of a file that is read.
SMALLEST = 8
#: Most pixels of a file that is read: Pillow's own limit against decompression bombs.
MOST_PIXELS = 178_956_970
#: Pixels above which a file must be of the size that so many take, or is damaged: Deflate makes a
#: byte of at most 8 * 1032 of them.
LARGE, PIXELS_PER_BYTE = 4096 * 4096, 10_000

#: What each EXIF orientation asks for (Exif 2.32, tag 274); 1 is upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Values that may stand for white in a file of 32-bit integers or floats: the smallest that is no
#: less than any of its values counts.
_WHITES = {"I": (255, 65535, 2**31 - 1), "F": (1, 255, 65535)}


def load(path: Path | str, size: int | tuple[int, int] | None, *, key: str) -> np.ndarray:
    """Read a picture file as sRGB: upright, on white where transparent, its first frame only.

    Args:
      path: of the file.
      size: long edge of the result in pixels, or (H, W) to stretch it to; none: the file's own.
      key: the configuration key to name in messages, "style.path" say.

    Returns:
      (H, W, 3) float32 in [0, 255].

    Raises:
      UserError: the file is missing, unreadable, damaged, too small or too large, or no picture.
    """
    file = Path(path)
    readable(file, key=key)
    subject = f"{key}: {str(file)!r}"
    with warnings.catch_warnings():
        # Pillow warns of large and of oddly written files: here each is either read or refused.
        warnings.simplefilter("ignore")
        image, turn = _decode(file, subject)
        profile = image.info.get("icc_profile")
        if isinstance(size, tuple):
            height, width = size if turn < 5 else size[::-1]  # as stored: 5 to 8 swap the sides
        else:
            height, width = scaled_shape(*image.size, size)
        plain = _plain(image, subject).resize((width, height), Image.Resampling.LANCZOS)
        if turn in _TURNS:
            plain = plain.transpose(_TURNS[turn])
        return _pixels(plain, profile)


def stretched(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a picture resampled by Lanczos with antialiasing, whatever its aspect ratio.

    Args:
      picture: (H', W', 3) float32 in grey levels.
      shape: (H, W) in pixels.
    """
    height, width = shape
    channels = [Image.fromarray(picture[..., channel]) for channel in range(3)]
    wanted = [one.resize((width, height), Image.Resampling.LANCZOS) for one in channels]
    return np.stack([np.asarray(one) for one in wanted], axis=-1)


def upright_shape(path: Path, *, key: str) -> tuple[int, int]:
    """Return a picture file's own (H, W) in pixels, upright as `load` gives it.

    Args:
      path: of the file.
      key: the configuration key to name in messages.

    Raises:
      UserError: as `load`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image, turn = _decode(path, f"{key}: {str(path)!r}")
    height, width = image.size[::-1] if turn < 5 else image.size  # 5 to 8 swap the sides
    return height, width


def dimensions(path: Path) -> tuple[int, int]:
    """Return a readable picture file's own two sides in pixels, as stored."""
    with Image.open(path, formats=FORMATS) as image:
        return image.size


def scaled_shape(width: int, height: int, size: int | None) -> tuple[int, int]:
    """Return the (H, W) of a picture whose long edge becomes `size` pixels, its aspect ratio kept.

    Args:
      width: in pixels, at least 1.
      height: in pixels, at least 1.
      size: long edge in pixels, at least 1; none: the shape stays.
    """
    if size is None:
        return height, width
    longest = max(width, height)
    # In whole numbers, so that no float can tip a half the other way.
    high, wide = (max(1, (2 * side * size + longest) // (2 * longest)) for side in (height, width))
    return high, wide


def save(path: Path, picture: np.ndarray, text: dict[str, str]) -> None:
    """Write a picture as an 8-bit RGB PNG, whole or not at all.

    Args:
      path: of the file; its folder is made where it is missing.
      picture: (H, W, 3) in [0, 255]; values beyond are clipped, all are rounded.
      text: entries of the PNG's text, such as the configuration's hash and the seed.

    Raises:
      ValueError: the picture has another shape, or a value that is not finite.
    """
    values = np.asarray(picture)
    if values.ndim != 3 or values.shape[2] != 3 or not np.isfinite(values).all():
        raise ValueError(f"a finite (H, W, 3) picture is needed, not one of shape {values.shape}")
    info = PngImagePlugin.PngInfo()
    for name, value in text.items():
        info.add_text(name, value)
    image = Image.fromarray(np.rint(values.clip(0, 255)).astype(np.uint8))
    png = io.BytesIO()
    image.save(png, format="PNG", pnginfo=info)
    write_whole(path, png.getvalue())


def _decode(file: Path, subject: str) -> tuple[Image.Image, int]:
    """Read a file's first frame and its EXIF orientation."""
    allowed = f"it must be a whole picture in one of the formats {', '.join(FORMATS)}"
    if file.stat().st_size == 0:
        raise UserError(f"{subject} is empty, but {allowed}")
    try:
        with Image.open(file, formats=FORMATS) as image:
            _check_size(image, file, subject)
            image.load()
            turn = 1
            with contextlib.suppress(Exception):  # broken EXIF must not cost a picture
                turn = int(image.getexif().get(ExifTags.Base.Orientation, turn))
            return image, turn
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


def _check_size(image: Image.Image, file: Path, subject: str) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST or width * height > MOST_PIXELS:
        raise UserError(
            f"{subject} is {width}x{height} pixels, but at least {SMALLEST}x{SMALLEST} and at most "
            f"{MOST_PIXELS} in all are allowed"
        )
    size = file.stat().st_size
    # It would take seconds and gigabytes to find out.
    if width * height > max(LARGE, PIXELS_PER_BYTE * size):
        raise UserError(
            f"{subject} has {width}x{height} pixels in {size} bytes, so it is damaged, but it must "
            "be a whole picture"
        )


def _plain(image: Image.Image, subject: str) -> Image.Image:
    """Return an opaque picture of mode L, RGB, CMYK, or F with greys in [0, 255]."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_deep_grey(image, subject))
    if image.has_transparency_data:
        grey = image.mode in ("1", "L", "LA", "La")
        clear = image.convert("LA") if grey else image.convert("RGBA")
        on_white = Image.new("L" if grey else "RGB", image.size, "white")
        on_white.paste(clear.convert(on_white.mode), mask=clear.getchannel("A"))
        return on_white
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    try:
        return image.convert("L" if image.mode == "1" else "RGB")
    except ValueError:
        raise UserError(
            f"{subject} has the colour mode {image.mode}, but RGB, grey, palette or CMYK is needed"
        ) from None


def _deep_grey(image: Image.Image, subject: str) -> np.ndarray:
    """Return the greys of a 16-bit or 32-bit picture as (H, W) float32 in [0, 255]."""
    values = np.asarray(image, dtype=np.float32)
    if not np.isfinite(values).all():
        raise UserError(f"{subject} holds values that are not finite, but 0 to white are needed")
    # PNG and PPM files have 16 bits at most, which Pillow may keep in 32.
    short = image.mode == "I" and image.format in ("PNG", "PPM")
    whites = (65535,) if short else _WHITES.get(image.mode, (65535,))
    peak = float(values.max())
    white = next((white for white in whites if peak <= white), peak)
    greys = np.clip(values / np.float32(white / 255), 0, 255)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        greys[values == clear] = 255
    return greys


def _pixels(image: Image.Image, profile: bytes | None) -> np.ndarray:
    if image.mode in ("RGB", "CMYK"):
        return np.asarray(_to_srgb(image, profile), dtype=np.float32)
    # Colour management knows 8 bits only, so deeper greys go between the colours of these.
    steps = np.arange(256)
    ramp = np.asarray(_to_srgb(Image.fromarray(steps[None].astype(np.uint8)), profile))[0]
    greys = np.clip(np.asarray(image), 0, 255)
    return np.stack([np.interp(greys, steps, ramp[:, c]) for c in range(3)], -1).astype(np.float32)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the file's ICC profile, which counts as absent where it is broken."""
    if not profile:
        return image.convert("RGB")
    grey = image.mode == "L"
    # The fast way is up to 10 of 255 off in dark greys, and a ramp of greys is small.
    flags = ImageCms.Flags.NOOPTIMIZE if grey else ImageCms.Flags.NONE
    converted = None
    with contextlib.suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Grey files often carry the profile of the RGB picture they were made from.
        fitting = image.convert("RGB") if grey and given.profile.xcolor_space == "RGB " else image
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(fitting, given, srgb, outputMode="RGB", flags=flags)
    return converted or image.convert("RGB")
