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
from nst.multirun import check, finish, plans, sweeper
from nst.multirun.search import say_best, search
from nst.multirun.space import Dimension, of_override
from nst.multirun.study import Question, Study, check_sampler
from nst.multirun.sweeper import Multirun

log = logging.getLogger("nst")

#: What a search looks for where nobody says: weights, layers and pooling trade one for the other.
OBJECTIVES = ["metrics/style_distance", "metrics/content_distance"]

#: Keys under which losses are sums of something else, and by which the total is weighted.
OTHER_SUMS = ("content", "style", "network", "pooling", "size", "scales", "precision", "preset")
WEIGHTS = ("alpha", "beta", "tv")

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
    parsed = parser.parse_overrides(arguments)
    space = [_dimension(one) for one in parsed if one.is_sweep_override()]
    if not space:
        raise UserError(
            "a search needs a range, 'tv.gamma=interval(0,1e4)' or pooling=avg,max, and has none"
        )
    settings, given = _settings(own, parsed)
    objectives = [objective(name) for name in settings.objective]
    check_sampler(settings, objectives)
    check.dimensions(space, given, own.composer())
    sweeper.check_folders(own, [own.folder / str(number) for number in range(settings.trials)])
    warn_of_losses(space, objectives)
    question = Question(space, objectives, sweeper.shaping(given))
    return run(own, question, settings, given)


def run(
    own: Multirun,
    question: Question,
    settings: Search,
    given: Sequence[str],
    target: float | None = None,
) -> list[JobReturn]:
    """Run a checked search, write its report and say what was best.

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

    size = settings.round or own.together()
    if plans.only_planned(own, _standing(question, given), settings.trials, size):
        return []
    study = Study(question, settings, own.folder, str(own.config.name))
    with finish.reported(own.config):
        jobs = search(study, question, own.folder, size, launch, target)
    say_best(study, question)
    sweeper.raise_failures(jobs, given)
    return list(jobs.values())


def _standing(question: Question, given: Sequence[str]) -> list[list[str]]:
    """Return the overrides of runs that stand for all: each end of each dimension is in one."""
    ends = [one.ends() for one in question.space]
    count = min(max(map(len, ends)), MOST_STANDING)
    return [[*(own[at % len(own)] for own in ends), *given] for at in range(count)]


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


def warn_of_losses(space: Sequence[Dimension], objectives: Sequence[Objective]) -> None:
    """Warn of a loss that is looked for among runs whose losses are no one scale."""
    for wanted in objectives:
        if wanted.name.startswith("metrics/"):
            continue
        other = OTHER_SUMS + (WEIGHTS if wanted.name.endswith("total") else ())
        keys = [one.key for one in space if one.key.lstrip("+~").split(".")[0] in other]
        if keys:
            log.warning(
                "%s doesn't compare runs that differ in %s: search.objective=style_distance does",
                wanted.name,
                ", ".join(keys),
            )
