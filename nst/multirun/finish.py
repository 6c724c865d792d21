"""How a sweep ends: with its report, whatever became of its runs."""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from nst.base.errors import NO_ROOM, UserError
from nst.command.grammar import literal
from nst.command.hydra_private import failure
from nst.multirun import begun
from nst.multirun.plan_text import duration


@contextlib.contextmanager
def reported(config: DictConfig) -> Iterator[None]:
    """Name the command that shows a sweep, and write its report when its runs have ended, whatever
    their end.

    Args:
      config: the sweep's configuration.
    """
    begun.expect(Path(str(config.hydra.sweep.dir)))
    start = time.monotonic()
    try:
        yield
    except KeyboardInterrupt:
        _say_how_to_resume(config)
        raise
    except Exception as error:
        # There would be no room for the report either.
        if not (isinstance(error, OSError) and error.errno in NO_ROOM):
            _report(config, start)
        raise
    _report(config, start)


def raise_failures(jobs: Mapping[int, JobReturn], common: Sequence[str]) -> None:
    """Say in one sentence which runs failed, and why the first did.

    Args:
      jobs: how runs ended, by number.
      common: overrides that all have.

    Raises:
      UserError: one failed.
    """
    failed = {number: error for number, job in jobs.items() if (error := failure(job))}
    if not failed:
        return
    first, error = next(iter(failed.items()))
    own = " ".join(word for word in jobs[first].overrides or [] if word not in common)
    reason = " ".join(str(error).split("\n")[0].split())
    others = ", ".join(map(str, list(failed)[1:]))
    which = f"run {first} ({own}): {reason}"
    raise UserError(
        f"{len(failed)} of {len(jobs)} runs failed: "
        + (f"besides {others}, {which}" if others else which)
    ) from error


def _say_how_to_resume(config: DictConfig) -> None:
    folder = os.path.relpath(str(config.hydra.sweep.dir))
    if not os.path.isdir(folder):
        return
    key = "hydra.sweep.dir"
    same = [one for one in sys.argv[1:] if not one.startswith(f"{key}=")]
    command = shlex.join(["nst", *same, f"{key}={literal(folder)}"])
    print(f"{folder} keeps what is done; this resumes the sweep:\n  {command}", file=sys.stderr)


def _report(config: DictConfig, start: float) -> None:
    folder = Path(str(config.hydra.sweep.dir))
    from nst.rundir import runs

    # At any depth: a path in hydra.sweep.subdir nests folders.
    if not config.sweep.report or next(runs.folders([folder]), None) is None:
        return
    # Here alone, since a grid that is refused needs none of it.
    from nst.report import build, ended, track
    from nst.tracking import tracker

    try:
        written = build.write([folder])
        build.say(written)
        spent = duration(time.monotonic() - start)
        alert = ended.alert(written, spent) if config.tracking.alert else None
        tracker.log_cells(track.cells(written, alert), config.tracking, folder)
    except UserError as error:
        # The runs are whole; their report can be written again.
        print(f"nst: {error}", file=sys.stderr)
