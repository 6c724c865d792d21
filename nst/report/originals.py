"""The content and style images of a sweep, each once, at its runs' size and with its regions."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nst.base.errors import UserError
from nst.images import files, masks, shapes
from nst.report import thumbnails
from nst.rundir.runs import RecordedSource, Run
from nst.tracking import captions
from nst.tracking.tracker import Picture, told_apart


class _Original(NamedTuple):
    group: str  # content or style
    source: RecordedSource
    mask: RecordedSource | None
    size: int  # long edge in pixels of the largest run that used it


def of(runs: Sequence[Run], root: Path) -> dict[str, Picture]:
    """Return every content and style image that is still to be found, in the order of the names.

    Args:
      runs: of a report.
      root: of the report, whose small pictures serve where a file has gone.

    Returns:
      By "content/NAME" and "style/NAME"; one that had several masks is there once for each.
    """
    pictures = ((f"{one.group}/{one.source.name}", _picture(one, root)) for one in _used(runs))
    return told_apart((name, picture) for name, picture in pictures if picture)


def _used(runs: Iterable[Run]) -> list[_Original]:
    found: dict[tuple[str, ...], _Original] = {}
    for run in runs:
        for key, source in run.sources.items():
            group = key.partition("/")[0]
            if group not in ("content", "style") or not source.sha256:
                continue  # a network, a mask, a blend as a whole
            mask = run.sources.get(f"{group}_mask")
            same = group, source.name, source.sha256, mask.sha256 if mask else ""
            size = max(_size(run, group), found[same].size if same in found else 0)
            found[same] = _Original(group, source, mask, size)
    return [found[same] for same in sorted(found)]


def _size(run: Run, group: str) -> int:
    """Return the long edge in pixels at which a run used a picture, where that is not large."""
    size, own = run.values.get("size"), run.values.get(f"{group}.size")
    sizes = [one for one in (size, own) if isinstance(one, int) and one > 0]
    return min([*sizes, thumbnails.LARGE])


def _picture(one: _Original, root: Path) -> Picture | None:
    source, mask = one.source, one.mask
    caption = captions.of_original(
        source.name, source.title, source.instead_of, mask.name if mask else None
    )
    file = thumbnails.file_of(source, one.group)
    with contextlib.suppress(UserError, OSError, ValueError):
        if file:
            picture = files.decoded(file, key=one.group)
            pixels = files.scaled(picture, one.size)
            return _with_regions(one, file, Picture(pixels, caption))
    small = thumbnails.of_source(source, root)
    return Picture(small, caption) if small.is_file() else None


def _with_regions(one: _Original, file: Path, picture: Picture) -> Picture:
    assert isinstance(picture.image, np.ndarray)
    key = f"{one.group}.mask"
    # Without a path, since it is no file.
    part = shapes.read(one.mask.name, key) if one.mask and not one.mask.path else None
    if one.mask and part:
        mask = masks.of_shape(part, key, one.mask.name, picture.image.shape)
        return picture._replace(regions=mask.regions, names=mask.names)
    own = one.mask and thumbnails.file_of(one.mask, f"{one.group}_mask")
    if not own:
        return picture
    shape = files.upright_shape(file, key=one.group)
    with contextlib.suppress(UserError, OSError, ValueError):
        mask = masks.read(own, key, shape, file.name, picture.image.shape)
        return picture._replace(regions=mask.regions, names=mask.names)
    return picture
