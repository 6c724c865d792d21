"""Numbers at their limits: a finite result, or "diverged" with the best picture so far."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from helpers import Command
from PIL import Image

QUICK = (
    "network=vgg16",
    "size=32",
    "steps=4",
    "check_every=1",
    "tracking=disabled",
    "sweep.report=false",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1,conv2_1]",
)


@pytest.fixture
def pictures(command: Command, picture: Path) -> str:
    """A gray, a black, a white and a colored picture, as values of a sweep."""
    plain = {"gray": 128, "black": 0, "white": 255}
    for name, level in plain.items():
        Image.fromarray(np.full((32, 40, 3), level, np.uint8)).save(command.folder / f"{name}.png")
    Image.open(picture).save(command.folder / "blocks.png")
    return ",".join(f"{name}.png" for name in (*plain, "blocks"))


def check(command: Command, count: int) -> dict[str, int]:
    """Hold every run of the sweep to the rule; return how many ended in which way."""
    ends: dict[str, int] = {}
    folders = [path.parent for path in command.folder.glob("sweep/*/run.json")]
    assert len(folders) == count
    for folder in folders:
        fields = json.loads((folder / "run.json").read_text())
        assert fields["status"] in ("finished", "diverged"), fields["error"]
        ends[fields["status"]] = ends.get(fields["status"], 0) + 1
        if fields["status"] == "finished":
            assert math.isfinite(fields["last"]["total"])
        # The picture before the first step is always there, and its loss may be the infinite one.
        assert fields["best"] is not None
        with Image.open(folder / "result.png") as result:
            assert result.mode == "RGB"
            assert np.asarray(result).shape[2] == 3
        assert all(math.isfinite(value) for value in fields["metrics"].values() if value)
    return ends


@pytest.mark.parametrize(
    ("precision", "alpha", "lr"),
    [
        ("float32", ["1e20"], ["10", "1e6"]),
        pytest.param("float32", ["1e-20", "1e20"], ["1e-20", "10", "1e6"], marks=pytest.mark.slow),
        pytest.param("bfloat16", ["1e-20", "1e20"], ["1e-20", "10", "1e6"], marks=pytest.mark.slow),
    ],
)
def test_extreme_weights_and_rates(
    command: Command, pictures: str, precision: str, alpha: list[str], lr: list[str]
):
    sweep = (
        f"content.path={pictures}",
        "style.path=blocks.png,black.png",
        f"alpha={','.join(alpha)}",
        "beta=1e-20,1e20",
        f"optimizer.lr={','.join(lr)}",
        f"precision={precision}",
    )
    arguments = ("-m", "hydra/launcher=batched", *QUICK, *sweep, "hydra.sweep.dir=sweep")
    done = command(*arguments)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    runs = 4 * 2 * len(alpha) * 2 * len(lr)
    ends = check(command, runs)
    # Both happen, and the command's status says when not all is well.
    assert ends["finished"] > runs * 20 / 96
    assert done.returncode == (1 if ends.get("diverged") else 0)


@pytest.mark.parametrize(
    "options",
    [
        ("optimizer=lbfgs", "alpha=1e20"),
        ("optimizer=sgd", "optimizer.lr=1e6"),
        ("optimizer=sgd", "optimizer.lr=1e6", "beta=1e20"),
        ("tv.gamma=1e20", "optimizer.lr=1e6"),
        ("init=noise", "init.amplitude=127", "beta=1e20"),
        ("style.statistic=mean_std", "beta=1e20"),
        ("style.statistic=wasserstein", "beta=1e20"),
        ("pooling=max", "beta=1e20", "precision=bfloat16"),
    ],
    ids=" ".join,
)
@pytest.mark.slow
def test_extremes_of_every_kind(command: Command, pictures: str, options: tuple[str, ...]):
    done = command(
        "-m",
        "hydra/launcher=batched",
        *QUICK,
        f"content.path={pictures}",
        "style.path=blocks.png,white.png",
        *options,
        "hydra.sweep.dir=sweep",
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    check(command, 8)
