"""The comparison: pictures under a slider, side by side, and as their difference."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from fake_runs import Color
from pages import READY, Page, Show, a_report, a_run
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from nst.report import page

COLORS: list[Color] = [(200, 40, 0), (180, 50, 90), (180, 50, 90), (0, 0, 0), (9, 9, 9), (8, 0, 0)]
FOUR = "#left=run:0&right=run:1&third=run:2&fourth=p1"


@pytest.fixture(scope="module")
def six(browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Six runs of flat colors, two of them alike, with ever better style and ever worse SSIM."""
    root = tmp_path_factory.mktemp("six")
    runs = []
    for number, color in enumerate(COLORS):
        values = {"pooling": ("avg", "max")[number // 3], "beta": (1e3, 1e4, 1e5)[number % 3]}
        metrics: dict[str, float | None] = {
            "style_distance": 0.9 - 0.1 * number,
            "content_distance": 0.3,
            "ssim": 0.9 - 0.1 * number,
        }
        runs.append(replace(a_run(root, number, values, metrics, color), width=48, height=32))
    page.write(root / "index.html", a_report(root, runs))
    return Page(browser, root)


@pytest.fixture
def compared(six: Page) -> Iterator[Page]:
    yield six
    assert six.browser.get_log("browser") == []


def names(opened: Page) -> list[str]:
    """Return what is shown, from left to right."""
    slider = "#stage:not([hidden]) .stage-name"
    return opened.texts(slider) or opened.texts("#panes:not([hidden]) figcaption b")


def color(opened: Page, selector: str, share: float = 0.5) -> tuple[int, ...]:
    """Return the color that a reader sees in a picture, at a share of its width."""
    opened.until(
        "return [...document.querySelectorAll('#compare img')].filter(e => e.checkVisibility())"
        ".every(e => e.complete && e.naturalWidth)"
    )
    code = """const { left, top, width, height } = document.querySelector(arguments[0])
      .getBoundingClientRect(); return [left + width * arguments[1], top + height / 3]"""
    x, y = map(int, opened.js(code, selector, share))
    seen = Image.open(BytesIO(opened.browser.get_screenshot_as_png())).convert("RGB")
    pixel = seen.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


def to_comparison(opened: Page) -> None:
    opened.js("document.querySelector('nav [data-section=compare]').click()")


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
@pytest.mark.parametrize("mode", ["slider", "side", "difference"])
@pytest.mark.parametrize("state", ["#left=run:0&right=run:1", FOUR])
def test_it_fits_the_window(compared: Page, mode: str, state: str, width: int, height: int):
    opened = compared.open(f"{state}&compare={mode}", width, height)
    to_comparison(opened)
    boxes = opened.js(
        """return [...document.querySelectorAll('#compare .stage')].filter(e => e.checkVisibility())
        .map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"""
    )
    count = 4 if state == FOUR else 2
    assert len(boxes) == {"slider": 1, "side": count, "difference": count - 1}[mode]
    covered = opened.js(
        """const bar = document.querySelector('.bar');
        return getComputedStyle(bar).position === 'sticky' ? bar.offsetHeight : 0"""
    )
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= width
        assert covered <= top < bottom <= height
        assert abs((right - left) / (bottom - top) - 1.5) < 0.02
    # As large as there is room for: the width is used, or the height.
    wide = max(right for _, _, right, _ in boxes) - min(left for left, *_ in boxes)
    low = max(bottom for *_, bottom in boxes)
    assert wide > 0.85 * width or low > 0.8 * height
    assert opened.js("return document.documentElement.scrollWidth") <= width


def test_two_runs_are_laid_over_each_other(opened: Page):
    assert names(opened) == ["Content", "Run 2"]  # the recommended one
    opened.js("arguments[0].focus()", opened.one('#grid .picture[data-run="2"]'))
    opened.press("c")
    opened.js("document.querySelector('#grid [data-pick=\"5\"]').click()")
    assert names(opened) == ["Run 2", "Run 5"]
    assert opened.one('#grid [data-pick="5"]').get_attribute("aria-pressed") == "true"
    opened.js("document.getElementById('left').focus()")
    Select(opened.one("#left")).select_by_visible_text("Content: A photograph")
    assert names(opened) == ["Content", "Run 5"]


def test_the_slider_uncovers_the_one_or_the_other(compared: Page):
    opened = compared.open("#left=run:0&right=run:1", 1400, 900)
    to_comparison(opened)
    assert (color(opened, "#stage", 0.45), color(opened, "#stage", 0.55)) == (COLORS[0], COLORS[1])
    slider = opened.one("#split")
    slider.send_keys(Keys.ARROW_LEFT * 10)
    assert (color(opened, "#stage", 0.35), color(opened, "#stage", 0.45)) == (COLORS[0], COLORS[1])
    assert "40 percent of Run 0" in (slider.get_attribute("aria-valuetext") or "")
    drag = ActionChains(opened.browser).move_to_element_with_offset(opened.one("#stage"), 0, 50)
    drag.click_and_hold().move_by_offset(200, 0).release().perform()
    assert (color(opened, "#stage", 0.65), color(opened, "#stage", 0.85)) == (COLORS[0], COLORS[1])
    opened.one("#swap").click()
    assert color(opened, "#stage", 0.3) == COLORS[1]


def test_a_difference_is_that_of_each_color_and_can_be_made_brighter(compared: Page):
    opened = compared.open(
        "#left=run:0&right=run:1&third=run:2&compare=difference&amplify=1", 1400, 900
    )
    to_comparison(opened)
    assert names(opened) == ["Run 1 against Run 0", "Run 2 against Run 0"]
    first = "#panes .pane:first-child .stage"
    assert color(opened, first) == (20, 10, 90)
    Select(opened.one("#amplify")).select_by_visible_text("×2")
    assert color(opened, first) == (40, 20, 180)
    caption = opened.one("#compare-caption").text
    assert "absolute difference to Run 0, of each color" in caption
    assert "2 times as bright" in caption
    opened = compared.open("#left=run:0&right=run:1&compare=difference", 1400, 900)
    to_comparison(opened)
    assert color(opened, first) == (80, 40, 255)  # of two runs four times, 360 and no more
    opened = compared.open("#left=run:1&right=run:2&compare=difference&amplify=16")
    to_comparison(opened)
    assert color(opened, first) == (0, 0, 0)  # the same picture


def test_panes_side_by_side_zoom_and_move_together(compared: Page):
    def lie(what: str) -> list[list[float]]:
        code = """return [...document.querySelectorAll('#panes ' + arguments[0])].map(e => {
          const stage = e.closest('.stage').getBoundingClientRect();
          const { left, top, width } = e.getBoundingClientRect();
          return [left - stage.left, top - stage.top, width].map(Math.round); })"""
        return opened.js(code, what)

    opened = compared.open("#left=run:0&right=run:1&third=run:2", 1400, 900)
    to_comparison(opened)
    assert names(opened) == ["Run 0", "Run 1", "Run 2"]  # three are side by side by themselves
    group = opened.one("#panes")
    group.send_keys("+", "+", "+")
    group.send_keys(Keys.SHIFT + 3 * Keys.ARROW_LEFT + Keys.NULL)
    frames = lie(".frame")
    assert frames[0] == frames[1] == frames[2]
    whole = lie(".stage")[0][2]
    assert frames[0][2] == pytest.approx(whole * 1.25**3, abs=2)
    assert frames[0][0] == 0  # moved to the left edge
    drag = ActionChains(opened.browser).click_and_hold(opened.one("#panes .pane:nth-child(2)"))
    drag.move_by_offset(-30, 0).release().perform()
    assert [left for left, *_ in lie(".frame")] == [-30] * 3
    group.send_keys("1")
    assert [width for *_, width in lie(".frame")] == [48] * 3


def test_up_to_four_are_chosen_and_kept_in_the_address(compared: Page):
    opened = compared.open("", 1400, 900)
    for run in range(5):
        opened.js("arguments[0].focus()", opened.one(f'#grid .picture[data-run="{run}"]'))
        opened.press("c")
    assert names(opened) == ["Run 1", "Run 2", "Run 3", "Run 4"]  # the last four
    opened.js("document.querySelector('[data-mode=difference]').click()")
    opened.browser.refresh()
    opened.until(READY)
    assert names(opened) == ["Run 2 against Run 1", "Run 3 against Run 1", "Run 4 against Run 1"]
    opened.js("document.querySelector('[data-mode=side]').click()")
    for name, text in (("fourth", "none"), ("third", "Style: A painting")):
        opened.js("document.getElementById(arguments[0]).focus()", name)
        Select(opened.one(f"#{name}")).select_by_visible_text(text)
    assert names(opened) == ["Run 1", "Run 2", "Style"]
    opened.js("arguments[0].focus()", opened.one('#grid .picture[data-run="1"]'))
    opened.press("c")  # lets it go
    assert names(opened) == ["Run 2", "Style"]


def test_the_table_has_what_differs_and_marks_the_best(compared: Page):
    opened = compared.open("#left=run:0&right=run:1&third=run:2")
    rows = opened.js(
        """return [...document.querySelectorAll('#compare-table tbody tr')].map(row => [
          row.querySelector('th').textContent,
          [...row.querySelectorAll('td')].findIndex(e => e.textContent.endsWith('best'))])"""
    )
    assert rows == [
        ["style weight beta", -1],
        ["style distance", 2],
        ["SSIM", 0],
    ]  # pooling is the same
    assert opened.texts("#compare-table thead th") == ["Run 0", "Run 1", "Run 2"]
    opened = compared.open("#left=run:0&right=run:3")
    assert opened.texts("#compare-table tbody th") == ["pooling", "style distance", "SSIM"]
    assert opened.texts("#compare-table .is-better .better") == ["better", "better"]


def test_the_link_leads_there_past_pictures_that_take_their_height_late(show: Show, tmp_path: Path):
    runs = []
    for number in range(80):
        run = a_run(tmp_path, number, {"a": number}, {"ssim": number / 80})
        Image.new("RGB", (32, 96), (3 * number, 90, 150)).save(run.folder / "result.png")
        runs.append(replace(run, width=32, height=96))
    opened = show(runs, "#view=gallery")
    to_comparison(opened)
    where = "return Math.round(document.getElementById('compare').getBoundingClientRect().top)"
    opened.until(f"{where} < 120")
    opened.js("window.settled = 0; setTimeout(() => (window.settled = 1), 400)")
    opened.until("return window.settled")
    assert 0 <= opened.js(where) < 120
