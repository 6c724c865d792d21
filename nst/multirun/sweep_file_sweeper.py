"""The sweeper ``sweep_file``: a sweep from its file to its last run."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

from hydra.core.utils import JobReturn

from nst.base.errors import UserError
from nst.config.running import Search
from nst.metrics.objective import objective
from nst.multirun import plans, sweeper
from nst.multirun.check import check, names
from nst.multirun.finish import raise_failures, reported
from nst.multirun.points import Point, overrides, points
from nst.multirun.settings import SweepFileSettings, check_sweep_file
from nst.multirun.sweep_file import SweepFile, read
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
    own.refuse_shapes("a sweep file")
    asked = own.search()
    wanted = read(Path(settings.file))
    fixed = names(arguments)
    run_cap = settings.run_cap or wanted.run_cap
    wanted = dataclasses.replace(wanted.without(fixed), run_cap=run_cap)
    # The overrides in the file's command are for every run, unless the command line says otherwise.
    common = [word for word in wanted.words if names([word])[0] not in fixed] + arguments
    wanted = wanted.without(names(common))
    if "search.objective" not in names(common):
        common = [*_objective(wanted), *common]
    if wanted.early_terminate and "sweep.prune" not in names(common):
        common = [*_prune(own, wanted), *common]

    def words(point: Point) -> list[str]:
        return [*overrides(point), *common]

    known = [] if wanted.method == "bayes" else points(wanted, asked.seed)
    composer = own.composer()
    check(wanted, known, lambda own: composer([*own, *common]))
    several = list(map(words, known))
    if known and plans.only_planned(own, several):
        return []
    if wanted.method == "bayes":
        return _search(own, wanted, asked, common)
    with sweeper.numbered(own, several) as numbers, reported(own.config):
        jobs = list(sweeper.launch(own, several, numbers))
        raise_failures(dict(zip(numbers, jobs, strict=True)), common)
    return jobs


def _objective(wanted: SweepFile) -> list[str]:
    if wanted.objectives:
        return [f"search.objective=[{','.join(wanted.objectives)}]"]
    return [f"search.objective={wanted.metric['name']}"] if wanted.metric else []


def _prune(own: Multirun, wanted: SweepFile) -> list[str]:
    """Return ``early_terminate`` as an override, or warn where it ends no run."""
    why = None
    if not own.can_prune:
        why = f"hydra/launcher={own.launcher_name} runs each job to its end"
    elif (wanted.objectives or [wanted.metric["name"]])[0].startswith("metrics/"):
        why = "a metric comes at the end of a run: sweep.prune takes it before"
    if why:
        log.warning("%s: early_terminate ends no run here: %s", wanted.path, why)
        return []
    assert wanted.early_terminate
    rows, eta = wanted.early_terminate["rows"], wanted.early_terminate["eta"]
    return [f"sweep.prune={{rows:{rows},eta:{eta}}}".replace(" ", "")]


def _search(
    own: Multirun, wanted: SweepFile, asked: Search, common: Sequence[str]
) -> list[JobReturn]:
    from nst.multirun import search_sweeper  # loads Optuna
    from nst.multirun.samplers import check_sampler
    from nst.multirun.space import of_parameter
    from nst.multirun.study import Question

    space = [of_parameter(one) for one in wanted.parameters if one.distribution != "constant"]
    if not space:
        raise UserError(f"{wanted.path}: parameters leave a bayes search nothing to look for")
    runs = range(wanted.run_cap or 0)
    sweeper.check_folders(own, [own.folder / str(number) for number in runs])
    fixed = {one.name: one.fields["value"] for one in wanted.parameters if "value" in one.fields}
    objectives = [objective(name) for name in wanted.objectives or [wanted.metric["name"]]]
    check_sampler(asked, objectives)
    given = [*overrides(fixed), *common]
    question = Question(space, objectives, sweeper.shaping(given))
    settings = dataclasses.replace(asked, trials=wanted.run_cap)
    return search_sweeper.run(own, question, settings, given, wanted.metric.get("target"))
