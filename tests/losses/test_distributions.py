"""Style statistics of distributions and of what lies how far from what, against plain loops."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, compiled, rows, valid_record
from one_run import NUMBERS, STATIC, scene, together
from scipy import stats
from style_targets import target_of

from nst.engine.lanes import Lane
from nst.engine.program import compute_targets
from nst.losses import histogram, long_range, moment_matching, quantiles, sliced_wasserstein, total

NEW = ("covariance", "moments", "histogram", "sliced_wasserstein", "long_range")


def features(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return activations whose channels go together and are skewed, each another way."""
    rng = np.random.default_rng(seed)
    mixed = rng.gamma(1.5, 10.0, shape) @ rng.normal(size=(shape[-1], shape[-1]))
    return mixed + rng.normal(size=shape[-1])


def loss_of(statistic: str, one: np.ndarray, other: np.ndarray) -> float:
    own, target = jnp.asarray(one, jnp.float32), jnp.asarray(other, jnp.float32)
    return float(total.style_loss(statistic, own, target_of(statistic, target, shape=one.shape)))


# --- The formulas -------------------------------------------------------------------------------


def plain_gram(one: np.ndarray, other: np.ndarray) -> float:
    grams = []
    for values in (one, other):
        height, width, channels = values.shape
        gram = np.zeros((channels, channels))
        for row in range(height):
            for column in range(width):
                gram += np.outer(values[row, column], values[row, column])
        grams.append(gram / (height * width))
    return float(((grams[0] - grams[1]) ** 2).sum() / (4 * one.shape[-1] ** 2))


def plain_covariance(one: np.ndarray, other: np.ndarray) -> float:
    first, second = (np.cov(values.reshape(-1, 4).T, bias=True) for values in (one, other))
    return float(((first - second) ** 2).sum() / (4 * 4**2))


def plain_moments(one: np.ndarray, other: np.ndarray) -> float:
    summed = 0.0
    for channel in range(one.shape[-1]):
        each = []
        for values in (one[..., channel].ravel(), other[..., channel].ravel()):
            sigma = values.std()
            # A constant has neither.
            skewness = stats.skew(values) if sigma else 0.0
            kurtosis = stats.kurtosis(values, fisher=False) if sigma else 0.0
            each.append([values.mean(), sigma, sigma * skewness, sigma * kurtosis**0.25])
        summed += sum((mine - theirs) ** 2 for mine, theirs in zip(*each, strict=True))
    return moment_matching.SCALE * summed / one.shape[-1]


def plain_sorted(one: np.ndarray, other: np.ndarray) -> float:
    """The mean squared difference of two lists of numbers by rank, quantiles in between."""
    place, known = ((np.arange(size) + 0.5) / size for size in (one.size, other.size))
    wanted = np.interp(place, known, np.sort(other, axis=None))
    return float(((np.sort(one, axis=None) - wanted) ** 2).mean())


def plain_histogram(one: np.ndarray, other: np.ndarray) -> float:
    each = [plain_sorted(one[..., channel], other[..., channel]) for channel in range(4)]
    return plain_gram(one, other) + histogram.SHARE * float(np.mean(each))


def plain_sliced_wasserstein(one: np.ndarray, other: np.ndarray) -> float:
    target = target_of("sliced_wasserstein", jnp.asarray(other, jnp.float32), shape=one.shape)
    directions = np.asarray(target.directions, np.float64)
    np.testing.assert_allclose((directions**2).sum(axis=1), 1, rtol=1e-5)
    each = [plain_sorted(one @ direction, other @ direction) for direction in directions]
    assert len(each) == 4
    return sliced_wasserstein.SCALE * float(np.mean(each))


def plain_long_range(one: np.ndarray, other: np.ndarray) -> float:
    shared = []
    for down, right in [(0, 2), (0, 4), (0, 8), (2, 0), (4, 0), (8, 0)]:
        matrices = []
        for values in (one, other):
            height, width, _ = values.shape
            pairs = [
                np.outer(values[row, column], values[row + down, column + right])
                for row in range(height - down)
                for column in range(width - right)
            ]
            matrices += [np.mean(pairs, axis=0)] if pairs else []
        if len(matrices) == 2:
            shared.append(((matrices[0] - matrices[1]) ** 2).sum() / (4 * 4**2))
    return long_range.SCALE * (plain_gram(one, other) + (np.mean(shared) if shared else 0))


PLAIN = {
    "covariance": plain_covariance,
    "moments": plain_moments,
    "histogram": plain_histogram,
    "sliced_wasserstein": plain_sliced_wasserstein,
    "long_range": plain_long_range,
}


@pytest.mark.parametrize("statistic", NEW)
@pytest.mark.parametrize(
    "shapes",
    [
        ((9, 10, 4), (9, 10, 4)),
        ((9, 10, 4), (5, 7, 4)),  # fewer positions in the style image,
        ((3, 5, 4), (11, 9, 4)),  # and more
        ((1, 1, 4), (2, 2, 4)),
    ],
)
def test_a_loss_is_the_plain_loop(statistic: str, shapes):
    one, other = (features(seed, shape) for seed, shape in enumerate(shapes))
    expected = PLAIN[statistic](one, other)
    assert loss_of(statistic, one, other) == pytest.approx(expected, rel=2e-4)


def test_four_moments_by_hand():
    # 0, 0, 0, 4: mean 1, variance 3, third moment (3 (-1) + 27)/4 = 6, fourth (3 + 81)/4 = 21.
    values = jnp.array([0.0, 0.0, 0.0, 4.0]).reshape(2, 2, 1)
    found = [float(one[0]) for one in moment_matching.four_moments(values)]
    assert found == pytest.approx([1, 3**0.5, 6 / 3, 21**0.25], rel=1e-4)


def test_quantiles_by_hand():
    values = jnp.array([[30.0, 10.0, 20.0]])
    # Of three values at the levels 1/6, 3/6, 5/6; of two at 1/4 and 3/4, of six in twelfths.
    assert quantiles.ordered(values, 3).ravel().tolist() == [10, 20, 30]
    np.testing.assert_allclose(quantiles.ordered(values, 2).ravel(), [12.5, 27.5])
    np.testing.assert_allclose(
        quantiles.ordered(values, 6).ravel(), [10, 12.5, 17.5, 22.5, 27.5, 30]
    )


def test_a_million_positions_have_their_own_places():
    values = jnp.arange(3_000_000, dtype=jnp.float32)[None, ::-1]
    found = np.asarray(quantiles.ordered(values, 1_000_000)).ravel()
    np.testing.assert_array_equal(found, np.arange(1_000_000) * 3 + 1)


def test_shifts_tell_rows_from_columns():
    # Stripes of 2 positions: 4 to the right is the same, below everything is.
    stripes = np.tile(np.repeat([[1.0], [0.0]], 2, axis=0).reshape(1, 4, 1), (8, 2, 1))
    turned = stripes.transpose(1, 0, 2)
    assert loss_of("gram", stripes, turned) == pytest.approx(0, abs=1e-12)
    # The Gram matrices are 1/2; of stripes those to the right 2 and 4 off are 0 and 1/2, those
    # below 1/2 both; of `turned` the other way round; 8 off there is nothing.
    expected = long_range.SCALE * (2 * 0.5**2) / 4 / 4
    assert loss_of("long_range", stripes, turned) == pytest.approx(expected, rel=1e-5)


# --- What each must be --------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", NEW)
def test_the_same_features_are_at_distance_0(statistic: str):
    one = features(4, (6, 5, 8))
    apart = loss_of(statistic, one, features(5, (6, 5, 8)))
    assert apart > 1
    assert 0 <= loss_of(statistic, one, one) <= 1e-9 * apart


@pytest.mark.parametrize("statistic", NEW)
def test_where_a_feature_lies_counts_for_long_range_alone(statistic: str):
    one, other = features(4, (6, 5, 8)), features(5, (7, 4, 8))
    shuffled = np.random.default_rng(6).permutation(one.reshape(-1, 8)).reshape(one.shape)
    plain, found = loss_of(statistic, one, other), loss_of(statistic, shuffled, other)
    if statistic == "long_range":
        assert abs(found / plain - 1) > 1e-3
    else:
        assert found == pytest.approx(plain, rel=1e-4)


def test_covariance_alone_leaves_the_means_free():
    one = features(4, (6, 5, 8))
    apart = {name: loss_of(name, one, one + 5.0) for name in NEW}
    assert apart["covariance"] < 1e-6 * apart["long_range"]
    # Each is 5 off: 25 of the mean of four moments, and of sorted values; along unit directions
    # the mean over them of (5 sum of its entries)^2, 25 on average.
    assert apart["moments"] == pytest.approx(25 * moment_matching.SCALE, rel=1e-3)
    ordered = apart["histogram"] - loss_of("gram", one, one + 5.0)
    assert ordered == pytest.approx(25 * histogram.SHARE, rel=1e-2)
    sums = target_of("sliced_wasserstein", one.astype(np.float32), shape=one.shape).directions.sum(
        axis=1
    )
    expected = 25 * float((sums**2).mean()) * sliced_wasserstein.SCALE
    assert apart["sliced_wasserstein"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("statistic", NEW)
@pytest.mark.parametrize("positions", [(4, 5), (2, 2)])
def test_gradients_are_the_finite_differences_of_the_plain_loop(statistic: str, positions):
    at, other = features(4, (*positions, 4)), features(5, (3, 4, 4))
    target = target_of(statistic, jnp.asarray(other, jnp.float32), shape=at.shape)
    own = jnp.asarray(at, jnp.float32)
    gradient = np.asarray(jax.grad(lambda x: total.style_loss(statistic, x, target))(own))
    slopes = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        nudge = np.zeros_like(at)
        nudge[index] = 1e-4
        slope = PLAIN[statistic](at + nudge, other) - PLAIN[statistic](at - nudge, other)
        slopes[index] = slope / 2e-4
    np.testing.assert_allclose(gradient, slopes, rtol=1e-3, atol=1e-4 * np.abs(slopes).max())


def test_sorting_takes_every_number_in_its_order():
    numbers = [0.0, -1.5, 3e38, -3e38, 1e-38, -1e-38, 2.5, 2.5, -1.5, np.inf, -np.inf, 7.0]
    values = jnp.array([numbers, numbers[::-1]], jnp.float32)
    np.testing.assert_array_equal(quantiles.ascending(values), np.sort(values, axis=1))
    # Of numbers that are equal, each has a rank of its own.
    ranks = jnp.arange(24.0).reshape(2, 12)
    found = jax.grad(lambda values: jnp.sum(quantiles.ascending(values) * ranks))(values)
    for row, place, expected in zip(np.asarray(values), np.asarray(found), ranks, strict=True):
        np.testing.assert_array_equal(place[np.argsort(row, kind="stable")], expected)


@pytest.mark.parametrize("statistic", NEW)
@pytest.mark.parametrize("flat", ["picture", "painting", "both"])
def test_a_picture_of_one_color_has_a_finite_loss_and_gradient(statistic: str, flat: str):
    busy, even = jnp.asarray(features(6, (4, 5, 8)), jnp.float32), jnp.full((4, 5, 8), 7.0)
    style_image = even if flat in ("painting", "both") else busy
    picture = even if flat in ("picture", "both") else busy
    target = target_of(statistic, style_image, shape=picture.shape)
    loss, gradient = jax.value_and_grad(
        lambda picture: total.style_loss(statistic, picture, target)
    )(picture)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


# --- In runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", ["sliced_wasserstein", "long_range"])
def test_lanes_are_the_runs_alone(statistic: str):
    static = dataclasses.replace(STATIC, statistic=statistic)
    params, content_image, style_image = scene()
    numbers = NUMBERS._replace(alpha=1e-3, beta=1.0)
    targets = compute_targets(static, params, content_image / 2, style_image[:12], seed=5)
    lanes = [Lane(content_image / 2, numbers._replace(beta=beta)) for beta in (1.0, 10.0)]
    options = {"steps": 6, "check_every": 2}
    both = together(static, params, targets, lanes, **options)
    for lane, found in zip(lanes, both, strict=True):
        (alone,) = together(static, params, targets, [lane], **options)
        np.testing.assert_allclose(found[-1].picture, alone[-1].picture, atol=0.02)
        assert found[-1].terms.style < found[0].terms.style


def test_each_through_the_command_line(command):
    grid = (f"style.statistic={','.join(NEW)}", "beta=1e2,1e4", "pooling=max", "optimizer.lr=1")
    batched = ("-m", "hydra/launcher=batched", "hydra.launcher.lanes=1", "hydra.sweep.dir=sweep")
    with compiled() as programs:
        done = command(*batched, *FOUR_STEPS, *SHALLOW, *grid)
    assert done.returncode == 0, done.stderr
    assert programs.count("advance") == len(NEW)
    cells = [valid_record(command.folder / "sweep" / str(job)) for job in range(2 * len(NEW))]
    assert len({one["config_hash"] for one in cells}) == len(cells)
    for number, written in enumerate(cells):
        assert written["config"]["style"]["statistic"] == NEW[number // 2]
        losses = [float(row["style"]) for row in rows(command.folder / "sweep" / str(number))]
        assert losses[-1] < losses[0]
