"""What each setting does, on the page: blocks, paired differences, interactions."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import POOLINGS, Page, Show, a_run

from nst.rundir.runs import Run

MINUS = "\u2212"
BETAS = [1e3, 1e4, 1e5]
# Of each trace of a chart what it shows: points of a block, the mean, differences.
TRACES = """return [...document.querySelectorAll('#effects-charts figure')].find(
  e => e.querySelector('figcaption').textContent === arguments[0]
).querySelector('.chart').data.map(t => ({y: t.y, mode: t.mode, axis: t.yaxis ?? 'y',
  error: t.error_y?.array, less: t.error_y?.arrayminus}))"""
TEXTS = """const f = [...document.querySelectorAll('#effects-charts figure')].find(
  e => e.querySelector('figcaption').textContent === arguments[0]);
return ['.effect-headline', '.effect-note'].map(s => f.querySelector(s).textContent)"""


def drawn(opened: Page, title: str) -> list[dict[str, Any]]:
    assert opened.look_at("effects", "#effects-charts .points path")
    opened.until("return [...document.querySelectorAll('.effect')].every(e => e.data || e.hidden)")
    return opened.js(TRACES, title)


@pytest.fixture
def grid(tmp_path: Path) -> list[Run]:
    """SSIM rises by 0.1, 0.2 and 0.3 from avg to max, and by much more from beta to beta."""
    runs = []
    for at, (pooling, beta) in enumerate(product(POOLINGS, BETAS)):
        rank = BETAS.index(beta)
        ssim = rank / 5 + (pooling == "max") * (rank + 1) / 10
        runs.append(a_run(tmp_path, at, {"pooling": pooling, "beta": beta}, {"ssim": ssim}))
    return runs


def test_a_line_for_each_block_and_the_difference_with_its_interval(show: Show, grid: list[Run]):
    opened = show(grid)
    blocks, mean, first, difference = drawn(opened, "pooling")
    assert blocks["y"] == pytest.approx([0, 0.1, None, 0.2, 0.4, None, 0.4, 0.7, None])
    assert mean["y"] == pytest.approx([0.2, 0.4])
    assert (first["axis"], first["y"]) == ("y2", [0])
    # 0.1, 0.2 and 0.3: mean 0.2, error 0.0577, t of two degrees of freedom 4.3027.
    assert (difference["axis"], difference["y"]) == ("y2", pytest.approx([0.2]))
    assert difference["error"] == pytest.approx([0.2484], abs=1e-3)
    headline, note = opened.js(TEXTS, "pooling")
    assert (
        headline
        == f"No clear difference in SSIM: max leads avg by 0.20 ({MINUS}0.05 to 0.45), in 3 pairs"
    )
    assert note == ""
    headline, _ = opened.js(TEXTS, "style weight beta")
    assert headline.startswith("No clear difference in SSIM: 10⁵ (best of 3 on average) leads 10³")


def test_a_failed_run_leaves_its_block_out_and_one_pair_has_no_interval(
    show: Show, grid: list[Run]
):
    grid[5] = replace(grid[5], status="diverged")
    grid[4] = replace(grid[4], metrics={})
    opened = show(grid)
    blocks, *_, difference = drawn(opened, "pooling")
    assert blocks["y"] == pytest.approx([0, 0.1, None])
    assert difference.get("error") is None
    headline, note = opened.js(TEXTS, "pooling")
    assert headline == "max is better than avg in SSIM in the only pair, by 0.100"
    assert note == (
        "1 of 3 blocks have a finished run at each value; the others are left out. "
        "A single pair has no interval."
    )


def test_after_a_random_search_nothing_is_claimed(show: Show, tmp_path: Path):
    rng = np.random.default_rng(0)
    runs = []
    for number in range(30):
        values = {"pooling": POOLINGS[number % 2], "beta": float(rng.random())}
        runs.append(a_run(tmp_path, number, values, {"ssim": float(rng.random())}))
    opened = show(runs)
    (points,) = drawn(opened, "pooling")
    assert (points["mode"], len(points["y"])) == ("markers", 30)
    headline, _ = opened.js(TEXTS, "pooling")
    assert headline.startswith("Nothing is paired: no two finished runs differ in pooling alone")
    assert not opened.one("#interactions").is_displayed()
    assert opened.texts(".advice-lines li") == []


def test_the_only_key_is_one_line_without_intervals(show: Show, tmp_path: Path):
    runs = [a_run(tmp_path, at, {"beta": 10.0**at}, {"ssim": at / 10}) for at in range(4)]
    opened = show(runs)
    blocks, *_ = drawn(opened, "style weight beta")
    assert blocks["y"] == pytest.approx([0, 0.1, 0.2, 0.3, None])
    assert opened.js(TEXTS, "style weight beta") == [
        "1000 is the best of 4 in SSIM and 1 the worst: better in the only pair, by 0.300",
        "A single pair has no interval.",
    ]


def test_photographs_are_compared_within_each(show: Show, tmp_path: Path):
    runs = []
    for at, (content, pooling) in enumerate(product(["cat", "cup"], POOLINGS)):
        ssim = 0.5 * (content == "cup") + 0.1 * (pooling == "max")
        runs.append(a_run(tmp_path, at, {"content": content, "pooling": pooling}, {"ssim": ssim}))
    opened = show(runs)
    _, *means, _, _ = drawn(opened, "pooling")
    assert [one["y"] for one in means] == [pytest.approx([0, 0.1]), pytest.approx([0.5, 0.6])]
    headline, _ = opened.js(TEXTS, "content")
    assert headline == "The SSIM of one content image does not compare with that of another."
    charts = "return [...document.querySelectorAll('.effect')].map(e => e.hidden)"
    assert opened.js(charts) == [True, False]


def test_runs_that_differ_in_their_seed_count_as_their_mean(show: Show, tmp_path: Path):
    runs = [
        a_run(
            tmp_path,
            at,
            {"pooling": pooling, "beta": beta, "seed": seed},
            {"ssim": at / 100 + seed / 10},
        )
        for at, (pooling, beta, seed) in enumerate(product(POOLINGS, BETAS[:2], (0, 1, 2)))
    ]
    opened = show(runs)
    blocks, *_ = drawn(opened, "pooling")
    # Seeds 0, 1 and 2 of runs 0, 1, 2: 0, 0.11 and 0.22; six runs later 0.06 more.
    assert blocks["y"] == pytest.approx([0.11, 0.17, None, 0.14, 0.20, None])
    assert opened.texts("#effects-charts figcaption") == ["pooling", "style weight beta"]
    assert "their seed alone count as their mean" in opened.one("#effects-caption").text


def test_seeds_alone_are_the_pairs(show: Show, tmp_path: Path):
    runs = [
        a_run(tmp_path, at, {"pooling": pooling, "seed": seed}, {"ssim": at + seed / 10})
        for at, (pooling, seed) in enumerate(product(POOLINGS, (0, 1, 2)))
    ]
    opened = show(runs)
    blocks, *_ = drawn(opened, "pooling")
    assert blocks["y"] == pytest.approx([0, 3, None, 1.1, 4.1, None, 2.2, 5.2, None])
    assert opened.js(TEXTS, "pooling") == [
        "max is better than avg in SSIM in 3 of 3 seeds, by 3.00 (3.00 to 3.00)",
        "There is one block alone, so its seeds are the pairs.",
    ]


def test_an_interaction_is_ranked_and_drawn(show: Show, tmp_path: Path):
    runs = []
    for at, (pooling, beta, gamma) in enumerate(product(POOLINGS, BETAS, [0.0, 10.0])):
        # From avg to max: by 0.1 at the lowest beta, by 0.5 at the highest; gamma adds alone.
        step = {1e3: 0.1, 1e4: 0.2, 1e5: 0.5}[beta] * (pooling == "max")
        values = {"pooling": pooling, "beta": beta, "tv.gamma": gamma}
        runs.append(a_run(tmp_path, at, values, {"ssim": step + gamma / 100}))
    opened = show(runs)
    assert opened.texts(".pair-title")[0] == "pooling × style weight beta"
    words = opened.one("#pair-words").text
    assert words.startswith(
        "From avg to max, SSIM changes by +0.10 at style weight beta 10³ and by +0.50 at 10⁵."
    )
    assert opened.look_at("interactions", "#pair-chart .points path") == 6
    opened.one(".pairs li:nth-child(2) button").click()
    assert opened.js("return location.hash").startswith("#pair=")
    assert "changes alike" in opened.one("#pair-words").text
    pressed = "return [...document.querySelectorAll('.pair')].map(e => e.ariaPressed)"
    assert opened.js(pressed) == ["false", "true", "false"]


def test_a_filter_leaves_the_effects_as_they_are_and_says_so(show: Show, grid: list[Run]):
    opened = show(grid)
    before = drawn(opened, "pooling")
    opened.filtered("pooling=avg")
    assert "whatever the filter" in opened.one("#effects-caption").text
    assert drawn(opened, "pooling") == before
