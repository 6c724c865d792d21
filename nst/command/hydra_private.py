"""What nst needs of Hydra that Hydra doesn't document; no other file touches it.

Tried with hydra-core 1.3.
"""

import traceback
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

#: Where Hydra reads and applies what the command line says.
COMPOSING = (
    "hydra._internal.config_loader_impl",
    "hydra.core.override_parser.overrides_parser",
)


def option_parser() -> ArgumentParser:
    """Return the parser of Hydra's own options."""
    return get_args_parser()


def value(override: Override) -> Any:
    """Return what Hydra's grammar makes of an override's value, quotes kept."""
    return override._value


def apply(overrides: Sequence[Override], config: DictConfig) -> None:
    """Set values in a composed configuration.

    Raises:
      HydraException: one can't be set.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    ConfigLoaderImpl._apply_overrides_to_config(list(overrides), config)


def dirname(overrides: Sequence[Override], settings: Any) -> str:
    """Return ``hydra.job.override_dirname``.

    Args:
      overrides: of the job.
      settings: ``hydra.job.config.override_dirname``.
    """
    from hydra._internal.config_loader_impl import get_overrides_dirname

    return get_overrides_dirname(
        list(overrides), settings.exclude_keys, settings.item_sep, settings.kv_sep
    )


def combinations(overrides: Sequence[Override]) -> list[list[str]]:
    """Return the overrides of each job of a grid; the last one's values turn fastest."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    (jobs,) = BasicSweeper.split_arguments(list(overrides), max_batch_size=None)
    return jobs


def failure(job: JobReturn) -> BaseException | None:
    """Return the error of a job that failed; `return_value` would print and raise it."""
    return job._return_value if job.status == JobStatus.FAILED else None


def composing(error: BaseException) -> bool:
    """Return whether an error came up while Hydra read overrides or composed the configuration."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__") in COMPOSING for frame, _ in frames)


def of_options(error: BaseException) -> bool:
    """Return whether Hydra refuses its own options: --resolve alone, --run beside --multirun."""
    # An error that comes from another process has no frames.
    modules = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = type(error) is ValueError and "".join(modules[-1:]).startswith("hydra.")
    return own and not composing(error)
