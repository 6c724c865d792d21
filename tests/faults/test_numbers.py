"""Numbers at their limits: a finite result, or "diverged" with the best picture so far."""

import math
from pathlib import Path

import numpy as np
import pytest
from helpers import SHALLOW, Command, pixels, record
from PIL import Image

QUICK = (
    *("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", "sweep.report=false"),
    *("network=vgg16", "size=32", "steps=4", "check_every=1", "tracking=disabled"),
)
DEEPER = ("content.layers=[conv2_1]", "style.layers=[conv1_1,conv2_1]")
ALL = "gray.png,black.png,white.png,blocks.png"
#: Content images, alpha and learning rate.
EXTREMES = (ALL, "1e-20,1e20", "1e-20,10,1e6")


@pytest.fixture(autouse=True)
def _pictures(command: Command, picture: Path):
    """A gray, a black, a white and a colored picture, of a shape whose programs there are."""
    for name, level in (("gray", 128), ("black", 0), ("white", 255)):
        Image.fromarray(np.full((32, 48, 3), level, np.uint8)).save(command.folder / f"{name}.png")
    Image.open(picture).resize((48, 32)).save(command.folder / "blocks.png")


def ends(command: Command, *overrides: str) -> list[str]:
    """Run a sweep and hold every run to the rule; return how they ended."""
    done = command(*QUICK, *overrides)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    found = []
    for path in command.folder.glob("sweep/*/run.json"):
        fields = record(path.parent)
        assert fields["status"] in ("finished", "diverged"), fields["error"]
        found.append(fields["status"])
        if fields["status"] == "finished":
            assert math.isfinite(fields["last"]["total"])
        # The picture before the first step is always there, and its loss may be the infinite one.
        assert fields["best"] is not None
        assert pixels(path.parent / "result.png").shape[2] == 3
        assert all(math.isfinite(value) for value in fields["metrics"].values() if value)
    # The command's status says when not all is well.
    assert done.returncode == ("diverged" in found)
    return found


@pytest.mark.parametrize(
    ("layers", "content", "alpha", "lr", "precision"),
    [
        (SHALLOW, "black.png,blocks.png", "1e20", "10,1e6", "float32"),
        pytest.param(DEEPER, *EXTREMES, "float32", marks=pytest.mark.slow),
        pytest.param(DEEPER, *EXTREMES, "bfloat16", marks=pytest.mark.slow),
    ],
)
def test_extreme_weights_and_rates(
    command: Command, layers: tuple[str, str], content: str, alpha: str, lr: str, precision: str
):
    sweep = (f"content.path={content}", f"alpha={alpha}", f"optimizer.lr={lr}")
    fixed = ("style.path=blocks.png,black.png", "beta=1e-20,1e20", f"precision={precision}")
    found = ends(command, *layers, *sweep, *fixed)
    assert len(found) == 4 * math.prod(len(one.split(",")) for one in (content, alpha, lr))
    # Both happen.
    assert len(found) > found.count("finished") > len(found) * 20 / 96


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
def test_extremes_of_every_kind(command: Command, options: tuple[str, ...]):
    images = (f"content.path={ALL}", "style.path=blocks.png,white.png")
    found = ends(command, *DEEPER, *images, *options)
    assert len(found) == 8
