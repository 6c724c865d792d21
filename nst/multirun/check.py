"""Whether runs accept a sweep's values, before any of them starts."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from nst.base.errors import UserError
from nst.command.sentence import REFUSALS, sentence
from nst.config.schema import from_mapping
from nst.config.validation import validated
from nst.multirun.compose import values
from nst.multirun.points import Point, overrides
from nst.multirun.sweep_file import SweepFile

if TYPE_CHECKING:
    from nst.multirun.space import Dimension  # loads Optuna

#: Composes the configuration of a run with some overrides.
Compose = Callable[[list[str]], DictConfig]

#: A point takes some 4 ms; of a larger grid each value is tried, but not each combination.
MOST_POINTS = 2000


def check(sweep: SweepFile, points: list[Point], compose: Compose) -> None:
    """Refuse a sweep with a value that no run accepts.

    Args:
      sweep: the file, less what the command line fixes.
      points: those that are known beforehand; a bayes search has none.
      compose: called for each point that is tried.

    Raises:
      UserError: one sentence with the file and the field.
    """
    _check_written(sweep)
    refused = _refusal(compose)
    for point in _tried(sweep, points):
        reason = refused(overrides(point))
        if reason is None:
            continue
        without = refused([])
        if without:
            raise UserError(without)
        for name, value in point.items():
            alone = refused(overrides({name: value}))
            if alone:
                raise UserError(
                    f"{sweep.path}: parameters.{name}: no run accepts {value!r}: {alone}"
                )
        raise UserError(
            f"{sweep.path}: parameters: no run accepts {', '.join(overrides(point))}: {reason}"
        )


def dimensions(space: "Sequence[Dimension]", given: Sequence[str], compose: Compose) -> None:
    """Refuse a search with a value that no run accepts.

    Args:
      space: its dimensions.
      given: overrides that all runs have.
      compose: called for each end of each dimension.

    Raises:
      UserError: says why.
    """
    refused = _refusal(lambda words: compose([*words, *given]))
    first = [one.ends()[0] for one in space]
    for at, one in enumerate(space):
        for end in one.ends():
            reason = refused([*first[:at], end, *first[at + 1 :]])
            if reason:
                raise UserError(f"a search can't take {end}: {reason}")


def names(arguments: list[str]) -> list[str]:
    """Return the keys that the command line sets.

    Args:
      arguments: overrides, each of one value.

    Raises:
      UserError: one gives several values, which is the file's part.
    """
    found = []
    for override in OverridesParser.create().parse_overrides(arguments):
        key = override.get_key_element().lstrip("+~")
        if override.is_sweep_override():
            raise UserError(
                f"{override.input_line} gives several values: those of a sweep stand in its file"
            )
        found.append(key)
    return found


def _check_written(sweep: SweepFile) -> None:
    """Refuse values that W&B's agent would pass on as something else."""
    parser = OverridesParser.create()
    for entry in sweep.parameters:
        for value in entry.ends():
            field = f"{sweep.path}: parameters.{entry.name}: {value!r}"
            if value is None:
                raise UserError(f'{field} reaches a run as the text None: write "null"')
            try:
                override = parser.parse_override(overrides({entry.name: value})[0])
            except HydraException:
                override = None
            if override is None or override.is_sweep_override():
                raise UserError(
                    f"{field} can't be passed on as {entry.name}={value}: write what you would "
                    'type there as one value, such as "[conv1_1,conv2_1]" or "{conv1_1: 1}"'
                )


def _tried(sweep: SweepFile, points: list[Point]) -> Iterator[Point]:
    if sweep.method != "grid" or len(points) > MOST_POINTS:
        fixed = {
            p.name: p.fields["value"] for p in sweep.parameters if p.distribution == "constant"
        }
        for entry in sweep.parameters:
            for value in entry.ends():
                yield {**fixed, entry.name: value}
    yield from points[:MOST_POINTS]


def _refusal(compose: Compose) -> Callable[[list[str]], str | None]:
    """Return the function that says why no run accepts overrides, or None where one does."""

    def refused(words: list[str]) -> str | None:
        try:
            validated(from_mapping(values(compose(words))))
        except REFUSALS as error:
            return sentence(error)
        return None

    return refused
