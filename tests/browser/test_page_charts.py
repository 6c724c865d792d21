"""The charts of a report's page."""

from itertools import product
from pathlib import Path

from pages import Page, Show, a_run
from selenium.webdriver.common.action_chains import ActionChains


def test_charts_are_drawn_once_in_sight_and_nothing_is_fetched(opened: Page):
    assert opened.look_at("tradeoff", "#tradeoff-chart .points path") == 14
    opened.look_at("effects", "#effects-charts .points path")
    assert opened.texts("#front .name") == ["0", "2", "4", "6"]
    assert opened.look_at("losses", "#losses .js-line")
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


MARKS = """const box = document.querySelector('#tradeoff-chart').getBoundingClientRect();
return [...document.querySelectorAll('#tradeoff-chart .mark')].map(e => {
  const r = e.querySelector('img').getBoundingClientRect();
  return [Number(e.dataset.run), r.left - box.left, r.top - box.top, r.width, r.height]})"""
POINTS = """const box = document.querySelector('#tradeoff-chart').getBoundingClientRect();
return [...document.querySelectorAll('#tradeoff-chart .points path')].map(e => {
  const r = e.getBoundingClientRect();
  return [r.left + r.width / 2 - box.left, r.top + r.height / 2 - box.top]})"""


def test_pictures_are_the_marks_of_the_trade_off_whole_and_apart(opened: Page):
    opened.filtered("tv.gamma=0")
    opened.look_at("tradeoff", "#tradeoff-chart .mark")
    marks, points = opened.js(MARKS), opened.js(POINTS)
    assert {0, 2, 4, 6} <= {run for run, *_ in marks}  # the front comes first
    for _, left, top, wide, high in marks:
        assert abs(wide / high - 1.5) < 0.05  # 48 by 32 pixels, nothing cut
        middle = (left + wide / 2, top + high / 2)
        assert min(abs(x - middle[0]) + abs(y - middle[1]) for x, y in points) < 4
    for at, (_, left, top, wide, high) in enumerate(marks):
        for _, other, over, width, height in marks[:at]:
            apart = left >= other + width or other >= left + wide
            assert apart or top >= over + height or over >= top + high
    recommended = "return document.querySelector('.mark.is-recommended').dataset.run"
    assert opened.js(recommended) == opened.one(".is-main button").get_attribute("data-run")


def test_zooming_in_makes_room_for_pictures_that_overlapped(opened: Page):
    opened.look_at("tradeoff", "#tradeoff-chart .mark")
    before = {run for run, *_ in opened.js(MARKS)}
    assert len(before) < 14
    opened.js(
        "Plotly.relayout(document.getElementById('tradeoff-chart'),"
        "{'xaxis.range': [0.29, 0.31], 'yaxis.range': [0.69, 0.76]})"
    )
    opened.until("return document.querySelectorAll('#tradeoff-chart .mark').length <= 4")
    assert {run for run, *_ in opened.js(MARKS)} - before


def test_each_photograph_has_a_front_of_its_own(show: Show, tmp_path: Path):
    points = [(0.1, 0.9), (0.2, 0.2), (0.9, 0.1), (0.9, 0.9)]
    runs = []
    for at, (content, (style, far)) in enumerate(product(["cat", "cup"], points)):
        metrics: dict[str, float | None] = {"style_distance": style, "content_distance": far}
        metrics = {name: (value or 0) + (content == "cup") for name, value in metrics.items()}
        runs.append(a_run(tmp_path, at, {"content": content, "beta": 10.0 ** (at % 4)}, metrics))
    opened = show(runs)
    assert opened.look_at("tradeoff", "#tradeoff-chart .points path") == 8
    assert sorted(opened.texts("#front .name")) == ["0", "1", "2", "4", "5", "6"]
    assert "one for each photograph" in opened.one("#tradeoff-caption").text
