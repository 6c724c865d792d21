"""The sweeper ``sweep_file``: a sweep from its file to its last run."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn

from nst.base.errors import UserError
from nst.command.hydra_private import failure
from nst.multirun import sweeper
from nst.multirun.check import check, names
from nst.multirun.finish import reported
from nst.multirun.points import Point, overrides, points
from nst.multirun.search import search
from nst.multirun.settings import SweepFileSettings, check_sweep_file
from nst.multirun.sweep_file import read
from nst.multirun.sweeper import Multirun

log = logging.getLogger("nst")


def sweep(settings: SweepFileSettings, own: Multirun, arguments: list[str]) -> list[JobReturn]:
    """Run every point of a sweep file.

    Args:
      settings: ``hydra.sweeper``.
      own: the sweep.
      arguments: overrides of the command line; they win over the file's parameters.

    Raises:
      UserError: the file or a point of it is refused, or a run failed.
    """
    check_sweep_file(settings)
    asked = own.shape()
    for key in ("zip", "exclude", "shuffle"):
        if getattr(asked, key) is not None:
            raise UserError(f"sweep.{key} is for grids on the command line, not for a sweep file")
    wanted = read(Path(settings.file))
    fixed = names(arguments)
    run_cap = settings.run_cap or wanted.run_cap
    wanted = dataclasses.replace(wanted.without(fixed), run_cap=run_cap)
    # The overrides in the file's command are for every run, unless the command line says otherwise.
    common = [word for word in wanted.words if names([word])[0] not in fixed] + arguments
    wanted = wanted.without(names(common))
    if wanted.metric and "search.objective" not in names(common):
        common = [f"search.objective={wanted.metric['name']}", *common]

    def launch(some: list[Point], first: int) -> Sequence[JobReturn]:
        return sweeper.launch(own, list(map(words, some)), first)

    def words(point: Point) -> list[str]:
        return [*overrides(point), *common]

    known = [] if wanted.method == "bayes" else points(wanted, settings.seed)
    composer = own.composer()
    check(wanted, known, lambda own: composer([*own, *common]))
    if wanted.early_terminate:
        log.warning("early_terminate is for W&B's agents: here every run goes to its end")
    if wanted.method == "bayes":
        runs = range(wanted.run_cap or 0)
        sweeper.check_folders(own, [own.folder / str(number) for number in runs])
        with reported(own.config):
            jobs = search(wanted, settings.seed, settings.round, launch)
            _raise_failures(dict(enumerate(jobs)), common)
        return jobs
    several = list(map(words, known))
    with sweeper.numbered(own, several) as numbers, reported(own.config):
        jobs = list(sweeper.launch(own, several, numbers))
        _raise_failures(dict(zip(numbers, jobs, strict=True)), common)
    return jobs


def _raise_failures(jobs: Mapping[int, JobReturn], common: list[str]) -> None:
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
