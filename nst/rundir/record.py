"""A run's folder: pictures, history.csv and run.json, written so that a kill leaves no half file.

docs/run-folder.md describes the files; docs/run.schema.json is the schema of run.json.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nst.config.schema import Config
from nst.engine.check import Check, seconds_per_step
from nst.images import color, files
from nst.images.output import NOTHING, Carried
from nst.rundir import checkpoint, fields, outputs
from nst.rundir.checkpoint import Saved
from nst.rundir.history_writer import HistoryWriter
from nst.rundir.ownership import remove_parts, write_hydra
from nst.sources.resolve import ResolvedSource


class Record:
    """The folder of one run, filled while the run lasts."""

    def __init__(
        self,
        folder: Path,
        network: str,
        config: Config,
        sources: dict[str, ResolvedSource],
        overrides: Sequence[str],
        content_images: Sequence[np.ndarray],
        earlier: Saved | None = None,
        hydra: Mapping[str, str] = {},
        lanes: int = 1,
        tracked: Mapping[str, Any] = {},
        carried: Carried = NOTHING,
    ):
        """Start the record with status "running".

        Args:
          folder: of the run, made if missing; `ownership.check` found nothing foreign in it.
          network: the network that is used.
          config: validated.
          sources: the pictures and the network, as they are used.
          overrides: what the user asked for on top of the defaults.
          content_images: (H, W, 3) in gray levels, one for each size of the run; `color` may put
            their chroma on what is saved.
          earlier: where this run was cut off before; its history up to there is kept.
          hydra: files of .hydra/, name -> text.
          lanes: runs in its program, side by side; a step is one of all of them.
          tracked: what the run's tracker knows it by, its id above all.
          carried: what files beside result.png take over from the content image's.
        """
        self._lanes = lanes
        self._carried = carried
        self.folder = folder
        self.config = config
        self._content_images = {one.shape: one for one in content_images}
        self._fields = fields.began(network, config, sources, overrides)
        self._tracked = dict(tracked)
        self.hash = self._fields["config_hash"]
        self.last: Check | None = earlier.last if earlier else None
        self.best: Check | None = earlier.best if earlier else None
        self._rates: list[float] = []  # seconds a step, between checks
        self._saved_at = time.monotonic()
        self._started = datetime.now(UTC)
        folder.mkdir(parents=True, exist_ok=True)
        # First of all: what follows in the folder is shown by it to be this run's.
        self._write("running")
        remove_parts(folder)
        write_hydra(folder, hydra)
        (folder / "images").mkdir(exist_ok=True)
        upto = earlier.last.step if earlier else -1
        self._history = HistoryWriter(folder / "history.csv", upto)

    def add(self, check: Check) -> Path | None:
        """Add a check to the history, perhaps keep it, return the picture's file if one was due."""
        self._history.add(self._row(check))
        previous = self.last.step if self.last else None
        if self.last:
            self._rates.append(seconds_per_step(self.last, check))
        self.last = check
        if check.best or self.best is None:
            self.best = check
        picture = None
        if check.finite and _due(previous, check.step, self.config.tracking.images_every):
            name = f"images/step_{check.step:05d}.png"
            picture = self._save(name, self._shown(check), self._text(check))
        # Last: a run resumes after what is saved here, so all that came before must be there.
        if check.finite and time.monotonic() - self._saved_at > self.config.sweep.save_every:
            checkpoint.save(self.folder, check, self.best)
            self._saved_at = time.monotonic()
        return picture

    def track(self, known: Mapping[str, Any]) -> None:
        """Keep what the run's tracker knows it by, at once, so that a kill doesn't lose it.

        Args:
          known: its id, and where it went as soon as that is known.
        """
        if known != self._tracked:
            self._tracked = dict(known)
            self._write("running")

    def keep_result(self) -> Path | None:
        """Write the picture that is kept, if any, and the files beside it; return its file."""
        if not self.best:
            return None
        shown, text = self._shown(self.best), self._text(self.best)
        outputs.write(self.folder, self.config.output, shown, self._carried, text)
        return self._save("result.png", shown, text)

    def finish(self, status: str, error: str | None, metrics: Mapping[str, float | None]) -> None:
        """Write the final run.json, after which a run that has not been interrupted is over.

        Args:
          status: "finished", "diverged", "pruned", "interrupted" or "failed".
          error: one sentence, where the run did not finish.
          metrics: of the result, as `nst.metrics.evaluate` returns them; empty: none taken.

        Raises:
          OSError: it can't be written, or the history has gone.
          UserError: another program has changed the history.
        """
        resumable = status in ("interrupted", "pruned")
        if resumable and self.last and self.best:
            checkpoint.save(self.folder, self.last, self.best)
        if status != "failed":
            self._history.check()
        self._write(status, error, metrics)
        if status != "failed":
            self._history.check()  # the folder may have gone in between
        if not resumable:
            checkpoint.remove(self.folder)

    def seconds_per_step(self) -> float | None:
        """Return the median time of a step over the intervals between checks."""
        return float(np.median(self._rates)) if self._rates else None

    def _row(self, check: Check) -> dict[str, float]:
        row = {"step": check.step, "seconds": round(check.seconds, 3)}
        row["evaluations"] = check.evaluations
        # The picture goes through several sizes, so a row says which.
        size = {"size": check.size} if self.config.scales is not None else {}
        return row | size | check.losses

    def _save(self, name: str, shown: np.ndarray, text: dict[str, str]) -> Path:
        files.save(self.folder / name, shown, text)
        return self.folder / name

    def _shown(self, check: Check) -> np.ndarray:
        # The checks keep the picture of the loop, which is what a run resumes from.
        content = self._content_images[check.picture.shape]
        return color.finished(self.config.color, check.picture, content)

    def _text(self, check: Check) -> dict[str, str]:
        return outputs.text(self.hash, self.config.seed, check.step)

    def _write(
        self, status: str, error: str | None = None, metrics: Mapping[str, float | None] = {}
    ) -> None:
        now = datetime.now(UTC)
        last = self.last
        written = self._fields | {
            "status": status,
            "error": error,
            "picture": fields.size(self.best),
            "best": fields.losses(self.best),
            "last": fields.losses(last),
            "timings": {
                "started": self._started.isoformat(timespec="milliseconds"),
                "ended": None if status == "running" else now.isoformat(timespec="milliseconds"),
                "total_s": round((now - self._started).total_seconds(), 3),
                "compile_s": round(last.compile_seconds, 3) if last else None,
                "steps_s": round(last.seconds, 3) if last else None,
                "s_per_step": self.seconds_per_step(),
                "lanes": self._lanes,
            },
            "metrics": dict(metrics),
            "tracked": self._tracked or None,
        }
        fields.write(self.folder, written)


def _due(previous: int | None, step: int, every: int) -> bool:
    if previous is None:
        return True
    return every > 0 and step // every > previous // every
