"""The same configuration gives the same bytes: in another process, after a cut, in another lane."""

import json
from pathlib import Path

import pytest
from helpers import Command
from kill_grid import history

RUN = (
    "network=vgg16",
    "size=32",
    "steps=12",
    "check_every=4",
    "tracking=disabled",
    "content.layers=[conv2_1]",
    "style.layers=[conv1_1,conv2_1]",
)
VARIANTS = ("", "init=noise", "optimizer=lbfgs", "pooling=max", "precision=bfloat16")


def bytes_of(folder: Path) -> tuple[bytes, list[dict[str, str]]]:
    return (folder / "result.png").read_bytes(), history(folder)


@pytest.mark.parametrize(
    "variant", [VARIANTS[1], *(pytest.param(v, marks=pytest.mark.slow) for v in VARIANTS)]
)
def test_in_another_process(command: Command, variant: str):
    """One with another seed of Python's hashes, and an empty cache."""
    own = [variant] if variant else []
    other = {"PYTHONHASHSEED": "7", "NST_CACHE": str(command.folder / "cache")}
    one = command(*RUN, *own, "hydra.run.dir=one")
    two = command(*RUN, *own, "hydra.run.dir=two", env=other)
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert bytes_of(command.folder / "one") == bytes_of(command.folder / "two")


@pytest.mark.parametrize("lanes", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_in_another_lane(command: Command, lanes: int):
    """The same cells in another order, so each in another place of its program."""
    weights = ["0", "1e2", "1e3", "1e4", "1e5", "1e6"]
    found = {}
    for name, order in (("there", weights), ("back", weights[::-1])):
        done = command(
            "-m",
            "hydra/launcher=batched",
            f"hydra.launcher.lanes={lanes}",
            *RUN,
            f"tv.gamma={','.join(order)}",
            f"hydra.sweep.dir={name}",
            "sweep.report=false",
        )
        assert done.returncode == 0, done.stderr
        folders = [path.parent for path in (command.folder / name).glob("*/run.json")]
        found[name] = {
            json.loads((folder / "run.json").read_text())["config"]["tv"]["gamma"]: bytes_of(folder)
            for folder in folders
        }
    assert len(found["there"]) == 6
    assert found["there"] == found["back"]
    if lanes == 1:
        assert command(*RUN, "tv.gamma=1e3", "hydra.run.dir=alone").returncode == 0
        assert bytes_of(command.folder / "alone") == found["there"][1000.0]
