"""The knee of a front, against hand calculations."""

import pytest

from nst.metrics.knee import knee, nearby, scaled

LOWER = ["lower", "lower"]


@pytest.mark.parametrize(
    ("values", "better", "place"),
    [
        # Scaled sums 1, 0.4, 0.75 and 1; the run beaten by all has no part in it.
        ([(0, 10), (2, 2), (4, 1.4), (10, 0), (9, 9)], LOWER, 1),
        ([(0, -10), (2, -2), (4, -1.4), (10, 0)], ["lower", "higher"], 1),
        # Outwards there is no bend: the run whose worst is 0.7 gives up least of either.
        ([(0, 1), (0.65, 0.7), (0.9, 0.5), (1, 0)], LOWER, 1),
        ([(0, 1), (1, 0)], LOWER, 0),
        ([(3, 3), (2, 2)], LOWER, 1),
        ([(3,), (1,), (2,)], ["lower"], 1),
        ([(3,), (1,), (2,)], ["higher"], 0),
        # Sums 2, 2, 2 and 0.9.
        ([(1, 1, 0), (1, 0, 1), (0, 1, 1), (0.3, 0.3, 0.3)], ["lower"] * 3, 3),
        ([], LOWER, None),
    ],
)
def test_the_knee(values: list[tuple[float, ...]], better: list[str], place: int | None):
    assert knee(values, better) == place


def test_values_are_scaled_over_the_front():
    assert scaled([(0, 10), (5, 5), (10, 2)], ["lower", "higher"]) == [
        [0, 0],
        [0.5, 0.625],
        [1, 1],
    ]
    assert scaled([(3, 3)], LOWER) == [[0, 0]]


def test_neighbors_are_a_step_away():
    values = [(0, 10), (1.9, 2.2), (2, 2), (2.4, 1.9), (5, 1), (10, 0)]
    # From the third: the second and the fourth look alike, so it is the ends of a step.
    assert nearby(values, LOWER, 2) == [0, 4]
    assert nearby(values[1:4], LOWER, 0) == [None, 1]
    assert nearby([(0, 10), (1, 1), (1.02, 0.9), (10, 0.89)], LOWER, 1) == [0, 3]
    # Where all that are better lie closer than a step, it is the farthest.
    assert nearby([(0, 10), (9.5, 0.2), (9.7, 0.1), (10, 0)], LOWER, 1) == [0, 3]
    assert nearby([(1, 1)], LOWER, 0) == [None, None]
