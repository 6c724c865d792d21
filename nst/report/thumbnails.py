"""Small pictures of runs and of what was used for them, in .report/, made once and in parallel.

Each says in its comment which one it is: no other file is used, replaced or removed.
"""

import contextlib
import hashlib
import io
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.config.groups import Source
from nst.images import files
from nst.report.own import FOLDER
from nst.rundir.runs import RecordedSource, Run
from nst.sources import resolve
from nst.sources.download import digest

#: Long edge in pixels of a thumbnail; smaller pictures stay as they are.
SIZE = 256
QUALITY = 80
#: Long edge of a source's larger picture, to look at beside a result.
LARGE = 1024
_SUFFIX = ".jpg"  # WebP is no smaller for such busy pictures, and takes 20 times as long
_COMMENT = "nst:thumbnail "
#: What is wrong with a picture, by Pillow's error.
_WRONG: dict[type[Exception], str] = {
    Image.UnidentifiedImageError: "no PNG",
    Image.DecompressionBombError: "too large",
}


def of_runs(runs: list[Run], root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Make the thumbnails that are missing.

    Args:
      runs: those without a picture are passed over.
      root: of the report.

    Returns:
      Run name -> thumbnail; and run name -> why its picture can't be read.

    Raises:
      OSError: the thumbnails can't be written.
    """
    folder = root / FOLDER
    found, bad = {}, {}
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        jobs = {run.name: pool.submit(_of_run, run.picture, folder) for run in runs if run.picture}
        for name, job in jobs.items():
            try:
                found[name] = job.result()
            except UserError as error:
                bad[name] = str(error)
    return found, bad


def of_sources(
    sources: Iterable[tuple[RecordedSource, Path]], key: str, root: Path, size: int = SIZE
) -> dict[str, tuple[str, Path]]:
    """Make thumbnails of pictures that were used, without fetching any.

    Args:
      sources: as their runs recorded them, each with the run's folder.
      key: "content" or "style".
      root: of the report.
      size: long edge in pixels, `SIZE` or `LARGE`.

    Returns:
      Name -> title and thumbnail, of every source whose very bytes are still to be found.
    """
    found: dict[str, tuple[str, Path]] = {}
    missed: set[RecordedSource] = set()
    for source, run in sources:
        if source.name in found or source in missed:
            continue
        path = _source(source, key, run, root / FOLDER, size)
        if path:
            found[source.name] = source.title, path
        missed.add(source)
    return found


def of_held(picture: np.ndarray, sha256: str, root: Path) -> None:
    """Make the thumbnail of a picture that a program holds: there is no file to make it of later.

    Args:
      picture: (H, W, 3) in gray levels.
      sha256: that its runs record.
      root: of a run, or of the sweep that it is in.

    Raises:
      OSError: it can't be written.
    """
    path = _named(root / FOLDER, sha256)
    if not _made(path):
        _save(path, Image.fromarray(np.rint(picture).astype(np.uint8)))


def sweep(root: Path, used: Iterable[Path]) -> None:
    """Remove thumbnails of earlier reports that this one doesn't use.

    Args:
      root: of the report.
      used: thumbnails to keep.
    """
    names = {path.name for path in used}
    for path in (root / FOLDER).glob(f"*{_SUFFIX}"):
        if path.name not in names and _made(path):
            with contextlib.suppress(OSError):
                path.unlink()


def _made(path: Path) -> bool:
    """Return whether a thumbnail is there already; one without its comment is not nst's."""
    try:
        with path.open("rb") as file:
            return f"{_COMMENT}{path.stem}".encode() in file.read(200)
    except OSError:
        return False


def _save(path: Path, image: Image.Image, size: int = SIZE) -> None:
    if os.path.lexists(path) and not _made(path):
        raise UserError(f"{path} was not written by nst, which needs the name: move it away")
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=QUALITY, comment=f"{_COMMENT}{path.stem}")
    write_whole(path, file.getvalue())


def _named(folder: Path, what: str) -> Path:
    """Return the thumbnail of a picture; those of before they had a comment had other names."""
    text = f"{_COMMENT}{what}".encode("utf-8", "surrogateescape")
    return folder / f"{hashlib.sha256(text).hexdigest()[:20]}{_SUFFIX}"


def _of_run(picture: Path, folder: Path) -> Path:
    try:
        status = picture.stat()
    except OSError as error:
        raise UserError(f"result.png can't be read ({error.strerror})") from None
    # The name changes with the picture, so what lies there is never out of date.
    path = _named(folder, f"{picture}\0{status.st_mtime_ns}\0{status.st_size}")
    if not _made(path):
        _save(path, decoded(picture))
    return path


def decoded(picture: Path) -> Image.Image:
    """Return a run's picture.

    Args:
      picture: result.png, or one of images/.

    Raises:
      UserError: it can't be read.
    """
    try:
        with Image.open(picture, formats=["PNG"]) as image:
            return image.convert("RGB")
    except Exception as error:  # a damaged file makes Pillow's readers raise almost anything
        what = _WRONG.get(type(error), "damaged")
        raise UserError(f"{picture.name} can't be read ({what})") from error


def of_source(source: RecordedSource, root: Path, size: int = SIZE) -> Path:
    """Return where the thumbnail of a picture that was used lies, if it could be made.

    Args:
      source: with its sha256.
      root: of the report.
      size: long edge in pixels, `SIZE` or `LARGE`.
    """
    what = source.sha256 if size == SIZE else f"{source.sha256}\0{size}"
    return _named(root / FOLDER, what)


def _source(source: RecordedSource, key: str, run: Path, folder: Path, size: int) -> Path | None:
    if not source.sha256:
        return None
    path = of_source(source, folder.parent, size)
    if _made(path):
        return path
    for held in (run / FOLDER / path.name, run.parent / FOLDER / path.name):
        if _made(held):
            write_whole(path, held.read_bytes())
            return path
    file = file_of(source, key)
    with contextlib.suppress(UserError, OSError, ValueError):
        if file:
            picture = files.decoded(file, key=key)
            # A thumbnail has its size whatever the file's; a larger picture none that it lacks.
            edge = size if size == SIZE else min(size, max(picture.stored))
            pixels = files.scaled(picture, edge)
            _save(path, Image.fromarray(np.rint(pixels).astype(np.uint8)), edge)
            return path
    return None


def file_of(source: RecordedSource, key: str) -> Path | None:
    """Return the very file that was used, or None where it is no longer to be found.

    Args:
      source: as its run recorded it.
      key: "content" or "style".
    """
    for file in _candidates(source, key):
        # Another picture of the same name would be a lie.
        with contextlib.suppress(UserError, OSError, ValueError):
            if file.is_file() and digest(file, "sha256") == source.sha256:
                return file
    return None


def _candidates(source: RecordedSource, key: str) -> Iterable[Path]:
    if source.path:
        yield Path(os.path.expanduser(source.path))
    name = source.name.partition(" (")[0]  # two files of one name are told apart by their sums
    if name in resolve.BUILT_IN:
        with contextlib.suppress(UserError):
            named = Source(name=name)
            yield resolve.locate(named, None, key=f"{key}.path", fallback=False).path
    if source.file:
        yield resolve.cache_dir() / source.file
