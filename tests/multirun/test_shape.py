"""The shape of a grid: axes that go together, cells left out, their order."""

import sys

import pytest
from helpers import QUIET, SHALLOW, Command, record, refusal

from nst.config.running import Sweep
from nst.multirun.shape import Axis, cells


def axis(key: str, *values: object) -> Axis:
    return Axis(key, tuple(f"{key}={value}" for value in values))


AXES = [axis("size", 64), axis("a", 1, 2), axis("b", "x", "y"), axis("c", 5, 6)]


def shown(**asked: object) -> list[str]:
    """Return the values of each cell, "1x5"."""
    found = cells(AXES, Sweep(**asked))  # type: ignore[arg-type]
    assert all(cell[0] == "size=64" and len(cell) == 4 for cell in found)
    return ["".join(one.partition("=")[2] for one in cell[1:]) for cell in found]


def test_every_combination():
    assert shown() == ["1x5", "1x6", "1y5", "1y6", "2x5", "2x6", "2y5", "2y6"]


def test_axes_that_go_together():
    assert shown(zip=["a", "b"]) == ["1x5", "1x6", "2y5", "2y6"]
    assert shown(zip=["c", "a"]) == ["1x5", "1y5", "2x6", "2y6"]
    assert shown(zip=[["a", "b", "c"]]) == ["1x5", "2y6"]


def test_cells_that_are_left_out():
    assert shown(exclude={"a": 1, "b": "x"}) == ["1y5", "1y6", "2x5", "2x6", "2y5", "2y6"]
    assert shown(exclude=[{"a": 1}, {"c": 6.0, "b": "y"}]) == ["2x5", "2x6", "2y5"]
    assert shown(zip=["a", "b"], exclude={"a": 2}) == ["1x5", "1x6"]


def test_their_order():
    mixed = shown(shuffle=3)
    assert mixed != shown()
    assert sorted(mixed) == shown()
    assert shown(shuffle=3) == mixed != shown(shuffle=4)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "sweep.zip=[pooling,sede]",
            "sweep.zip: the sweep has no axis 'sede' (did you mean 'seed'?)",
        ),
        (
            "sweep.zip=[pooling]",
            "sweep.zip must be a list of keys, [content,style], not ['pooling']",
        ),
        ("sweep.zip=[pooling,seed]", "pooling has 2 and seed has 3"),
        ("sweep.zip=[pooling,pooling]", "names an axis twice"),
        ("sweep.zip=[pooling,size]", "the sweep has no axis 'size'; its axes are pooling, seed"),
        (
            "sweep.exclude={poling:max}",
            "sweep.exclude: the sweep has no axis 'poling' (did you mean",
        ),
        ("sweep.exclude={seed:7}", "no cell has seed=7; seed takes 0, 1, 2"),
        ("sweep.exclude=[{seed:0},{seed:1},{seed:2}]", "sweep.exclude leaves none of the 6 cells"),
        ("sweep.exclude=max", "sweep.exclude must say what the cells have that are left out"),
        ("sweep.shuffle=-1", "sweep.shuffle must be a whole number from 0 to 4294967295, not -1"),
    ],
)
def test_a_shape_that_is_none(command: Command, asked: str, said: str):
    line = refusal(command, "-m", *QUIET, "pooling=avg,max", "seed=0,1,2", asked)
    assert said in line
    assert command.files() == []


def test_a_sweep_file_has_none(command: Command):
    program = (sys.executable, "-m", "nst.sweep")
    done = command("pooling", "sweep.zip=[a,b]", program=program)
    assert "sweep.zip is for grids on the command line" in done.stderr


def test_a_grid_on_the_command_line(command: Command):
    own = ("tv.gamma=0,1e3", "style.layers=[conv1_1],[conv1_2]", "seed=1,2", "sweep.report=false")
    shape = ("sweep.zip=[tv.gamma,style.layers]", "sweep.exclude={tv.gamma:1000,seed:2}")
    done = command("-m", *QUIET, *SHALLOW[:1], *own, *shape, "hydra.sweep.dir=sweep")
    assert done.returncode == 0, done.stderr
    found = []
    for folder in sorted((command.folder / "sweep").glob("[0-9]*")):
        config = record(folder)["config"]
        found.append((config["tv"]["gamma"], *config["style"]["layers"], config["seed"]))
    assert found == [(0, "conv1_1", 1), (0, "conv1_1", 2), (1e3, "conv1_2", 1)]
