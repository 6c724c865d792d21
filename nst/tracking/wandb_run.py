"""Opens and closes a run of W&B's; wandb_settings.py says with what."""

import atexit
import contextlib
import glob
import logging
import os
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nst.base import home
from nst.base.errors import NO_ROOM, UserError
from nst.config.running import Tracking
from nst.tracking import wandb_kept, wandb_settings
from nst.tracking.wandb_settings import Identity

log = logging.getLogger("nst")

#: Longest wait in seconds for W&B's server to know of a run at its start.
OPENING = 30.0
#: Longest wait in seconds at the end of a run for W&B's server to take what it has not yet. What it
#: takes during the run counts for nothing, so this is for the last pictures and a slow line.
WAIT = 120.0

#: Set once this process has had a run online: a server that is gone later costs no run of a sweep.
_reached = threading.Event()


@contextlib.contextmanager
def opened(
    tracking: Tracking,
    folder: Path,
    group: str | None,
    default: str,
    own: Identity,
    **arguments: Any,
) -> Iterator[Any]:
    """Open a W&B run, yield it, and close it whatever happens.

    Args:
      tracking: its mode is offline or online.
      folder: where W&B makes its folder wandb/, unless WANDB_DIR is set.
      group: the sweep this run belongs to; none: it is a single run.
      default: the run's name where neither the configuration nor the environment gives one.
      own: what the run is known by.
      arguments: of wandb.init, which nothing else wins over.

    Raises:
      UserError: online without a key, the server can't be reached, or a variable is refused.
      OSError: the folder can't be written.
    """
    asked = wandb_settings.from_environment(group)
    whole = wandb_settings.arguments(tracking, asked, group, default, own) | arguments
    place = wandb_settings.place(folder)
    earlier = [] if own.given or not own.begun else wandb_kept.records(place, own.id)
    run = _opened(tracking.mode, whole | {"dir": place}, folder)
    if run.offline:  # what follows is all of the run, since W&B can't add to what is there
        wandb_kept.remove(earlier)
    # Not W&B's own way to close it, which prints the traceback of what went wrong in between.
    try:
        yield run
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what to tell
            _finish(run, 1, folder)
        raise
    if _finish(run, 0, folder) and not run.offline:
        wandb_kept.mark_sent(earlier)


def place_of(run: Any) -> dict[str, Any]:
    """Return where a wandb.Run goes and what it is called there, as wandb.init takes it.

    Args:
      run: that is open.
    """
    found = {
        "entity": run.entity or None,
        "project": run.project,
        "group": run.group or None,
        "name": run.name,
        "job_type": run.job_type,
        "tags": list(run.tags or ()),
        "notes": run.notes,
    }
    return {key: value for key, value in found.items() if value}


def _opened(mode: str, arguments: dict[str, Any], folder: Path) -> Any:
    """Return a wandb.Run that has just begun, offline if only the server is gone meanwhile."""
    try:
        if mode == "online" and not has_key():
            raise UserError(
                "tracking=online needs a W&B key and found none: run `wandb login` or set "
                "WANDB_API_KEY, or take tracking=offline or tracking=disabled"
            )
        return begun(mode, arguments)
    except Exception as error:
        if isinstance(error, UserError) or _of_disk(error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        if mode != "online" or not _reached.is_set():
            remedy = "disabled does without it"
            if mode == "online":
                remedy = "offline keeps it on disk for `nst sync`"
            raise UserError(
                f"tracking={mode}: W&B could not start the run ({reason}); tracking={remedy}"
            ) from error
    # In this process W&B still knows the id of the run that did not open.
    other = wandb_kept.OF_THE_SAME.format(arguments["id"])
    run = begun("offline", arguments | {"id": other, "resume": None})
    log.warning(
        "W&B could not start the run (%s), so it is kept here: `nst sync %s` sends it",
        *(reason, shlex.quote(os.path.relpath(folder))),
    )
    return run


def _of_disk(error: Exception) -> bool:
    """Return whether an error says by itself which file can't be written, or that none can."""
    return isinstance(error, OSError) and bool(error.filename or error.errno in NO_ROOM)


def begun(mode: str, arguments: Mapping[str, Any], **more: Any) -> Any:
    """Return a wandb.Run that has just begun.

    Args:
      mode: offline or online.
      arguments: of wandb.init; "id" and "dir" are among them.
      more: settings of W&B's, where no variable has them.

    Raises:
      wandb.Error: W&B can't begin it.
    """
    import wandb

    own: dict[str, Any] = {
        # Our own output is on the terminal already, and in run.log.
        "silent": True,
        "console": "off",
        # latest-run and its like could replace somebody else's.
        "symlink": False,
        "init_timeout": OPENING,
        # By default W&B waits for a server that is gone until it is back.
        "finish_timeout": WAIT,
        # A list of every installed package costs more than the rest of a run's start;
        # run.json has the versions that count.
        "x_save_requirements": False,
        "disable_job_creation": True,
        "x_executable": home.without(sys.executable),
        **more,
    }
    own = {key: value for key, value in own.items() if f"WANDB_{key.upper()}" not in os.environ}
    settings = wandb.Settings(finish_timeout_raises=True, **own)
    give_folders(arguments["dir"])
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


def give_folders(place: Path) -> None:
    """Give W&B folders of its own where the home folder can't be written, as in many a container.

    Without the first its service prints its log, and without the second a table has no pictures.

    Args:
      place: the folder that W&B's folder wandb/ is, or would be, in.
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


def _finish(run: Any, status: int, folder: Path) -> bool:
    """Close a W&B run; say where it is if its server is not there to take it, and return that."""
    taken = True
    try:
        run.finish(exit_code=status)
    except TimeoutError:
        taken = False
        log.warning(
            "W&B's server has not taken all of the run within %g s, but all of it is kept here: "
            "`nst sync %s` sends it",
            *(run.settings.finish_timeout, shlex.quote(os.path.relpath(folder))),
        )
    if run.offline and not Path(run.settings.sync_file).exists():
        log.warning(
            "W&B's files of the run, %s, have gone while it ran, so `wandb sync` can't send it; "
            "the run's own folder has all but them, and `nst sync %s` sends that",
            *(shlex.quote(run.settings.sync_dir), shlex.quote(os.path.relpath(folder))),
        )
    return taken


@contextlib.contextmanager
def _plain_command_line() -> Iterator[None]:
    """Let W&B, which keeps the command line, see it without the home folder and as UTF-8."""
    before = sys.argv
    sys.argv = [wandb_settings.utf8(home.without(argument)) for argument in before]
    try:
        yield
    finally:
        sys.argv = before


def has_key() -> bool:
    """Return whether W&B's client has a key, checked with its server.

    Raises:
      wandb.Error: the server can't be reached, or refuses the key.
    """
    import wandb

    if "WANDB_SILENT" not in os.environ:
        # Where the key was found, and whose it is, is no news.
        wandb.setup(settings=wandb.Settings(silent=True))
    return wandb.login(prompt=False)
