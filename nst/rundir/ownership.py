"""A run's folder: its record, and whether that proves what lies there to be nst's own.

Imports nothing heavy, so that a refused folder answers at once.
"""

import contextlib
import mmap
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from nst.base.errors import UserError
from nst.base.files import part_of, write_whole
from nst.config.output import NAMES
from nst.rundir import run_json

#: What a run writes into its folder, pictures in images/ apart.
FILES = (
    "run.json",
    "result.png",
    "history.csv",
    "state.msgpack",
    "run.log",
    ".hydra/config.yaml",
    ".hydra/hydra.yaml",
    ".hydra/overrides.yaml",
)
PICTURE = re.compile(r"images/step_\d+\.png")

#: An entry of the text of every PNG that a run writes.
MARK = b"nst:config_hash"

#: What Hydra's record of a sweep names of nst's: plugins, or the callback, now and in 0.1.
PLUGINS = (b"hydra_plugins.nst_", b"nst.command.placing.Placing", b"nst.placing.Placing")


def check(folder: Path, *, log: bool = True, beside: Collection[str] = ()) -> dict[str, Any] | None:
    """Return a folder's run.json; refuse a file that a run would replace and none proves nst's.

    What proves it is the run.json of a run that began here; a picture carries nst's text besides.

    Args:
      folder: of the run; need not exist.
      log: whether run.log counts; once Hydra has set up its loggers, it may be this run's.
      beside: names of `nst.config.output.files` that the run is to write.

    Raises:
      UserError: names the files, or says what is wrong with run.json.
    """
    fields = run_json.earlier(folder)
    began = fields is not None and fields["config_hash"] is not None
    pictures = [folder / "result.png", *sorted((folder / "images").glob("step_*.png"))]
    if began:
        taken = [one for one in pictures if os.path.lexists(one) and not _marked(one)]
    else:
        # One that was refused wrote its run.json and nothing else.
        names = [name for name in FILES[bool(fields) :] if log or name != "run.log"]
        taken = [folder / name for name in names] + pictures[1:]
        taken = [one for one in taken if os.path.lexists(one)]
    outputs = [folder / name for name in beside if os.path.lexists(folder / name)]
    taken += [one for one in outputs if not (began and is_own(one))]
    refuse(folder, taken)
    return fields


def check_sweep(folder: Path) -> None:
    """Refuse a sweep's folder whose multirun.yaml is not of a sweep of nst's.

    Args:
      folder: of the sweep; need not exist.

    Raises:
      UserError: names the file.
    """
    path = folder / "multirun.yaml"
    if os.path.lexists(path) and not _of_a_sweep(path):
        refuse(folder, [path])


def find_equal(
    own: Path,
    config_hash: str,
    images_every: int,
    fits: Callable[[Path, dict[str, Any]], bool],
) -> Path | None:
    """Return the folder beside a run's own of a finished run that leaves the same files.

    Args:
      own: folder of the run.
      config_hash: of the run.
      images_every: its `tracking.images_every`.
      fits: is asked of a folder and its run.json besides.

    Returns:
      The folder, or None where there is none.
    """
    for path in sorted(own.parent.glob("*/run.json")):
        with contextlib.suppress(OSError, UserError, KeyError, TypeError):
            # Most runs of a sweep are others, and needn't be understood.
            if path.parent == own or config_hash.encode() not in path.read_bytes():
                continue
            fields = run_json.earlier(path.parent) or {}
            same = fields["config_hash"], fields["config"]["tracking"]["images_every"]
            finished = fields["status"] == "finished" and not fields.get("same_as")
            whole = _marked(path.parent / "result.png") and fits(path.parent, fields)
            if finished and whole and same == (config_hash, images_every):
                return path.parent
    return None


def refuse(folder: Path, taken: list[Path]) -> None:
    """Refuse to write over files, if there are any.

    Args:
      folder: that would be written to.
      taken: files in it that are not nst's.

    Raises:
      UserError: names the first three.
    """
    if not taken:
        return
    names = [str(one.relative_to(folder)) for one in taken[:3]]
    more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
    raise UserError(
        f"{folder} holds {', '.join(names)}{more}, which would be written over and no record "
        "shows to be nst's own: take another folder, or move what is there"
    )


def remove_parts(folder: Path) -> None:
    """Remove the halves of files that an earlier process of this run left when it was killed.

    Args:
      folder: of the run, whose lock is held.
    """
    for place in (folder, folder / "images", folder / ".hydra"):
        for part in place.glob(".*.part"):
            whole = part_of(part)
            name = whole and whole.relative_to(folder).as_posix()
            if name and (name in (*FILES, *NAMES) or PICTURE.fullmatch(name)):
                part.unlink(missing_ok=True)


def write_hydra(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of .hydra/ into a run's folder.

    Args:
      folder: of the run.
      files: name -> text.
    """
    for name, text in files.items():
        write_whole(folder / ".hydra" / name, text.encode("utf-8", "surrogateescape"))


def is_own(file: Path) -> bool:
    """Return whether a file of `nst.config.output.NAMES` carries nst's text, which may be anywhere.

    Args:
      file: need not exist.
    """
    try:
        with (
            file.open("rb") as opened,
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as all_,
        ):
            return all_.find(MARK) >= 0
    except (OSError, ValueError):  # ValueError: an empty file
        return False


def _marked(picture: Path) -> bool:
    """Return whether a picture carries the text that a run gives its own, before the pixels."""
    try:
        with picture.open("rb") as file:
            return MARK in file.read(4096)
    except OSError:
        return False


def _of_a_sweep(path: Path) -> bool:
    """Return whether a multirun.yaml names a plugin of nst's; a kill may have left it empty."""
    try:
        begin = path.read_bytes()[:100_000]
    except OSError:
        return False
    named = any(one in begin for one in PLUGINS)
    return not begin or (begin.startswith(b"hydra:") and named)
