"""Which pair is asked for next, when it is enough, and what the votes come to."""

import time

import numpy as np
import pytest
from scipy.stats import kendalltau

from nst.choose import beliefs, words
from nst.choose.beliefs import Beliefs
from nst.choose.next_pair import information, next_pair
from nst.metrics import davidson

WON = 1


def after(count: int, *votes: tuple[int, int, int]) -> Beliefs:
    return beliefs.of_votes(count, *zip(*votes, strict=True))


def test_the_strengths_are_davidson_s_also_beside_pictures_without_votes():
    votes = [(0, 2, 1), (2, 3, 1), (3, 0, 0), (0, 2, -1), (0, 3, 1)]
    few = after(5, *votes)
    first, second, outcome = zip(*votes, strict=True)
    whole = davidson.fit(5, first, second, outcome)
    assert few.values == pytest.approx(whole.values, abs=1e-6)
    one, other = np.array([0, 0, 1, 1]), np.array([2, 3, 4, 0])
    pairs = zip(one, other, strict=True)
    found = [whole.difference(first, second) for first, second in pairs]
    means, variances = few.differences(one, other)
    assert means == pytest.approx([mean for mean, _ in found], abs=1e-6)
    assert np.sqrt(variances) == pytest.approx([error for _, error in found], rel=1e-5)


def test_a_pair_tells_more_the_closer_and_the_less_known():
    # 0 and 1 met often and stay close; 2 lost often to both; 3 and 4 are new.
    even = [(0, 1, 1), (1, 0, 1)] * 2
    known = after(5, *even, *[(0, 2, 1), (1, 2, 1)] * 6)
    new, close, far = information(known, np.array([3, 0, 0]), np.array([4, 1, 2]))
    assert new > close > far > 0
    # Never more than there is to ask: the entropy of one of three answers.
    assert new < np.log(3)


def test_no_pair_comes_twice_in_a_row_and_both_sides_are_used():
    random = np.random.default_rng(0)
    nothing = beliefs.of_votes(3, (), (), ())
    last, seen = (0, 1), set()
    for _ in range(40):
        pair = next_pair(nothing, random, [last])
        assert set(pair) != set(last)
        seen.add(pair)
        last = pair
    assert seen == {(a, b) for a in range(3) for b in range(3) if a != b}
    # Of two pictures there is only one pair.
    two = beliefs.of_votes(2, (), (), ())
    assert {next_pair(two, random, [(0, 1)]) for _ in range(20)} == {(0, 1), (1, 0)}


def test_it_says_when_further_votes_change_little():
    nothing = beliefs.outlook(beliefs.of_votes(3, (), (), ()))
    assert (nothing.rivals, nothing.certainty) == (2, 0)
    favorite = beliefs.outlook(after(3, *[(0, 1, WON), (0, 2, WON)] * 5))
    assert favorite.favorite_is_clear
    assert not favorite.is_settled
    assert 0 < favorite.certainty < 1
    settled = beliefs.outlook(after(3, *[(0, 1, WON), (0, 2, WON), (1, 2, WON)] * 5))
    assert settled.is_settled
    assert settled.certainty == 1
    # Pictures that are equally good don't keep it open forever.
    ties = [(a, b, 0) for a in range(3) for b in range(a)]
    assert beliefs.outlook(after(3, *ties * 12)).is_settled
    assert [
        words.outlook(0, [18], [nothing]),
        words.outlook(1, [3], [nothing]),
        words.outlook(10, [3], [favorite]),
        words.outlook(15, [3], [settled]),
    ] == [
        "As a rule about 45 votes find the favorite of 18 pictures.",
        "Further votes can still change the favorite: 2 other pictures could be better.",
        "The favorite is clear; further votes can still change the order below.",
        "Further votes would hardly change the ranking.",
    ]


def test_five_thousand_pictures_are_asked_about_at_once():
    random = np.random.default_rng(0)
    known = beliefs.of_votes(5000, range(0, 120, 2), range(1, 120, 2), [WON] * 60)
    begun = time.monotonic()
    one, other = next_pair(known, random, [(0, 1)])
    beliefs.outlook(known)
    assert one != other
    assert time.monotonic() - begun < 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_sixty_votes_order_eight_pictures_whatever_the_luck(seed: int):
    random = np.random.default_rng(seed)
    true = random.permutation(8) * 1.5
    votes: list[tuple[int, int, int]] = []
    pair = (0, 1)
    for _ in range(60):
        known = after(8, *votes) if votes else beliefs.of_votes(8, (), (), ())
        pair = next_pair(known, random, [pair])
        chances = davidson.probabilities(true[pair[0]] - true[pair[1]], 0.5)
        votes.append((*pair, int(random.choice([1, 0, -1], p=np.array(chances)))))
    assert kendalltau(after(8, *votes).values, true)[0] >= 0.8
