"""Sign flips, Holm, the bootstrap and shares: full enumeration, published values, planted nulls."""

from itertools import product

import numpy as np
import pytest
import scipy.stats

from nst.metrics.bootstrap import bootstrap
from nst.metrics.effects import difference, interval
from nst.metrics.permutation import MOST_EXACT, holm, least, sign_flips
from nst.metrics.shares import shares

# Student's own data, see test_effects.py: 1.58 hours, t interval 0.7001142 to 2.4598858.
SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
# Darwin's maize, crossed less self-fertilized in eighths of an inch. Fisher 1935, The Design of
# Experiments, section 21: of 32768 patterns of signs 863 have a sum as large, and 1726 as far.
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])


def test_p_is_that_of_full_enumeration():
    draw = np.random.default_rng(3)
    # Rounded, so that several patterns tie with the observed one.
    several = [draw.normal(0.4, 1, count).round(1) for count in (2, 3, 5, 5, 8)]
    for values, p in zip(several, sign_flips(several), strict=True):
        hits, patterns = 0, list(product([-1, 1], repeat=len(values)))
        for signs in patterns:
            total = sum(sign * value for sign, value in zip(signs, values.tolist(), strict=True))
            hits += abs(total) >= abs(sum(values.tolist())) - 1e-9
        assert p == hits / len(patterns)


def test_p_is_that_of_fisher_and_of_scipy():
    (p,) = sign_flips([MAIZE])
    assert p == 1726 / 2**15
    theirs = scipy.stats.permutation_test(
        (SLEEP,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=2**11,
        vectorized=True,
    )  # fmt: skip
    assert sign_flips([SLEEP]) == [pytest.approx(theirs.pvalue)]
    many = np.random.default_rng(1).normal(0.25, 1, 60)
    theirs = scipy.stats.permutation_test(
        (many,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=9999,
        vectorized=True, rng=np.random.default_rng(2),
    )  # fmt: skip
    assert sign_flips([many]) == [pytest.approx(theirs.pvalue, abs=0.01)]
    assert sign_flips([many]) == sign_flips([many])  # the seed is fixed


def test_what_no_test_can_tell():
    assert sign_flips([np.array([1.0]), np.empty(0), np.zeros(4)]) == [None, None, 1.0]
    assert sign_flips([np.full(5, 2.0)]) == [2 / 32] == [least(5)]
    assert least(MOST_EXACT + 1) == 1e-4


def test_holm_is_that_of_r():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"); a test that wasn't made doesn't count.
    assert holm([0.01, 0.02, None, 0.03, 0.04, 0.05]) == pytest.approx(
        [0.05, 0.08, None, 0.09, 0.09, 0.09]
    )
    assert holm([0.9, 0.004, 0.8]) == pytest.approx([1.0, 0.012, 1.0])
    assert holm([]) == []


def test_a_planted_null_is_found_one_time_in_twenty():
    draw = np.random.default_rng(0)
    # 1,000 sweeps of 9 blocks by 3 values that do nothing, with outliers: three comparisons each.
    tables = draw.standard_t(3, (1000, 9, 1)) * 5 + draw.standard_t(3, (1000, 9, 3))
    found = [tables[:, :, a] - tables[:, :, b] for a, b in ((1, 0), (2, 0), (2, 1))]
    ps = np.array(sign_flips([row for pair in found for row in pair])).reshape(3, 1000)
    each = (ps <= 0.05).mean()
    any_of_three = np.mean([min(filter(None, holm(column.tolist()))) <= 0.05 for column in ps.T])
    assert 0.03 < each <= 0.065
    assert any_of_three <= 0.065
    normal = draw.normal(size=(1000, 9))
    ends = np.array([interval(row) for row in normal])
    assert ((ends[:, 0] > 0) | (ends[:, 1] < 0)).mean() <= 0.065


def test_a_planted_effect_is_found():
    draw = np.random.default_rng(0)
    # One value lies two deviations higher: by the t test's power, 9 pairs find it nearly always.
    tables = draw.normal(size=(200, 9, 1)) * 5 + draw.normal(size=(200, 9, 3)) + [0, 0, 3]
    found = [tables[:, :, a] - tables[:, :, b] for a, b in ((1, 0), (2, 0), (2, 1))]
    ps = np.array(sign_flips([row for pair in found for row in pair])).reshape(3, 200)
    adjusted = np.array([holm(column.tolist()) for column in ps.T])
    assert (adjusted[:, 1:] <= 0.05).all(axis=1).mean() > 0.9
    assert (adjusted[:, 0] <= 0.05).mean() < 0.065


def test_the_bootstrap_is_scipys():
    for values in (SLEEP, MAIZE, np.random.default_rng(0).exponential(size=25)):
        theirs = scipy.stats.bootstrap(
            (values,), np.mean, n_resamples=9999, rng=np.random.default_rng(1)
        ).confidence_interval
        spread = values.std() / len(values) ** 0.5
        # Other draws of 9,999 move scipy's own ends as far.
        assert bootstrap(values) == pytest.approx(tuple(theirs), abs=0.2 * spread)
    assert bootstrap(np.array([1.0])) is None
    assert bootstrap(np.array([2.0, 2.0])) == (2.0, 2.0)
    assert all(map(np.isfinite, bootstrap(np.array([0.0, 0.0, 1.0])) or [np.nan]))
    one = difference(np.stack([np.zeros(10), SLEEP], axis=1), 1, 0)
    assert one is not None
    assert (one.low, one.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)


def test_shares_are_those_of_the_analysis_of_variance():
    # Fisher's decomposition by hand: means of values 2, 3; of blocks 1, 2, 4.5; mean 2.5.
    table = np.array([[0.0, 2.0], [2.0, 2.0], [4.0, 5.0]])
    # By values 3 * 2 * 0.25 = 1.5, by blocks 2 * (2.25 + 0.25 + 4) = 13, in all 15.5, rest 1.
    found = shares(table)
    assert found is not None
    assert (found.key, found.blocks, found.rest) == pytest.approx((1.5 / 15.5, 13 / 15.5, 1 / 15.5))
    assert found.replicates is None
    # Six cells of which each has a variance of 0.5: 3 more.
    several = shares(table, 0.5)
    assert several is not None
    assert (several.key, several.replicates) == pytest.approx((1.5 / 18.5, 3 / 18.5))
    assert shares(np.ones((3, 2))) is None
    assert shares(np.array([[1.0, np.nan]])) is None
    assert shares(np.empty((0, 2))) is None
