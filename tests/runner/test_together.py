"""Features beside each other: what one of them does must not undo another."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW
from PIL import Image


def picture(folder: Path) -> np.ndarray:
    return np.asarray(Image.open(folder / "result.png").convert("RGB"), dtype=float)


def test_a_grid_over_features_is_its_runs(command, picture_file: Path):
    features = (
        f"style.blend='night 0.5 {picture_file} 0.5'",
        "init=style",
        "init.mix=0.25",
        "optimizer.schedule=cosine",
    )
    grid = ("color=none,luminance", "style.statistic=gram,mean_std", "optimizer.average=0,0.5")
    done = command(
        *("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", "hydra.launcher.lanes=2"),
        *(*FOUR_STEPS, *SHALLOW, *features, *grid),
    )
    assert done.returncode == 0, done.stderr
    records = [json.loads((command.folder / f"sweep/{n}/run.json").read_text()) for n in range(8)]
    assert {record["status"] for record in records} == {"finished"}
    assert len({record["config_hash"] for record in records}) == 8
    last = ("color=luminance", "style.statistic=mean_std", "optimizer.average=0.5")
    alone = command(*FOUR_STEPS, *SHALLOW, *features, *last, "hydra.run.dir=one")
    assert alone.returncode == 0, alone.stderr
    one = json.loads((command.folder / "one" / "run.json").read_text())
    assert one["config_hash"] == records[7]["config_hash"]
    assert one["metrics"] == pytest.approx(records[7]["metrics"], rel=0.05)
    assert (
        np.abs(picture(command.folder / "one") - picture(command.folder / "sweep" / "7")).max() <= 1
    )
    again = command(*FOUR_STEPS, *SHALLOW, *features, *last, "hydra.run.dir=one")
    assert again.returncode == 0, again.stderr


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 256, (6, 9, 3)).repeat(6, axis=0).repeat(6, axis=1)
    path = tmp_path / "own.png"
    Image.fromarray(blocks.astype(np.uint8)).save(path)
    return path
