"""The sweeper ``search``: from the ranges on the command line to the best runs."""

import dataclasses
import logging
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.utils import JobReturn

from nst.base.errors import UserError
from nst.command import hydra_private
from nst.config.running import Search
from nst.metrics.objective import Objective, objective
from nst.multirun import check, compose, finish, growth, plans, shape, sweeper
from nst.multirun.samplers import check_sampler
from nst.multirun.search import say_best, search
from nst.multirun.space import Dimension, of_override
from nst.multirun.study import Question, Study
from nst.multirun.sweeper import Multirun
from nst.report import comparable, compared
from nst.runner.job import Job

log = logging.getLogger("nst")

#: What a search looks for where nobody says: weights, layers and pooling trade one for the other.
OBJECTIVES = ["metrics/style_distance", "metrics/content_distance"]

#: Runs that a plan takes for all of a search.
MOST_STANDING = 8


def sweep(own: Multirun, arguments: list[str]) -> list[JobReturn]:
    """Search the ranges and choices of the command line.

    Args:
      own: the sweep.
      arguments: overrides of the command line.

    Raises:
      UserError: there is no range, a value of one is refused, or a run failed.
    """
    own.refuse_shapes("a search")
    parser = OverridesParser.create(config_loader=own.context.config_loader)
    parsed = shape.last_of_each(parser.parse_overrides(arguments))
    space = [_dimension(one) for one in parsed if one.is_sweep_override()]
    if not space:
        raise UserError(
            "a search needs a range, 'tv.gamma=interval(0,1e4)' or pooling=avg,max, and has none"
        )
    settings, given = _settings(own, parsed)
    objectives = [objective(name) for name in settings.objective]
    check_sampler(settings, objectives)
    check.dimensions(space, given, own.composer())
    question = Question(space, objectives, sweeper.shaping(given))
    sweeper.check(own, _standing(question, given))
    sweeper.check_folders(own, [own.folder / str(number) for number in range(settings.trials)])
    return run(own, question, settings, given)


def run(
    own: Multirun,
    question: Question,
    settings: Search,
    given: Sequence[str],
    target: float | None = None,
) -> list[JobReturn]:
    """Run a checked search, and write its report or say what was best.

    Args:
      own: the sweep.
      question: what is looked for.
      settings: the group ``search``.
      given: overrides that all runs have.
      target: at which it ends; none: at its last trial.

    Raises:
      UserError: the storage can't be had, or a run failed.
    """

    def launch(jobs: list[list[str]], numbers: list[int]) -> Sequence[JobReturn]:
        return sweeper.launch(own, [[*one, *given] for one in jobs], numbers)

    _warn_of_losses(question.space, question.objectives)
    standing = _standing(question, given)
    size = _size(own, settings, standing[0])
    if plans.only_planned(own, standing[:MOST_STANDING], settings.trials, size):
        return []
    study = Study(question, settings, own.folder, str(own.config.name))
    place = growth.Folder(own.folder, "", "")
    with finish.reported(own.config), growth.reserved(place, settings.trials):
        jobs = search(study, size, launch, target)
    if not own.config.sweep.report:  # which says more
        say_best(study)
    finish.raise_failures(jobs, given)
    return list(jobs.values())


def _standing(question: Question, given: Sequence[str]) -> list[list[str]]:
    """Return the overrides of runs that stand for all: each end of each dimension is in one."""
    ends = [one.ends() for one in question.space]
    count = max(map(len, ends))
    return [[*(own[at % len(own)] for own in ends), *given] for at in range(count)]


def _size(own: Multirun, settings: Search, overrides: Sequence[str]) -> int:
    """Return how many trials are asked for at a time: as many as run together, but no more than a
    quarter of all, or there would be nothing to learn from.

    Args:
      own: the sweep.
      settings: the group ``search``.
      overrides: of one of its runs.
    """
    if settings.round:
        return settings.round
    size = own.together()
    if size is None:
        ((job, _),) = compose.jobs(own.composer(), [overrides], [0], own.folder)
        from nst.engine import jax_settings

        jax_settings.load()
        size = _lanes(job)
    return max(1, min(size, settings.trials // 4))


def _lanes(job: Job) -> int:
    import jax

    from nst.runner import plan, prepare

    if jax.default_backend() == "cpu":  # without reading pictures and network
        return jax.local_device_count()
    prepared = prepare.prepare(job.config)
    return plan.at_a_time(prepared.static, prepared)


def _settings(own: Multirun, parsed: Sequence[Override]) -> tuple[Search, list[str]]:
    """Return the group ``search``, and the overrides that all runs have."""
    asked = own.search()
    named = any(one.key_or_group == "search.objective" for one in parsed)
    if not named and asked.objective == [Search().objective]:
        asked = dataclasses.replace(asked, objective=OBJECTIVES)
        log.info("search.objective=[%s], since none is given", ",".join(OBJECTIVES))
    fixed = [one for one in parsed if not one.is_sweep_override()]
    # A storage may have a password, and the rest says how the search goes, not its runs.
    words = [str(one.input_line) for one in fixed if not one.key_or_group.startswith("search.")]
    return asked, [*words, f"search.objective=[{','.join(asked.objective)}]"]


def _dimension(override: Override) -> Dimension:
    continuous = isinstance(override.value(), IntervalSweep)
    texts = [] if continuous else [text for (text,) in hydra_private.combinations([override])]
    if not (continuous or texts):
        raise UserError(f"{override.input_line} gives no value, so there is nothing to search")
    return of_override(override, texts)


def _warn_of_losses(space: Sequence[Dimension], objectives: Sequence[Objective]) -> None:
    """Warn of a loss that is looked for among runs whose losses are no one scale."""
    for wanted in objectives:
        if wanted.of_result:
            continue
        group, name = compared.place(wanted)
        known = [one.key.lstrip("+~") for one in space]
        keys = comparable.of_one({"group": group, "name": name}, known)
        if keys:
            log.warning(
                "%s doesn't compare runs that differ in %s: search.objective=style_distance does",
                wanted.name,
                ", ".join(keys),
            )
