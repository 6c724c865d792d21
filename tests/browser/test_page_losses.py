"""The losses on a report's page."""

from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from pages import POOLINGS, Page, Show, a_run
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from nst.rundir.runs import Run

STEPS = [0, 20, 40, 60]


def a_run_with(root: Path, name: object, values: dict[str, Any], scale: float) -> Run:
    """A run whose losses are a round number times its scale."""
    run = a_run(root, name, values, {"style_distance": scale})
    header = "step,seconds,content,style,tv,total,style/conv1_1,style/conv2_1"
    rows = [
        f"{step},{step / 10},{step * scale},{1e6 * scale / (step + 1) ** 2},{1000 + step * scale},"
        f"{1e9 * scale / (step + 1)},{2e5 * scale / (step + 1)},{3e5 * scale / (step + 1)}"
        for step in STEPS
    ]
    (run.folder / "history.csv").write_text("\n".join([header, *rows]) + "\n")
    return run


def four(root: Path) -> list[Run]:
    """Runs whose losses lie so close to each other that their labels would stand on one another."""
    cells = enumerate(product(POOLINGS, (1e3, 1e4)))
    return [
        a_run_with(root, at, {"pooling": pooling, "beta": beta}, 2 + at / 100)
        for at, (pooling, beta) in cells
    ]


def look(opened: Page, charts: int) -> None:
    opened.js("document.getElementById('losses').scrollIntoView()")
    drawn = "document.querySelectorAll('#losses .chart .js-line').length"
    opened.until(
        f"return document.querySelectorAll('#losses .chart').length == {charts} && {drawn}"
        " && [...document.querySelectorAll('#losses .chart')].every(e => e.querySelector('.xtick'))"
    )


def titles(opened: Page) -> list[str]:
    return opened.texts("#losses figcaption")


def labels(opened: Page, chart: str) -> list[dict[str, Any]]:
    """Return the labels at the ends of a chart's lines, from the top, with where they stand."""
    code = """return [...document.querySelectorAll(arguments[0] + ' .annotation-text')].map(e => {
      const {top, bottom, left, right} = e.getBoundingClientRect();
      return {text: e.textContent, top, bottom, left, right};
    }).sort((a, b) => a.top - b.top)"""
    return opened.js(code, f"#losses [data-term='{chart}']")


LINES = "return document.querySelectorAll('#losses [data-term={}] .scatterlayer > .trace').length"


def ticks(opened: Page, chart: str, axis: str) -> list[str]:
    return opened.texts(f"#losses [data-term='{chart}'] .{axis}tick text")


def test_the_unweighted_terms_come_first_each_in_a_chart(show: Show, tmp_path: Path):
    opened = show(four(tmp_path))
    look(opened, 4)
    assert titles(opened) == ["content loss", "style loss", "total variation", "total"]
    assert "total is weighted" in opened.one("#losses-caption").text
    Select(opened.one("#term")).select_by_visible_text("each layer")
    look(opened, 2)
    assert titles(opened) == ["style, conv1_1", "style, conv2_1"]
    assert opened.js("return location.hash").endswith("term=layers")
    Select(opened.one("#term")).select_by_visible_text("style loss")
    look(opened, 1)
    assert titles(opened) == ["style loss"]
    assert opened.fetched() == []


@pytest.mark.parametrize("width", [1400, 390])
def test_each_line_is_labelled_at_its_end_and_no_label_covers_another(
    show: Show, tmp_path: Path, width: int
):
    opened = show(four(tmp_path)).open(width=width)
    look(opened, 4)
    for chart in ("content", "style", "tv", "total"):
        found = labels(opened, chart)
        # The losses grow with the scale, and the scale with the number of the run.
        texts = [one["text"] for one in found]
        assert [text.split(" · ")[0] for text in texts] == ["max", "max", "avg", "avg"]
        assert len(set(texts)) == 4
        assert all(one["bottom"] <= two["top"] + 1 for one, two in pairwise(found))
        plot = opened.js(
            "return document.querySelector(arguments[0]).getBoundingClientRect()",
            f"[data-term='{chart}'] .nsewdrag",
        )
        assert all(plot["right"] <= one["left"] < plot["right"] + 25 for one in found)
        assert all(one["right"] <= width for one in found)


def test_many_runs_are_colored_and_labelled_by_the_key_that_tells_them_apart(
    show: Show, tmp_path: Path
):
    # Pooling makes a thousandfold difference, gamma none.
    runs = [
        a_run_with(
            tmp_path, at, {"pooling": pooling, "tv.gamma": gamma}, 1e3 if pooling == "max" else 1.0
        )
        for at, (pooling, gamma) in enumerate(product(POOLINGS, (0.0, 1.0, 2.0, 3.0, 4.0)))
    ]
    opened = show(runs)
    look(opened, 4)
    assert Select(opened.one("#ink")).first_selected_option.text == "automatic: pooling"
    assert [one["text"] for one in labels(opened, "style")] == ["max", "avg"]
    assert (
        len(
            opened.js(
                "return document.querySelectorAll('[data-term=style] .scatterlayer > .trace')"
            )
        )
        == 2
    )
    Select(opened.one("#ink")).select_by_visible_text("TV weight gamma")
    opened.until(
        "return document.querySelectorAll('[data-term=total] .scatterlayer > .trace').length == 5"
    )
    assert sorted(one["text"] for one in labels(opened, "style")) == list("01234")
    Select(opened.one("#ink")).select_by_visible_text("the metric: style distance")
    opened.until("return document.querySelectorAll('[data-term=total] .annotation').length == 1")
    assert labels(opened, "style")[0]["text"] == "best: run 0"


def test_steps_are_whole_and_powers_of_ten_stand_where_they_tell_more(show: Show, tmp_path: Path):
    runs = four(tmp_path)
    opened = show(runs)
    look(opened, 4)
    assert ticks(opened, "style", "x") == ["0", "20", "40", "60"]
    # Style falls by a factor of 3,721 and total variation by less than two.
    assert ticks(opened, "style", "y")[0].startswith("10")
    assert all(text.isdigit() for text in ticks(opened, "tv", "y"))
    Select(opened.one("#log")).select_by_visible_text("linear")
    first = "return document.querySelector('[data-term=total] .ytick text').textContent"
    opened.until(f"{first} == '0'")
    assert ticks(opened, "style", "y")[0] == "0"
    short = [run.folder / "history.csv" for run in runs]
    for path in short:
        path.write_text("step,seconds,content,total\n0,0,1,2\n1,0,2,1\n2,0,3,1\n3,0,2,1\n")
    opened = show(runs)
    look(opened, 2)
    assert ticks(opened, "content", "x") == ["0", "1", "2", "3"]


def test_a_run_below_the_pointer_is_followed_through_all_charts(show: Show, tmp_path: Path):
    runs = [a_run_with(tmp_path, at, {"beta": 10.0**at}, 10.0**at) for at in range(3)]
    opened = show(runs)
    look(opened, 4)
    # Run 2 at step 40: its style loss is 1e8 / 41 ** 2, on an axis of powers of ten.
    point = opened.js(
        """const chart = document.querySelector('[data-term=style] .chart');
        const {left, top} = chart.querySelector('.nsewdrag').getBoundingClientRect();
        const {_fullLayout: {xaxis, yaxis}} = chart;
        return [left + xaxis.d2p(40), top + yaxis.d2p(1e8 / 41 ** 2)].map(Math.round)"""
    )
    mouse = ActionChains(opened.browser)
    mouse.w3c_actions.pointer_action.move_to_location(point[0] - 30, point[1] - 30)
    mouse.w3c_actions.pointer_action.move_to_location(point[0], point[1])
    mouse.perform()
    opened.until("return document.querySelectorAll('#losses .follow[data-run=\"2\"]').length == 4")
    tip = opened.one("#tip").text
    assert "Run 2" in tip
    # Step times scale; 1e6 times scale by the square of step and one; 1000 more; 1e9 times.
    expected = "content loss 4000, style loss 5.95×10⁴, total variation 5000, total 2.44×10⁹"
    assert f"step 40: {expected}" in " ".join(tip.split())
    ActionChains(opened.browser).move_to_element(opened.one("#losses-title")).perform()
    opened.until("return !document.querySelector('#losses .follow')")
    assert not opened.one("#tip").is_displayed()


def test_runs_are_followed_by_keyboard_too(show: Show, tmp_path: Path):
    runs = [a_run_with(tmp_path, at, {"beta": 10.0**at}, 10.0**at) for at in range(3)]
    opened = show(runs)
    look(opened, 4)
    opened.js("document.getElementById('losses-charts').focus()")
    opened.press(Keys.ARROW_DOWN)  # the best by style distance, at its last check
    assert opened.one("#losses-told").text.startswith("Run 0 (style weight beta 1), step 60:")
    opened.press(Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    told = opened.one("#losses-told").text
    assert told.startswith("Run 1 (style weight beta 10), step 40: content loss 400,")
    assert len(opened.js("return document.querySelectorAll('.follow[data-run=\"1\"]')")) == 4
    opened.press(Keys.ENTER)
    assert opened.viewing() == "1"
    opened.press(Keys.ESCAPE)


def test_hundreds_of_runs_are_drawn_and_followed_without_waiting(show: Show, tmp_path: Path):
    few = [a_run_with(tmp_path, at, {}, 10.0 ** (at / 10)) for at in range(20)]
    runs = [
        replace(few[at % 20], name=str(at), values={"pooling": POOLINGS[at % 2], "seed": at})
        for at in range(500)
    ]
    opened = show(runs, "#seeds=apart")
    look(opened, 4)
    assert [opened.js(LINES.format(chart)) for chart in ("content", "total")] == [2, 2]
    opened.js("document.getElementById('losses-charts').focus()")
    code = """const done = arguments[0];
      const times = [];
      const step = () => {
        const start = performance.now();
        document.activeElement.dispatchEvent(
          new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}));
        requestAnimationFrame(() => setTimeout(() => {
          times.push(performance.now() - start);
          if (times.length < 9) step();
          else done(times.sort((a, b) => a - b));
        }));
      };
      step();"""
    times = opened.browser.execute_async_script(code)
    assert times[len(times) // 2] < 150


def test_a_run_that_ended_early_is_led_to_its_label_and_a_lone_check_is_seen(
    show: Show, tmp_path: Path
):
    runs = []
    for at in range(30):  # so many that no line has marks
        values = {"pooling": POOLINGS[at % 2], "tv.gamma": float(at)}
        run = a_run_with(tmp_path, at, values, 1e3 if at % 2 else 1.0)
        if at % 2:  # pruned after its second check; the first content loss is 0
            path = run.folder / "history.csv"
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
        runs.append(run)
    opened = show(runs, "#log=yes")
    look(opened, 4)
    marks = "return document.querySelectorAll('[data-term={}] .point').length"
    assert opened.js(marks.format("content")) == 15
    assert opened.js(marks.format("style")) == 0
    for chart in ("content", "style"):
        assert [one["text"] for one in labels(opened, chart)] == ["max", "avg"]
        code = """return [...document.querySelectorAll(arguments[0])].map(e => {
          const {left, right, top} = e.getBoundingClientRect();
          return [left, right, top];
        })"""
        widths = [
            right - left
            for left, right, _ in opened.js(code, f"[data-term={chart}] .shapelayer path")
        ]
        (led,) = [width for width in widths if width > 30]
        plot = opened.js(code, f"[data-term={chart}] .nsewdrag")[0]
        assert led == pytest.approx((plot[1] - plot[0]) * 40 / 60, abs=3)


def test_what_lies_below_stays_where_it_is_when_the_charts_come(show: Show, tmp_path: Path):
    opened = show(four(tmp_path))
    below = "return document.getElementById('runs').offsetTop"
    above = "return document.getElementById('losses').offsetTop"
    before = opened.js(below) - opened.js(above)
    look(opened, 4)
    assert opened.js(below) - opened.js(above) == pytest.approx(before, abs=2)
