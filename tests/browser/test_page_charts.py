"""The charts of a report's page."""

from pages import Page
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import Select


def test_charts_are_drawn_once_in_sight_and_nothing_is_fetched(opened: Page):
    assert opened.look_at("tradeoff", "#tradeoff-chart .points path") == 14
    opened.look_at("effects", "#effects-charts .points path")
    assert opened.look_at("losses", "#losses-chart .js-line") == 16
    assert opened.texts("#front .name") == ["0", "2", "4", "6"]
    Select(opened.one("#term")).select_by_visible_text("style/conv1_1")
    opened.until(
        "return document.querySelector('#losses-chart .ytitle').textContent.includes('1_1')"
    )
    assert opened.fetched() == []


def test_a_chart_tells_of_the_run_below_the_pointer(opened: Page):
    opened.filtered("tv.gamma=0")  # no two points close to each other
    opened.look_at("tradeoff", "#tradeoff-chart .points path")
    point = opened.one("#tradeoff-chart .points path")
    mouse = ActionChains(opened.browser)
    mouse.move_to_element_with_offset(point, -30, -30).move_to_element(point).perform()
    opened.until("return !document.getElementById('tip').hidden")
    assert "Run 0" in opened.one("#tip").text
    assert opened.js("return document.querySelector('#tip img').naturalWidth") == 48
