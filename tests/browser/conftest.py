"""One Chromium, and pages opened in it that must end without a word on the console."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pages import BETAS, GAMMAS, POOLINGS, Page, Show, a_report, a_run, chromium
from selenium import webdriver

from nst.report import page
from nst.report.summary import Report
from nst.rundir.runs import Broken, Run


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """One Chromium for all of these tests."""
    with chromium() as chrome:
        yield chrome


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


@pytest.fixture(scope="session")
def written(browser: webdriver.Chrome, sweep: Report) -> Page:
    page.write(sweep.root / "index.html", sweep)
    return Page(browser, sweep.root)


@pytest.fixture
def opened(written: Page) -> Iterator[Page]:
    """The page of the sixteen runs, which must end without a word on the console."""
    yield written.open()
    assert written.browser.get_log("browser") == []


@pytest.fixture
def show(browser: webdriver.Chrome, tmp_path: Path) -> Iterator[Show]:
    """Open the page of some runs, which must end without a word on the console."""

    def opened(runs: list[Run], state: str = "", /, **changes: Any) -> Page:
        page.write(tmp_path / "index.html", replace(a_report(tmp_path, runs), **changes))
        return Page(browser, tmp_path).open(state)

    yield opened
    assert browser.get_log("browser") == []
