"""The same configuration gives the same bytes: in another process, after a cut, in another lane."""

from pathlib import Path

import pytest
from helpers import SHALLOW, Command, losses, record

RUN = ("network=vgg16", "size=32", "steps=12", "check_every=4", "tracking=disabled")
DEEPER = ("content.layers=[conv2_1]", "style.layers=[conv1_1,conv2_1]")
VARIANTS = ("", "init=noise", "optimizer=lbfgs", "pooling=max", "precision=bfloat16")


def bytes_of(folder: Path) -> tuple[bytes, list[dict[str, str]]]:
    return (folder / "result.png").read_bytes(), losses(folder)


@pytest.mark.slow  # in short form in tests/command/test_surroundings.py
@pytest.mark.parametrize("variant", VARIANTS)
def test_in_another_process(command: Command, variant: str):
    """One with another seed of Python's hashes, and an empty cache."""
    own = [variant] if variant else []
    other = {"PYTHONHASHSEED": "7", "NST_CACHE": str(command.folder / "cache")}
    one = command(*RUN, *DEEPER, *own, "hydra.run.dir=one")
    two = command(*RUN, *DEEPER, *own, "hydra.run.dir=two", env=other)
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert bytes_of(command.folder / "one") == bytes_of(command.folder / "two")


@pytest.mark.parametrize(
    ("lanes", "weights"),
    [
        (1, ["0", "1e2", "1e3", "1e6"]),
        # None is left over to run alone, in a program with other last bits.
        pytest.param(3, ["0", "1e2", "1e3", "1e4", "1e5", "1e6"], marks=pytest.mark.slow),
    ],
)
def test_in_another_lane(command: Command, lanes: int, weights: list[str]):
    """The same cells in another order, so each in another place of its program."""
    run = (*RUN, *SHALLOW)
    found = {}
    for name, order in (("there", weights), ("back", weights[::-1])):
        done = command(
            *("-m", "hydra/launcher=batched", f"hydra.launcher.lanes={lanes}", *run),
            *(f"tv.gamma={','.join(order)}", f"hydra.sweep.dir={name}", "sweep.report=false"),
        )
        assert done.returncode == 0, done.stderr
        folders = [path.parent for path in (command.folder / name).glob("*/run.json")]
        found[name] = {record(one)["config"]["tv"]["gamma"]: bytes_of(one) for one in folders}
    assert len(found["there"]) == len(weights)
    assert found["there"] == found["back"]
    if lanes == 1:
        assert command(*run, "tv.gamma=1e3", "hydra.run.dir=alone").returncode == 0
        assert bytes_of(command.folder / "alone") == found["there"][1000.0]
