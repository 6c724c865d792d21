"""Whether a sweep's folders are its own, before anything of it is written."""

from collections.abc import Iterable
from pathlib import Path

from omegaconf import DictConfig

from nst.report import own
from nst.rundir import ownership


def check(config: DictConfig, runs: Iterable[Path]) -> None:
    """Refuse a sweep that would replace files which no record proves to be nst's.

    Args:
      config: the sweep's configuration.
      runs: folders of its runs.

    Raises:
      UserError: names the files.
    """
    folder = Path(str(config.hydra.sweep.dir))
    if config.sweep.report:
        own.check(folder, remedy="take another hydra.sweep.dir")
    if folder.exists():
        for run in runs:
            ownership.check(run)
