"""The filter and the scale of a report's page."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

from pages import BETAS, GAMMAS, POOLINGS, Page, Show, a_run
from selenium.webdriver.support.ui import Select


def test_the_filter_holds_for_all_that_follows(opened: Page):
    opened.filtered("pooling=max beta=1e3")
    assert opened.rows() == ["8", "9"]
    opened.filtered("MAX 1e6")
    assert opened.rows() == ["14", "15"]
    assert opened.drawn() == ["14", "15"]
    assert opened.one("#count").text == "2 of 16 runs"
    opened.one("#reset").click()
    opened.one("#filters summary").click()
    Select(opened.one('[data-filter="tv.gamma"]')).select_by_visible_text("100")
    assert opened.rows() == [str(number) for number in range(1, 16, 2)]
    assert len(opened.drawn()) == 8


def test_a_filter_reads_numbers_as_numbers_and_keys_by_any_of_their_names(opened: Page):
    # The runs as `sweep` makes them: pooling, beta, gamma, number by number.
    cells = list(enumerate(product(POOLINGS, BETAS, GAMMAS)))

    def where(holds: Callable[[str, float, float], bool]) -> list[str]:
        return [str(number) for number, cell in cells if holds(*cell)]

    cases: dict[str, list[str]] = {
        "beta=1000": where(lambda pooling, beta, gamma: beta == 1000),
        "beta=1e3": where(lambda pooling, beta, gamma: beta == 1000),
        "beta=10³": where(lambda pooling, beta, gamma: beta == 1000),
        "beta>10⁴ beta<=1*10^5": where(lambda pooling, beta, gamma: beta == 1e5),
        "10³": where(lambda pooling, beta, gamma: beta == 1000),
        "1e3": where(lambda pooling, beta, gamma: beta == 1000),
        "tv.gamma=100": where(lambda pooling, beta, gamma: gamma == 100),
        "gamma=1e2": where(lambda pooling, beta, gamma: gamma == 100),
        '"TV weight gamma"=100.0': where(lambda pooling, beta, gamma: gamma == 100),
        "beta > 1e4 pooling != MAX": where(lambda p, beta, gamma: beta > 1e4 and p == "avg"),
        "beta<=1e4 gamma<1": where(lambda pooling, beta, gamma: beta <= 1e4 and gamma < 1),
        "ssim>=0.4 !max": where(lambda p, beta, gamma: beta >= 1e5 and p == "avg"),
        "style_distance<0.35 gamma=0 pooling=avg": ["6"],
        "status=diverged": ["14"],
        "run>=14": ["14", "15"],
        "steps=40 run<2": ["0", "1"],  # which all runs have
        "steps=41": [],
    }
    for text, expected in cases.items():
        opened.filtered(text)
        assert opened.rows() == expected, text
    opened.filtered("btea=1000")
    assert opened.one("#count").text == "No key or metric is called “btea”"


def test_one_bad_setting_does_not_make_all_others_look_alike(show: Show, tmp_path: Path):
    # Of eight runs six lie between 0.02 and 0.03, and two far off.
    distances = [0.02, 0.022, 0.024, 0.026, 0.028, 0.03, 0.52, 0.53]
    runs = [
        a_run(
            tmp_path, number, {"beta": 10.0**number}, {"style_distance": one, "ssim": 0.1 * number}
        )
        for number, one in enumerate(distances)
    ]
    opened = show(runs)

    def colors() -> list[str]:
        code = (
            "return [...document.querySelectorAll('#grid .cell')].map(e => "
            "getComputedStyle(e).getPropertyValue('--tone'))"
        )
        return opened.js(code)

    scale = Select(opened.one("#scale"))
    assert scale.first_selected_option.text == "automatic: rank"
    ranked = colors()
    assert len(set(ranked)) == 8
    assert "by rank" in opened.one("#legend").text
    opened.look_at("tradeoff", "#tradeoff-chart .points path")
    ticks = opened.texts("#tradeoff-chart .yaxislayer-above .ytick text")
    assert ticks[0] == "0.0200"
    assert ticks[-1] == "0.530"
    scale.select_by_visible_text("linear")
    assert colors() != ranked
    assert opened.js("return location.hash").endswith("scale=linear")
    # SSIM is even, so it is drawn by size.
    scale.select_by_index(0)
    opened.metric("SSIM")
    assert Select(opened.one("#scale")).first_selected_option.text == "automatic: linear"


def test_a_filter_knows_the_weights_that_stand_as_their_ratio(show: Show, tmp_path: Path):
    weights = [(1.0, 1e3), (1.0, 3e3), (2.0, 1e5)]
    runs = [
        a_run(tmp_path, number, {"alpha": alpha, "beta": beta}, {})
        for number, (alpha, beta) in enumerate(weights)
    ]
    opened = show(runs)
    for text, expected in {
        "beta=3000": ["1"],
        "alpha=2": ["2"],
        "alpha/beta=1e-3": ["0"],
        "alpha/beta=3.333×10⁻⁴": ["1"],  # as the label has it
        "alpha/beta=3.333e-4": ["1"],  # as a person types that
        "alpha/beta<3.4e-4": ["1", "2"],
    }.items():
        opened.filtered(text)
        assert opened.rows() == expected, text
