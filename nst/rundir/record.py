"""A run's folder: pictures, history.csv and run.json, written so that a kill leaves no half file.

docs/run-folder.md describes the files; docs/run.schema.json is the schema of run.json.
"""

import dataclasses
import functools
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np

from nst import __version__
from nst.base import home
from nst.base.files import write_whole
from nst.config.identity import config_hash
from nst.config.schema import Config
from nst.engine.loop import Check, seconds_per_step
from nst.images import color, files
from nst.rundir import checkpoint, ownership
from nst.rundir.checkpoint import Saved
from nst.rundir.history import History, flat
from nst.rundir.ownership import remove_parts
from nst.rundir.reader import SCHEMA
from nst.sources.resolve import Asset

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "pillow")


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: str  # finished, diverged, interrupted or failed
    picture: Path | None  # result.png
    best_step: int
    best_total: float | None
    error: str | None  # one sentence, where it did not finish


def refuse(folder: Path, config: Config, overrides: Sequence[str], error: str) -> None:
    """Leave the record of a run that could not start, where its folder has no other.

    Args:
      folder: of the run; made if missing.
      config: validated.
      overrides: what the user asked for on top of the defaults.
      error: one sentence.
    """
    path = folder / "run.json"
    if path.exists():
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    times = {"started": now, "ended": now, "total_s": 0.0}
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        path,
        _fields(config, overrides)
        | {"config_hash": None, "sources": {}, "status": "failed", "error": error}
        | {"picture": None, "best": None, "last": None, "metrics": {}}
        | {"timings": times | {"compile_s": None, "steps_s": None, "s_per_step": None}},
    )


#: What a run that equals another takes from its record.
TAKEN = ("status", "error", "device", "picture", "best", "last", "timings", "metrics")


def repeat(
    original: Path,
    folder: Path,
    network: str,
    config: Config,
    sources: dict[str, Asset],
    overrides: Sequence[str],
    hydra: Mapping[str, str],
) -> dict[str, Any]:
    """Give a run that equals another one a folder of its own with that one's result.

    Args:
      original: folder of the other, which has ended.
      folder: and the rest as `Record` takes them.

    Returns:
      The run's run.json; "same_as" is the way from `folder` to `original`.

    Raises:
      UserError: the original's record can't be read.
      OSError: something can't be read or written.
    """
    other = ownership.read(original) or {}
    fields = _began(network, config, sources, overrides) | {
        "same_as": os.path.relpath(original, folder),
        **{key: other.get(key) for key in TAKEN},
    }
    # As a run does: what is here is shown to be its own before any of it is.
    _write(folder / "run.json", fields | {"status": "running", "metrics": {}})
    remove_parts(folder)
    _write_hydra(folder, hydra)
    pictures = sorted((original / "images").glob("step_*.png"))
    for file in [*pictures, original / "history.csv", original / "result.png"]:
        write_whole(folder / file.relative_to(original), file.read_bytes())
    _write(folder / "run.json", fields)
    return fields


class Record:
    """The folder of one run, filled as the run goes on."""

    def __init__(
        self,
        folder: Path,
        network: str,
        config: Config,
        sources: dict[str, Asset],
        overrides: Sequence[str],
        photographs: Sequence[np.ndarray],
        earlier: Saved | None = None,
        hydra: Mapping[str, str] = {},
    ):
        """Start the record with status "running".

        Args:
          folder: of the run, made if missing; `ownership.check` found nothing foreign in it.
          network: the network that is used.
          config: validated.
          sources: the pictures and the network, as they are used.
          overrides: what the user asked for on top of the defaults.
          photographs: (H, W, 3) in grey levels, one for each size of the run; `color` may put
            their chroma on what is saved.
          earlier: where this run was cut off before; its history up to there is kept.
          hydra: files of .hydra/, name -> text.
        """
        self.folder = folder
        self.config = config
        self._photographs = {one.shape: one for one in photographs}
        self._fields = _began(network, config, sources, overrides)
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
        _write_hydra(folder, hydra)
        (folder / "images").mkdir(exist_ok=True)
        upto = earlier.last.step if earlier else -1
        self._history = History(folder / "history.csv", upto, sizes=config.scales is not None)

    def add(self, check: Check) -> Path | None:
        """Add a check to the history, keep the best, return the picture's file if one was due."""
        self._history.add(check)
        previous = self.last.step if self.last else None
        if self.last:
            self._rates.append(seconds_per_step(self.last, check))
        self.last = check
        if check.best or self.best is None:
            self.best = check
        picture = None
        if check.finite and _due(previous, check.step, self.config.tracking.images_every):
            picture = self._save(f"images/step_{check.step:05d}.png", check)
        # Last: a run goes on after what is saved here, so all that came before must be there.
        if check.finite and time.monotonic() - self._saved_at > self.config.sweep.save_every:
            checkpoint.save(self.folder, check, self.best)
            self._saved_at = time.monotonic()
        return picture

    def keep_best(self) -> Path | None:
        """Write the best picture, if there is one; return its file."""
        return self._save("result.png", self.best) if self.best else None

    def finish(self, status: str, error: str | None, metrics: Mapping[str, float | None]) -> None:
        """Write the final run.json, after which a run that has not been interrupted is over.

        Raises:
          OSError: it can't be written, or the history has gone.
          UserError: another program has changed the history.

        Args:
          status: "finished", "diverged", "interrupted" or "failed".
          error: one sentence, where the run did not finish.
          metrics: of the best picture, as `nst.metrics.evaluate` returns them; empty: none taken.
        """
        if status == "interrupted" and self.last and self.best:
            checkpoint.save(self.folder, self.last, self.best)
        if status != "failed":
            self._history.check()
        self._write(status, error, metrics)
        if status != "failed":
            self._history.check()  # the folder may have gone in between
        if status != "interrupted":
            checkpoint.remove(self.folder)

    def seconds_per_step(self) -> float | None:
        """Return the median time of a step over the intervals between checks."""
        return float(np.median(self._rates)) if self._rates else None

    def _save(self, name: str, check: Check) -> Path:
        text = {
            "nst:config_hash": self.hash,
            "nst:seed": str(self.config.seed),
            "nst:step": str(check.step),
        }
        # The checks keep the picture of the loop, which is what a run goes on from.
        photograph = self._photographs[check.picture.shape]
        shown = color.finished(self.config.color, check.picture, photograph)
        files.save(self.folder / name, shown, text)
        return self.folder / name

    def _write(
        self, status: str, error: str | None = None, metrics: Mapping[str, float | None] = {}
    ) -> None:
        now = datetime.now(UTC)
        last = self.last
        fields = self._fields | {
            "status": status,
            "error": error,
            "picture": _size(self.best),
            "best": _outcome(self.best),
            "last": _outcome(last),
            "timings": {
                "started": self._started.isoformat(timespec="milliseconds"),
                "ended": None if status == "running" else now.isoformat(timespec="milliseconds"),
                "total_s": round((now - self._started).total_seconds(), 3),
                "compile_s": round(last.compile_seconds, 3) if last else None,
                "steps_s": round(last.seconds, 3) if last else None,
                "s_per_step": self.seconds_per_step(),
            },
            "metrics": dict(metrics),
        }
        _write(self.folder / "run.json", fields)


def _fields(config: Config, overrides: Sequence[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "config": dataclasses.asdict(config),
        "overrides": list(overrides),
        "same_as": None,
        "versions": _versions(),
        "device": _device(),
    }


def _began(
    network: str, config: Config, sources: dict[str, Asset], overrides: Sequence[str]
) -> dict[str, Any]:
    """Return the fields of a run that has begun."""
    return _fields(config, overrides) | {
        "config_hash": config_hash(config, network, sources),
        "sources": {key: _source(asset) for key, asset in sources.items()},
    }


def _write_hydra(folder: Path, hydra: Mapping[str, str]) -> None:
    for name, text in hydra.items():
        write_whole(folder / ".hydra" / name, text.encode("utf-8", "surrogateescape"))


def _write(path: Path, fields: dict[str, Any]) -> None:
    fields = home.without_in(fields)
    data = (json.dumps(fields, indent=2, allow_nan=False) + "\n").encode()
    write_whole(path, data, folder=False)


def _due(previous: int | None, step: int, every: int) -> bool:
    if previous is None:
        return True
    return every > 0 and step // every > previous // every


@functools.cache
def _versions() -> dict[str, str]:
    return {
        "nst": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _source(asset: Asset) -> dict[str, Any]:
    return {
        "requested": asset.requested,
        "used": asset.name,
        "fallback": asset.fallback,
        "reason": asset.reason,
        "title": asset.title,
        "url": asset.url,
        "sha256": asset.sha256,
    }


def _device() -> dict[str, Any]:
    device = jax.devices()[0]
    return {
        "platform": device.platform,
        "kind": device.device_kind,
        "count": jax.local_device_count(),
    }


def _size(check: Check | None) -> dict[str, int] | None:
    if check is None:
        return None
    return {"width": check.picture.shape[1], "height": check.picture.shape[0]}


def _outcome(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    # JSON has no NaN; a diverged total is null here and spelt out in history.csv.
    losses = {
        name: value if np.isfinite(value) else None for name, value in flat(check.terms).items()
    }
    return {"step": check.step, **losses}
