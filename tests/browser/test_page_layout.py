"""The page's rows and columns are those of grid.png, chosen or asked for."""

from itertools import product
from pathlib import Path

import pytest
from fake_runs import report, write_run
from pages import POOLINGS, Page, panels
from selenium import webdriver


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two poolings by two betas, alpha always 1: alpha/beta takes beta's place."""
    for at, (pooling, beta) in enumerate(product(POOLINGS, (1e3, 2e3))):
        write_run(tmp_path / str(at), pooling=pooling, beta=beta)
    return tmp_path


def test_rows_and_columns_that_were_asked_for(browser: webdriver.Chrome, sweep: Path):
    assert report(sweep, ".", "--rows", "beta", "--cols", "pooling").returncode == 0
    opened = Page(browser, sweep).open()
    ((_, columns, rows, _),) = panels(opened)
    assert (columns, rows) == (POOLINGS, ["1000", "2000"])
    assert opened.control("Rows").first_selected_option.text == "style weight beta"
    assert browser.get_log("browser") == []


def test_beta_is_offered_where_alpha_over_beta_took_its_place(
    browser: webdriver.Chrome, sweep: Path
):
    assert report(sweep, ".").returncode == 0
    opened = Page(browser, sweep).open()
    ((_, columns, rows, _),) = panels(opened)
    assert (columns, rows) == (["0.0005", "0.001"], POOLINGS)
    opened.control("Columns").select_by_visible_text("style weight beta")
    ((_, columns, rows, _),) = panels(opened)
    assert (columns, rows) == (["1000", "2000"], POOLINGS)
    assert browser.get_log("browser") == []
