"""A style statistic with random numbers: they are the seed's and the layer's, nothing else's."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, TINY, compiled, refusal, rows, valid_record

from nst.config.schema import Config
from nst.losses.statistics import STATISTICS, Statistic
from nst.losses.total import Targets
from nst.runner import alike, prepare

Compose = Callable[..., Config]
TOY = (*TINY, "tracking=disabled", "style.statistic=random_direction")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(STATISTICS, "random_direction", Statistic("random_direction", seeded=True))


def targets(config: Config) -> Targets:
    prepared = prepare.prepare(config)
    return prepare.targets(prepared, prepared.static)


def test_what_is_drawn_is_the_seeds_and_the_layers(compose: Compose):
    both = "style.layers=[conv1_1,conv1_2]"
    with compiled() as programs:
        first, again, other = (targets(compose(*TOY, both, f"seed={seed}")) for seed in (1, 1, 2))
        last = targets(compose(*TOY, both, f"seed={2**32 - 1}"))
    assert programs.count("compute_targets") == 1
    for one, same in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(same).tobytes()
    drawn = [
        np.asarray(found.style[layer].direction)
        for found in (first, other, last)
        for layer in ("conv1_1", "conv1_2")
    ]
    assert len({direction.tobytes() for direction in drawn}) == 6
    # Another layer beside it changes nothing.
    alone = targets(compose(*TOY, "style.layers=[conv1_2]", "seed=1"))
    np.testing.assert_array_equal(alone.style["conv1_2"].direction, drawn[1])


def test_a_target_knows_the_pictures_positions_and_a_blend_draws_once(
    compose: Compose, picture: Path
):
    config = compose(*TOY, f"style.blend={{night: 0.5, {picture}: 0.5}}", "style.size=24")
    prepared = prepare.prepare(config)
    height, width = prepared.content_image.shape[:2]
    found = prepare.targets(prepared, prepared.static).style["conv1_1"]
    assert found.positions.tolist() == [height * width] * 2
    np.testing.assert_array_equal(*found.direction)
    assert found.mean[0] != found.mean[1]


def test_seeds_share_targets_only_where_nothing_is_drawn(compose: Compose):
    def programs(statistic: str) -> int:
        configs = [compose(*TINY, f"style.statistic={statistic}", f"seed={n}") for n in (1, 2)]
        return len({alike.program(config, "vgg16") for config in configs})

    assert (programs("gram"), programs("random_direction")) == (1, 2)


def test_a_grid_over_seeds_and_layers_is_its_runs(command):
    own = (*FOUR_STEPS, *SHALLOW, "style.statistic=random_direction", "pooling=max")
    grid = ("seed=1,2", "style.layers=[conv1_1],[conv1_2]", "hydra.sweep.dir=sweep")
    with compiled() as programs:
        done = command("-m", *own, *grid, "hydra/launcher=batched", "hydra.launcher.lanes=1")
    assert done.returncode == 0, done.stderr
    assert (programs.count("advance"), programs.count("compute_targets")) == (1, 1)
    cells = [command.folder / "sweep" / str(job) for job in range(4)]
    assert len({valid_record(cell)["best"]["style"] for cell in cells}) == 4
    alone = command(*own, "seed=2", "style.layers=[conv1_2]", "hydra.run.dir=alone")
    assert alone.returncode == 0, alone.stderr
    assert rows(command.folder / "alone")[0]["total"] == rows(cells[3])[0]["total"]


@pytest.mark.parametrize("asked", ["strips=always", "devices=rows"])
def test_strips_are_refused_by_name(command, asked: str):
    line = refusal(command, *FOUR_STEPS, "style.statistic=random_direction", asked)
    assert line.startswith(f"nst: {asked} needs a statistic")
    assert "style.statistic=random_direction is not" in line
