"""Features beside each other: what one of them does must not undo another."""

from pathlib import Path

import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, pixels, record


def test_a_grid_over_features_is_its_runs(command, picture: Path):
    features = (
        f"style.blend='night 0.5 {picture} 0.5'",
        *("init=style", "init.mix=0.25", "optimizer.schedule=cosine", "style.statistic=mean_std"),
    )
    small = (*FOUR_STEPS, *SHALLOW, *features)
    grid = ("color=none,luminance", "optimizer.average=0.5,0.9")
    settings = ("hydra/launcher=batched", "hydra.sweep.dir=sweep", "hydra.launcher.lanes=2")
    done = command("-m", *settings, *small, *grid, "sweep.report=false")
    assert done.returncode == 0, done.stderr
    records = [record(command.folder / f"sweep/{number}") for number in range(4)]
    assert {one["status"] for one in records} == {"finished"}
    assert len({one["config_hash"] for one in records}) == 4
    last = ("color=luminance", "optimizer.average=0.9", "hydra.run.dir=one")
    alone = command(*small, *last)
    assert alone.returncode == 0, alone.stderr
    one = record(command.folder / "one")
    assert one["config_hash"] == records[3]["config_hash"]
    assert one["metrics"] == pytest.approx(records[3]["metrics"], rel=0.05)
    pictures = [pixels(command.folder / run / "result.png") for run in ("one", "sweep/3")]
    assert np.abs(np.subtract(*pictures, dtype=float)).max() <= 1
    again = command(*small, *last)
    assert again.returncode == 0, again.stderr
