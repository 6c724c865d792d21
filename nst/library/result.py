"""A run that has ended, as a program looks at it."""

import functools
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nst.base.errors import UserError
from nst.report.thumbnails import decoded
from nst.rundir import history, run_json
from nst.rundir.runs import Run


class Temporary:
    """A folder that is removed with the last result that reads from it."""

    def __init__(self) -> None:
        """Make it, empty."""
        self.path = Path(tempfile.mkdtemp(prefix="nst-"))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Result:
    """A run that has ended: its picture, numbers and configuration, read from its record.

    Attributes:
      name: of the run in its grid or folder.
      status: "finished"; "diverged", with the picture kept until then; or "failed".
      error: one sentence, where it did not finish.
      metrics: numbers of the picture by their names, `nst.metrics.registry.METRICS`, and where
        people voted on it their preference.
      losses: of the picture, unweighted: total, content, style, tv.
      step: of the picture.
      values: every setting that can tell two runs apart, by its dotted key.
      folder: of the run's record; none: it was not kept.
      record: all that a report reads of it.
    """

    def __init__(self, run: Run, temporary: Temporary | None = None):
        """Look at `run`, whose folder goes with `temporary` if that is given."""
        self.record, self._temporary = run, temporary
        self.name, self.status, self.error = run.name, run.status, run.error
        self.losses, self.step = run.losses, run.best_step
        known = run.metrics.items()
        self.metrics = {name: value for name, value in known if value is not None}
        self.values: dict[str, Any] = run.values
        self.folder = None if temporary else run.folder

    @functools.cached_property
    def image(self) -> Image.Image:
        """The picture, for Pillow, with mode RGB.

        Raises:
          UserError: there is none, or its file can't be read.
        """
        if self.record.picture is None:
            raise UserError(f"{self.name} {self.status} without a picture: {self.error}")
        return decoded(self.record.picture)

    @property
    def picture(self) -> np.ndarray:
        """The picture, (H, W, 3) uint8 in gray levels.

        Raises:
          UserError: there is none, or its file can't be read.
        """
        return np.array(self.image)

    @functools.cached_property
    def history(self) -> list[dict[str, float]]:
        """The losses at each check, in rows: step, seconds, total, content, style/conv1_1, ...

        Raises:
          UserError: it can't be read.
        """
        return history.rows(self.record.folder / "history.csv")

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The resolved configuration, nested as in conf/.

        Raises:
          UserError: it can't be read.
        """
        try:
            return run_json.read(self.record.folder)["config"]
        except run_json.BadRecordError as error:
            raise UserError(f"{self.record.folder / 'run.json'} {error}") from error

    def __repr__(self) -> str:
        """Return name, status and the metrics that are known."""
        found = [f"{name}={value:.4g}" for name, value in self.metrics.items()]
        return f"<nst.Result {self.name}: {', '.join([self.status, *found])}>"

    def _repr_png_(self) -> bytes | None:
        """Show the picture in a notebook."""
        return None if self.record.picture is None else self.record.picture.read_bytes()
