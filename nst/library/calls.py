"""The functions of ``import nst``: one run, a grid of runs, the runs of a folder."""

import itertools
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nst.base import interrupt
from nst.base.errors import UserError
from nst.engine import jax_settings

if TYPE_CHECKING:
    from nst.engine.check import Check
    from nst.library.result import Result
    from nst.library.results import Results
    from nst.runner.job import Job

#: A device takes one run after the other, and Hydra is made for one at a time.
_one_at_a_time = threading.RLock()


def transfer(
    content: Any = None,
    style: Any = None,
    overrides: Sequence[str] = (),
    *,
    folder: str | os.PathLike[str] | None = None,
    on_check: "Callable[[Check], None] | None" = None,
    progress: bool = True,
    **keys: Any,
) -> "Result":
    """Paint a content image in the style of a style image, Gatys et al. 2015.

    The same settings give the same picture as the command ``nst``, to the byte. W&B is off
    unless ``tracking="online"`` or "offline" asks for it.

    Args:
      content: an array (H, W, 3), uint8 or floats in gray levels, [0, 255]; a picture of Pillow's;
        the path of a file; a name, "chelsea"; none: the default.
      style: the same, for the style image.
      overrides: settings as on the command line, ``["tv.gamma=1e3", "optimizer=lbfgs"]``.
      folder: to keep the run's record in; one that holds this run already is taken up again;
        none: nothing is kept.
      on_check: is called with each check, every `check_every` steps: ``.step``, ``.losses``,
        ``.picture``, (H, W, 3) float32 in gray levels.
      progress: whether a bar is shown.
      **keys: settings by their keys, ``size=512``, ``beta=1e4``, ``**{"tv.gamma": 1e3}``.

    Raises:
      UserError: a setting or a picture is refused, or the run failed.
      KeyboardInterrupt: in `folder`, what was done until then is kept.
    """
    with ExitStack() as stack:
        _begin(stack)
        from nst.library import asked
        from nst.library.result import Result, Temporary
        from nst.rundir.reader import read
        from nst.rundir.runs import Broken
        from nst.runner import prepare, session

        cell = asked.understood({"content": content, "style": style, **keys}, overrides)
        temporary = Temporary() if folder is None else None
        place = temporary.path / "run" if temporary else _folder(folder)
        (job,) = asked.jobs([cell], [place], None)
        _check_kept([job], folder)
        prepared = prepare.prepare(job.config, job.given)
        outcome = session.perform(prepared, job.place, on_check, _console(progress))
        if outcome.status == "interrupted":
            raise KeyboardInterrupt
        if outcome.status == "failed":
            raise UserError(str(outcome.error))
        if outcome.status == "diverged":
            warnings.warn(
                f"{outcome.error}; the picture is the {job.config.keep} until then", stacklevel=2
            )
        _keep_held([job], place)
        run = read(place, "run")
        if isinstance(run, Broken):
            raise UserError(run.reason)
        return Result(run, temporary)


def grid(
    values: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    content: Any = None,
    style: Any = None,
    folder: str | os.PathLike[str] | None = None,
    lanes: int | None = None,
    progress: bool = True,
    **keys: Any,
) -> "Results":
    """Run every combination of some values, as the launcher ``batched`` does.

    Runs that differ in numbers and layers alone share one compiled program. A run that fails is
    in the results with its `error`, and costs no other.

    Args:
      values: a list for each key that varies, ``{"beta": [1e3, 1e4], "pooling": ["avg", "max"]}``;
        those of "content" and "style" may be pictures, as `transfer` takes them. The last key's
        turn fastest.
      overrides: settings that all share, as on the command line.
      content: the content image, as `transfer` takes it.
      style: the style image.
      folder: to keep the records in, a folder a run; runs that are finished there are not run
        again; none: nothing is kept.
      lanes: runs side by side in one program; none: what fits a GPU's memory, one on a CPU.
      progress: whether a bar is shown.
      **keys: settings that all share, by their keys.

    Raises:
      UserError: a setting is refused; nothing has run then.
      KeyboardInterrupt: in `folder`, what was done until then is kept.
    """
    with ExitStack() as stack:
        _begin(stack)
        from nst.library import asked
        from nst.library.result import Temporary
        from nst.runner import grid as runner

        shared = asked.understood({"content": content, "style": style, **keys}, overrides)
        cells = [shared + one for one in _combinations(values)]
        temporary = Temporary() if folder is None else None
        sweep = temporary.path if temporary else _folder(folder)
        folders = [sweep / str(number) for number in range(len(cells))]
        jobs = asked.jobs(cells, folders, sweep)
        _check_kept(jobs, folder)
        runner.run(jobs, lanes, _console(progress))
        _keep_held(jobs, sweep)
        return _found([sweep], temporary)


def load(*folders: str | os.PathLike[str]) -> "Results":
    """Return the runs below some folders, at any depth, in the order of their names.

    Args:
      *folders: with runs; a run's own counts as well.

    Raises:
      UserError: one is no folder, or there are no runs.
    """
    return _found([_folder(folder) for folder in folders or ("outputs",)])


def _found(folders: list[Path], temporary: Any = None) -> "Results":
    from nst.library.result import Result
    from nst.library.results import Results
    from nst.report import reading, voted

    runs, broken, base = reading.runs_in(folders)
    votes = voted.read(folders, base, runs)
    for note in votes.notes if votes else []:
        warnings.warn(note, stacklevel=3)
    runs = voted.added(runs, votes)
    for one in broken:
        warnings.warn(f"{one.folder} can't be read: {one.reason}", stacklevel=3)
    return Results(Result(run, temporary) for run in runs)


def _check_kept(jobs: "Sequence[Job]", folder: Any) -> None:
    """Refuse to track into a folder that goes."""
    if folder is None and any(job.config.tracking.mode == "offline" for job in jobs):
        raise UserError(
            'tracking="offline" keeps its files beside the run, so give folder="outputs/mine", say'
        )


def _keep_held(jobs: "Sequence[Job]", root: Path) -> None:
    """Keep what a grid or a page shows of pictures that no file holds."""
    from nst.images import files
    from nst.report import thumbnails

    held = {one.sha256: one.held for job in jobs for one in job.given.values()}
    for sha256, picture in held.items():
        thumbnails.of_held(files.scaled(picture, thumbnails.SIZE), sha256, root)


def _begin(stack: ExitStack) -> None:
    """Settle what holds while a run lasts, and is as it was before once `stack` is closed."""
    stack.enter_context(_one_at_a_time)
    stack.enter_context(interrupt.listening())
    stack.enter_context(jax_settings.put_back())


def _combinations(values: Mapping[str, Any]) -> "list[Any]":
    from nst.library import asked

    for key, several in values.items():
        if isinstance(several, str | bytes) or not isinstance(several, Sequence):
            raise UserError(f"{key} must have a list of values, [{several!r}], not {several!r}")
        if not several:
            raise UserError(f"{key} has no values, but needs one at least")
    each = itertools.product(*values.values())
    return [asked.understood(dict(zip(values, own, strict=True))) for own in each]


def _folder(folder: Any) -> Path:
    return Path(os.path.expanduser(folder)).absolute()


def _console(progress: bool) -> Any:
    from rich.console import Console

    return Console(stderr=True, quiet=not progress)
