"""What a W&B run is opened with: what the command line says, W&B's variables, or nst's own.

What the command line says wins over W&B's environment variables, and these win over what nst takes
by itself. docs/tracking.md has the table.
"""

import errno
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.base import home
from nst.base.errors import UserError
from nst.config.running import Tracking

#: W&B's project where neither tracking.project nor WANDB_PROJECT names one.
PROJECT = "nst"
#: Characters of the longest name that W&B takes for a run.
LONGEST_NAME = 128

#: An id that nst may have drawn, or W&B takes from WANDB_RUN_ID.
_ID = re.compile(r"[\w.-]{1,64}")

#: Variables that give all runs one id, whatever a sweep asks for.
OF_ONE_RUN = ("WANDB_SWEEP_ID", "WANDB_LAUNCH")
#: Variables that begin a run in the middle of another one.
IN_THE_MIDDLE = ("WANDB_FORK_FROM", "WANDB_RESUME_FROM")


@dataclass(frozen=True)
class Identity:
    """What W&B knows a run by, for as long as the run lives."""

    id: str
    begun: bool = False  # in an earlier process, so that W&B may have some of the run
    given: bool = False  # by WANDB_RUN_ID, so that another program's run may have it, too


def identity(group: str | None, known: Mapping[str, Any] | None) -> Identity:
    """Return what a run is known by: of a single one the environment's, if it has one.

    Args:
      group: the sweep the run belongs to; none: it is a single run.
      known: what the run's record keeps of it; none: the run is new.
    """
    earlier = (known or {}).get("id")
    if not isinstance(earlier, str) or not _ID.fullmatch(earlier):
        earlier = None
    given = None if group else os.environ.get("WANDB_RUN_ID")
    own = given or earlier or secrets.token_hex(4)
    # A record says for good that the id was given, also where the variable is gone since.
    was_given = own == earlier and bool((known or {}).get("given"))
    return Identity(own, begun=own == earlier, given=bool(given) or was_given)


def from_environment(group: str | None) -> Any:
    """Return W&B's settings as its environment variables have them.

    Args:
      group: the sweep the run belongs to; none: it is a single run.

    Raises:
      UserError: a variable holds what W&B refuses, or what a sweep's runs can't share.
    """
    import wandb

    asked = wandb.Settings()
    # One by one, since W&B doesn't say which variable it was.
    for name, value in os.environ.items():
        try:
            asked.update_from_env_vars({name: value})
        except (ValueError, wandb.Error) as error:
            found = "" if re.search("KEY|TOKEN|PROX|HEADERS", name) else f"={value!r}"
            raise UserError(f"{name}{found} is refused by W&B: {_reason(error)}") from error
    why = dict.fromkeys(IN_THE_MIDDLE, "every run begins at step 0")
    if group:
        why |= dict.fromkeys(OF_ONE_RUN, "a sweep is more than one run")
    for name, reason in why.items():
        if getattr(asked, name.removeprefix("WANDB_").lower()):
            raise UserError(f"{name}={os.environ[name]!r} can't be honored, as {reason}: unset it")
    return asked


def _reason(error: Exception) -> str:
    # pydantic's own text is of several lines.
    errors = getattr(error, "errors", None)
    text = str(errors()[0]["msg"] if errors else error).removeprefix("Value error, ")
    return " ".join(text.split())


def arguments(
    tracking: Tracking, asked: Any, group: str | None, default: str, own: Identity
) -> dict[str, Any]:
    """Return wandb.init's arguments: the configuration's, the environment's, or nst's own.

    Args:
      tracking: of the configuration.
      asked: W&B's settings, as `from_environment` returns them.
      group: the sweep the run belongs to; none: it is a single run.
      default: the run's name where neither the configuration nor the environment gives one.
      own: what the run is known by.

    Raises:
      UserError: the name is too long.
    """
    given = tracking.name or asked.run_name
    if given and len(given) > LONGEST_NAME:
        raise UserError(
            f"tracking.name or WANDB_NAME must be at most {LONGEST_NAME} characters, "
            f"not {len(given)}: {given!r}"
        )
    if group and asked.run_name and not tracking.name:
        given = f"{asked.run_name[: LONGEST_NAME - 1 - len(own.id)]}-{own.id}"
    again = own.begun and tracking.mode == "online"
    # A new id has no run to be resumed from, and "auto" would write a note into wandb/.
    shared = asked.resume and (group or asked.resume == "auto")
    return {
        "id": own.id,
        "resume": "allow" if again or shared else None,
        "project": utf8(tracking.project or asked.project or PROJECT),
        "entity": utf8(tracking.entity),
        "group": utf8(tracking.group or asked.run_group or group),
        "name": utf8(given or default),
        "job_type": asked.run_job_type or ("sweep" if group else "run"),
        "tags": [utf8(tag) for tag in tracking.tags] or None,
        "notes": utf8(home.without(tracking.notes or "")) or None,
    }


def place(folder: Path) -> Path:
    """Return the folder that W&B makes its folder wandb/ in.

    Args:
      folder: where it is unless WANDB_DIR says otherwise.

    Raises:
      OSError: it can't be written; W&B would take another one.
    """
    given = os.environ.get("WANDB_DIR")
    place = (Path(given).expanduser() if given else folder).absolute()
    place.mkdir(parents=True, exist_ok=True)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    return place


def utf8(text: Any) -> Any:
    """Return a text as W&B can store it: a file's name may hold bytes that are no UTF-8."""
    return text and text.encode("utf-8", "backslashreplace").decode()
