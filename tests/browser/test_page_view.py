"""What one sees of a report's page without scrolling: the recommendation and the whole grid."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pages import Page, Show, a_report, a_run
from PIL import Image
from selenium import webdriver

from nst.report import page

Box = dict[str, float]


@pytest.fixture(scope="module")
def eighteen(browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of two poolings, three ratios and three gammas."""
    root = tmp_path_factory.mktemp("eighteen")
    runs = []
    cells = product(("avg", "max"), (1e3, 1e4, 1e5), (0.0, 1e2, 1e3))
    for number, (pooling, beta, gamma) in enumerate(cells):
        values = {"pooling": pooling, "alpha": 1.0, "beta": beta, "tv.gamma": gamma}
        style = 0.3 * (pooling == "max") + 30 / beta + gamma / 1e6 + 0.01
        metrics: dict[str, float | None] = {
            "style_distance": style,
            "content_distance": 0.5 - style,
        }
        run = a_run(root, number, values, metrics, (10 * number, 90, 160))
        runs.append(replace(run, width=48, height=32))
    page.write(root / "index.html", a_report(root, runs))
    return Page(browser, root)


@pytest.fixture(autouse=True)
def _quiet(browser: webdriver.Chrome) -> Iterator[None]:
    yield
    assert browser.get_log("browser") == []


def boxes(opened: Page, selector: str) -> list[Box]:
    """Return where elements are in the window, in pixels."""
    return opened.js(
        """return [...document.querySelectorAll(arguments[0])].map(e => {
          const {left, top, right, bottom} = e.getBoundingClientRect();
          return {left, top, right, bottom};
        })""",
        selector,
    )


def inside(box: Box, width: int, height: int) -> bool:
    return 0 <= box["left"] < box["right"] <= width and 0 <= box["top"] < box["bottom"] <= height


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (1920, 1080), (1280, 720)])
def test_recommendation_and_all_pictures_are_in_the_window(eighteen: Page, width: int, height: int):
    opened = eighteen.open(width=width, height=height)
    pictures = boxes(opened, "#grid .picture")
    assert len(pictures) == 18
    assert all(inside(one, width, height) for one in pictures)
    assert all(inside(one, width, height) for one in boxes(opened, "#recommended li"))
    # The recommended cell is marked where it lies, and 96 pixels wide at least.
    assert len(boxes(opened, "#grid .is-recommended")) == 1
    assert min(one["right"] - one["left"] for one in pictures) >= 96
    # What is said, is said once.
    parts = "return ['header', '.bar', '#pictures'].map(s => document.querySelector(s).innerText)"
    assert "".join(opened.js(parts)).count("18 runs") == 1


def test_panels_lie_side_by_side_and_fill_the_width(eighteen: Page):
    opened = eighteen.open(width=1400)
    left, right = boxes(opened, "#grid .panel")
    assert left["top"] == right["top"]
    assert left["right"] <= right["left"]
    assert right["right"] > 0.85 * 1400


def test_no_label_of_the_grid_is_cut(eighteen: Page):
    opened = eighteen.open(width=1400)
    cut = """return [...document.querySelectorAll('#grid th, #grid caption, #grid .value')].filter(
      e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).length"""
    assert opened.js(cut) == 0


def test_the_grid_fits_again_when_the_window_changes(eighteen: Page):
    opened = eighteen.open(width=1400)
    before = boxes(opened, "#grid .picture")[0]
    opened.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 900, "height": 500, "deviceScaleFactor": 1, "mobile": False},
    )
    width = "return document.querySelector('#grid .picture').getBoundingClientRect().width"
    opened.until(f"{width} < {before['right'] - before['left'] - 20}")
    assert all(one["right"] <= 900 for one in boxes(opened, "#grid .picture"))


def test_a_size_of_the_readers_own_is_kept(eighteen: Page):
    opened = eighteen.open("#size=240", width=1400)
    (first, *_) = boxes(opened, "#grid .picture")
    assert first["right"] - first["left"] == pytest.approx(240, abs=1)


def test_a_phone_shows_the_recommendation_first_and_scrolls_one_way(eighteen: Page):
    opened = eighteen.open(width=390, height=844)
    assert inside(boxes(opened, "#recommended .is-main img")[0], 390, 844)
    assert opened.js("return document.documentElement.scrollWidth") <= 390


def test_portraits_are_whole_everywhere(show: Show, tmp_path: Path):
    runs = []
    for number in range(4):
        metrics: dict[str, float | None] = {"style_distance": 0.1 * number, "content_distance": 0.5}
        run = a_run(tmp_path, number, {"beta": 10.0**number}, metrics)
        Image.new("RGB", (30, 60), (20, 60 * number, 99)).save(run.folder / "result.png")
        runs.append(replace(run, width=30, height=60))
    opened = show(runs)
    shapes: list[Any] = opened.js(
        """return [...document.querySelectorAll('img')].filter(e => e.naturalWidth === 30
          && e.clientWidth).map(e => [e.clientHeight / e.clientWidth,
          getComputedStyle(e).objectFit])"""
    )
    assert len(shapes) > 4
    for ratio, fit in shapes:
        assert ratio == pytest.approx(2, abs=0.05) or fit == "contain"


def test_five_hundred_pictures_are_one_view(show: Show, tmp_path: Path):
    runs = []
    for number, (beta, gamma) in enumerate(product(range(25), range(20))):
        metrics: dict[str, float | None] = {"style_distance": 0.01 * beta + 0.001 * gamma}
        values = {"beta": 10.0 + beta, "tv.gamma": float(gamma)}
        runs.append(replace(a_run(tmp_path, number, values, metrics), width=48, height=32))
    opened = show(runs).open(width=1400)
    pictures = boxes(opened, "#grid .picture")
    assert len(pictures) == 500
    assert all(one["left"] >= 0 and one["right"] <= 1400 for one in pictures)
    assert max(one["bottom"] for one in pictures) - min(one["top"] for one in pictures) <= 900
