"""Nothing that axe-core calls serious, and all by keyboard alone.

axe-core 4.14.1 is its npm package's axe.min.js as released, with its licenses beside it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Page
from selenium.webdriver.common.keys import Keys

AXE = (Path(__file__).parent / "axe-core-4.14.1" / "axe.min.js").read_text()
#: What axe found, as "rule: first element", of the impacts that keep people out.
FOUND = """const done = arguments[0];
axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`)));"""


@pytest.fixture(params=[(1400, 900), (390, 844)], ids=["desk", "phone"])
def seen(written: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    yield written.open(width=width, height=height)
    assert written.browser.get_log("browser") == []


def findings(opened: Page) -> list[str]:
    opened.js(AXE)
    return opened.browser.execute_async_script(FOUND)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_has_nothing_that_axe_calls_serious(seen: Page, theme: str):
    while seen.one("#theme").text != f"Theme: {theme}":
        seen.one("#theme").click()
    for section in ("compare", "tradeoff", "effects", "losses", "runs"):
        seen.js("document.getElementById(arguments[0]).scrollIntoView()", section)
    seen.until("return document.querySelector('#losses svg')")
    assert findings(seen) == []


def test_the_viewer_has_nothing_that_axe_calls_serious(seen: Page):
    seen.js("document.querySelector('#grid .picture').click()")
    assert seen.viewing() is not None
    assert findings(seen) == []


def test_a_reader_without_a_mouse_filters_opens_compares_and_comes_back(written: Page):
    opened = written.open(width=1400)
    active = "return document.activeElement"

    def until(selector: str, key: str = Keys.TAB) -> None:
        for _ in range(60):
            if opened.js(f"{active}.matches(arguments[0])", selector):
                return
            opened.press(key)
        raise AssertionError(f"no way to {selector} by {key!r}")

    until("#query")
    opened.press("pooling=avg")
    opened.until("return document.getElementById('count').textContent === '8 of 16 runs'")
    until("#grid .picture")
    opened.press("c")
    opened.press(Keys.ARROW_RIGHT)
    opened.press("c")
    opened.press(Keys.ENTER)
    first = opened.viewing()
    opened.press(Keys.ARROW_RIGHT)
    assert opened.viewing() not in (None, first)
    opened.press(Keys.ESCAPE)
    assert opened.viewing() is None
    assert opened.js(f"{active}.matches('#grid .picture')")
    assert "2" in opened.one("#picked").text
