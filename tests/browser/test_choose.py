"""The page of nst choose in a browser: blind pairs, by keyboard and touch, and the ranking."""

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pages import Page
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from test_page_accessible import findings

sys.path.append(str(Path(__file__).parents[1] / "choose"))
from choosing import SECRETS, Taste, a_session, a_sweep, numbers, served, voted
from scipy.stats import kendalltau

from nst.choose.server import Server
from nst.rundir import votes

KEYS = {"left": Keys.ARROW_LEFT, "right": Keys.ARROW_RIGHT, "tie": Keys.ARROW_UP}
NAMES = """return ['left', 'right'].map((side) =>
  document.querySelector(`#${side}-pane img`).src.split('/').at(-1))"""


class Choosing(Page):
    """The page in the browser, and the server behind it."""

    def __init__(self, browser: webdriver.Chrome, server: Server):
        super().__init__(browser, server.session.folder)
        self.server = server

    def open(self, state: str = "", width: int = 1280, height: int = 900) -> "Choosing":
        self.visit(self.server.address, width, height)
        self.ballot()
        return self

    def ballot(self, after: str | None = None) -> str:
        """Wait for another pair than that of `after`, and return its name."""
        now = "return document.documentElement.dataset.ready"
        return WebDriverWait(self.browser, 10, 0.01).until(
            lambda _: (found := self.js(now)) != after and found
        )

    def pair(self) -> tuple[str, str]:
        left, right = self.js(NAMES)
        return left, right

    def answer(self, what: str) -> None:
        before = self.ballot()
        ActionChains(self.browser, 0).send_keys(what).perform()
        self.ballot(before)

    def shown(self, side: str) -> list[float]:
        """Return a picture's edges in the window: left, top, right, bottom."""
        return self.js(
            """const {left, top, right, bottom} =
            document.querySelector(`#${arguments[0]}-pane .frame`).getBoundingClientRect();
            return [left, top, right, bottom]""",
            side,
        )


@pytest.fixture
def choosing(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Choosing]:
    a_sweep(tmp_path)
    with served(a_session(tmp_path)) as server:
        browser.get_log("browser")
        yield Choosing(browser, server)
        assert browser.get_log("browser") == []
        browser.get("about:blank")


def vote(page: Choosing, count: int) -> None:
    taste = Taste(page.server.session, seed=2)
    for _ in range(count):
        page.answer(KEYS[taste.answer(*page.pair())])


def tau(page: Choosing) -> float:
    """Return how far the ranking on the page has the true order."""
    ActionChains(page.browser, 0).send_keys("r").perform()
    page.until("return document.querySelectorAll('.places li').length === 8")
    runs = page.texts(".places .place-run bdi")
    order = [int(run.removeprefix("topsecret")) for run in runs]
    return kendalltau(order, range(len(order), 0, -1))[0]


def test_sixty_votes_by_keyboard_find_the_order_and_nothing_tells_it_before(choosing: Choosing):
    voted(choosing.server.session, 50)
    page = choosing.open(width=1400)
    assert page.one("#count").text == "50 votes"
    vote(page, 4)
    before = page.pair()
    page.browser.refresh()
    page.ballot()
    assert page.pair() == before
    page.answer("z")
    assert page.one("#count").text == "53 votes"
    vote(page, 7)
    assert page.one("#count").text == "60 votes"
    # Blind: no address, text, title or name of a file.
    addresses = page.js("return performance.getEntriesByType('resource').map((e) => e.name)")
    told = [page.browser.page_source, page.browser.title, page.browser.current_url, *addresses]
    assert addresses
    assert not [secret for secret in SECRETS for text in told if secret in text]
    # Whole pictures without scrolling, side by side, of the same size.
    left, right = page.shown("left"), page.shown("right")
    assert left[0] >= 0
    assert left[2] <= right[0]
    assert right[2] <= 1400
    assert (
        left[2] - left[0] == pytest.approx(right[2] - right[0], abs=1) == pytest.approx(675, abs=12)
    )
    scrolls = "return document.documentElement.scrollHeight > innerHeight"
    assert not page.js(scrolls)
    assert tau(page) >= 0.8
    larger, finer = page.texts(".favorite code")
    assert larger.startswith("nst rerun ")
    assert "topsecret7 size=1024 --same-look" in larger
    assert finer.endswith("topsecret7 beta")
    assert "31337" in page.one(".favorite .settings").text or "10" in page.texts(".settings dd")[0]
    assert "higher SSIM" in page.texts(".agreement tbody th")
    ActionChains(page.browser, 0).send_keys(Keys.ESCAPE).perform()
    assert page.one("#stage").is_displayed()
    page.answer(Keys.ARROW_DOWN)
    assert votes.read(page.server.session.folder)[0][-1].answer == "neither"


def test_content_and_full_size_are_shown_on_a_key(choosing: Choosing):
    page = choosing.open()
    keys = ActionChains(page.browser, 0)
    keys.key_down("c").perform()
    page.until("return document.querySelectorAll('#held img').length === 2")
    assert page.one("#held").text.startswith("Content: A photograph (by me)")
    keys.key_up("c").perform()
    assert not page.one("#held").is_displayed()
    both = page.shown("left")
    keys.send_keys("f").perform()
    alone = page.shown("left")
    assert alone[2] - alone[0] > 1.3 * (both[2] - both[0])
    assert not page.one("#right-pane").is_displayed()
    keys.send_keys("f").perform()
    assert not page.one("#left-pane").is_displayed()
    keys.send_keys("f").perform()
    assert page.shown("left") == both
    keys.send_keys("1").perform()
    assert page.shown("left")[2] - page.shown("left")[0] == 48
    keys.send_keys(Keys.ESCAPE).perform()
    keys.send_keys("?").perform()
    assert page.one("#help").is_displayed()
    keys.send_keys(Keys.ARROW_LEFT, Keys.ESCAPE).perform()
    assert votes.read(page.server.session.folder)[0] == []


def test_a_phone_shows_both_whole_and_takes_a_tap(choosing: Choosing):
    page = choosing.open(width=390, height=844)
    upper, lower = page.shown("left"), page.shown("right")
    assert upper[3] <= lower[1]  # one above the other
    assert upper[2] - upper[0] > 370
    assert not page.js("return document.documentElement.scrollWidth > innerWidth")
    bottom = "return document.querySelector('#undo').getBoundingClientRect().bottom"
    assert lower[3] < page.js(bottom) <= 844
    assert page.one('[data-answer="right"]').text == "Lower is better"
    assert findings(page) == []
    before = page.ballot()
    page.one("#right-pane").click()
    page.ballot(before)
    assert [vote.answer for vote in votes.read(page.server.session.folder)[0]] == ["right"]
    page.one("#to-ranking").click()
    page.until("return document.querySelectorAll('.places li').length === 2")
    assert not page.js("return document.documentElement.scrollWidth > innerWidth")
    assert findings(page) == []


def test_a_server_that_ends_is_said_and_the_vote_is_kept_until_it_is_back(
    choosing: Choosing, tmp_path: Path
):
    page = choosing.open()
    page.js("window.fetched = fetch; window.fetch = () => Promise.reject(new TypeError('gone'))")
    ActionChains(page.browser, 0).send_keys(Keys.ARROW_LEFT).perform()
    said = "return document.getElementById('message').textContent"
    assert "does not answer" in page.until(said)
    before = page.ballot()
    page.js("window.fetch = window.fetched")
    page.ballot(before)
    assert not page.js(said)
    assert [vote.answer for vote in votes.read(tmp_path)[0]] == ["left"]


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(choosing: Choosing, theme: str):
    voted(choosing.server.session, 30)
    page = choosing.open(width=1400)
    while page.one("#theme").text != f"Theme: {theme}":
        page.one("#theme").click()
    assert findings(page) == []
    page.one("#help-open").click()
    assert findings(page) == []
    page.press(Keys.ESCAPE)
    page.one("#to-ranking").click()
    page.until("return document.querySelectorAll('.places li').length === 8")
    assert findings(page) == []


@pytest.mark.slow
def test_all_sixty_votes_through_the_page(choosing: Choosing):
    page = choosing.open()
    names = numbers(page.server.session)
    seen = []
    taste = Taste(page.server.session)
    for _ in range(60):
        seen.append({names[name] for name in page.pair()})
        page.answer(KEYS[taste.answer(*page.pair())])
    assert all(one != other for one, other in pairwise(seen))
    assert tau(page) >= 0.8
