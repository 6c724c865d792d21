"""The sweeper as Hydra sees it; Hydra imports this at every start, so the rest is imported late."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore


@dataclass
class GridSweeperConf:
    """Every key of ``hydra.sweeper``, as Hydra's basic sweeper has them."""

    _target_: str = "hydra_plugins.nst_grid_sweeper.grid_sweeper.GridSweeper"
    max_batch_size: int | None = None  # jobs a launcher gets at a time; none: all
    params: dict[str, str] | None = field(default_factory=dict)  # key -> values, for every multirun


ConfigStore.instance().store(
    group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="nst"
)


class GridSweeper(BasicSweeper):
    """Hydra's basic sweeper, which refuses a grid before anything of it runs or is written."""

    def sweep(self, arguments: list[str]) -> Any:
        """Run every combination of the arguments' values.

        Raises:
          UserError: a job or a folder is refused, and the message names it; or there are no jobs.
            Nothing has run.
        """
        from hydra.core.override_parser.overrides_parser import OverridesParser

        from nst.multirun import compose, finish, folders

        assert self.hydra_context is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        parser = OverridesParser.create(config_loader=loader)
        parsed = parser.parse_overrides([*self._parse_config(), *arguments])
        composer = compose.Composer(loader, self.config)
        folder = Path(str(self.config.hydra.sweep.dir))
        combinations = [own for batch in self.split_arguments(parsed, None) for own in batch]
        compose.check_any(combinations, parsed)
        jobs = compose.jobs(composer, combinations, 0, folder)
        folders.check(self.config, [job.folder for job in jobs])
        with finish.reported(self.config):
            return super().sweep(arguments)

    def _parse_config(self) -> list[str]:
        """Return the overrides of `params`, read as those of the command line are."""
        from nst.command import typed

        return typed.understood(super()._parse_config())

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Mend multirun.yaml, just written: `sweep` has looked at every job, as a run would."""
        from nst.base import home

        assert self.config is not None
        home.hide_in([Path(str(self.config.hydra.sweep.dir)) / "multirun.yaml"])
