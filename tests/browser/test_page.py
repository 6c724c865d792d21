"""The page of a report as a reader meets it: in a browser, from a file, with no network."""

import base64
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_runs import Color, as_read, serving
from helpers import TINY, Command, record
from PIL import Image

from nst.report import axes, page, page_data, search
from nst.report.summary import Report
from nst.rundir.runs import Broken, RecordedSource, Run

pytest.importorskip("selenium", reason="the page is tried in a browser by selenium")

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

POOLINGS = ["avg", "max"]
BETAS = [1e3, 1e4, 1e5, 1e6]
LABELS = ["1e3", "1e4", "1e5", "1e6"]
GAMMAS = [0.0, 100.0]
READY = "return document.documentElement.dataset.ready"


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """One Chromium for all of these tests, that can reach no host."""
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
    yield chrome
    chrome.quit()


@pytest.fixture(scope="session")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Sixteen runs of flat colors, two of them unfinished, and a folder that can't be read."""
    root = tmp_path_factory.mktemp("sweep")
    runs = []
    for number, (pooling, beta, gamma) in enumerate(product(POOLINGS, BETAS, GAMMAS)):
        values = {"pooling": pooling, "beta": beta, "tv.gamma": gamma, "steps": 40}
        rank = BETAS.index(beta)
        metrics: dict[str, float | None] = {
            "style_distance": 0.9 - 0.2 * rank + 0.05 * POOLINGS.index(pooling) + gamma / 1e4,
            "content_distance": 0.1 + 0.2 * rank,
            "ssim": 0.2 + 0.1 * rank,
        }
        color = (15 * number, 255 - 15 * number, 40 * rank)
        runs.append(a_run(root, number, values, metrics, color))
    runs[14] = replace(runs[14], status="diverged", error="The total loss became NaN at step 20.")
    runs[15] = replace(runs[15], status="running", metrics={})
    broken = [Broken(root / "torn", "run.json ends in the middle.")]
    return replace(a_report(root, runs), broken=broken)


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

    def open(self, state: str = "", width: int = 1280) -> "Page":
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.browser.get("about:blank")
        self.browser.get_log("browser")
        self.browser.get(self.path.as_uri() + state)
        self.until(READY)
        return self

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

    def viewing(self) -> str | None:
        return self.js(
            "return document.getElementById('viewer').open"
            " ? document.querySelector('#viewer-title .name').textContent : null"
        )


@pytest.fixture(scope="session")
def written(browser: webdriver.Chrome, sweep: Report) -> Page:
    page.write(sweep.root / "index.html", sweep)
    return Page(browser, sweep.root)


@pytest.fixture
def opened(written: Page) -> Iterator[Page]:
    """The page of the sixteen runs, which must end without a word on the console."""
    yield written.open()
    assert written.browser.get_log("browser") == []


Show = Callable[..., Page]


@pytest.fixture
def show(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Show]:
    """Open the page of some runs, which must end without a word on the console."""

    def opened(runs: list[Run], state: str = "", /, **changes: Any) -> Page:
        page.write(tmp_path / "index.html", replace(a_report(tmp_path, runs), **changes))
        return Page(browser, tmp_path).open(state)

    yield opened
    assert browser.get_log("browser") == []


def panels(opened: Page) -> list[list[Any]]:
    """Return of each panel its title, its columns, its rows, and the pictures of each row."""
    return opened.js(
        """return [...document.querySelectorAll('#grid table')].map(table => [
          table.caption.textContent,
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


def test_words_go_down_and_numbers_across(opened: Page, sweep: Report):
    for gamma, (title, columns, rows, pictures) in zip(("0", "100"), panels(opened), strict=True):
        assert (title, columns, rows) == (f"TV weight gamma {gamma}", LABELS, POOLINGS)
        assert pictures == [
            [picture_of(sweep, row, beta, gamma) for beta in LABELS] for row in rows
        ]


def test_axes_can_be_changed_and_a_further_key_held(opened: Page, sweep: Report):
    opened.control("Rows").select_by_visible_text("TV weight gamma")
    opened.control("pooling").select_by_visible_text("max")
    ((_, columns, rows, pictures),) = panels(opened)
    assert (columns, rows) == (LABELS, ["0", "100"])
    assert pictures == [[picture_of(sweep, "max", beta, row) for beta in LABELS] for row in rows]
    opened.control("Columns").select_by_visible_text("TV weight gamma")  # the two change places
    assert panels(opened)[0][2] == LABELS


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
        "alpha/beta=3.333e-4": ["1"],  # as the label has it
        "alpha/beta<3.4e-4": ["1", "2"],
    }.items():
        opened.filtered(text)
        assert opened.rows() == expected, text


def test_a_header_sorts_up_and_down_with_what_has_no_number_last(opened: Page):
    head = opened.one('[data-column="metrics.style_distance"]')
    button = head.find_element(By.TAG_NAME, "button")
    button.send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["6", "7"], "15")
    button.click()
    assert head.get_attribute("aria-sort") == "descending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["9", "8"], "15")


def test_the_metric_colors_and_the_best_is_marked(opened: Page):
    def tone(name: str) -> str:
        return opened.js(
            "return getComputedStyle(document.querySelector(arguments[0])).borderBottomColor",
            f'#grid .picture[data-run="{name}"]',
        )

    strong, weak = tone("6"), tone("9")
    assert opened.best() == ["6"]
    assert strong != weak
    assert "0.300" in opened.one('#grid .cell[data-run="6"] .foot').text
    opened.metric("SSIM")  # higher is better; 14 has as much, but did not finish
    assert opened.best() == ["6"]
    opened.metric("content distance")
    assert opened.best() == ["0"]
    assert tone("0") == strong
    assert "content distance" in opened.one("#legend").text
    opened.metric("total variation loss")  # neither is better
    assert opened.best() == []


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


def test_the_state_outlives_a_reload(opened: Page):
    opened.metric("SSIM")
    opened.control("Rows").select_by_visible_text("TV weight gamma")
    opened.filtered("avg")
    opened.one('[data-column="key.beta"] button').click()
    opened.one("#theme").click()
    opened.one("#theme").click()
    before = (opened.drawn(), opened.rows(), opened.texts("#legend"))
    opened.browser.refresh()
    opened.until(READY)
    assert (opened.drawn(), opened.rows(), opened.texts("#legend")) == before
    assert opened.one("#query").get_attribute("value") == "avg"
    assert opened.js("return document.documentElement.dataset.theme") == "dark"
    assert opened.js("return getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 24)"


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


def test_what_a_search_found_comes_first(tmp_path: Path, show: Show):
    # SSIM and style distance: 1 and 3 are the same, 4 is beaten in both, 5 did not finish.
    values = [(0.9, 0.5), (0.5, 0.2), (0.7, 0.4), (0.5, 0.2), (0.4, 0.3), (1.0, 0.1)]
    runs = []
    for number, (ssim, style) in enumerate(values):
        metrics: dict[str, float | None] = {"style_distance": style, "ssim": ssim}
        run = a_run(tmp_path, number, {"beta": 10.0**number}, metrics)
        wanted = ("metrics/ssim", "metrics/style_distance")
        runs.append(replace(run, objective=wanted, overrides=(f"beta={10.0**number}", "name=a b")))
    runs[5] = replace(runs[5], status="diverged")
    opened = show(runs, found=search.of(runs, axes.varying(runs)))
    assert opened.texts("main > section")[0].strip().startswith("What the search found")
    caption = "4 of 5 finished runs are on the Pareto front of SSIM (higher is better) and style"
    assert opened.one("#found-caption").text.startswith(caption)
    assert opened.texts("#found-table tbody .name") == ["0", "2", "1", "3"]
    assert opened.texts("#found-table tbody .number")[:2] == ["0.900", "0.500"]
    assert opened.texts("#found-table code")[0] == "nst beta=1 'name=a b'"
    opened.one("#found-table .command button").click()
    opened.until("return document.querySelector('.command button').textContent !== 'Copy'")
    opened.one("#found-table .row-open").click()
    assert opened.viewing() == "0"
    opened.press(Keys.ESCAPE)
    # The same runs are on the front of the chart, whose axes are the objectives.
    assert opened.texts("#metric optgroup:first-child option") == ["SSIM", "style distance"]
    assert Select(opened.one("#metric")).first_selected_option.text == "SSIM"
    assert opened.look_at("tradeoff", "#tradeoff-chart .points path") == 5
    assert sorted(opened.texts("#front .name")) == ["0", "1", "2", "3"]
    assert opened.texts("#runs thead .head")[3:5] == ["SSIM", "style distance"]


def test_a_chart_tells_of_the_run_below_the_pointer(opened: Page):
    opened.filtered("tv.gamma=0")  # no two points close to each other
    opened.look_at("tradeoff", "#tradeoff-chart .points path")
    point = opened.one("#tradeoff-chart .points path")
    mouse = ActionChains(opened.browser)
    mouse.move_to_element_with_offset(point, -30, -30).move_to_element(point).perform()
    opened.until("return !document.getElementById('tip').hidden")
    assert "Run 0" in opened.one("#tip").text
    assert opened.js("return document.querySelector('#tip img').naturalWidth") == 48


def test_what_did_not_finish_is_told_apart_with_its_reason(opened: Page):
    expected = (("14", "became NaN"), ("running",), ("torn", "ends in the middle"))
    for row, words in zip(opened.texts("#unfinished tbody tr"), expected, strict=True):
        assert all(word in row for word in words)
    lead = opened.one(".lead").text
    assert "16 runs (14 finished, 1 diverged, 1 running). 1 folder can't be read." in lead


def test_a_phone_scrolls_one_way(written: Page):
    opened = written.open(width=375)
    widths = opened.js("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths == [375, 375]


def test_paper_gets_every_chart_in_dark_ink_and_the_screen_its_theme_back(opened: Page):
    opened.one("#theme").click()
    opened.one("#theme").click()
    opened.js("window.dispatchEvent(new Event('beforeprint'))")
    drawn = "return [...document.querySelectorAll('.chart')].map(e => !!e.querySelector('svg'))"
    theme = "return document.documentElement.dataset.theme"
    width = "return document.querySelector('.chart.tall svg').clientWidth"
    assert opened.js(drawn) == [True] * 5
    assert (opened.js(theme), opened.js(width)) == ("light", 680)
    opened.js("window.dispatchEvent(new Event('afterprint'))")
    assert opened.js(theme) == "dark"
    assert opened.js(width) > 1000


def test_runs_that_differ_in_their_seed_are_one_point_with_a_bar(show: Show, tmp_path: Path):
    opened = show(
        [
            a_run(tmp_path, at, {"pooling": pooling, "seed": seed}, {"style_distance": at + 1.0})
            for at, (pooling, seed) in enumerate(product(POOLINGS, (0, 1, 2)))
        ]
    )
    assert opened.drawn() == ["0", "3"]  # the first seed; neither rows nor columns
    assert opened.control("seed").first_selected_option.text == "0"
    opened.look_at("effects", "#effects-charts .chart svg")
    figure = opened.one("#effects-charts figure")
    assert figure.find_element(By.TAG_NAME, "figcaption").text == "pooling"
    numbers = opened.texts("#effects-charts figure:first-child tbody td:nth-child(2)")
    assert numbers == ["2.00", "5.00"]  # the means of 1, 2, 3 and of 4, 5, 6
    bars = opened.js(
        "return document.querySelector('#effects-charts .chart').data[0].error_y.array"
    )
    assert bars == [1, 1]  # the deviation of 1, 2, 3


def test_a_random_search_is_a_gallery_with_the_best_first(show: Show, tmp_path: Path):
    rng = np.random.default_rng(0)
    runs = []
    for number in range(40):
        values = {"beta": float(rng.random()), "tv.gamma": float(rng.random())}
        runs.append(a_run(tmp_path, number, values, {"ssim": (number * 7 % 40) / 40}))
    opened = show(runs)
    assert opened.one("#grid .gallery")
    assert opened.drawn() == sorted(map(str, range(40)), key=lambda name: -(int(name) * 7 % 40))
    opened.one("#filters summary").click()
    least = opened.one("#filters-box input")  # so many values are chosen by a range
    least.send_keys("0.5")
    expected = {run.name for run in runs if run.values["beta"] >= 0.5}
    assert set(opened.drawn()) == expected
    assert 0 < len(expected) < 40


def test_fallbacks_and_equal_runs_are_told(show: Show, tmp_path: Path):
    night = RecordedSource("night", "night, built in", "ab", None, None)
    starry = replace(night, instead_of="starry")
    runs = [
        replace(
            a_run(tmp_path, at, {"style": name, "beta": 10.0 ** (at % 2)}, {"ssim": 0.5}),
            sources={"style": source},
            same_as=same_as,
        )
        for at, (name, source, same_as) in enumerate(
            [
                ("night", night, None),
                ("night", night, None),
                ("night", starry, "../0"),
                ("night", starry, "../1"),
                ("other", replace(night, name="other"), None),
            ]
        )
    ]
    runs[4] = replace(runs[4], reused_from="../../old/3")  # of another sweep
    opened = show(runs)
    assert opened.texts("header .notice bdi") == [
        "style=starry could not be fetched: the built-in night replaces it in 2 of 5 runs."
    ]
    assert "2 of the 5 runs are the same as others" in opened.one("header").text
    assert "also in place of starry" in opened.one("#grid").text
    assert opened.texts("#grid .more") == ["+1", "+1"]
    assert (
        "3 of 5 runs. +N: N further runs of the same settings" in opened.one("#grid-caption").text
    )
    cells = "return [...document.querySelectorAll('#table tbody tr')].map(r => r.textContent)"
    assert [("night instead of starry" in row) for row in opened.js(cells)] == [
        *(False, False, True, True, False)
    ]
    opened.click_row(3)
    assert opened.one("#viewer-note").text == (
        "style=night instead of starry. The same as run 1, by its hash."
    )
    opened.press(Keys.ESCAPE)
    opened.click_row(0)
    assert not opened.one("#viewer-note").is_displayed()
    opened.press(Keys.ESCAPE)
    assert opened.js(cells)[4].count("../../old/3") == 1
    opened.click_row(4)
    assert opened.one("#viewer-note").text == "Taken from ../../old/3."
    opened.press(Keys.ESCAPE)
    opened.filtered("starry")
    assert opened.rows() == ["2", "3"]


def test_many_pictures_stay_files_fetched_as_they_are_scrolled_to(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_data, "EMBEDDED_BYTES", 1000)
    runs = [a_run(tmp_path, f"run {n}#?", {"a": n % 2, "b": n}, {"ssim": n / 9}) for n in range(90)]
    opened = show(runs, "#view=gallery&size=384")
    assert opened.path.stat().st_size < 6_000_000
    opened.until("return document.querySelector('#grid img').naturalWidth")
    loaded = "return [...document.querySelectorAll('#grid img')].filter(e => e.src).length"
    assert 0 < opened.js(loaded) < 60
    opened.js("document.querySelector('#grid .picture').click()")
    assert opened.large().endswith("/run%2089%23%3F/result.png")


def test_a_served_page_loads_itself_anew_with_its_version(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = page._script()
    assert "const POLL = 5000;" in script
    monkeypatch.setattr(page, "_script", lambda: script.replace("POLL = 5000", "POLL = 100"))
    opened = show([a_run(tmp_path, 0, {}, {})])
    with serving(tmp_path) as server:
        opened.browser.get(f"http://127.0.0.1:{server.server_port}/index.html#q=0")
        opened.js("window.old = true")
        opened.until("return performance.getEntriesByName(location.origin + '/version.txt').length")
        server.version = "second"
        opened.until("return !window.old && document.documentElement.dataset.ready")
        assert opened.one("#query").get_attribute("value") == "0"
        opened.browser.get("about:blank")


def test_a_report_of_nothing_but_failures_opens(show: Show, tmp_path: Path):
    run = replace(
        a_run(tmp_path, 0, {}, {}),
        status="failed",
        error="No weights.",
        losses={},
        steps_s=None,
        s_per_step=None,
        best_step=None,
        picture=None,
    )
    opened = show([run], thumbnails={}, content=[], style=[])
    assert opened.rows() == ["0"]
    assert "No weights." in opened.one("#unfinished").text


def test_five_hundred_runs_are_a_page_of_25_mb_that_opens_in_two_seconds(
    show: Show, tmp_path: Path
):
    few = [a_run(tmp_path, number, {}, {}) for number in range(5)]
    rng = np.random.default_rng(0)
    for number in range(5):
        noise = rng.integers(0, 256, (21, 32, 3), dtype=np.uint8)
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(noise).resize((256, 168)).save(path, quality=88)
    assert 10_000 < path.stat().st_size < 25_000
    runs = []
    for number in range(500):
        values = {"a": number % 10, "b": number // 10 % 10, "c": f"c{number // 100}"}
        style, content = map(float, rng.random(2))
        metrics: dict[str, float | None] = {"style_distance": style, "content_distance": content}
        base = few[number % 5]
        runs.append(replace(base, name=str(number), values=values, metrics=metrics))
    thumbnails = {run.name: tmp_path / f"{int(run.name) % 5}.jpg" for run in runs}
    in_one_grid = "#at.b=*panels"
    opened = show(runs, in_one_grid, thumbnails=thumbnails)
    assert opened.path.stat().st_size < 25_000_000
    ready = "return performance.getEntriesByName('ready')[0].startTime / 1000"
    assert opened.js(ready) < 2 or any(opened.open(in_one_grid).js(ready) < 2 for _ in range(2))
    assert len(opened.drawn()) == 500


def test_a_real_sweep_from_its_command_to_its_page(command: Command, browser: webdriver.Chrome):
    done = command(
        *("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", "tracking=disabled", *TINY),
        *("beta=1e3,1e4", "tv.gamma=0,1e3"),
    )
    assert done.returncode == 0, done.stderr
    sweep = command.folder / "sweep"
    opened = Page(browser, sweep).open()
    widths = opened.js(
        "return [...document.querySelectorAll('#grid img')].map(e => e.naturalWidth)"
    )
    assert widths == [32] * 4
    distances = [record(sweep / str(n))["metrics"]["style_distance"] for n in range(4)]
    best = str(distances.index(min(distances)))
    assert opened.best() == [best]
    opened.one("#grid .cell.is-best .picture").click()
    opened.until(
        f"return document.querySelector('#viewer img').currentSrc.endsWith('/{best}/result.png')"
    )
    opened.press(Keys.ESCAPE)
    assert opened.look_at("losses", "#losses .scatterlayer .trace") == 4
    assert opened.fetched() == []
    assert browser.get_log("browser") == []
