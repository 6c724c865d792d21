"""The files that a run leaves beside result.png, as the group ``output`` asks for.

Those of 8 bits are made of result.png where the run itself is over; those of 16 bits need its
picture as it was computed, or a copy.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.config import output
from nst.config.output import Kind, Output
from nst.config.schema import Config
from nst.rundir.ownership import is_own

#: The files of 16 bits that are asked for: name, profile, transparency.
Deep = tuple[tuple[str, str, bool], ...]


def deep(asked: Output) -> Deep:
    """Return what is asked for of files that can't be made of result.png."""
    return tuple(
        (name, asked.profile, asked.transparency)
        for name, kind in output.files(asked).items()
        if kind.bits > 8
    )


def lacking(folder: Path, config: Mapping[str, Any], wanted: Deep) -> list[str]:
    """Return the names of the files of `deep` that a run's folder hasn't as they are asked for.

    Args:
      folder: of the run, which is over.
      config: of its run.json.
      wanted: as `deep` returns it.
    """
    there = deep(output.recorded(config))
    return [one[0] for one in wanted if one not in there or not is_own(folder / one[0])]


def damage(folder: Path, files: Deep) -> str | None:
    """Return which of a run's files of 16 bits can't be read and why, None where they are whole.

    Args:
      folder: of the run.
      files: as `deep` returns them.
    """
    from nst.images.files import load

    try:
        for name, *_ in files:
            load(folder / name, None, key=name)
    except UserError as error:
        return str(error)
    return None


def text(config_hash: str, seed: int, step: int) -> dict[str, str]:
    """Return what each picture of a run says of where it comes from."""
    return {"nst:config_hash": config_hash, "nst:seed": str(seed), "nst:step": str(step)}


def write(
    folder: Path, asked: Output, picture: np.ndarray, carried: Any, said: Mapping[str, str]
) -> None:
    """Write a run's files, and remove those of its earlier picture in formats not asked for.

    Args:
      folder: of the run, whose record is there.
      asked: which files.
      picture: (H, W, 3) in gray levels, as it is shown.
      carried: what they take over from the content image's file, `nst.images.output.Carried`.
      said: their text.

    Raises:
      OSError: one can't be written.
    """
    files = output.files(asked)
    for name in output.NAMES:
        if name not in files and is_own(folder / name):
            (folder / name).unlink()
    _write(folder, asked, files, picture, carried, said)


def add(
    folder: Path, original: Path, config: Config, fields: Mapping[str, Any], carried: Any
) -> None:
    """Give a run that is over the files that are asked for, from a folder with its result.

    Args:
      folder: of the run.
      original: of the run whose result it is, of which `lacking` finds nothing; maybe the same.
      config: of the run.
      fields: of the original's run.json.
      carried: as `write` takes it.

    Raises:
      UserError: the result can't be read.
      OSError: one can't be written.
    """
    from nst.images import files

    asked = config.output
    kinds = output.files(asked)
    if folder != original:
        for name in (one for one, kind in kinds.items() if kind.bits > 8):
            write_whole(folder / name, (original / name).read_bytes(), folder=False)
    elif output.recorded(fields["config"]) == asked and all(is_own(folder / one) for one in kinds):
        return
    shallow = {name: kind for name, kind in kinds.items() if kind.bits == 8}
    if not shallow or not fields["best"]:
        return
    picture = files.load(original / "result.png", None, key="result.png")
    said = text(str(fields["config_hash"]), config.seed, fields["best"]["step"])
    _write(folder, asked, shallow, picture, carried, said)


def refuse(folder: Path, names: Iterable[str], asked: Output) -> None:
    """Refuse files of 16 bits of a run whose picture is there with 8 bits alone.

    Args:
      folder: of the run, which is over.
      names: of the files, as `lacking` returns them.
      asked: which files.

    Raises:
      UserError: there are any; says how to get them.
    """
    names = list(names)
    if names:
        formats = asked.format if isinstance(asked.format, str) else f"[{','.join(asked.format)}]"
        raise UserError(
            f"{folder} holds this run, which is over, and no {names[0]} as it is asked for: what "
            "was computed is kept with 8 bits alone, so run it in another folder, "
            f"nst rerun {folder} 'output.format={formats}'"
        )


def _write(
    folder: Path,
    asked: Output,
    files: Mapping[str, Kind],
    picture: np.ndarray,
    carried: Any,
    said: Mapping[str, str],
) -> None:
    from nst.images.output import encoded

    for name, kind in files.items():
        data = encoded(kind.ending, kind.bits, picture, carried, said, asked.quality)
        write_whole(folder / name, data, folder=False)
