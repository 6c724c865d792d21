"""Davidson's model against choix, which has no ties, and against optima in closed form."""

import choix
import numpy as np
import pytest

from nst.metrics.davidson import fit, probabilities


def _drawn(strengths: np.ndarray, votes: int) -> list[tuple[int, int]]:
    """Return pairs, the winner first, as Bradley and Terry's model draws them."""
    random = np.random.default_rng(7)
    pairs = [random.choice(len(strengths), 2, replace=False) for _ in range(votes)]
    chance = [1 / (1 + np.exp(strengths[b] - strengths[a])) for a, b in pairs]
    return [
        (a, b) if random.random() < p else (b, a) for (a, b), p in zip(pairs, chance, strict=True)
    ]


def test_without_ties_it_is_choix_with_the_same_alpha():
    pairs = _drawn(np.linspace(-3, 3, 8), 60)
    winners, losers = zip(*pairs, strict=True)
    for alpha in (0.1, 0.01):
        found = fit(8, winners, losers, [1] * 60, alpha)
        expected = choix.opt_pairwise(8, pairs, alpha=alpha, tol=1e-12)
        assert found.values == pytest.approx(expected, abs=1e-6)
        assert found.tie == 0
        # The same votes the other way round.
        assert fit(8, losers, winners, [-1] * 60, alpha).values == pytest.approx(found.values)


def test_two_pictures_have_the_shares_of_their_votes():
    # 6 wins, 2 losses, 4 ties: the model has as many unknowns as there are shares, so it fits them:
    # the log-odds are ln(6 / 2), Davidson's parameter is 4 / sqrt(6 * 2).
    found = fit(2, [0] * 12, [1] * 12, [1] * 6 + [-1] * 2 + [0] * 4, alpha=1e-9)
    assert found.values == pytest.approx([np.log(3) / 2, -np.log(3) / 2], abs=1e-6)
    assert found.tie == pytest.approx(4 / np.sqrt(12), abs=1e-6)
    assert found.probabilities(0, 1) == pytest.approx((6 / 12, 4 / 12, 2 / 12), abs=1e-6)
    # Without ties the variance of log-odds is 1 / 6 + 1 / 2, as in any two by two table.
    odds, error = fit(2, [0] * 8, [1] * 8, [1] * 6 + [-1] * 2, alpha=1e-9).difference(0, 1)
    assert (odds, error) == pytest.approx((np.log(3), np.sqrt(1 / 6 + 1 / 2)), abs=1e-6)


def test_three_pictures_that_tie_alone_are_alike():
    found = fit(3, [0, 1, 2], [1, 2, 0], [0, 0, 0])
    assert found.values == pytest.approx([0, 0, 0], abs=1e-9)
    assert 1 < found.tie < 1e3


def test_the_prior_keeps_it_finite_and_says_what_is_unknown():
    found = fit(3, [0] * 20, [1] * 20, [1] * 20)
    assert found.values.sum() == pytest.approx(0, abs=1e-9)
    # What always won is above what always lost; of the third one nothing is known.
    ahead, error = found.difference(0, 1)
    assert 1.96 * error < ahead < 10
    low, high = found.intervals()
    assert high[2] - low[2] > 1.5 * (high[0] - low[0])
    # Without votes each has the prior's variance, 1 / (2 alpha), less the mean's third of it.
    assert fit(3, [], [], []).errors == pytest.approx([np.sqrt(10 * 2 / 3)] * 3)
    assert len(fit(0, [], [], []).values) == 0


def test_the_hessian_is_the_curvature_of_the_likelihood():
    """Covariances against central differences of the formula in the module's first lines."""
    first, second, outcome = [0, 0, 1, 2, 1, 2], [1, 2, 2, 0, 0, 1], [1, 0, -1, 0, 1, 1]

    def cost(unknowns: np.ndarray) -> float:
        value = 0.05 * (unknowns**2).sum()
        for a, b, won in zip(first, second, outcome, strict=True):
            d = unknowns[a] - unknowns[b]
            parts = {1: np.exp(d / 2), -1: np.exp(-d / 2), 0: np.exp(unknowns[3])}
            value -= np.log(parts[won] / sum(parts.values()))
        return value

    found = fit(3, first, second, outcome)
    at, step = np.array([*found.values, np.log(found.tie)]), 1e-4 * np.eye(4)
    slope = [(cost(at + one) - cost(at - one)) / 2e-4 for one in step]
    assert slope == pytest.approx([0] * 4, abs=1e-6)
    curvature = [
        [
            (cost(at + a + b) - cost(at + a - b) - cost(at - a + b) + cost(at - a - b)) / 4e-8
            for a in step
        ]
        for b in step
    ]
    whole = np.linalg.inv(curvature)[:3, :3]
    # Of values less their mean.
    centering = np.eye(3) - 1 / 3
    assert found.covariance == pytest.approx(centering @ whole @ centering, abs=1e-4)


def test_chances_of_far_apart_pictures_do_not_overflow():
    win, tie, loss = probabilities(np.array([2000.0, -2000.0, 0.0]), 1.0)
    assert win == pytest.approx([1, 0, 1 / 3])
    assert tie == pytest.approx([0, 0, 1 / 3])
    assert loss == pytest.approx([0, 1, 1 / 3])


def test_intervals_hold_what_they_say():
    random = np.random.default_rng(1)
    held: dict[float, list[float]] = {}
    for spread in (0.5, 3.4):
        for _ in range(15):
            true = random.normal(0, spread, 12)
            first = random.integers(0, 12, 80)
            second = (first + random.integers(1, 12, 80)) % 12
            win, tie, _ = probabilities(true[first] - true[second], 0.5)
            drawn = random.random(80)
            outcome = np.where(drawn < win, 1, np.where(drawn < win + tie, 0, -1))
            low, high = fit(12, first, second, outcome).intervals()
            true -= true.mean()
            held.setdefault(spread, []).append(float(((low <= true) & (true <= high)).mean()))
    # 95 % where strengths are as the prior expects; somewhat fewer where they spread wider.
    assert 0.94 <= np.mean(held[0.5]) <= 0.995
    assert 0.88 <= np.mean(held[3.4]) <= 0.97
