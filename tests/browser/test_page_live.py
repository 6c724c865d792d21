"""A page that is watched while its sweep runs, served as ``nst report DIR --watch`` serves it."""

import http.client
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_runs import REPORT, write_run
from helpers import Process
from pages import READY, Page
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from nst.base import locks
from nst.multirun import growth

STEPS = {"steps": 200}


class Live(Page):
    """The page at the address where it is served."""

    def __init__(self, browser: webdriver.Chrome, folder: Path, address: str):
        super().__init__(browser, folder)
        self.address = address

    def open(self, state: str = "", width: int = 1280, height: int = 900) -> "Live":
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        self.browser.get(self.address + state)
        self.until(READY)
        return self

    def until_said(self, text: str) -> None:
        """Wait for what the page says of its sweep."""
        said = "return document.querySelector('.live')?.textContent ?? ''"
        WebDriverWait(self.browser, 30, 0.1).until(lambda _: text in (self.js(said) or ""))


def going(folder: Path, step: int, **changes: object) -> Path:
    """Write a run that has got to a step, with its picture there."""
    write_run(folder, None, status="running", **STEPS, **changes)
    rows = [f"{at},{at / 10},{9.0 - at / 100}" for at in range(0, step + 1, 20)]
    (folder / "history.csv").write_text("\n".join(["step,seconds,total", *rows]) + "\n")
    (folder / "images").mkdir(exist_ok=True)
    Image.new("RGB", (60, 40), (step, 90, 90)).save(folder / f"images/step_{step:05d}.png")
    return folder


@pytest.fixture
def live(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Live]:
    """Of four cells one has finished, one is at work, one was killed and one is to begin."""
    sweep = tmp_path / "sweep"
    place = growth.Folder(sweep, "", "")
    with growth.reserved(place, 4):
        write_run(sweep / "0", (200, 30, 60), beta=1e2, metrics={"ssim": 0.5}, **STEPS)
        going(sweep / "1", 40, beta=1e3)
        going(sweep / "2", 60, beta=1e4)
        with locks.run_lock(sweep / "1"):
            watching = Process(tmp_path).start("sweep", "--watch", program=REPORT)
            assert watching.stdout
            lines = iter(watching.stdout.readline, "")
            address = next(one[0] for line in lines if (one := re.search(r"http://\S+/", line)))
            try:
                yield Live(browser, sweep, address).open()
            finally:
                watching.send_signal(signal.SIGINT)
                assert watching.wait(20) == 130
    severe = [one for one in browser.get_log("browser") if "version.txt" not in one["message"]]
    assert severe == []


def test_running_killed_and_waiting_cells_are_told_apart(live: Live):
    live.until_said("Live: 2 of 4 ended, 1 running, 1 not begun, 1 interrupted")
    assert "3 of 4 runs (1 finished, 1 interrupted, 1 running)" in live.one("body").text
    assert live.texts("#grid .cell .value") == [  # by alpha/beta
        "interrupted, step 60 of 200",
        "running, step 40 of 200, 16 s left",  # 0.1 s a step
        "0.500",
    ]
    # Each shows its last picture on the way.
    images = live.js("return [...document.querySelectorAll('#grid img')].map(e => e.naturalWidth)")
    assert images == [60, 60, 60]
    assert "was killed; the same command continues it" in live.one("#unfinished").text


def test_news_leaves_the_reader_where_he_is(live: Live):
    Select(live.one("#metric")).select_by_visible_text("SSIM")
    live.filtered("beta>=100")
    live.js("document.querySelector('#grid .picture[data-run=\"1\"]').click()")
    assert live.viewing() == "1"
    live.press("+", "+")
    zoom = live.one("#viewer-zoom output").text
    live.js("window.scrollTo({top: 120, behavior: 'instant'})")
    live.js("window.before = true")
    # A run before it in the order of names, so that all numbers change.
    write_run(live.path.parent / "00", (9, 200, 60), beta=10.0, metrics={"ssim": 0.9}, **STEPS)
    WebDriverWait(live.browser, 40, 0.1).until(lambda _: live.js(f"{READY} && !window.before"))
    assert live.viewing() == "1"
    assert live.one("#viewer-zoom output").text == zoom
    assert live.one("#viewer-zoom [aria-pressed=true]").text == "Pixels"  # neither fitted nor 1:1
    assert live.js("return window.scrollY") == 120
    assert live.one("#query").get_attribute("value") == "beta>=100"
    assert Select(live.one("#metric")).first_selected_option.text == "SSIM"
    live.press(Keys.ESCAPE)
    assert len(live.drawn()) == 3


def test_the_step_goes_on(live: Live):
    going(live.path.parent / "1", 180, beta=1e3)
    live.until_said("1 running")
    WebDriverWait(live.browser, 40, 0.1).until(
        lambda _: "running, step 180 of 200, 2 s left" in live.texts("#grid .cell .value")
    )


def test_a_server_that_has_gone_is_said(live: Live):
    live.until_said("Live")
    host = live.address.split("/")[2]
    http.client.HTTPConnection(host).connect()
    live.js("window.fetch = () => Promise.reject(new TypeError('gone'))")
    live.until_said("No longer live: 2 of 4 ended")
