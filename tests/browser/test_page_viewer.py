"""The viewer and the comparison of a report's page."""

from pages import Page
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from nst.report.summary import Report


def test_a_picture_opens_by_click_and_by_enter_and_escape_closes(opened: Page):
    first = opened.one("#grid .picture")
    first.click()
    assert opened.viewing() == "0"
    assert opened.large().endswith("/0/result.png")
    opened.press(Keys.ESCAPE)
    assert opened.viewing() is None
    assert opened.browser.switch_to.active_element == first
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ENTER):
        opened.press(key)
    assert opened.viewing() == "10"
    opened.press(Keys.ARROW_RIGHT)
    assert opened.viewing() == "12"
    opened.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert opened.viewing() == "8"
    assert "pooling" in opened.texts("#viewer-facts th .value")
    opened.press(Keys.ESCAPE)


def test_a_missing_picture_gives_way_to_the_thumbnail(written: Page, sweep: Report):
    hidden = sweep.runs[3].folder / "result.png"
    away = hidden.rename(hidden.with_suffix(".away"))
    try:
        opened = written.open()
        opened.js("document.querySelector('#grid .picture[data-run=\"3\"]').click()")
        assert opened.large().startswith("data:image/png")
    finally:
        away.rename(hidden)


def test_two_runs_are_laid_over_each_other(opened: Page):
    def side(name: str) -> str:
        return opened.one(f"#name-{name}").get_attribute("textContent") or ""

    assert (side("left"), side("right")) == ("Content", "Run 6")  # the best one
    opened.js("arguments[0].focus()", opened.one('#grid .picture[data-run="2"]'))
    opened.press("c")
    opened.js("document.querySelector('#grid [data-pick=\"5\"]').click()")
    assert (side("left"), side("right")) == ("Run 2", "Run 5")
    assert opened.one('#grid [data-pick="5"]').get_attribute("aria-pressed") == "true"
    slider = opened.one("#split")
    before = opened.one("#over").value_of_css_property("clip-path")
    slider.send_keys(Keys.ARROW_RIGHT * 10)
    after = opened.one("#over").value_of_css_property("clip-path")
    assert (before, after) == ("inset(0px 50% 0px 0px)", "inset(0px 40% 0px 0px)")
    assert "60 percent of Run 2" in (slider.get_attribute("aria-valuetext") or "")
    opened.js("document.getElementById('left').focus()")
    Select(opened.one("#left")).select_by_visible_text("Content: A photograph")
    assert (side("left"), side("right")) == ("Content", "Run 5")
