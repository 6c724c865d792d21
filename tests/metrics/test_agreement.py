"""Kendall's tau-b within groups: scipy's of one group, a hand count of several."""

import math

import numpy as np
import pytest
from scipy import stats

from nst.metrics.agreement import agreement

NAN = float("nan")


def test_of_one_group_it_is_scipys_with_ties():
    random = np.random.default_rng(3)
    for count in (4, 18, 60):
        first = random.integers(0, 6, count).astype(float)
        second = first + random.normal(0, 3, count).round()
        found = agreement(first, second, np.zeros(count, int))
        assert found is not None
        assert found.tau == pytest.approx(stats.kendalltau(first, second).statistic)
        assert found.pictures == count


def test_pictures_of_two_groups_are_never_compared():
    # Three pictures whose orders agree in two pairs of three, and two that agree in their only one;
    # across the groups all would disagree. A number without a partner counts for nothing.
    first = np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0])
    second = np.array([1.0, 3.0, 2.0, -5.0, -4.0, NAN])
    found = agreement(first, second, np.array([0, 0, 0, 1, 1, 1]))
    assert found is not None
    assert (found.alike, found.pairs, found.pictures) == (3, 4, 5)
    assert found.tau == (3 - 1) / 4
    # The variance of alike less unlike pairs is n (n - 1) (2 n + 5) / 18 in each: 66 / 18, 18 / 18.
    assert found.chance == pytest.approx(1.96 * math.sqrt(84 / 18) / 4)
    assert not found.is_clear


def test_what_chance_gives_nineteen_times_of_twenty():
    random = np.random.default_rng(5)
    groups = np.repeat([0, 1], 9)
    given = [agreement(random.random(18), random.random(18), groups) for _ in range(400)]
    share = np.mean([one is not None and one.is_clear for one in given])
    assert 0.02 < share < 0.08


def test_where_nothing_tells_there_is_none():
    groups = np.zeros(3, int)
    assert agreement(np.ones(3), np.arange(3.0), groups) is None
    assert agreement(np.arange(3.0), np.arange(3.0), np.arange(3)) is None
    assert agreement(np.array([]), np.array([]), np.array([])) is None
