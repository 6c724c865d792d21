"""The recommendation at the head of a report's page: which cell to take, and why."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from pages import POOLINGS, Page, Show, a_run
from selenium.webdriver.common.keys import Keys

from nst.rundir.runs import Run

BETAS = [1e4, 1e5, 1e6]
GAMMAS = [0.0, 1e3, 1e4]


@pytest.fixture
def eighteen(tmp_path: Path) -> list[Run]:
    """Two poolings, three betas and three gammas; avg is better in both distances, always."""
    runs = []
    for at, (pooling, beta, gamma) in enumerate(product(POOLINGS, BETAS, GAMMAS)):
        rank, worse = BETAS.index(beta), 0.1 * (pooling == "max")
        style = (0.8, 0.2, 0.1)[rank] + worse + gamma / 1e6 + at / 1e4
        content = (0.1, 0.2, 0.8)[rank] + worse + gamma / 1e6 + at / 1e4
        metrics: dict[str, float | None] = {"style_distance": style, "content_distance": content}
        values = {"pooling": pooling, "beta": beta, "tv.gamma": gamma}
        runs.append(a_run(tmp_path, at, values, metrics, (12 * at, 90, 200)))
    return runs


def test_a_newcomer_reads_which_cell_and_which_pooling_without_scrolling(
    show: Show, eighteen: list[Run]
):
    opened = show(eighteen).open(width=1400)
    box = opened.js(
        "const r = document.getElementById('recommended').getBoundingClientRect();"
        "return [r.top, r.bottom, r.left, r.right]"
    )
    assert 0 < box[0] < box[1] < 900
    assert 0 <= box[2] < box[3] <= 1400
    assert box[1] - box[0] <= 150
    assert opened.texts(".is-main .advice-settings") == [
        "pooling avg, style weight beta 10⁵, TV weight gamma 0"
    ]
    why = "Best balance of style distance 0.2 and content distance 0.2: the knee of the front"
    assert opened.one(".advice-why").text.startswith(why)
    assert opened.texts(".advice:not(.is-main) .advice-label") == [
        "more style",
        "closer to the photograph",
    ]
    assert opened.texts(".advice:not(.is-main) .advice-settings") == [
        "style weight beta 10⁶",
        "style weight beta 10⁴",
    ]
    first = opened.texts(".advice-lines li")[0]
    assert first == (
        "pooling: avg beats max in style distance in 9 of 9 pairs and in content distance in 9 of 9"
    )


def test_its_pictures_are_whole_and_open_the_viewer(show: Show, eighteen: list[Run]):
    opened = show(eighteen)
    sizes = opened.js(
        "return [...document.querySelectorAll('#recommended img')].map(e => {"
        "const r = e.getBoundingClientRect(); return r.width / r.height})"
    )
    assert sizes == pytest.approx([1.5] * 3, abs=0.02)  # 48 by 32 pixels
    buttons = opened.browser.find_elements("css selector", "#recommended button")
    buttons[0].send_keys(Keys.ENTER)
    assert opened.viewing() == "3"
    assert opened.one("#viewer-place").text.startswith("1 of 3")
    opened.press(Keys.ESCAPE)


def test_the_grid_marks_the_recommended_cell(show: Show, eighteen: list[Run]):
    opened = show(eighteen)
    marked = "return [...document.querySelectorAll('.cell.is-recommended')].map(e => e.dataset.run)"
    assert opened.js(marked) == ["3"]
    alt = opened.one(".cell.is-recommended img").get_attribute("alt")
    assert alt is not None
    assert "recommended" in alt
    assert opened.texts("#grid .star") == ["★"]  # as before the word at the head
    assert opened.one(".is-main .advice-label").text == "★ Recommended"
    opened.filtered("max")
    assert opened.js(marked) == []
    assert opened.one("#recommended").is_displayed()


def test_each_photograph_has_its_own_in_one_row(show: Show, tmp_path: Path):
    runs = []
    for at, (content, beta) in enumerate(product([f"photo{n}" for n in range(8)], BETAS)):
        rank = BETAS.index(beta)
        metrics: dict[str, float | None] = {
            "style_distance": (0.9, 0.2, 0.1)[rank],
            "content_distance": (0.1, 0.2, 0.9)[rank] + at / 100,
        }
        runs.append(a_run(tmp_path, at, {"content": content, "beta": beta}, metrics))
    opened = show(runs)
    assert opened.texts(".advice-label") == [f"photo{n}" for n in range(8)]
    assert "do not compare" in opened.one("#recommended h2").text
    assert opened.js("return document.getElementById('recommended').offsetHeight") <= 150
    assert opened.js("return document.documentElement.scrollWidth <= innerWidth")


def test_equal_runs_are_told_and_nothing_is_recommended_of_failures(
    show: Show, tmp_path: Path, eighteen: list[Run]
):
    eighteen[4] = replace(eighteen[4], metrics=eighteen[3].metrics)
    opened = show(eighteen)
    assert opened.one(".advice-same").text == "Run 4 (TV weight gamma 10³) is as good."
    opened = show([replace(run, status="failed", error="No weights.") for run in eighteen])
    assert not opened.one("#recommended").is_displayed()


def test_on_a_phone_it_fits(show: Show, eighteen: list[Run], written: Page):
    opened = show(eighteen).open(width=390)
    assert opened.js("return document.documentElement.scrollWidth") == 390
    assert opened.one(".is-main img").size["height"] > 60
