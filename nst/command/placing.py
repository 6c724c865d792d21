"""Where a run's files go: Hydra writes none by itself, since its folder may be a user's.

Hydra would write .hydra/ before a run can be refused, change into a folder that relative paths are
not meant from, and make one that is named ``~``. A callback of its own settings keeps it from that.
"""

import contextlib
import os
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from nst.base import home
from nst.base.errors import UserError
from nst.command.grammar import quoted
from nst.rundir import ownership

#: Hydra's name for the folder of what it composed.
SUBDIR = ".hydra"

#: Folders that were not there when this process began and that Hydra makes, the deepest first.
_new: list[Path] = []


class Refused(BaseException):
    """Carries a single run's error past Hydra, which would print the overrides as well."""


class Placing(Callback):
    """Hydra's callback of every run and sweep, see conf/config.yaml."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Settle where a single run goes."""
        _settle(config, "run")
        _of_a_sweep(config, "a sweep: give -m, and keys with several values")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Settle where a sweep goes; its jobs are composed anew, from these overrides."""
        _settle(config, "sweep")
        own = str(config.hydra.sweeper.get("_target_"))
        if not own.startswith("hydra_plugins.nst_"):
            chosen = config.hydra.runtime.choices["hydra/sweeper"]
            _of_a_sweep(config, f"nst's own sweepers, not for hydra/sweeper={chosen}")
        overrides = config.hydra.overrides.hydra
        with read_write(overrides):
            overrides.extend(
                [
                    "hydra.job.chdir=false",
                    "hydra.output_subdir=null",
                    f"hydra.sweep.dir={quoted(_dir(config, 'sweep'))}",
                ]
            )

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Let callbacks of the user's own find the folder that Hydra was kept from writing to."""
        with read_write(config.hydra):
            config.hydra.output_subdir = SUBDIR


def leave_no_empty() -> None:
    """Remove the empty folders that Hydra made for a run that never started."""
    for folder in _new:
        with contextlib.suppress(OSError):
            folder.rmdir()


def is_new(folder: Path) -> bool:
    """Return whether a run's or a sweep's folder was not there when this process began."""
    return folder.absolute() in _new


def texts(config: DictConfig, settings: Any) -> dict[str, str]:
    """Return the files that Hydra keeps of what it composed, without the home folder.

    Args:
      config: of the run.
      settings: Hydra's own, ``{"hydra": ...}``.
    """
    files = {
        "config.yaml": OmegaConf.to_yaml(config),
        "hydra.yaml": OmegaConf.to_yaml(settings),
        "overrides.yaml": OmegaConf.to_yaml(settings.hydra.overrides.task),
    }
    return {name: home.without(text) for name, text in files.items()}


def as_typed(overrides: Any) -> tuple[str, ...]:
    """Return Hydra's list of overrides as they are recorded: interpolations left as typed."""
    typed: Any = OmegaConf.to_container(overrides, resolve=False)
    return tuple(map(home.without, typed))


def _dir(config: DictConfig, mode: str) -> str:
    """Return hydra.run.dir or hydra.sweep.dir with its interpolations as they are."""
    own: Any = OmegaConf.to_container(config.hydra[mode], resolve=False)
    return own["dir"]


def _of_a_sweep(config: DictConfig, whose: str) -> None:
    """Refuse what only a sweeper of nst's own heeds: without it all would run."""
    asked: Any = OmegaConf.to_container(config.get("sweep") or OmegaConf.create(), resolve=False)
    for key in ("plan", "budget"):
        if asked.get(key):
            raise Refused from UserError(f"sweep.{key} is for {whose}")


def _settle(config: DictConfig, mode: str) -> None:
    if config.hydra.output_subdir != SUBDIR:
        raise Refused from UserError(
            f"hydra.output_subdir must be {SUBDIR}, not {config.hydra.output_subdir}: "
            "it is part of a run's record"
        )
    with read_write(config), open_dict(config):
        config.hydra[mode].dir = os.path.expanduser(_dir(config, mode))
        config.hydra.job.chdir = False
        config.hydra.output_subdir = None
    try:
        HydraConfig.instance().set_config(config)
        folder = Path(str(config.hydra[mode].dir)).absolute()
    except Exception:  # Hydra says a moment later what is wrong with it
        return
    try:
        _new[:] = [one for one in (folder, *folder.parents) if not one.exists()]
        ownership.check(folder) if mode == "run" else ownership.check_sweep(folder)
    except (UserError, OSError) as error:
        raise Refused from error
