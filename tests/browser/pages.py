"""The page of a report in a browser, and runs to show in it."""

import base64
import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_runs import Color, as_read
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from nst.report import axes
from nst.report.summary import Report
from nst.rundir.runs import Run

POOLINGS = ["avg", "max"]
BETAS = [1e3, 1e4, 1e5, 1e6]
LABELS = ["10³", "10⁴", "10⁵", "10⁶"]
GAMMAS = [0.0, 100.0]
READY = "return document.documentElement.dataset.ready"

Show = Callable[..., "Page"]


@contextlib.contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Start a Chromium that can reach no host."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("there is no chromium with its chromedriver to open the page with")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * 0.0.0.0",
        "--force-prefers-reduced-motion",
        "--window-size=1280,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def a_run(
    root: Path,
    name: object,
    values: dict[str, Any],
    metrics: dict[str, float | None],
    color: Color = (90, 120, 150),
) -> Run:
    where = root / str(name)
    where.mkdir(parents=True)
    picture = where / "result.png"
    Image.new("RGB", (48, 32), color).save(picture)
    rows = [f"{step},{step / 10},{1e6 / (step + 1)},0.0,{9e3 / (step + 1)}" for step in (0, 20, 40)]
    header = "step,seconds,total,content,style/conv1_1"
    (where / "history.csv").write_text("\n".join([header, *rows, "60,6.0,1"]))
    return as_read(
        str(name),
        folder=where,
        values=values,
        metrics=metrics,
        losses={"content": 1e6, "style": 2e3, "tv": 30.0},
        picture=picture,
    )


def a_report(root: Path, runs: list[Run]) -> Report:
    thumbnails = {run.name: run.folder / "result.png" for run in runs}
    first, *_, last = [*thumbnails.values()] * 2
    return Report(
        title="A sweep",
        root=root,
        runs=runs,
        broken=[],
        keys=axes.varying(runs),
        thumbnails=thumbnails,
        content=[("A photograph", first)],
        style=[("A painting", last)],
    )


class Page:
    """The page in the browser."""

    def __init__(self, browser: webdriver.Chrome, folder: Path):
        self.browser = browser
        self.path = folder / "index.html"

    def open(self, state: str = "", width: int = 1280, height: int = 900) -> "Page":
        self.visit(self.path.as_uri() + state, width, height)
        self.until(READY)
        return self

    def visit(self, address: str, width: int, height: int) -> None:
        """Go to an address in a window of that size, with no message of an earlier page left."""
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.browser.get("about:blank")
        self.browser.get_log("browser")
        self.browser.get(address)

    def js(self, code: str, *arguments: Any) -> Any:
        return self.browser.execute_script(code, *arguments)

    def until(self, code: str) -> Any:
        return WebDriverWait(self.browser, 10, 0.05).until(lambda _: self.js(code))

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        code = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
        return self.js(code, selector)

    def large(self) -> str:
        """Wait for the picture in the viewer and return its source."""
        assert self.until("return document.getElementById('viewer-image').naturalWidth") == 48
        return self.one("#viewer-image").get_attribute("src") or ""

    def control(self, name: str) -> Select:
        return Select(self.one(f'#axes [data-control="{name}"]'))

    def metric(self, title: str) -> None:
        Select(self.one("#metric")).select_by_visible_text(title)

    def filtered(self, text: str) -> None:
        box = self.one("#query")
        box.clear()
        box.send_keys(text)
        now = "return new URLSearchParams(location.hash.slice(1)).get('q')"
        WebDriverWait(self.browser, 10, 0.05).until(lambda _: self.js(now) == text)

    def drawn(self) -> list[str]:
        """Return the names of the runs in the grid, in order."""
        return self.js(
            """const names = JSON.parse(document.getElementById('data').textContent).runs;
            return [...document.querySelectorAll('#grid .cell')].map(e => names[e.dataset.run].name)
            """
        )

    def best(self) -> list[str]:
        """Return the places of the runs that the grid marks as the best."""
        code = "return [...document.querySelectorAll('#grid .is-best')].map(e => e.dataset.run)"
        return self.js(code)

    def look_at(self, section: str, marks: str) -> int:
        """Scroll to a section and wait for its marks; return how many they are."""
        self.js("document.getElementById(arguments[0]).scrollIntoView()", section)
        return self.until(f"return document.querySelectorAll('{marks}').length")

    def click_row(self, run: int) -> None:
        self.js("document.querySelector(`.row-open[data-run='${arguments[0]}']`).click()", run)

    def fetched(self) -> list[str]:
        """Return what was asked for that is no file."""
        names = self.js("return performance.getEntriesByType('resource').map(e => e.name)")
        return [name for name in names if not name.startswith(("file:", "data:"))]

    def rows(self) -> list[str]:
        return self.texts("#table tbody .row-open .name")

    def press(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    def focused(self, run: int) -> None:
        """Wait for the focus on a picture: a dialog says that it closed only after it did."""
        self.until(f"return document.activeElement.matches('#grid .picture[data-run=\"{run}\"]')")

    def viewing(self) -> str | None:
        return self.js(
            "return document.getElementById('viewer').open"
            " ? document.querySelector('#viewer-title .name').textContent : null"
        )


def panels(opened: Page) -> list[list[Any]]:
    """Return of each panel its title, its columns, its rows, and the pictures of each row."""
    return opened.js(
        """return [...document.querySelectorAll('#grid table')].map(table => [
          table.querySelector('.panel-title')?.textContent,
          [...table.querySelectorAll('thead th .value')].map(e => e.textContent),
          [...table.tBodies[0].rows].map(row => row.querySelector('th .value')?.textContent),
          [...table.tBodies[0].rows].map(row =>
            [...row.cells].filter(c => c.tagName === 'TD').map(c => c.querySelector('img')?.src)),
        ])"""
    )


def picture_of(report: Report, *labels: str) -> str:
    """Return the picture, as a data URI, of the only run of a pooling, a beta and a gamma."""
    (run,) = (one for one in report.runs if [key.of[one.name] for key in report.keys] == [*labels])
    data = base64.b64encode(report.thumbnails[run.name].read_bytes()).decode()
    return f"data:image/png;base64,{data}"
