"""The Pareto front and its hypervolume, against hand calculations and a plain loop."""

import random

import pytest

from nst.metrics.front import front, hypervolume
from nst.metrics.registry import METRICS


@pytest.mark.parametrize(
    ("values", "better", "places"),
    [
        ([(1, 3), (2, 2), (3, 1), (3, 3), (2, 3)], ["lower", "lower"], [0, 1, 2]),
        ([(1, 1), (2, 2), (3, 1), (3, 3)], ["lower", "higher"], [0, 1, 3]),
        ([(1, 2), (1, 2), (1, 3)], ["lower", "lower"], [0, 1]),  # equal ones beat neither
        ([(None, 0), (1, 2), (0, None)], ["lower", "lower"], [1]),
        ([(1,), (0,), (0,)], ["lower"], [1, 2]),
        ([(1, 2, 3), (1, 2, 4), (2, 1, 4)], ["lower"] * 3, [0, 2]),
        ([], ["lower", "lower"], []),
    ],
)
def test_the_front(values: list[tuple[float | None, ...]], better: list[str], places: list[int]):
    assert front(values, better) == places


@pytest.mark.parametrize("better", [["lower"], ["higher", "lower"], ["lower", "higher", "lower"]])
def test_the_front_is_what_a_plain_loop_leaves(better: list[str]):
    draw = random.Random(len(better))
    values = [tuple(draw.randrange(6) for _ in better) for _ in range(60)]

    def beaten(own: tuple[int, ...]) -> bool:
        for other in values:
            pairs = [
                (a, b) if way == "lower" else (b, a)
                for a, b, way in zip(other, own, better, strict=True)
            ]
            if all(a <= b for a, b in pairs) and any(a < b for a, b in pairs):
                return True
        return False

    assert front(values, better) == [at for at, own in enumerate(values) if not beaten(own)]


@pytest.mark.parametrize(
    ("values", "better", "reference", "volume"),
    [
        # Steps under the corner (4, 4): 3 x 1 + 2 x 1 + 1 x 1.
        ([(1, 3), (2, 2), (3, 1)], ["lower", "lower"], (4, 4), 6),
        # Boxes of 6, 6 and 3; each two share 4, 1 and 1, all three 1: 15 - 6 + 1.
        ([(1, 2, 3), (2, 1, 3), (3, 3, 1)], ["lower"] * 3, (4, 4, 4), 10),
        # 0.8 x 0.9, and 0.05 more of SSIM over a width of 0.5.
        ([(0.2, 0.9), (0.5, 0.95)], ["lower", "higher"], (1, 0), 0.745),
        ([(1, 3), (5, 0), (2, 4), (None, 1)], ["lower", "lower"], (4, 4), 3),
        ([(1,), (2,)], ["lower"], (4,), 3),
        ([(4, 4)], ["lower", "lower"], (4, 4), 0),
    ],
)
def test_the_hypervolume(
    values: list[tuple[float | None, ...]],
    better: list[str],
    reference: tuple[float, ...],
    volume: float,
):
    assert hypervolume(values, better, reference) == pytest.approx(volume)


def test_where_a_metric_reaches_nothing():
    # docs/metrics.md: 1 is nothing transferred, or nothing in common; SSIM has 0 there.
    known = {name: one.reference for name, one in METRICS.items() if one.reference is not None}
    assert known == {"style_distance": 1, "content_distance": 1, "lpips": 1, "ssim": 0}
