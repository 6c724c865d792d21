"""Lanes against runs alone, and groups against their layers."""

import math
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from one_run import checks

from nst.base.program import Hyperparameters, Static
from nst.engine import loop, memory, program
from nst.engine.lanes import Lane, narrowed, union, widened
from nst.networks.vgg import random_params

SHAPE = (20, 16, 3)
ONE = Static("vgg16", "avg", "float32", ("conv1_1",), ("conv1_1",))
OTHER = Static("vgg16", "avg", "float32", ("conv2_1",), ("conv1_1", "conv2_1"))


def numbers(gamma: float, **changes) -> Hyperparameters:
    base = Hyperparameters(
        1.0, 1e-2, gamma, 3.0, 0.9, 0.999, 1e-8, {"conv1_1": 1.0}, {"conv1_1": 1.0}
    )
    return base._replace(**changes)


@pytest.fixture(scope="module")
def scene() -> tuple[dict, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    content_image, style_image = rng.uniform(0, 255, (2, *SHAPE)).astype(np.float32)
    return random_params("vgg16", 0), content_image, style_image


def alone(scene, static: Static, hyperparameters: Hyperparameters, **options):
    params, content_image, style_image = scene
    targets = program.compute_targets(static, params, content_image, style_image)
    options = {"steps": 6, "check_every": 2} | options
    return list(checks(static, params, targets, content_image, hyperparameters, **options))


def together(scene, static: Static, lanes: list[Lane], **options):
    params, content_image, style_image = scene
    targets = program.compute_targets(static, params, content_image, style_image)
    options = {"steps": 6, "check_every": 2} | options
    found: dict[int, list] = {index: [] for index in range(len(lanes))}
    for lane, check in loop.checks(static, params, targets, lanes, **options):
        found[lane].append(check)
    return found


def test_a_union_holds_every_layer_once_in_network_order():
    merged = union([OTHER, ONE])
    assert merged.content_layers == ("conv1_1", "conv2_1")
    assert merged.style_layers == ("conv1_1", "conv2_1")


def test_one_lane_is_the_run_alone_to_the_byte(scene):
    (lane,) = together(scene, ONE, [Lane(scene[1], numbers(10.0))]).values()
    single = alone(scene, ONE, numbers(10.0))
    assert [check.terms for check in lane] == [check.terms for check in single]
    assert lane[-1].picture.tobytes() == single[-1].picture.tobytes()


def test_vmapped_lanes_are_the_runs_alone_within_a_hundredth_of_a_gray_level(scene):
    gammas = [0.0, 1.0, 10.0]
    found = together(scene, ONE, [Lane(scene[1], numbers(gamma)) for gamma in gammas])
    for lane, gamma in enumerate(gammas):
        single = alone(scene, ONE, numbers(gamma))
        assert (
            [check.step for check in found[lane]]
            == [check.step for check in single]
            == [0, 2, 4, 6]
        )
        for mine, theirs in zip(found[lane], single, strict=True):
            np.testing.assert_allclose(mine.picture, theirs.picture, atol=0.01)
            assert mine.terms.total == pytest.approx(theirs.terms.total, rel=1e-4)
            assert mine.best == theirs.best


def test_a_layer_of_the_union_with_weight_0_changes_nothing(scene):
    merged = union([ONE, OTHER])
    wide = widened(numbers(1.0), merged)
    assert wide.style_weights == {"conv1_1": 1.0, "conv2_1": 0.0}
    (lane,) = together(scene, merged, [Lane(scene[1], wide)]).values()
    single = alone(scene, ONE, numbers(1.0))
    np.testing.assert_allclose(lane[-1].picture, single[-1].picture, atol=1e-3)
    narrow = narrowed(lane[-1], ONE)
    assert list(narrow.terms.style_layers) == ["conv1_1"]
    assert narrow.terms.total == pytest.approx(single[-1].terms.total, rel=1e-5)


def test_a_lane_that_diverges_ends_and_the_others_go_on(scene):
    lanes = [Lane(scene[1], numbers(1.0, lr=lr)) for lr in (3.0, 1e20, 3.0)]
    found = together(scene, ONE, lanes)
    assert [check.step for check in found[1]] == [0, 2]
    assert not found[1][-1].finite
    single = alone(scene, ONE, numbers(1.0))
    for lane in (0, 2):
        np.testing.assert_allclose(found[lane][-1].picture, single[-1].picture, atol=0.01)


@pytest.mark.parametrize("taken", [0, 1])
def test_lanes_go_on_from_a_check(scene, taken: int):
    lanes = [Lane(scene[1], numbers(gamma)) for gamma in (0.0, 10.0)]
    whole = together(scene, ONE, lanes)
    half = [
        Lane(
            scene[1],
            lane.hyperparameters,
            whole[index][taken],
            whole[index][taken].terms.total if taken else math.inf,
        )
        for index, lane in enumerate(lanes)
    ]
    rest = together(scene, ONE, half)
    for index in range(2):
        assert [check.step for check in rest[index]] == [2, 4, 6][taken:]
        assert rest[index][-1].picture.tobytes() == whole[index][-1].picture.tobytes()


def test_other_numbers_compile_nothing(scene):
    together(scene, ONE, [Lane(scene[1], numbers(gamma)) for gamma in (0.0, 1.0)])
    traced: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event == "/jax/core/compile/jaxpr_trace_duration":
            traced.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        together(scene, ONE, [Lane(scene[1], numbers(gamma)) for gamma in (5.0, 7.0)])
        assert traced == []
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


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
