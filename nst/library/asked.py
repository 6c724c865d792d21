"""From what a program asks for to checked configurations, as from the command line."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Sweep
from hydra.types import RunMode

from nst.base import home
from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.base.own_files import own_path
from nst.command import given, grammar, typed
from nst.command.hydra_private import composing
from nst.command.options import options
from nst.command.sentence import REFUSALS, sentence
from nst.command.written import written
from nst.config.schema import Config, from_mapping
from nst.config.validation import validated
from nst.images import held
from nst.multirun.compose import Composer, labels, values
from nst.runner import precision
from nst.runner.job import Job, Place
from nst.sources.resolve import ResolvedSource

#: The arguments that take a picture.
PICTURES = ("content", "style")


@dataclass(frozen=True)
class Asked:
    """A run as a program asks for it."""

    overrides: tuple[str, ...] = ()  # as on the command line
    pictures: Mapping[str, ResolvedSource] = dataclasses.field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is asked for as a person would type it, pictures by their names."""
        held = tuple(f"{key}={source.name}" for key, source in self.pictures.items())
        return self.overrides + held

    def __add__(self, other: "Asked") -> "Asked":
        """Return both together; of two values of one key, that of `other`."""
        later = {_key(one) for one in other.overrides} | set(other.pictures)
        # A picture is a name, a path or held; the last one counts.
        later |= {
            either
            for key in PICTURES
            for either in (key, f"{key}.path")
            if later & {key, f"{key}.path"}
        }
        kept = tuple(one for one in self.overrides if _key(one) not in later)
        pictures = {key: one for key, one in self.pictures.items() if key not in later}
        return Asked(kept + other.overrides, {**pictures, **other.pictures})


def understood(values: Mapping[str, Any], overrides: Sequence[str] = ()) -> Asked:
    """Return what keys and their values ask for.

    Args:
      values: by the keys of the command line, "tv.gamma"; content and style may be pictures.
      overrides: further ones, as on the command line, "tv.gamma=1e3".

    Raises:
      UserError: a value is of a type that no key takes, or a picture can't be read.
    """
    if isinstance(overrides, str):
        raise UserError(f"overrides must be a list of texts, [{overrides!r}], not one text")
    asked = Asked(tuple(overrides))
    for key, value in values.items():
        asked += _one(key, value)
    return asked


def jobs(cells: Sequence[Asked], folders: Sequence[Path], sweep: Path | None) -> list[Job]:
    """Compose and check runs.

    Args:
      cells: what is asked for, one each.
      folders: of the runs.
      sweep: the folder of all; none: a run by itself.

    Raises:
      UserError: one is refused; of several, the message names which.
    """
    shown = labels([one.texts for one in cells]) if sweep else [""]
    each = zip(cells, folders, shown, _configs(cells, shown, folders), strict=True)
    return [
        Job(
            config,
            Place(folder, tuple(map(home.without, cell.texts)), sweep, label=label),
            cell.pictures,
        )
        for cell, folder, label, config in each
    ]


def _configs(cells: Sequence[Asked], shown: Sequence[str], folders: Sequence[Path]) -> list[Config]:
    import nst.run  # noqa: F401 - stores the schema

    hydra, configs = HydraConfig.instance(), list[Config]()
    before, texts = hydra.cfg, list[str]()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        try:
            loader = GlobalHydra.instance().hydra
            assert loader is not None
            whole = loader.compose_config("config", [], RunMode.MULTIRUN, from_shell=False)
            composer = Composer(loader.config_loader, whole)
            for cell in cells:
                texts = [*_untracked(cell.overrides), *cell.overrides]
                words = typed.understood(texts)
                configs.append(_config(composer, words, cell.pictures, folders[len(configs)]))
        except Exception as error:
            if not (isinstance(error, REFUSALS) or composing(error)):
                raise
            where = f"{shown[len(configs)]}: " if len(cells) > 1 else ""
            raise UserError(where + sentence(error, texts)) from error
        finally:
            hydra.cfg = before
    return configs


def _config(
    composer: Composer,
    overrides: Sequence[str],
    pictures: Mapping[str, ResolvedSource],
    folder: Path,
) -> Config:
    for one in overrides:
        if isinstance(grammar.read(one.partition("=")[2]), Sweep):
            raise UserError(
                f"{one} gives several values, and one run takes one: nst.grid runs each"
            )
    composed: Any = composer(overrides)
    HydraConfig.instance().cfg = composed  # ${hydra:job.name} and its like are resolved from it
    given.check_options(composed.hydra)
    config = validated(from_mapping(values(composed)), lambda: precision.auto(folder))
    if config.sweep.plan or config.sweep.budget is not None:
        raise UserError("sweep.plan and sweep.budget are for the command line: nst -m KEY=VALUES")
    # The record says what was used; a path that is none can't be taken for a file.
    own = {
        key: dataclasses.replace(getattr(config, key), path=source.requested)
        for key, source in pictures.items()
    }
    return dataclasses.replace(config, **own)


def _untracked(overrides: Sequence[str]) -> list[str]:
    """Return what keeps a run from W&B, unless it is asked for."""
    return [] if "tracking" in map(_key, overrides) else ["tracking=disabled"]


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _one(key: str, value: Any) -> Asked:
    if key not in PICTURES:
        return Asked((f"{key}={written(key, value)}",))
    if value is None:
        return Asked()
    if isinstance(value, os.PathLike):
        return Asked((f"{key}.path={os.fspath(value)}",))
    if isinstance(value, str):
        named = value in options()[key] or not (os.sep in value or own_path(value).suffix)
        return Asked((f"{key}{'' if named else '.path'}={value}",))
    if isinstance(value, Mapping):
        return Asked((f"{key}={written(key, value)}",))
    return Asked((), {key: _held(key, value)})


def _held(key: str, picture: Any) -> ResolvedSource:
    found = held.held(picture, key=key)
    sha256 = held.sha256(found)
    file = getattr(picture, "filename", None)  # of a Pillow picture that was opened
    name = Path(file).name if isinstance(file, str) and file else f"array-{sha256[:8]}"
    return ResolvedSource(name, name, Path(name), sha256, False, None, None, name, found)
