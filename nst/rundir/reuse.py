"""Finished runs of other sweeps, `sweep.reuse`: which there are, and whether one is whole.

Imports nothing heavy.
"""

import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nst.base import home
from nst.base.errors import UserError, one_line
from nst.rundir import history, outputs, run_json, runs
from nst.rundir.outputs import Deep
from nst.rundir.run_json import BadRecordError
from nst.rundir.tree import natural

log = logging.getLogger("nst")

#: What two runs that leave the same files have in common: the hash and `tracking.images_every`.
Same = tuple[str, int]


def folders(paths: Sequence[str]) -> list[Path]:
    """Return the folders that runs are looked for in.

    Args:
      paths: `sweep.reuse`.

    Raises:
      UserError: one is no folder.
    """
    found = [Path(os.path.expanduser(path)) for path in paths]
    for path, folder in zip(paths, found, strict=True):
        if not folder.is_dir():
            raise UserError(f"sweep.reuse: {path!r} is no folder: it must be one that holds runs")
    return found


class Finished:
    """The finished runs below some folders."""

    def __init__(self, within: Sequence[str], apart: Path):
        """Look for them, which reads each run's run.json once.

        Args:
          within: `sweep.reuse`.
          apart: folder of the sweep or run that asks; what is in it doesn't count.

        Raises:
          UserError: a folder is none.
        """
        self._known: dict[Same, list[Path]] = defaultdict(list)
        self._unread: list[Path] = []
        self._whole: dict[tuple[Same, Deep], Path | None] = {}
        own = apart.resolve()
        for folder in runs.folders(folders(within)):
            if own not in (resolved := folder.resolve()).parents and own != resolved:
                self._add(folder)

    def find(self, same: Same, deep: Deep = ()) -> Path | None:
        """Return the folder of a run that leaves the same files and is whole, None without one.

        A warning names each that is damaged.

        Args:
          same: as the run has it.
          deep: files of 16 bits that it has, too.
        """
        if (same, deep) not in self._whole:
            whole = (one for one in self._ordered(same) if self._is_whole(one, deep))
            self._whole[same, deep] = next(whole, None)
        return self._whole[same, deep]

    def _add(self, folder: Path) -> None:
        try:
            fields = run_json.read(folder)
            images_every = fields["config"]["tracking"]["images_every"]
        except (BadRecordError, KeyError, TypeError, OSError):
            self._unread.append(folder)
            return
        if fields["status"] == "finished" and isinstance(images_every, int):
            self._known[(str(fields["config_hash"]), images_every)].append(folder)

    def _ordered(self, same: Same) -> list[Path]:
        """Return the runs that may do by their names, last those that can't be read."""
        known = sorted(self._known.get(same, []), key=lambda path: natural(str(path)))
        unread = []
        for folder in self._unread:
            with contextlib.suppress(OSError):
                if same[0].encode() in (folder / "run.json").read_bytes()[: run_json.MOST_BYTES]:
                    unread.append(folder)
        return [*known, *unread]

    def _is_whole(self, folder: Path, files: Deep) -> bool:
        reason = damage(folder)
        if reason is None and files:
            fields = run_json.earlier(folder) or {}
            if outputs.lacking(folder, fields["config"], files):
                return False
            reason = outputs.damage(folder, files)
        if reason:
            log.warning("%s is not taken, since %s: the run is computed", folder, one_line(reason))
        return reason is None


def damage(folder: Path) -> str | None:
    """Return what is wrong with a finished run's files, None where they are whole.

    Args:
      folder: of the run.
    """
    try:
        fields = run_json.earlier(folder)
        if fields is None:
            return "its run.json has gone"
        steps = [int(row["step"]) for row in history.rows(folder / "history.csv")]
        if not steps or steps[-1] != (fields["last"] or {}).get("step"):
            return "its history.csv ends at another step than its run.json says"
        pictures = sorted((folder / "images").glob("step_*.png"))
        for picture in [folder / "result.png", *pictures]:
            if wrong := _damaged(picture, fields):
                return f"its {picture.relative_to(folder)} {wrong}"
    except UserError as error:
        return str(error).removesuffix(": take another folder")
    return None


def way(folder: Path, original: Path) -> str:
    """Return the way from a run's folder to the one whose result it takes, as a record has it."""
    folder, original = folder.absolute(), original.absolute()
    above = os.path.commonpath([folder, original])
    # A way around the home folder would name it.
    if home.short(f"{above}/x") == f"{above}/x" and home.short(str(original)) != str(original):
        return str(home.short(str(original)))
    return os.path.relpath(original, folder)


def _damaged(picture: Path, fields: dict[str, Any]) -> str | None:
    from PIL import Image

    try:
        with Image.open(picture, formats=["PNG"]) as image:
            found = image.info.get("nst:config_hash")
            size = {"width": image.width, "height": image.height}
            image.verify()  # every chunk's checksum
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        return f"can't be read ({' '.join(str(error).split()) or type(error).__name__})"
    if found != fields["config_hash"]:
        return "is of another run"
    if picture.name == "result.png" and size != fields["picture"]:
        return "has another size than its run.json says"
    return None
