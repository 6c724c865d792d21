"""Weights & Biases: the only user of wandb."""

import contextlib
import logging
import shlex
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst import home
from nst.assets import Asset
from nst.config import Config, Tracking
from nst.errors import UserError
from nst.history import flat
from nst.optimise import Check, seconds_per_step

log = logging.getLogger("nst")

#: Longest wait in seconds for W&B's server to know of a run at its start.
OPENING = 30.0
#: Longest wait in seconds at the end of a run for W&B's server to take what it has not yet. What it
#: takes as the run goes on counts for nothing, so this is for the last pictures and a slow line.
WAIT = 120.0

#: Set once this process has had a run online: a server that is gone later costs no run of a sweep.
_reached = threading.Event()


@dataclass
class Tracker:
    """One run at Weights & Biases, or none where tracking is disabled."""

    opening: Future | None  # of a wandb.Run
    config: Config
    before: Check | None = None

    @property
    def run(self) -> Any:
        """The wandb.Run once it is open, or None where tracking is disabled."""
        return self.opening and self.opening.result()

    def log(self, check: Check, picture: Path | None) -> None:
        """Log a check: losses, evaluations, the time of a step, the picture if there is a file."""
        if self.run is None:
            return
        import wandb

        row = _losses(flat(check.terms), self.config) | {"evaluations": check.evaluations}
        if self.config.scales:
            row["size"] = check.size
        if self.before is not None:
            row["s_per_step"] = seconds_per_step(self.before, check)
        self.before = check
        if picture is not None:
            row["picture"] = wandb.Image(str(picture))
        self.run.log(row, step=check.step)

    def restore(self, rows: Iterable[dict[str, float]], pictures: Path) -> None:
        """Log what a run had before it was cut off; W&B can't go on with an offline run.

        Args:
          rows: of history.csv.
          pictures: the run's folder images/.
        """
        if self.run is None:
            return
        import wandb

        for terms in rows:
            step = int(terms.pop("step"))
            del terms["seconds"]
            beside = {key: int(terms.pop(key)) for key in ("evaluations", "size") if key in terms}
            row = _losses(terms, self.config) | beside
            picture = pictures / f"step_{step:05d}.png"
            if picture.exists():
                row["picture"] = wandb.Image(str(picture))
            self.run.log(row, step=step)

    def finish(
        self,
        status: str,
        best: Check | None,
        sources: dict[str, Asset],
        picture: Path | None,
        metrics: Mapping[str, float | None],
    ) -> None:
        """Log the metrics; fill the summary: status, best losses, sources, the best picture."""
        if self.run is None:
            return
        import wandb

        # Without a step they join the last row, which `restore` may have logged.
        known = {f"metrics/{name}": value for name, value in metrics.items() if value is not None}
        self.run.log(known)
        summary: dict[str, Any] = {"status": status}
        if best is not None:
            summary["best/step"] = best.step
            summary |= {
                f"best/{key}": value
                for key, value in _losses(flat(best.terms), self.config).items()
            }
        if picture is not None:
            summary["result"] = wandb.Image(str(picture))
        for key, asset in sources.items():
            summary |= {f"sources/{key}": asset.name, f"sources/{key}_fallback": asset.fallback}
        self.run.summary.update(summary)


@contextlib.contextmanager
def track(config: Config, settings: dict[str, Any], folder: Path, group: str | None) -> Iterator:
    """Open a W&B run, yield its `Tracker`, and close it whatever happens.

    Offline it opens while the caller goes on, as W&B takes most of a second to start: what keeps
    it from opening is raised by the tracker's first use.

    Args:
      config: validated.
      settings: the resolved configuration and what else describes the run; W&B's config.
      folder: where W&B makes its folder wandb/.
      group: the sweep this run belongs to, where the configuration names no group.

    Raises:
      UserError: online without a key, or the server can't be reached.
    """
    if config.tracking.mode == "disabled":
        yield Tracker(None, config)
        return
    run = _run(
        config.tracking,
        folder,
        group=group,
        name=config.tracking.name or _name(config, settings["overrides"]),
        job_type="sweep" if group else "run",
        config=settings,
    )
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        opening = beside.submit(stack.enter_context, run)
        if config.tracking.mode == "online":
            opening.result()
        yield Tracker(opening, config)


def log_cells(
    cells: Sequence[Mapping[str, Any]], grid: Path, tracking: Tracking, folder: Path
) -> None:
    """Log the cells of a sweep as one table, and its picture grid, in a W&B run of their own.

    Args:
      cells: a mapping a run, all with the same columns; a path is that of a picture.
      grid: file of the picture grid.
      tracking: as the sweep's runs have it.
      folder: of the sweep.

    Raises:
      UserError: online without a key, or the server can't be reached.
    """
    if tracking.mode == "disabled":
        return
    import wandb

    table = wandb.Table(columns=list(cells[0]))
    for cell in cells:
        values = cell.values()
        table.add_data(*(wandb.Image(str(v)) if isinstance(v, Path) else v for v in values))
    group = sweep_group(folder)
    with _run(tracking, folder, group=group, name="cells", job_type="report", config={}) as run:
        run.log({"cells": table, "grid": wandb.Image(str(grid))})


def sweep_group(folder: Path) -> str:
    """Return the W&B group of the runs of a sweep: the last two parts of its folder."""
    return "/".join(folder.absolute().parts[-2:])


@contextlib.contextmanager
def _run(
    tracking: Tracking, folder: Path, *, group: str | None, name: str, **settings: Any
) -> Iterator[Any]:
    """Open a W&B run in `folder`, yield it, and close it whatever happens."""
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    settings |= {
        "dir": folder.absolute(),
        "project": _utf8(tracking.project),
        "entity": _utf8(tracking.entity),
        "group": _utf8(tracking.group or group),
        "name": _utf8(name),
        "tags": [_utf8(tag) for tag in tracking.tags],
    }
    try:
        if tracking.mode == "online":
            _need_key()
        run = _opened(tracking.mode, settings)
    except wandb.Error as error:
        if tracking.mode != "online" or not _reached.is_set():
            raise UserError(
                f"tracking={tracking.mode}: W&B could not start the run ({_one_line(error)}); "
                "tracking=offline keeps it on disk for `wandb sync`"
            ) from error
        run = _opened("offline", settings)
        log.warning(
            "W&B could not start the run (%s), so it is kept here: `wandb sync %s` sends it",
            *(_one_line(error), shlex.quote(run.settings.sync_dir)),
        )
    # Not W&B's own way to close it, which prints the traceback of what went wrong in between.
    try:
        yield run
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what to tell
            _finish(run, 1)
        raise
    _finish(run, 0)


def _opened(mode: str, settings: dict[str, Any]) -> Any:
    """Return a wandb.Run that has just begun."""
    import wandb

    with _plain_command_line():
        run = wandb.init(
            mode=mode,  # type: ignore[arg-type]
            reinit="create_new",
            **settings,
            settings=wandb.Settings(
                # Our own output is on the terminal already, and in run.log.
                silent=True,
                console="off",
                init_timeout=OPENING,
                # By default W&B waits for a server that is gone until it is back.
                finish_timeout=WAIT,
                finish_timeout_raises=True,
                # A list of every installed package costs more than the rest of a run's start;
                # run.json has the versions that count.
                x_save_requirements=False,
                disable_job_creation=True,
                x_executable=home.without(sys.executable),
            ),
        )
    if mode == "online":
        _reached.set()
    return run


def _finish(run: Any, status: int) -> None:
    """Close a W&B run, and say where it is kept if its server is not there to take it."""
    kept = shlex.quote(run.settings.sync_dir)
    try:
        run.finish(exit_code=status)
    except TimeoutError:
        log.warning(
            "W&B's server has not taken all of the run within %g s, but all of it is kept here: "
            "`wandb sync --no-skip-online %s` sends it",
            *(WAIT, kept),
        )


@contextlib.contextmanager
def _plain_command_line() -> Iterator[None]:
    """Let W&B, which keeps the command line, see it without the home folder and as UTF-8."""
    before = sys.argv
    sys.argv = [_utf8(home.without(argument)) for argument in before]
    try:
        yield
    finally:
        sys.argv = before


def _utf8(text: Any) -> Any:
    """Return a text that W&B can store: a file's name may hold bytes that are no UTF-8."""
    return text and text.encode("utf-8", "backslashreplace").decode()


def _losses(terms: dict[str, float], config: Config) -> dict[str, Any]:
    return {f"loss/{name}": value for name, value in terms.items()} | {
        "weighted/content": config.alpha * terms["content"],
        "weighted/style": config.beta * terms["style"],
        "weighted/tv": config.tv.gamma * terms["tv"],
    }


def _need_key() -> None:
    import wandb

    if not wandb.login(prompt=False):
        raise UserError(
            "tracking=online needs a W&B key and found none: run `wandb login` or set "
            "WANDB_API_KEY, or take tracking=offline or tracking=disabled"
        )


def _name(config: Config, overrides: list[str]) -> str:
    # W&B cuts nothing itself and refuses longer names.
    return (",".join(overrides) or config.name)[:128]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
