"""What Hydra gives a sweeper, and what every sweeper does with it."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from nst.base import home
from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.config import budget
from nst.config.ranges import in_range
from nst.config.running import Search, Sweep
from nst.config.schema import from_mapping
from nst.config.validation import searched
from nst.multirun import begun, compose, growth, own_pictures
from nst.report import own
from nst.rundir import ownership, reuse
from nst.runner.job import Job


@dataclass(frozen=True)
class Multirun:
    """A sweep as Hydra hands it to a sweeper."""

    config: DictConfig  # of the whole sweep
    context: HydraContext
    launcher: Launcher  # runs the jobs

    @property
    def folder(self) -> Path:
        """The folder of the sweep."""
        return Path(str(self.config.hydra.sweep.dir))

    def shape(self) -> Sweep:
        """Return the group ``sweep``: the shape of a grid, and what is asked before it runs.

        Raises:
          UserError: `shuffle` is no seed, `plan` or `budget` can't be read.
        """
        asked: Any = OmegaConf.to_container(self.config.sweep, resolve=True)
        found = in_range(from_mapping(asked, Sweep, "sweep."), "sweep.")
        budget.check(found)
        return found

    def search(self) -> Search:
        """Return the group ``search``.

        Raises:
          UserError: a key of it has a value that is not allowed.
        """
        asked: Any = OmegaConf.to_container(self.config.search, resolve=True)
        return searched(in_range(from_mapping(asked, Search, "search."), "search."))

    def refuse_shapes(self, what: str) -> None:
        """Refuse what shapes a grid where there is none.

        Raises:
          UserError: names the key.
        """
        asked = self.shape()
        for key in ("zip", "exclude", "shuffle"):
            if getattr(asked, key) is not None:
                raise UserError(f"sweep.{key} is for grids on the command line, not for {what}")

    @property
    def launcher_name(self) -> str:
        """What ``hydra/launcher=`` chose."""
        return str(self.config.hydra.runtime.choices["hydra/launcher"])

    @property
    def can_prune(self) -> bool:
        """Whether the launcher compares runs while they last."""
        return self.launcher_name == "batched"

    def together(self) -> int | None:
        """Return how many runs the launcher does at a time, None where the device decides."""
        settings = self.config.hydra.launcher
        lanes, chunk = settings.get("lanes"), settings.get("chunk", 1)
        if settings.get("cluster", "inline") == "inline":
            return lanes if self.launcher_name == "batched" else 1
        return int(chunk * (settings.get("array_parallelism") or 1))

    def composer(self) -> compose.Composer:
        """Return what composes the configuration of a job."""
        return compose.Composer(self.context.config_loader, self.config)


def begin(context: HydraContext, task_function: TaskFunction, config: DictConfig) -> Multirun:
    """Make the launcher, as Hydra asks of a sweeper's ``setup``, whose arguments these are."""
    from hydra.core.plugins import Plugins

    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=task_function, config=config
    )
    return Multirun(config, context, launcher)


def check(multirun: Multirun, overrides: Sequence[Sequence[str]]) -> None:
    """Refuse a sweep of which a job can't run, before anything is written.

    Args:
      multirun: the sweep.
      overrides: those of each job.

    Raises:
      UserError: names the job, or the files that would be lost.
    """
    check_folders(multirun, [job.place.folder for job in _jobs(multirun, overrides)])


@contextlib.contextmanager
def numbered(multirun: Multirun, overrides: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """Refuse a sweep as `check` does, and give each of its jobs the number that it runs under.

    A job that the folder holds keeps its number, others get free ones; without any they count
    from 0. No other process gets them for another job as long as this lasts.

    Args:
      multirun: the sweep.
      overrides: those of each job.

    Raises:
      UserError: as `check`.
    """
    jobs = _jobs(multirun, overrides)
    place = _growing(multirun, overrides)
    if place is None:
        check_folders(multirun, [job.place.folder for job in jobs])
        yield list(range(len(jobs)))
        return
    check_folders(multirun, [])
    with growth.numbered(place, [job.config for job in jobs]) as numbers:
        check_folders(multirun, map(place.of, numbers))
        yield numbers


def expected(multirun: Multirun, overrides: Sequence[Sequence[str]]) -> list[Job]:
    """Return the jobs of a sweep as `numbered` would number them now; nothing is written.

    Args:
      multirun: the sweep.
      overrides: those of each job.

    Raises:
      UserError: as `check`.
    """
    jobs = _jobs(multirun, overrides)
    place = _growing(multirun, overrides)
    if place is not None:
        numbers = growth.expected(place, [job.config for job in jobs])
        jobs = _jobs(multirun, overrides, numbers)
    check_folders(multirun, [job.place.folder for job in jobs])
    return jobs


def _growing(multirun: Multirun, overrides: Sequence[Sequence[str]]) -> growth.Folder | None:
    """Return the sweep's folder, None where each job has its place, whatever runs beside it."""
    subdir: Any = OmegaConf.to_container(multirun.config.hydra.sweep, resolve=False)
    depends = any("job.num" in one for own in overrides for one in own)
    return None if depends else growth.folder(multirun.folder, str(subdir["subdir"]))


def check_folders(multirun: Multirun, runs: Iterable[Path]) -> None:
    """Refuse a sweep that would replace files which no record proves to be nst's.

    Args:
      multirun: the sweep.
      runs: folders of its runs.

    Raises:
      UserError: names the files; or the launcher can't do what the sweep asks for.
    """
    if multirun.config.sweep.prune is not None and not multirun.can_prune:
        raise UserError(
            f"sweep.prune needs hydra/launcher=batched: {multirun.launcher_name} runs each job by "
            "itself"
        )
    if multirun.config.sweep.report:
        own.check(multirun.folder, remedy="take another hydra.sweep.dir")
    if multirun.folder.exists():
        for run in runs:
            ownership.check(run)


def launch(
    multirun: Multirun, overrides: Sequence[Sequence[str]], numbers: int | Sequence[int]
) -> Sequence[JobReturn]:
    """Run some jobs of a sweep and return how each ended, in their order.

    Args:
      multirun: the sweep.
      overrides: those of each job.
      numbers: of the jobs; that of the first where the others follow it.
    """
    if isinstance(numbers, int):
        numbers = range(numbers, numbers + len(overrides))
    text = home.without(OmegaConf.to_yaml(multirun.config))
    write_whole(multirun.folder / "multirun.yaml", text.encode("utf-8", "surrogateescape"))
    launcher: Any = multirun.launcher
    if not multirun.can_prune:  # the launcher batched says so itself, once it refuses nothing
        begun.say(multirun.folder)
    if list(numbers) == list(range(numbers[0], numbers[0] + len(numbers))):
        return launcher.launch(overrides, initial_job_idx=numbers[0])
    if hasattr(launcher, "launch_numbered"):
        return launcher.launch_numbered(overrides, numbers)
    # Hydra's launchers count on from the first job.
    order = sorted(range(len(numbers)), key=lambda at: numbers[at])
    done: dict[int, JobReturn] = {}
    for _, group in itertools.groupby(enumerate(order), key=lambda at: numbers[at[1]] - at[0]):
        stretch = [at for _, at in group]
        several = [overrides[at] for at in stretch]
        ended = launcher.launch(several, initial_job_idx=numbers[stretch[0]])
        done |= zip(stretch, ended, strict=True)
    return [done[at] for at in range(len(numbers))]


def _jobs(
    multirun: Multirun, overrides: Sequence[Sequence[str]], numbers: Sequence[int] | None = None
) -> list[Job]:
    numbers = range(len(overrides)) if numbers is None else numbers
    found = compose.jobs(multirun.composer(), overrides, numbers, multirun.folder)
    jobs = [job for job, _ in found]
    own_pictures.check(job.config for job in jobs)
    for within in dict.fromkeys(tuple(job.config.sweep.reuse or ()) for job in jobs):
        reuse.folders(within)
    return jobs


def shaping(overrides: Iterable[str]) -> list[str]:
    """Return the overrides that say which picture a run gives, and not how it is run or tracked."""
    beside = ("hydra", "search.", "sweep.", "tracking", "assets.", "name=")
    return [one for one in overrides if not one.lstrip("+~").startswith(beside)]
