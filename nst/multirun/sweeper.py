"""What Hydra gives a sweeper, and what every sweeper does with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from nst.base import home
from nst.base.files import write_whole
from nst.config.ranges import in_range
from nst.config.running import Sweep
from nst.config.schema import from_mapping
from nst.multirun import compose
from nst.report import own
from nst.rundir import ownership


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
        """Return the group ``sweep``, of which zip, exclude and shuffle shape a grid.

        Raises:
          UserError: `shuffle` is no seed.
        """
        asked: Any = OmegaConf.to_container(self.config.sweep, resolve=True)
        return in_range(from_mapping(asked, Sweep, "sweep."), "sweep.")

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
    jobs = compose.jobs(multirun.composer(), overrides, 0, multirun.folder)
    check_folders(multirun, [job.place.folder for job, _ in jobs])


def check_folders(multirun: Multirun, runs: Iterable[Path]) -> None:
    """Refuse a sweep that would replace files which no record proves to be nst's.

    Args:
      multirun: the sweep.
      runs: folders of its runs.

    Raises:
      UserError: names the files.
    """
    if multirun.config.sweep.report:
        own.check(multirun.folder, remedy="take another hydra.sweep.dir")
    if multirun.folder.exists():
        for run in runs:
            ownership.check(run)


def launch(
    multirun: Multirun, overrides: Sequence[Sequence[str]], first: int
) -> Sequence[JobReturn]:
    """Run some jobs of a sweep and return how each ended, in their order.

    Args:
      multirun: the sweep.
      overrides: those of each job.
      first: number of the first job.
    """
    text = home.without(OmegaConf.to_yaml(multirun.config))
    write_whole(multirun.folder / "multirun.yaml", text.encode("utf-8", "surrogateescape"))
    return multirun.launcher.launch(overrides, initial_job_idx=first)
