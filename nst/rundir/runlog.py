"""run.log: kept back until the run's folder is known to be its own."""

import logging
import logging.handlers
from pathlib import Path

#: Name of the file in a run's folder.
FILE = "run.log"


class Handler(logging.handlers.MemoryHandler):
    """Keeps lines in memory until `keep` gives them a folder; conf/hydra/job_logging names it."""

    def __init__(self) -> None:
        """Keep whatever comes: a run that is refused says little."""
        super().__init__(capacity=1, flushLevel=logging.NOTSET, flushOnClose=False)

    def open(self, folder: Path) -> None:
        """From now on write to the folder's run.log, first of all what was kept."""
        if self.target is None:
            file = logging.FileHandler(folder / FILE, delay=True)
            file.setFormatter(self.formatter)
            self.setTarget(file)
            self.flush()


def keep(folder: Path) -> None:
    """Write the log of the run that this process is at into the run's folder.

    Args:
      folder: of the run, in which a run.json shows that the file is its own.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Handler):
            handler.open(folder)
