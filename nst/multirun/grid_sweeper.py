"""The sweeper ``grid``: Hydra's own grid, refused before anything of it runs or is written."""

from collections.abc import Iterable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn

from nst.base.errors import UserError
from nst.command import hydra_private, typed
from nst.multirun import finish, plans, shape, sweeper
from nst.multirun.settings import GridSettings, check_grid
from nst.multirun.sweeper import Multirun


def sweep(settings: GridSettings, own: Multirun, arguments: list[str]) -> list[Sequence[JobReturn]]:
    """Run every combination of the arguments' values.

    Args:
      settings: ``hydra.sweeper``.
      own: the sweep.
      arguments: overrides of the command line; they win over `settings.params`.

    Raises:
      UserError: a job or a folder is refused, and the message names it; or there are no jobs.
        Nothing has run then.
    """
    check_grid(settings)
    parser = OverridesParser.create(config_loader=own.context.config_loader)
    params = typed.understood(f"{key}={value}" for key, value in (settings.params or {}).items())
    parsed = shape.last_of_each(parser.parse_overrides([*params, *arguments]))
    _check_any(parsed)
    jobs = shape.cells(list(map(_axis, parsed)), own.shape())
    if plans.only_planned(own, jobs):
        return []
    batch = settings.max_batch_size or len(jobs)
    done = []
    with sweeper.numbered(own, jobs) as numbers, finish.reported(own.config):
        for at in range(0, len(jobs), batch):
            some = slice(at, at + batch)
            done.append(sweeper.launch(own, jobs[some], numbers[some]))
            for job in done[-1]:
                _ = job.return_value  # raises what the job raised
    return done


def _axis(override: Override) -> shape.Axis:
    texts = tuple(text for (text,) in hydra_private.combinations([override]))
    return shape.Axis(override.get_key_element().lstrip("+~"), texts)


def _check_any(parsed: Iterable[Override]) -> None:
    """Refuse a sweep of no jobs, which Hydra would end without a word."""
    empty = [
        one.input_line
        for one in parsed
        if one.is_sweep_override() and not any(True for _ in one.sweep_iterator())
    ]
    if empty:
        raise UserError(f"{' '.join(map(str, empty))} gives no value, so there is nothing to run")
