"""A sweep from its file to its last run."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from nst.base import home
from nst.base.errors import UserError
from nst.multirun import folders
from nst.multirun.check import check, names
from nst.multirun.compose import Composer
from nst.multirun.finish import reported
from nst.multirun.points import Point, overrides, points
from nst.multirun.search import failure, search
from nst.multirun.sweep_file import MOST_RUNS, read

if TYPE_CHECKING:
    from hydra_plugins.nst_sweep_file.sweep_file_sweeper import SweepFileConf

log = logging.getLogger("nst")


def sweep(
    settings: "SweepFileConf",
    config: DictConfig,
    context: HydraContext,
    launcher: Launcher,
    arguments: list[str],
) -> list[JobReturn]:
    """Run every point of a sweep file.

    Args:
      settings: ``hydra.sweeper``.
      config: of the whole multirun.
      context: Hydra's, for composing.
      launcher: runs the jobs.
      arguments: overrides of the command line; they win over the file's parameters.

    Raises:
      UserError: the file or a point of it is refused, or a run failed.
    """
    _check_settings(settings)
    plan = read(Path(settings.file))
    fixed = names(arguments)
    plan = dataclasses.replace(plan.without(fixed), run_cap=settings.run_cap or plan.run_cap)
    # What stands in the file's command is for every run, unless the command line says otherwise.
    common = [word for word in plan.words if names([word])[0] not in fixed] + arguments
    plan = plan.without(names(common))

    composer = Composer(context.config_loader, config)

    def launch(some: list[Point], first: int) -> Sequence[JobReturn]:
        _keep(config)
        return launcher.launch([[*overrides(point), *common] for point in some], first)

    known = [] if plan.method == "bayes" else points(plan, settings.seed)
    check(plan, known, lambda own: composer([*own, *common]))
    folder = Path(str(config.hydra.sweep.dir))
    count = plan.run_cap or 0 if plan.method == "bayes" else len(known)
    folders.check(config, [folder / str(number) for number in range(count)])
    if plan.early_terminate:
        log.warning("early_terminate is for W&B's agents: here every run goes to its end")
    with reported(config):
        if plan.method == "bayes":
            jobs = search(plan, settings.seed, settings.round, launch)
        else:
            jobs = list(launch(known, 0))
        _raise_failures(jobs, common)
    return jobs


def _check_settings(settings: "SweepFileConf") -> None:
    for key, low in (("run_cap", 1), ("round", 1), ("seed", 0)):
        value = getattr(settings, key)
        if value is not None and not low <= value <= MOST_RUNS:
            raise UserError(f"hydra.sweeper.{key} must be from {low} to {MOST_RUNS}, not {value}")


def _keep(config: DictConfig) -> None:
    """Write multirun.yaml, as Hydra's own sweeper does."""
    folder = Path(config.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    home.hide_in([folder / "multirun.yaml"])


def _raise_failures(jobs: list[JobReturn], common: list[str]) -> None:
    failed = {number: error for number, job in enumerate(jobs) if (error := failure(job))}
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
