"""What W&B's server has, and how a recorded run gets there."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from nst.base.errors import UserError
from nst.tracking import wandb_run

T = TypeVar("T")

#: Longest wait in seconds for the server to show what it was sent.
PATIENCE = 20.0
#: Longest wait in seconds for the server to take a run; it has all of it to take, and nobody waits.
WAIT = 300.0
#: Why a run is not there, though the server has taken it.
NOT_SHOWN = "W&B's server doesn't show all of it"

_NO_KEY = "W&B wants a key, and none was found: run `wandb login`, or set WANDB_API_KEY"
#: Runs that are asked for at a time.
_PAGE = 100


class DeletedError(UserError):
    """W&B had the run, and takes none of its id again."""


@dataclass(frozen=True)
class There:
    """A run as W&B's server has it."""

    rows: int
    record: str | None  # the digest of its summary; none: it hasn't ended there
    url: str


def owner(entity: str | None) -> str:
    """Return whose projects are asked for, once the server has taken the key.

    Args:
      entity: that was named; none: the account's default.

    Raises:
      UserError: there is no key, the server refuses it or is not there, or there is no default.
    """
    with asked("say whose key this is"):
        if not wandb_run.has_key():
            raise UserError(_NO_KEY)
        found = entity or _api().default_entity
    if not found:
        raise UserError("W&B has no default team or user for this key: name one with --entity")
    return str(found)


def runs(entity: str, project: str, ids: Sequence[str]) -> dict[str, There]:
    """Return what a project has of some runs, by their ids.

    Args:
      entity: user or team.
      project: that need not be there yet.
      ids: of runs.

    Raises:
      UserError: the server can't be reached or refuses.
    """
    found: dict[str, There] = {}
    path = f"{entity}/{project}"
    with asked("list the runs"):
        api = _api()
        for begin in range(0, len(ids), _PAGE):
            wanted = {"name": {"$in": list(ids[begin : begin + _PAGE])}}
            try:
                for run in api.runs(path, filters=wanted, per_page=_PAGE, lazy=False):
                    rows = int(run.history_line_count or 0)
                    found[run.id] = There(rows, run.summary.get("record"), run.url)
            except ValueError as error:
                if "Could not find project" not in str(error):
                    raise
    return found


def awaited(lacking: Callable[[], list[T]]) -> list[T]:
    """Return what the server still lacks of what it was sent, once it has had time to show it.

    Args:
      lacking: asks the server.
    """
    end = time.monotonic() + PATIENCE
    while (found := lacking()) and time.monotonic() < end:
        time.sleep(1)
    return found


@contextlib.contextmanager
def opened(arguments: Mapping[str, Any], place: Path) -> Iterator[Any]:
    """Open a run at W&B's server, a new one or one that is there, and close it once it is taken.

    Args:
      arguments: of wandb.init, the run's id among them.
      place: folder for W&B's own files.

    Raises:
      UserError: the server can't be reached, refuses, or doesn't take it.
    """
    # What W&B would find out by itself is of this process, and not of the run.
    own = dict.fromkeys(("x_disable_meta", "x_disable_machine_info", "x_disable_stats"), True)
    with asked("open the run"):
        run = wandb_run.begun(
            "online", {**arguments, "dir": place, "resume": "allow"}, finish_timeout=WAIT, **own
        )
    try:
        yield run
    except BaseException:
        with contextlib.suppress(Exception):  # what went wrong first is what to tell
            run.finish(exit_code=1)
        raise
    with asked("take all of the run"):
        run.finish()


def _api() -> Any:
    import wandb

    return wandb.Api(timeout=int(wandb_run.OPENING))


@contextlib.contextmanager
def asked(what: str) -> Iterator[None]:
    """Say in one sentence why W&B's client gave up.

    Args:
      what: the server could not do, "list the runs".

    Raises:
      DeletedError: it is of a run that was deleted.
      UserError: the server refused it, or did not answer.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if "did not respond in time" in reason:
            reason = "it did not answer"
        if "previously created and deleted" in reason:
            raise DeletedError(
                "it was deleted at W&B, which takes no run of its id again"
            ) from error
        raise UserError(f"W&B at {_host()} could not {what}: {reason[:300]}") from error


def _host() -> str:
    """Return the server's name; W&B's own settings can't be had where one of them is wrong."""
    import wandb

    try:
        url = wandb.setup().settings.base_url
    except Exception:
        url = os.environ.get("WANDB_BASE_URL", "")
    return urlsplit(url).netloc or url
