"""Lanes against runs alone, and groups against their layers."""

import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import one_run
import pytest
from one_run import NUMBERS, SHAPE, nothing_traced, scene
from one_run import STATIC as ONE

from nst.base.program import Hyperparameters, Static
from nst.engine import memory, program
from nst.engine.check import Check
from nst.engine.lanes import Lane, narrowed, union, widened

OTHER = dataclasses.replace(ONE, content_layers=("conv2_1",), style_layers=("conv1_1", "conv2_1"))


def numbers(gamma: float, **changes) -> Hyperparameters:
    return NUMBERS._replace(gamma=gamma, **changes)


def alone(hyperparameters: Hyperparameters) -> list[Check]:
    (found,) = together(ONE, [Lane(scene()[1], hyperparameters)])
    return found


def together(static: Static, lanes: list[Lane]) -> list[list[Check]]:
    params, content_image, style_image = scene()
    targets = program.compute_targets(static, params, content_image, style_image)
    return one_run.together(static, params, targets, lanes, steps=6, check_every=2)


def test_a_union_holds_every_layer_once_in_network_order():
    merged = union([OTHER, ONE])
    assert merged.content_layers == ("conv1_1", "conv2_1")
    assert merged.style_layers == ("conv1_1", "conv2_1")


def test_vmapped_lanes_are_the_runs_alone_within_a_hundredth_of_a_gray_level():
    gammas = [0.0, 1.0, 10.0]
    found = together(ONE, [Lane(scene()[1], numbers(gamma)) for gamma in gammas])
    for lane, gamma in enumerate(gammas):
        single = alone(numbers(gamma))
        assert (
            [check.step for check in found[lane]]
            == [check.step for check in single]
            == [0, 2, 4, 6]
        )
        for mine, theirs in zip(found[lane], single, strict=True):
            np.testing.assert_allclose(mine.picture, theirs.picture, atol=0.01)
            assert mine.terms.total == pytest.approx(theirs.terms.total, rel=1e-4)
            assert mine.best == theirs.best


def test_a_layer_of_the_union_with_weight_0_changes_nothing():
    merged = union([ONE, OTHER])
    wide = widened(numbers(1.0), merged)
    assert wide.style_weights == {"conv1_1": 1.0, "conv2_1": 0.0}
    (lane,) = together(merged, [Lane(scene()[1], wide)])
    single = alone(numbers(1.0))
    np.testing.assert_allclose(lane[-1].picture, single[-1].picture, atol=1e-3)
    narrow = narrowed(lane[-1], ONE)
    assert list(narrow.terms.style_layers) == ["conv1_1"]
    assert narrow.terms.total == pytest.approx(single[-1].terms.total, rel=1e-5)


def test_a_lane_that_diverges_ends_and_the_others_go_on():
    lanes = [Lane(scene()[1], numbers(1.0, lr=lr)) for lr in (3.0, 1e20, 3.0)]
    found = together(ONE, lanes)
    assert [check.step for check in found[1]] == [0, 2]
    assert not found[1][-1].finite
    single = alone(numbers(1.0))
    for lane in (0, 2):
        np.testing.assert_allclose(found[lane][-1].picture, single[-1].picture, atol=0.01)


@pytest.mark.parametrize("taken", [0, 1])
def test_lanes_go_on_from_a_check(taken: int):
    lanes = [Lane(scene()[1], numbers(gamma)) for gamma in (0.0, 10.0)]
    whole = together(ONE, lanes)
    half = [
        Lane(
            scene()[1],
            lane.hyperparameters,
            whole[index][taken],
            whole[index][taken].terms.total if taken else math.inf,
        )
        for index, lane in enumerate(lanes)
    ]
    rest = together(ONE, half)
    for index in range(2):
        assert [check.step for check in rest[index]] == [2, 4, 6][taken:]
        assert rest[index][-1].picture.tobytes() == whole[index][-1].picture.tobytes()


def test_other_numbers_compile_nothing():
    together(ONE, [Lane(scene()[1], numbers(gamma)) for gamma in (0.0, 1.0)])
    with nothing_traced():
        together(ONE, [Lane(scene()[1], numbers(gamma)) for gamma in (5.0, 7.0)])


def test_the_memory_of_a_lane_by_hand():
    # conv1_1 at 20 x 16 with 64 channels, four bytes, twice.
    assert memory.bytes_of_a_lane(ONE, SHAPE) == 20 * 16 * 64 * 4 * 2


@pytest.mark.slow
def test_lanes_are_spread_over_eight_devices():
    """In a process of its own, since the number of devices is fixed when JAX starts."""
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "vmapped"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import jax, numpy as np; from nst.engine.lanes import Lane, begun\n"
        "from tests.engine.test_lanes import ONE, SHAPE, numbers\n"
        "picture = np.zeros(SHAPE, np.float32)\n"
        "states, _ = begun(ONE, [Lane(picture, numbers(g)) for g in range(11)])\n"
        "shards = states.picture.addressable_shards\n"
        "assert len({shard.device for shard in shards}) == 8, shards\n"
        "assert {shard.data.shape for shard in shards} == {(2, *SHAPE)}, shards\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
