"""The record of a run that could not start."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nst.config.schema import Config
from nst.rundir import fields


def write(folder: Path, config: Config, overrides: Sequence[str], error: str) -> None:
    """Leave the record of a run that could not start, where its folder has no other.

    Args:
      folder: of the run; made if missing.
      config: validated.
      overrides: what the user asked for on top of the defaults.
      error: one sentence.
    """
    if (folder / "run.json").exists():
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    times = {"started": now, "ended": now, "total_s": 0.0}
    folder.mkdir(parents=True, exist_ok=True)
    fields.write(
        folder,
        fields.asked(config, overrides)
        | {"config_hash": None, "sources": {}, "status": "failed", "error": error}
        | {"picture": None, "best": None, "last": None, "metrics": {}}
        | {"timings": times | {"compile_s": None, "steps_s": None, "s_per_step": None}},
    )
