"""How each picture came about: a run's pictures on the way as an animation in its folder."""

import contextlib
import hashlib
import io
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, features

from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.images.files import scaled_shape
from nst.report import notes
from nst.report.thumbnails import decoded
from nst.rundir.runs import Run

#: File formats, by the ending of the file's name.
KINDS = ("webp", "gif")
#: Long edge in pixels; smaller pictures stay as they are.
SIZE = 512
#: Milliseconds that a picture is shown, and the last one.
PAUSE, HOLD = 150, 2000
#: Most pictures of one animation, for the sake of memory; of more, some are left out evenly.
MOST = 300
QUALITY = 85

#: Raised whenever the same pictures are animated in another way.
_LOOK = 1
#: What an animation of nst's carries, with its fallbacks; at first without the name. A file without
#: it is a user's own.
_STAMP = re.compile("(nst:steps )?[0-9a-f]{64}(; .*)?")
#: The fewest pictures on the way that make an animation.
_FEWEST = 2


def write(runs: Sequence[Run], kind: str) -> dict[str, str]:
    """Write ``steps.webp`` or ``steps.gif`` into each run's folder, unless it is there already.

    Args:
      runs: those with fewer than two pictures in images/ are passed over.
      kind: one of `KINDS`.

    Returns:
      Run name -> why it has no animation.

    Raises:
      UserError: this build of Pillow can't write WebP.
    """
    if kind == "webp" and not features.check("webp"):
        raise UserError("--animate webp needs a Pillow with WebP: take --animate gif")
    still = {}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        jobs = {run.name: pool.submit(_of_run, run, kind) for run in runs}
        for name, job in jobs.items():
            try:
                job.result()
            except (UserError, OSError) as error:
                still[name] = str(error)
    return still


def find(folder: Path) -> Path | None:
    """Return the animation in a run's folder, None where there is none."""
    paths = (folder / f"steps.{kind}" for kind in KINDS)
    return next((path for path in paths if path.is_file()), None)


def _of_run(run: Run, kind: str) -> None:
    pictures = _evenly(on_the_way(run.folder / "images"))
    if len(pictures) < _FEWEST:
        raise UserError(f"fewer than {_FEWEST} pictures in images/")
    if run.picture:
        pictures.append(run.picture)
    path, stamp = run.folder / f"steps.{kind}", _stamp(pictures)
    if said := notes.fallbacks(run):
        stamp += f"; {said.encode('ascii', 'backslashreplace').decode()}"
    found = _stamp_of(path)
    if os.path.lexists(path) and not _STAMP.fullmatch(found or ""):
        raise UserError(
            f"{path.name} was not written by nst, so it stays: move it away, or take --animate "
            f"{'gif' if kind == 'webp' else 'webp'}"
        )
    if found != stamp:
        write_whole(path, _animation(pictures, kind, stamp))


def on_the_way(folder: Path) -> list[Path]:
    """Return step_00020.png and its like in the order of their steps.

    Args:
      folder: images/ of a run; it need not be there.
    """
    steps = {
        int(match[1]): path
        for path in folder.glob("step_*.png")
        if (match := re.fullmatch("step_([0-9]{1,18})", path.stem))
    }
    return [steps[step] for step in sorted(steps)]


def _evenly(pictures: list[Path]) -> list[Path]:
    """Return at most `MOST` of the pictures, the first and the last among them."""
    if len(pictures) <= MOST:
        return pictures
    return [pictures[at * (len(pictures) - 1) // (MOST - 1)] for at in range(MOST)]


def _animation(pictures: list[Path], kind: str, stamp: str) -> bytes:
    """Return the file of an animation, which loops for ever and carries `stamp`."""
    width, height = decoded(pictures[-1]).size
    height, width = scaled_shape(width, height, min(SIZE, max(width, height)))
    # Pictures on the way may be smaller than the last, where a run went through several sizes.
    frames = [decoded(one).resize((width, height), Image.Resampling.LANCZOS) for one in pictures]
    # The result is most often the last picture on the way: that one is then held.
    if frames[-1].tobytes() == frames[-2].tobytes():
        frames.pop()
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = stamp
    kept: dict[str, Any] = {"comment": stamp} if kind == "gif" else {"exif": exif}
    frames[0].save(
        file,
        format=kind,
        save_all=True,
        append_images=frames[1:],
        duration=[PAUSE] * (len(frames) - 1) + [HOLD],
        loop=0,
        quality=QUALITY,
        **kept,
    )
    return file.getvalue()


def _stamp(pictures: list[Path]) -> str:
    """Return a text that changes with the pictures."""
    seen = []
    for picture in pictures:
        with contextlib.suppress(OSError):
            status = picture.stat()
            seen.append((picture.name, status.st_mtime_ns, status.st_size))
    return f"nst:steps {hashlib.sha256(repr((seen, _LOOK)).encode()).hexdigest()}"


def _stamp_of(path: Path) -> str | None:
    """Return the stamp that an animation carries, None where there is none to be read."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with Image.open(path, formats=["WEBP", "GIF"]) as image:
            found = image.getexif().get(ExifTags.Base.ImageDescription)
            return found or image.info.get("comment", b"").decode()
    except Exception:  # a damaged file makes Pillow's readers raise almost anything
        return None
