"""Opens and closes a run of W&B's; with nst/tracking/tracker.py the only user of wandb.

What the command line says wins over W&B's environment variables, and these win over what nst takes
by itself. docs/tracking.md has the table.
"""

import atexit
import contextlib
import errno
import glob
import logging
import os
import re
import secrets
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nst.base import home
from nst.base.errors import NO_ROOM, UserError
from nst.config.groups import Tracking

log = logging.getLogger("nst")

#: W&B's project where neither tracking.project nor WANDB_PROJECT names one.
PROJECT = "nst"
#: Characters of the longest name that W&B takes for a run.
LONGEST_NAME = 128

#: Longest wait in seconds for W&B's server to know of a run at its start.
OPENING = 30.0
#: Longest wait in seconds at the end of a run for W&B's server to take what it has not yet. What it
#: takes as the run goes on counts for nothing, so this is for the last pictures and a slow line.
WAIT = 120.0

#: Variables that give all runs one id, whatever a sweep asks for.
OF_ONE_RUN = ("WANDB_SWEEP_ID", "WANDB_LAUNCH")
#: Variables that begin a run in the middle of another one.
IN_THE_MIDDLE = ("WANDB_FORK_FROM", "WANDB_RESUME_FROM")

#: Set once this process has had a run online: a server that is gone later costs no run of a sweep.
_reached = threading.Event()


@contextlib.contextmanager
def opened(
    tracking: Tracking, folder: Path, group: str | None, default: str, **own: Any
) -> Iterator[Any]:
    """Open a W&B run, yield it, and close it whatever happens.

    Args:
      tracking: its mode is offline or online.
      folder: where W&B makes its folder wandb/, unless WANDB_DIR is set.
      group: the sweep this run belongs to; none: it is a single run.
      default: the run's name where neither the configuration nor the environment gives one.
      own: arguments of wandb.init that nothing else wins over.

    Raises:
      UserError: online without a key, the server can't be reached, or a variable is refused.
      OSError: the folder can't be written.
    """
    arguments = _arguments(tracking, _asked(group), group, default) | own
    run = _opened(tracking.mode, arguments | {"dir": _place(folder)})
    # Not W&B's own way to close it, which prints the traceback of what went wrong in between.
    try:
        yield run
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what to tell
            _finish(run, 1)
        raise
    _finish(run, 0)


def _opened(mode: str, arguments: dict[str, Any]) -> Any:
    """Return a wandb.Run that has just begun, offline if only the server is gone meanwhile."""
    try:
        if mode == "online":
            _need_key()
        return _begun(mode, arguments)
    except Exception as error:
        if isinstance(error, UserError) or _of_disk(error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        if mode != "online" or not _reached.is_set():
            remedy = "disabled does without it"
            if mode == "online":
                remedy = "offline keeps it on disk for `wandb sync`"
            raise UserError(
                f"tracking={mode}: W&B could not start the run ({reason}); tracking={remedy}"
            ) from error
    # W&B still knows the id of the run that did not open.
    run = _begun("offline", arguments | {"id": secrets.token_hex(4)})
    log.warning(
        "W&B could not start the run (%s), so it is kept here: `wandb sync %s` sends it",
        *(reason, shlex.quote(run.settings.sync_dir)),
    )
    return run


def _of_disk(error: Exception) -> bool:
    """Return whether an error says by itself which file can't be written, or that none can."""
    return isinstance(error, OSError) and bool(error.filename or error.errno in NO_ROOM)


def _asked(group: str | None) -> Any:
    """Return W&B's settings as its environment variables have them.

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


def _arguments(tracking: Tracking, asked: Any, group: str | None, default: str) -> dict[str, Any]:
    """Return wandb.init's arguments: the configuration's, the environment's, or nst's own."""
    given = tracking.name or asked.run_name
    if given and len(given) > LONGEST_NAME:
        raise UserError(
            f"tracking.name or WANDB_NAME must be at most {LONGEST_NAME} characters, "
            f"not {len(given)}: {given!r}"
        )
    identity = _identity(asked, group)
    if group and asked.run_name and not tracking.name:
        given = f"{asked.run_name[: LONGEST_NAME - 1 - len(identity)]}-{identity}"
    return {
        "id": identity,
        # A new id has no run to be resumed from, and "auto" would write a note into wandb/.
        "resume": "allow" if asked.resume and (group or asked.resume == "auto") else None,
        "project": utf8(tracking.project or asked.project or PROJECT),
        "entity": utf8(tracking.entity),
        "group": utf8(tracking.group or asked.run_group or group),
        "name": utf8(given or default),
        "job_type": asked.run_job_type or ("sweep" if group else "run"),
        "tags": [utf8(tag) for tag in tracking.tags] or None,
    }


def _identity(asked: Any, group: str | None) -> str:
    """Return the id of a run: of a single one the environment's, if it has one."""
    return (group is None and asked.run_id) or secrets.token_hex(4)


def _place(folder: Path) -> Path:
    """Return the folder that W&B makes its folder wandb/ in.

    Raises:
      OSError: it can't be written; W&B would take another one.
    """
    given = os.environ.get("WANDB_DIR")
    place = (Path(given).expanduser() if given else folder).absolute()
    place.mkdir(parents=True, exist_ok=True)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    return place


def _begun(mode: str, arguments: dict[str, Any]) -> Any:
    """Return a wandb.Run that has just begun."""
    import wandb

    own: dict[str, Any] = {
        # Our own output is on the terminal already, and in run.log.
        "silent": True,
        "console": "off",
        # latest-run and its like could stand in place of somebody else's.
        "symlink": False,
        "init_timeout": OPENING,
        # By default W&B waits for a server that is gone until it is back.
        "finish_timeout": WAIT,
        # A list of every installed package costs more than the rest of a run's start;
        # run.json has the versions that count.
        "x_save_requirements": False,
        "disable_job_creation": True,
        "x_executable": home.without(sys.executable),
    }
    own = {key: value for key, value in own.items() if f"WANDB_{key.upper()}" not in os.environ}
    settings = wandb.Settings(finish_timeout_raises=True, **own)
    _give_folders(arguments["dir"])
    with _plain_command_line(), _nothing_left(arguments["dir"], arguments["id"]):
        run = wandb.init(
            mode=mode,  # type: ignore[arg-type]
            reinit="create_new",
            settings=settings,
            **arguments,
        )
    if mode == "online":
        _reached.set()
    return run


def _give_folders(place: Path) -> None:
    """Give W&B folders of its own where the home folder can't be written, as in many a container.

    Without the first its service prints its log, and without the second a table has no pictures.
    """
    from wandb import env

    os.environ.setdefault("HOME", os.path.expanduser("~"))  # its service knows no other way
    try:
        cache = env.get_cache_dir()
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK | os.X_OK):
            return
    except OSError:
        pass
    os.environ[env.CACHE_DIR] = tempfile.mkdtemp(prefix="wandb-")
    atexit.register(shutil.rmtree, os.environ[env.CACHE_DIR], ignore_errors=True)
    os.environ.setdefault(env.DATA_DIR, str(place / "wandb" / "data"))


@contextlib.contextmanager
def _nothing_left(place: Path, identity: str) -> Iterator[None]:
    """Remove what W&B makes for a run that then does not open, and nothing else.

    Raises:
      UserError: the folder wandb/ has what W&B itself would remove.
    """
    import wandb

    settings = wandb.Settings(root_dir=str(place))
    folder = Path(settings.wandb_dir)
    if os.path.lexists(settings.resume_fname):
        raise UserError(
            f"W&B would remove {settings.resume_fname}, by which a run of another program can go "
            "on: set WANDB_DIR to another folder, or take tracking=disabled"
        )
    pattern = f"*run-*-{glob.escape(identity)}*"
    there, before = folder.exists(), set(folder.glob(pattern))
    try:
        yield
    except BaseException:
        for made in set(folder.glob(pattern)) - before:
            shutil.rmtree(made, ignore_errors=True)
        if not there:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _finish(run: Any, status: int) -> None:
    """Close a W&B run, and say where it is kept if its server is not there to take it."""
    kept = shlex.quote(run.settings.sync_dir)
    try:
        run.finish(exit_code=status)
    except TimeoutError:
        log.warning(
            "W&B's server has not taken all of the run within %g s, but all of it is kept here: "
            "`wandb sync --no-skip-online %s` sends it",
            *(run.settings.finish_timeout, kept),
        )
    if run.offline and not Path(run.settings.sync_file).exists():
        log.warning(
            "W&B's files of the run, %s, have gone while it ran, so `wandb sync` can't send it; "
            "the run's own folder has all but them",
            kept,
        )


@contextlib.contextmanager
def _plain_command_line() -> Iterator[None]:
    """Let W&B, which keeps the command line, see it without the home folder and as UTF-8."""
    before = sys.argv
    sys.argv = [utf8(home.without(argument)) for argument in before]
    try:
        yield
    finally:
        sys.argv = before


def utf8(text: Any) -> Any:
    """Return a text that W&B can store: a file's name may hold bytes that are no UTF-8."""
    return text and text.encode("utf-8", "backslashreplace").decode()


def _need_key() -> None:
    import wandb

    if not wandb.login(prompt=False):
        raise UserError(
            "tracking=online needs a W&B key and found none: run `wandb login` or set "
            "WANDB_API_KEY, or take tracking=offline or tracking=disabled"
        )
