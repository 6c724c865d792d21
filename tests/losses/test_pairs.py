"""Statistics that compare positions in pairs, against plain loops over all pairs."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, losses, refusal, valid_record

from nst.config.program import split
from nst.config.schema import Config
from nst.losses import cosine, nearest, nearest_3x3, pairs, relaxed_emd, self_similarity
from nst.losses.total import content_loss
from nst.runner import prepare

SHAPE = (5, 4, 3)
KEY = jax.random.key(7)
STYLES: dict[str, Any] = {
    "relaxed_emd": relaxed_emd,
    "nearest": nearest,
    "nearest_3x3": nearest_3x3,
}
CONTENTS: dict[str, Any] = {"self_similarity": self_similarity, "cosine": cosine}


def features(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return activations in gray levels, channels of several means and sizes."""
    rng = np.random.default_rng(seed)
    return 40 * rng.normal(size=shape) * np.linspace(0.2, 2, shape[-1]) + rng.normal(size=shape[-1])


def flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


def cosine_distance(one: np.ndarray, other: np.ndarray) -> float:
    return 1 - float(one @ other / (np.sqrt(one @ one) * np.sqrt(other @ other)))


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.array([[cosine_distance(left, right) for right in other] for left in one])


# --- By plain loops -----------------------------------------------------------------------------


def plain_relaxed_emd(own: np.ndarray, other: np.ndarray) -> float:
    own, other = flat(own), flat(other)
    apart = distances(own, other)
    moments = 0.0
    channels = own.shape[1]
    for first in range(channels):
        moments += abs(own[:, first].mean() - other[:, first].mean()) / 57.6 / channels
        for second in range(channels):
            both = [np.cov(one[:, first], one[:, second], bias=True)[0, 1] for one in (own, other)]
            moments += abs(both[0] - both[1]) / 57.6**2 / channels**2
    return max(apart.min(axis=1).mean(), apart.min(axis=0).mean()) + moments


def plain_patches(values: np.ndarray, side: int) -> np.ndarray:
    """Return the patch around each position; beyond the edges there is the mean."""
    height, width, _ = values.shape
    found = []
    for row, column in itertools.product(range(height), range(width)):
        patch = []
        for down, right in itertools.product(range(-(side // 2), side // 2 + 1), repeat=2):
            inside = 0 <= row + down < height and 0 <= column + right < width
            mean = flat(values).mean(axis=0)
            patch.append(values[row + down, column + right] - mean if inside else 0 * mean)
        found.append(np.concatenate(patch))
    return np.array(found)


def plain_nearest(own: np.ndarray, other: np.ndarray, side: int = 1) -> float:
    return float(distances(plain_patches(own, side), plain_patches(other, side)).min(axis=1).mean())


def plain_self_similarity(own: np.ndarray, other: np.ndarray) -> float:
    one, another = (distances(flat(values), flat(values)) for values in (own, other))
    total = 0.0
    for row, column in itertools.product(range(len(one)), repeat=2):
        total += abs(
            one[row, column] / one[:, column].sum()
            - another[row, column] / another[:, column].sum()
        )
    return total


def plain_cosine(own: np.ndarray, other: np.ndarray) -> float:
    return sum(map(cosine_distance, flat(own), flat(other)))


PLAIN: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "relaxed_emd": plain_relaxed_emd,
    "nearest": plain_nearest,
    "nearest_3x3": lambda own, other: plain_nearest(own, other, 3),
    "self_similarity": plain_self_similarity,
    "cosine": plain_cosine,
}


def loss_towards(name: str, other: np.ndarray) -> Callable[[jax.Array], jax.Array]:
    """Return the loss of activations towards those of a style or a content image."""
    if name in CONTENTS:
        return lambda own: CONTENTS[name].loss(own, jnp.asarray(other))
    target = STYLES[name].target(jnp.asarray(other), other.shape, KEY)
    return lambda own: STYLES[name].loss(own, target)


def scale(name: str) -> float:
    return (STYLES | CONTENTS | {"nearest_3x3": nearest})[name].SCALE


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", [(3, 7, 3), (1, 1, 3)])
def test_a_loss_is_the_plain_loop(name: str, shape: tuple[int, ...]):
    own = features(1)
    other = features(2, SHAPE if name in CONTENTS else shape)
    with jax.enable_x64(True):
        found = float(loss_towards(name, other)(jnp.asarray(own))) / scale(name)
    if shape == (1, 1, 3) and name.startswith("nearest"):
        # The only feature is the mean, and nothing has the direction of 0.
        assert found == pytest.approx(1)
    else:
        assert found == pytest.approx(PLAIN[name](own, other), rel=1e-5)


def test_rounding_the_search_of_patches_does_not_move_the_loss():
    # 256 patches among 256: enough for some that are almost as near as the nearest.
    own, other = features(1, (16, 16, 3)), features(2, (16, 16, 3))
    found = loss_towards("nearest_3x3", other.astype(np.float32))(jnp.asarray(own, jnp.float32))
    assert float(found) / nearest.SCALE == pytest.approx(plain_nearest(own, other, 3), rel=2e-5)


@pytest.mark.parametrize("name", PLAIN)
def test_a_loss_of_identical_features_is_0(name: str):
    own = jnp.asarray(features(3), jnp.float32)
    assert float(loss_towards(name, np.asarray(own))(own)) / scale(name) == pytest.approx(
        0, abs=1e-5
    )


def test_what_permutations_change():
    own, other = features(4), features(5)
    order = np.random.default_rng(6).permutation(20)
    shuffled, both = (flat(one)[order].reshape(SHAPE) for one in (own, other))
    for name in PLAIN:
        plain = float(loss_towards(name, other)(jnp.asarray(own, jnp.float32)))
        moved = float(loss_towards(name, other)(jnp.asarray(shuffled, jnp.float32)))
        together = float(loss_towards(name, both)(jnp.asarray(shuffled, jnp.float32)))
        # A style has no places but for those inside a patch; content may move as a whole alone.
        assert (moved == pytest.approx(plain, rel=1e-4)) == (name in ("relaxed_emd", "nearest"))
        assert (together == pytest.approx(plain, rel=1e-4)) == (name != "nearest_3x3")


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "relaxed_emd"])
def test_cosines_do_not_see_how_strong_a_picture_is(name: str):
    own, loss = jnp.asarray(features(4), jnp.float32), loss_towards(name, features(5))
    assert float(loss(3 * own)) == pytest.approx(float(loss(own)), rel=1e-4)


def test_moments_see_how_strong_a_picture_is():
    own = features(4)
    found = float(loss_towards("relaxed_emd", own)(jnp.asarray(2 * own, jnp.float32)))
    moments = plain_relaxed_emd(2 * own, own)
    assert moments > 0.1
    assert found / relaxed_emd.SCALE == pytest.approx(moments, rel=1e-4)


@pytest.mark.parametrize("name", PLAIN)
def test_gradients_against_finite_differences(name: str):
    with jax.enable_x64(True):
        loss = jax.jit(loss_towards(name, features(8)))
        at = jnp.asarray(features(9))
        gradient = np.asarray(jax.grad(loss)(at)) / scale(name)
        for index in np.ndindex(at.shape):
            nudge = jnp.zeros_like(at).at[index].set(1e-4)
            slope = float(loss(at + nudge) - loss(at - nudge)) / 2e-4 / scale(name)
            assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("even", ["own", "other", "both"])
def test_one_color_has_a_finite_loss_and_gradient(name: str, even: str):
    own, other = (
        np.full(SHAPE, 7.0) if even in (which, "both") else features(10)
        for which in ("own", "other")
    )
    found = jax.value_and_grad(loss_towards(name, other))(jnp.asarray(own, jnp.float32))
    assert all(np.isfinite(one).all() for one in found)


# --- More positions than are compared -----------------------------------------------------------


def test_positions_are_drawn_once_each_or_all_of_them():
    few, many = (pairs.drawn(KEY, count) for count in (300, 5000))
    assert len(set(np.asarray(many.positions).tolist())) == pairs.SAMPLES
    np.testing.assert_allclose(many.shares, 1 / pairs.SAMPLES, rtol=1e-6)
    assert set(np.asarray(few.positions).tolist()) == set(range(300))
    # Each position has the same part of a mean, whether it is there three times or four.
    parts = np.bincount(few.positions, few.shares)
    np.testing.assert_allclose(parts, 1 / 300, rtol=1e-5)
    other = pairs.drawn(jax.random.key(8), 5000)
    assert set(np.asarray(other.positions).tolist()) != set(np.asarray(many.positions).tolist())


@pytest.mark.parametrize("name", STYLES)
def test_every_position_has_a_gradient_beside_a_large_painting(name: str):
    own, other = features(11, (30, 40, 4)), features(12, (50, 60, 4))
    gradient = jax.grad(loss_towards(name, other))(jnp.asarray(own, jnp.float32))
    assert (np.abs(gradient).max(axis=-1) > 0).all()


def test_the_search_in_parts_is_that_of_all(monkeypatch: pytest.MonkeyPatch):
    own, other = features(13, (6, 5, 4)), features(14, (8, 9, 4))
    # Two rows at a time, the last two alone where five are left over.
    monkeypatch.setattr(pairs, "ENTRIES", 2 * 5 * pairs.SAMPLES)
    for name in STYLES:
        with jax.enable_x64(True):
            found = float(loss_towards(name, other)(jnp.asarray(own))) / scale(name)
        assert found == pytest.approx(PLAIN[name](own, other), rel=1e-5)


def test_self_similarity_of_many_positions_compares_all_with_a_grid():
    rng = np.random.default_rng(15)
    own, other = 40 * rng.normal(size=(2, 48, 64, 4))
    assert self_similarity.ANCHORS < 48 * 64
    found, gradient = jax.value_and_grad(loss_towards("self_similarity", other))(
        jnp.asarray(own, jnp.float32)
    )
    expected = []
    for row, column in itertools.product(range(0, 48, 2), range(0, 64, 2)):
        shares = []
        for values in (own, other):
            directions = values / np.linalg.norm(values, axis=-1, keepdims=True)
            apart = 1 - directions @ directions[row, column]
            shares.append(apart / apart.sum())
        expected.append(np.abs(shares[0] - shares[1]).sum())
    assert float(found) / self_similarity.SCALE == pytest.approx(
        48 * 64 * np.mean(expected), rel=1e-4
    )
    assert (np.abs(gradient).max(axis=-1) > 0).all()


# --- Runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", STYLES)
def test_a_blend_of_paintings_of_several_sizes(
    compose: Callable[..., Config], picture: Any, statistic: str
):
    config = compose(
        *(*FOUR_STEPS, *SHALLOW, "tracking=disabled", f"style.statistic={statistic}"),
        *(f"style.blend={{night: 0.5, {picture}: 0.5}}", "style.size=40"),
    )
    prepared = prepare.prepare(config)
    assert len({one.shape for one in prepared.style_images}) == 2
    found = prepare.targets(prepared, prepared.static).style["conv1_1"]
    assert {len(leaf) for leaf in jax.tree.leaves(found)} == {2}


def test_statistics_of_pairs_through_the_command_line(command):
    chosen = [("style", name, "alpha=0") for name in STYLES]
    chosen += [("content", name, "beta=0") for name in CONTENTS]
    hashes = set()
    for number, (term, name, alone) in enumerate(chosen):
        own = (f"{term}.statistic={name}", alone, "init=noise", "pooling=max")
        done = command(*FOUR_STEPS, *SHALLOW, *own, f"hydra.run.dir={number}")
        assert done.returncode == 0, done.stderr
        folder = command.folder / str(number)
        hashes.add(valid_record(folder)["config_hash"])
        found = [float(row[f"{term}/conv1_1"]) for row in losses(folder)]
        assert 0 < found[-1] < found[0]
    assert len(hashes) == len(chosen)


@pytest.mark.parametrize("asked", ["strips=always", "devices=rows"])
def test_strips_are_refused_by_name(command, asked: str):
    for key in ("style.statistic=nearest", "content.statistic=cosine"):
        line = refusal(command, *FOUR_STEPS, key, asked)
        assert line.startswith(f"nst: {asked} needs a statistic")
        assert f"{key} is not: leave it at auto, or take one of " in line


@pytest.mark.parametrize("name", CONTENTS)
def test_the_mean_of_another_content_statistic_is_over_positions(
    name: str, compose: Callable[..., Config]
):
    own, other = features(1), features(2)
    static, _ = split(compose(f"content.statistic={name}", "content.reduction=mean"), "vgg16")
    found = float(content_loss(static, jnp.asarray(own), jnp.asarray(other)))
    positions = own.shape[0] * own.shape[1]
    wanted = PLAIN[name](own, other) / positions
    assert found / scale(name) == pytest.approx(wanted, rel=1e-3)
