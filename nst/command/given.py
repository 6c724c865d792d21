"""Options on the command line: their form, and configuration that a user gives beside nst's own.

Where a file of the user's has the name of one of nst's, Hydra takes nst's in silence.
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from hydra.types import RunMode

from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.command.hydra_private import option_parser
from nst.command.options import options, unknown_option
from nst.command.placing import as_typed


def check(arguments: Sequence[str]) -> None:
    """Refuse options that Hydra doesn't have, and configuration that it would misunderstand.

    It would answer --size=64 with how to use all its options, pass over a configuration of the
    user's own, or take one in place of all of nst's.

    Args:
      arguments: of the command line.

    Raises:
      UserError: says what to give instead.
    """
    parser = option_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    options = parser.parse_args(list(arguments))
    if options.config_path is not None:
        raise UserError(
            f"--config-path={options.config_path} would take the place of nst's own configuration: "
            "--config-dir adds a folder to it"
        )
    if options.config_dir is None:
        return
    folder = Path(options.config_dir)
    if (folder / "overrides.yaml").is_file() and (folder / "hydra.yaml").is_file():
        raise UserError(
            f"{folder} is the record of a run, no configuration: {_command(folder)} runs it again"
        )
    name = options.config_name
    if name and (folder / f"{name}.yaml").is_file() and "defaults:" not in _text(folder, name):
        raise _baseless(name)
    for own in sorted(conf_dir().rglob("*.yaml")):
        file = folder / own.relative_to(conf_dir())
        if file.is_file():
            raise UserError(
                f"{file} has the name of one of nst's own files, which would be taken "
                "instead: give it another name"
            )


def _refuse(message: str) -> NoReturn:
    unread = message.partition("unrecognized arguments: ")[2]
    if unread and not unread.startswith("-"):
        raise UserError(f"can't read {unread}: an option, -m say, goes before all overrides")
    raise UserError(f"{message}; a key has no dashes, size=64, and --hydra-help shows the options")


def check_base(settings: Any) -> None:
    """Refuse a configuration that isn't built on nst's.

    Args:
      settings: the part ``hydra`` of what is composed.

    Raises:
      UserError: it is a --config-name of the user's own, and says how it must begin.
    """
    if "nst" not in (settings.callbacks or {}):
        raise _baseless(settings.job.config_name)


def check_options(settings: Any) -> None:
    """Refuse an option that Hydra finds outside of its group's folder, and several at once.

    Args:
      settings: the part ``hydra`` of what is composed.

    Raises:
      UserError: style=../content/chelsea, say, or style=[night,starry], of which the last would be;
        or a folder named ~.
    """
    key = "sweep" if settings.mode == RunMode.MULTIRUN else "run"
    if "~" in settings[key].dir.split("/"):
        raise UserError(
            f"hydra.{key}.dir={settings[key].dir} has a folder named ~ in it, and must have none: "
            "~ is the home folder where a path begins with it, and name gives a folder in outputs/"
        )
    for override in as_typed(settings.overrides.task):
        group, _, option = override.lstrip("+").partition("=")
        own = options().get(group, [])
        chosen = settings.runtime.choices.get(group, option)
        # One of a folder of the user's own, --config-dir, is a plain name too, or lies in a folder.
        if own and not (chosen is None or re.fullmatch(r"[\w.-]*\w(?:/[\w.-]*\w)*", chosen)):
            raise UserError(unknown_option(group, chosen, own))


def _baseless(name: str) -> UserError:
    return UserError(
        f"--config-name={name} must begin with `defaults: [config, _self_]`: without that it lacks "
        "nst's own settings"
    )


def _text(folder: Path, name: str) -> str:
    return (folder / f"{name}.yaml").read_text(encoding="utf-8", errors="replace")


def _command(folder: Path) -> str:
    """Return the command of a run whose folder .hydra/ is `folder`."""
    import yaml

    try:
        overrides = yaml.safe_load((folder / "overrides.yaml").read_bytes()) or []
        return f"`{shlex.join(['nst', *map(str, overrides)])}`"
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        return "the same command"
