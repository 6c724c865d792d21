"""Effects within blocks: published intervals, hand calculations and a plain loop."""

import random
import statistics

import numpy as np
import pytest

from nst.metrics.blocks import numbered
from nst.metrics.effects import MOST, Difference, effect, interval
from nst.metrics.interaction import interaction

NAN = float("nan")
# Student's own data, hours of sleep gained by ten people with each of two drugs. The interval is
# that of R 4.4's t.test(extra ~ group, sleep, paired = TRUE), in R's own documentation.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_interval_is_students():
    levels = np.repeat([0, 1], 10)
    blocks = np.tile(np.arange(10), 2)
    found = effect(levels, blocks, np.array(FIRST + SECOND), 2)
    (one,) = found.differences
    assert (found.blocks, found.complete, one.pairs, one.above, one.below) == (10, 10, 10, 9, 0)
    assert one.mean == pytest.approx(1.58)
    assert (one.low, one.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert one.is_clear
    assert found.span == one  # of two values there is one pair alone
    assert found.means == pytest.approx([0.75, 2.33])


def test_a_pair_alone_has_no_interval():
    found = effect(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 3.0]), 2)
    assert found.differences == [Difference(1, 0, 1, 2.0, None, None, 1, 0)]
    assert not found.differences[0].is_clear
    assert interval(np.array([1.0])) is None


def test_runs_without_a_number_leave_their_block_out():
    # Three blocks by three values; the second block lacks one.
    levels, blocks = np.tile([0, 1, 2], 3), np.repeat([0, 1, 2], 3)
    numbers = np.array([1.0, 2, 4, 50, NAN, 90, 3, 5, 6])
    found = effect(levels, blocks, numbers, 3)
    assert (found.blocks, found.complete) == (3, 2)
    assert found.means == pytest.approx([2, 3.5, 5])
    assert [(one.pairs, one.mean) for one in found.differences] == [(2, 1.5), (2, 3.0)]
    # t of one degree of freedom at 0.975 is 12.706; the differences 1 and 2 have the deviation
    # 0.7071 and the mean's error 0.5. For three pairs of values Bonferroni takes 1 - 0.05 / 6,
    # where it is tan(pi * (0.5 - 0.05 / 6)) = 38.188; both span's differences are 3.
    assert found.differences[0].high == pytest.approx(1.5 + 12.7062 * 0.5, abs=1e-3)
    assert found.span is not None
    assert (found.span.level, found.span.against, found.span.low) == (2, 0, 3.0)


def test_the_span_is_wider_by_bonferroni():
    levels, blocks = np.tile([0, 1, 2], 2), np.repeat([0, 1], 3)
    found = effect(levels, blocks, np.array([0.0, 1, 2, 0, 1, 4]), 3)
    assert found.span is not None
    # Differences 2 and 4: mean 3, error 1; tan(pi * (0.5 - 0.05 / 6)) = 38.188.
    assert (found.span.low, found.span.high) == pytest.approx((3 - 38.188, 3 + 38.188), abs=1e-3)


def test_without_a_complete_block_each_difference_has_its_own():
    levels, blocks = np.array([0, 1, 0, 2, 0, 1]), np.array([0, 0, 1, 1, 2, 2])
    found = effect(levels, blocks, np.array([1.0, 2, 3, 7, 5, 8]), 3)
    assert (found.complete, found.means) == (0, [None] * 3)
    assert [(one.level, one.pairs, one.mean) for one in found.differences] == [
        (1, 2, 2.0),
        (2, 1, 4.0),
    ]


def test_a_value_that_nearly_always_fails_costs_the_others_no_pairs():
    levels, blocks = np.tile([0, 1, 2], 6), np.repeat(np.arange(6), 3)
    numbers = np.tile([1.0, 2, 5], 6)
    numbers[[2, 5, 8, 11]] = NAN  # four blocks lack the last value
    found = effect(levels, blocks, numbers, 3)
    assert (found.blocks, found.complete, found.means) == (6, 2, [None] * 3)
    assert [(one.pairs, one.mean) for one in found.differences] == [(6, 1.0), (2, 4.0)]


def test_after_a_random_search_nothing_is_paired():
    draw = np.random.default_rng(0)
    found = effect(draw.integers(0, 2, 40), np.arange(40), draw.random(40), 2)
    assert (found.blocks, found.complete, found.differences, found.span) == (40, 0, [], None)
    many = effect(np.arange(MOST + 1), np.zeros(MOST + 1, int), draw.random(MOST + 1), MOST + 1)
    assert many.differences == []


def test_seeds_are_averaged_and_are_the_pairs_of_a_single_block():
    levels, seeds = np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)
    numbers = np.array([1.0, 2, 3, 4, 6, 5])
    two_blocks = np.concatenate([np.zeros(6, int), np.ones(6, int)])
    found = effect(np.tile(levels, 2), two_blocks, np.tile(numbers, 2), 2, np.tile(seeds, 2))
    assert (found.by_seed, found.means) == (False, [2, 5])
    assert found.differences[0].pairs == 2
    alone = effect(levels, np.zeros(6, int), numbers, 2, seeds)
    assert (alone.by_seed, alone.blocks) == (True, 3)
    assert (alone.differences[0].pairs, alone.differences[0].mean) == (3, 3.0)
    # Where the seed changes nothing, as from init=content, three seeds are no three pairs.
    still = effect(levels, np.zeros(6, int), np.repeat([1.0, 4.0], 3), 2, seeds)
    assert (still.by_seed, still.differences[0].pairs, still.differences[0].low) == (False, 1, None)


def test_a_plain_loop_finds_the_same():
    draw = random.Random(5)
    runs = []
    for block in range(7):
        for level in range(4):
            for _ in range(draw.choice([0, 1, 1, 2, 3]) if block < 3 else 1):
                value = draw.random() if draw.random() > 0.05 else NAN
                runs.append((level, block, value))
    draw.shuffle(runs)
    levels, blocks, numbers = map(np.array, zip(*runs, strict=True))
    found = effect(levels, blocks, numbers, 4)
    cells: dict[tuple[int, int], list[float]] = {}
    for level, block, value in runs:
        if value == value:
            cells.setdefault((block, level), []).append(value)
    whole = [b for b in range(7) if all((b, level) in cells for level in range(4))]
    assert found.complete == len(whole) >= 4  # or else not all differences are over these
    for one in found.differences:
        each = [
            statistics.fmean(cells[b, one.level]) - statistics.fmean(cells[b, 0]) for b in whole
        ]
        assert one.mean == pytest.approx(statistics.fmean(each))
        assert one.above == sum(value > 0 for value in each)


def test_an_interaction_by_hand():
    # 1 2 / 3 6: mean 3, rows -1.5 and 1.5, columns -1 and 1, and 0.5 is left in each corner. The
    # sums of squares are 9, 4 and 1.
    first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    numbers = np.array([1.0, 2, 3, 6])
    found = interaction(first, second, np.zeros(4, int), numbers, (2, 2))
    assert found is not None
    assert (found.blocks, found.table) == (1, [[1, 2], [3, 6]])
    assert (found.share, found.size) == pytest.approx((1 / 14, 0.5))
    added = interaction(first, second, np.zeros(4, int), np.array([0.1, 0.2, 0.4, 0.5]), (2, 2))
    assert added is not None
    assert (added.share, added.size) == pytest.approx((0, 0), abs=1e-12)
    flat = interaction(first, second, np.zeros(4, int), np.full(4, 0.1), (2, 2))
    assert flat is not None
    assert (flat.share, flat.size) == (0, 0)


def test_an_interaction_takes_complete_blocks_alone():
    first, second = np.tile([0, 0, 1, 1], 3), np.tile([0, 1, 0, 1], 3)
    blocks = np.repeat([0, 1, 2], 4)
    numbers = np.array([1.0, 2, 3, 6, 3, 4, 5, 8, 100, 100, NAN, 100])
    found = interaction(first, second, blocks, numbers, (2, 2))
    assert found is not None
    assert (found.blocks, found.table) == (2, [[2, 3], [4, 7]])
    assert interaction(first, second, np.arange(12), numbers, (2, 2)) is None
    assert interaction(first, second, blocks, numbers, (2, 1)) is None


def test_combinations_are_numbered():
    assert numbered([[0, 0, 1, 1], [0, 1, 0, 0]], 4).tolist() == [0, 1, 2, 2]
    assert numbered([], 3).tolist() == [0, 0, 0]
