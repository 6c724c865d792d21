"""Style statistics against plain float64 computations, finite differences and cases by hand."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, compiled, refusal, valid_record
from one_run import NUMBERS, STATIC, checks, scene
from scipy.linalg import LinAlgWarning, sqrtm

from nst.engine.program import compute_targets
from nst.losses import mean_std, moment_matching, total, wasserstein
from nst.losses.statistics import STATISTICS


def activations(seed: int, shape: tuple[int, int, int], scale: float = 30.0) -> np.ndarray:
    """Return activations whose channels go together, as a network's do, and differ in size."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=shape) @ rng.normal(size=(shape[2], shape[2]))
    return scale * (mixed * np.geomspace(1, 0.03, shape[2]) + rng.normal(size=shape[2]))


def plain_wasserstein(one: np.ndarray, other: np.ndarray) -> float:
    """The distance by scipy's root of a matrix, in float64."""
    flats = [values.reshape(-1, values.shape[-1]).astype(np.float64) for values in (one, other)]
    means = [flat.mean(axis=0) for flat in flats]
    left, right = (np.cov(flat.T, bias=True) for flat in flats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # singular, as is meant
        root = np.real(sqrtm(right))
        between = np.real(sqrtm(root @ left @ root))
    distance = ((means[0] - means[1]) ** 2).sum() + np.trace(left + right - 2 * between)
    return float(distance / one.shape[-1])


def variance(*several: np.ndarray) -> float:
    """The mean over channels of the summed variances, which the distance is made of."""
    return float(sum(values.var(axis=(0, 1)).mean() for values in several))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    target = wasserstein.target(jnp.asarray(other, jnp.float32))
    return float(wasserstein.loss(jnp.asarray(one, jnp.float32), target))


def test_mean_std_by_hand():
    # Channel 1: 1 and 3, mean 2, deviation 1; channel 2: 5 and 5. Against zeros, over 2 channels.
    own = jnp.array([[[1.0, 5.0]], [[3.0, 5.0]]])
    loss = mean_std.loss(own, mean_std.mean_std(jnp.zeros((1, 1, 2))))
    assert float(loss) == pytest.approx((2**2 + 1 + 5**2) / 2, rel=1e-2)


def test_mean_std_is_the_plain_loop():
    one, other = activations(1, (5, 7, 6)), activations(2, (4, 3, 6))
    expected = 0.0
    for channel in range(6):
        for moment in (np.mean, np.std):
            expected += (moment(one[..., channel]) - moment(other[..., channel])) ** 2 / 6
    target = mean_std.mean_std(jnp.asarray(other, jnp.float32))
    got = mean_std.loss(jnp.asarray(one, jnp.float32), target)
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_the_wasserstein_distance_of_independent_channels_by_hand():
    # Corners of a rectangle: means 1 and 0, deviations 2 and 3 against 1 and 1; the means against 0
    # and 0: ((2-1)^2 + (3-1)^2 + 1) / 2 channels.
    corners = np.array([[[1, 1], [1, -1]], [[-1, 1], [-1, -1]]], np.float64)
    one = corners * (2, 3) + (1, 0)
    assert distance(one, corners) == pytest.approx((1 + 4 + 1) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("shapes", "within"),
    [
        (((9, 8, 6), (7, 6, 6)), 1e-4),
        (((16, 16, 64), (16, 16, 64)), 2e-3),
        (((2, 3, 64), (16, 16, 64)), 1e-2),  # fewer positions than channels, in the picture,
        (((16, 16, 64), (2, 3, 64)), 1e-2),  # in the style image,
        (((2, 3, 64), (2, 3, 64)), 1e-2),  # and in both
        (((1, 1, 8), (1, 1, 8)), 1e-4),
    ],
)
def test_the_wasserstein_distance_is_scipys(shapes, within: float):
    one, other = (activations(seed, shape) for seed, shape in enumerate(shapes))
    expected = plain_wasserstein(one, other)
    whole = variance(one, other) + expected
    assert distance(one, other) == pytest.approx(expected, abs=within * whole)


@pytest.mark.parametrize("shape", [(16, 16, 64), (2, 3, 64), (1, 1, 8)])
def test_the_wasserstein_distance_of_a_picture_to_itself_is_near_0(shape):
    one = activations(3, shape)
    assert -1e-4 * variance(one) <= distance(one, one) <= 1e-2 * variance(one) + 1e-6


@pytest.mark.parametrize("shapes", [((9, 8, 6), (7, 6, 6)), ((2, 3, 64), (16, 16, 64))])
def test_the_wasserstein_gradient_in_float32_is_that_in_float64(shapes):
    """Of 64 channels and 6 positions the root has no inverse: the map is that of its support."""
    one, other = (activations(seed, shape) for seed, shape in enumerate(shapes))
    target = wasserstein.target(jnp.asarray(other, jnp.float32))
    gradient = np.asarray(jax.grad(wasserstein.loss)(jnp.asarray(one, jnp.float32), target))
    flats = [values.reshape(-1, values.shape[-1]) for values in (one, other)]
    centered = flats[0] - flats[0].mean(axis=0)
    root = np.real(sqrtm(np.cov(flats[1].T, bias=True)))
    # x -> T^1/2 (T^1/2 S T^1/2)^-1/2 T^1/2 x takes one normal distribution into the other.
    values, vectors = np.linalg.eigh(root @ np.cov(flats[0].T, bias=True) @ root)
    inverse = np.where(values > 1e-9 * values.max(), np.abs(values) ** -0.5, 0)
    moved = centered @ (root @ (vectors * inverse) @ vectors.T @ root)
    means = flats[0].mean(axis=0) - flats[1].mean(axis=0)
    expected = 2 * (centered - moved + means) / (len(centered) * one.shape[-1])
    error = np.linalg.norm(gradient.reshape(expected.shape) - expected)
    assert error <= 2e-2 * np.linalg.norm(expected)


@pytest.mark.parametrize("statistic", ["mean_std", "wasserstein"])
def test_gradients_against_finite_differences(statistic: str):
    with jax.enable_x64(True):
        at = jnp.asarray(activations(4, (3, 4, 3), 1.0))
        target = STATISTICS[statistic].load().target(jnp.asarray(activations(5, (4, 4, 3), 1.0)))

        @jax.jit
        def loss(x: jax.Array) -> jax.Array:
            return total.style_loss(statistic, x, target)

        gradient = np.asarray(jax.grad(loss)(at))
        for index in np.ndindex(at.shape):
            nudge = jnp.zeros_like(at).at[index].set(1e-6)
            slope = (loss(at + nudge) - loss(at - nudge)) / 2e-6
            assert gradient[index] == pytest.approx(float(slope), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("statistic", ["gram", "mean_std", "wasserstein"])
@pytest.mark.parametrize("flat", ["picture", "painting", "both"])
def test_a_picture_of_one_color_has_a_finite_loss_and_gradient(statistic: str, flat: str):
    busy, even = jnp.asarray(activations(6, (4, 5, 8)), jnp.float32), jnp.full((4, 5, 8), 7.0)
    style_image = even if flat in ("painting", "both") else busy
    picture = even if flat in ("picture", "both") else busy
    target = STATISTICS[statistic].load().target(style_image)
    loss, gradient = jax.value_and_grad(
        lambda picture: total.style_loss(statistic, picture, target)
    )(picture)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


#: What is left of a loss after twenty steps, at most. Cosines fall slower than squares, and some
#: features of so small a picture have no like ones.
LEFT = {"relaxed_emd": 0.5, "nearest": 0.8, "nearest_3x3": 0.8}


@pytest.mark.parametrize("statistic", [name for name in STATISTICS if name != "gram"])
def test_a_statistic_brings_the_picture_nearer_to_the_style_image(statistic: str):
    static = dataclasses.replace(STATIC, statistic=statistic)
    numbers = NUMBERS._replace(alpha=0.0, beta=1.0, gamma=0.0)
    params, content_image, style_image = scene()
    targets = compute_targets(static, params, content_image / 2, style_image)
    found = list(
        checks(static, params, targets, content_image / 2, numbers, steps=20, check_every=10)
    )
    assert found[-1].terms.total < LEFT.get(statistic, 0.3) * found[0].terms.total


def test_statistics_and_normalization_through_the_command_line(command):
    grid = ("style.statistic=mean_std,wasserstein", "style.normalize=none,channels", "pooling=max")
    batched = ("-m", "hydra/launcher=batched", "hydra.launcher.lanes=1", "hydra.sweep.dir=sweep")
    with compiled() as programs:
        done = command(*batched, *FOUR_STEPS, *SHALLOW, *grid)
    assert done.returncode == 0, done.stderr
    # Each statistic is a program; the normalization is a number.
    assert programs.count("advance") == 2
    written = [valid_record(command.folder / "sweep" / str(job)) for job in range(4)]
    assert len({one["config_hash"] for one in written}) == 4
    for plain, by_channels in zip(written[::2], written[1::2], strict=True):
        assert by_channels["config"]["style"]["normalize"] == "channels"
        first, second = (one["best"]["style/conv1_1"] for one in (plain, by_channels))
        assert second != first
        # The weighted sum, over the 64 channels of conv1_1 squared.
        assert by_channels["best"]["style"] == pytest.approx(second / 64**2, rel=1e-5)
    alone = ("style.statistic=wasserstein", "pooling=max", "hydra.run.dir=alone")
    done = command(*FOUR_STEPS, *SHALLOW, *alone)
    assert done.returncode == 0, done.stderr
    pictures = [command.folder / folder / "result.png" for folder in ("alone", "sweep/2")]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


@pytest.mark.parametrize(
    ("argument", "allowed"),
    [
        ("style.statistic=grams", "gram, mean_std, wasserstein"),
        ("style.normalize=true", "none, channels"),
        ("style.size=8", "whole number of pixels from 16 to 16384, not 8"),
    ],
)
def test_refusals(command, argument: str, allowed: str):
    line = refusal(command, argument)
    assert line.startswith(f"nst: {argument.partition('=')[0]} must be")
    assert allowed in line


# --- From parts of a picture --------------------------------------------------------------------


def test_moments_of_parts_are_those_of_numpy():
    # Far from 0, where sums of squares in float32 would leave nothing of a deviation of 1.
    values = np.random.default_rng(5).normal(10_000, 1, (9, 5, 4)).astype(np.float32)
    whole = None
    for rows, counted in ((values[:4], 4), (values[4:7], 3), (values[4:7], 0), (values[6:], 2)):
        # The last part begins with a row that the one before has, and counts its last two.
        inside = np.arange(len(rows)) >= len(rows) - counted
        own = mean_std.part(jnp.asarray(rows), jnp.asarray(inside, jnp.float32))
        whole = own if whole is None else mean_std.merged(whole, own)
    assert whole is not None
    exact = values.astype(np.float64)
    assert float(whole.positions) == 45
    np.testing.assert_allclose(whole.mean, exact.mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(whole.scatter / 45, exact.var(axis=(0, 1)), rtol=2e-3)


def test_powers_of_parts_are_those_of_numpy():
    # Lopsided, and far from 0: of cubes about 0, 1e9 with 7 digits, nothing would be left.
    values = (1000 + np.random.default_rng(6).exponential(1, (12, 5, 4))).astype(np.float32)
    whole = jax.tree.map(jnp.zeros_like, moment_matching.part(jnp.asarray(values), jnp.ones(12)))
    for rows, counted in ((values[:5], 5), (values[5:7], 2), (values[5:7], 0), (values[6:], 5)):
        inside = np.arange(len(rows)) >= len(rows) - counted
        own = moment_matching.part(jnp.asarray(rows), jnp.asarray(inside, jnp.float32))
        whole = moment_matching.merged(whole, own)
    apart = values.astype(np.float64) - values.mean(axis=(0, 1), dtype=np.float64)
    assert float(whole.positions) == 60
    for power, found in ((2, whole.second), (3, whole.third), (4, whole.fourth)):
        expected = (apart**power).sum(axis=(0, 1))
        np.testing.assert_allclose(found, expected, rtol=2e-3, err_msg=str(power))


@pytest.mark.parametrize("statistic", [name for name, one in STATISTICS.items() if one.by_strips])
def test_a_loss_from_parts_is_that_of_the_whole(statistic: str):
    module = STATISTICS[statistic].load()
    own, other = (jnp.asarray(activations(seed, (8, 9, 4)), jnp.float32) for seed in (1, 2))
    both = jnp.ones(4)
    whole = module.merged(module.part(own[:4], both), module.part(own[4:], both))
    target = module.target(other)
    again = module.target_of(module.part(other, jnp.ones(8)))
    for one, expected in zip(jax.tree.leaves(again), jax.tree.leaves(target), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())
    found, expected = module.loss_of(whole, target), module.loss(own, target)
    assert float(found) == pytest.approx(float(expected), rel=1e-4)
