"""The table of a report's page."""

import csv
import io
import statistics
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from pages import POOLINGS, READY, Page, Show, a_run
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from nst.report.summary import Report
from nst.rundir.runs import Run


def heads(opened: Page) -> list[str]:
    return opened.texts("#table thead .head")


def cells(opened: Page, column: str) -> list[str]:
    """Return what a column reads, row by row, without what is for screen readers alone."""
    at = heads(opened).index(column)
    code = """return [...document.querySelectorAll('#table tbody tr:not(.gap)')].map(row => {
      const cell = row.cells[arguments[0]].cloneNode(true);
      cell.querySelectorAll('.unseen').forEach(e => e.remove());
      return cell.textContent;
    })"""
    return opened.js(code, at)


def downloaded(opened: Page, folder: Path) -> list[list[str]]:
    """Take the table as a file and return its rows."""
    folder.mkdir()
    opened.browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
    )
    opened.one("#csv").click()
    path = folder / "A-sweep.csv"
    wait = WebDriverWait(opened.browser, 10, 0.05)
    wait.until(lambda _: path.is_file() and path.read_text().endswith("\n"))
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))


def test_a_header_sorts_up_and_down_with_what_has_no_number_last(opened: Page):
    head = '[data-column="metrics.style_distance"]'
    opened.one(f"{head} button").send_keys(Keys.ENTER)
    assert opened.one(head).get_attribute("aria-sort") == "ascending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["6", "7"], "15")
    opened.press(Keys.ENTER)  # the header has kept the focus
    assert opened.one(head).get_attribute("aria-sort") == "descending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["9", "8"], "15")
    # Of what is better when higher the higher come first.
    opened.one('[data-column="metrics.ssim"] button').click()
    assert opened.one('[data-column="metrics.ssim"]').get_attribute("aria-sort") == "descending"
    assert cells(opened, "SSIM")[0] == "★0.500"


def test_what_is_alike_is_told_once_and_losses_are_no_columns_until_asked_for(opened: Page):
    usual = ["run", "status", "pooling", "style weight beta", "TV weight gamma"]
    usual += ["style distance", "content distance", "SSIM"]
    assert heads(opened) == usual  # the kept step is 20 for all, steps are 40
    gist = opened.one("#alike summary").text
    assert gist == "Alike in all 16 runs: steps 40, kept step 20"
    summary = opened.one("#columns summary")
    summary.send_keys(Keys.ENTER)

    def tick(column: str) -> None:
        opened.one(f'#columns-box [data-box="{column}"]').send_keys(Keys.SPACE)

    tick("losses.style")
    tick("metrics.ssim")
    tick("common.steps")
    expected = [*usual[:-1], "style loss", "steps"]
    assert heads(opened) == expected
    assert opened.js("return document.getElementById('columns').open")
    assert cells(opened, "steps") == ["40"] * 16
    opened.browser.refresh()
    opened.until(READY)
    assert heads(opened) == expected
    opened.one("#columns summary").click()
    opened.one("#columns-box .quiet").click()
    assert heads(opened) == usual
    opened.press(Keys.ESCAPE)


def test_the_best_of_each_column_is_marked_among_what_is_shown(opened: Page):
    def marked() -> dict[str, list[str]]:
        return {
            column: [
                name
                for name, cell in zip(opened.rows(), cells(opened, column), strict=True)
                if cell.startswith("★")
            ]
            for column in ("style distance", "content distance", "SSIM")
        }

    # Style distance falls by 0.2 with each beta, content distance and SSIM rise by it; run 14,
    # which has SSIM's best, diverged.
    best = {"style distance": ["6"], "content distance": ["0", "1", "8", "9"], "SSIM": ["6", "7"]}
    assert marked() == best
    opened.filtered("pooling=max")
    assert marked() == {
        "style distance": ["12"],
        "content distance": ["8", "9"],
        "SSIM": ["12", "13"],
    }


def test_numbers_of_a_column_have_one_format_with_their_points_in_line(show: Show, tmp_path: Path):
    style = [0.0203, 0.53, 0.0217, 0.0222]
    losses = [1.9305e8, 7.25e3, 0.0, 14.0]
    runs = [
        replace(
            a_run(tmp_path, at, {"beta": 10.0**at}, {"style_distance": one}),
            losses={"style": losses[at]},
        )
        for at, one in enumerate(style)
    ]
    opened = show(runs, "#cols=losses.style")
    assert cells(opened, "style distance") == ["★0.0203", "0.5300", "0.0217", "0.0222"]
    assert cells(opened, "style loss") == ["1.93×10⁸", "7.25×10³", "★0", "1.40×10¹"]
    rights = opened.js(
        """const numbers = document.querySelectorAll('#table tbody td.number:nth-child(3)');
        return [...numbers].map(cell => {
          const range = document.createRange();
          range.selectNodeContents(cell.lastChild.className === 'unseen'
            ? cell.lastChild.previousSibling : cell.lastChild);
          return Math.round(range.getBoundingClientRect().right);
        })"""
    )
    assert len(rights) == 4
    assert max(rights) - min(rights) <= 1


def seeded(root: Path) -> list[Run]:
    """Two settings of three seeds each, of which one did not finish."""
    runs = []
    for at, (pooling, seed) in enumerate(product(POOLINGS, (0, 1, 2))):
        values = {"pooling": pooling, "seed": seed}
        style = [0.31, 0.35, 0.36, 0.52, 0.58, 0.9][at]
        runs.append(a_run(root, at, values, {"style_distance": style, "ssim": 0.5 + at / 100}))
    runs[5] = replace(runs[5], status="diverged")
    return runs


def test_seeds_are_one_row_with_mean_deviation_and_number_that_opens(show: Show, tmp_path: Path):
    opened = show(seeded(tmp_path))
    assert opened.rows() == ["0, 1, 2", "3, 4, 5"]
    means = [statistics.mean([0.31, 0.35, 0.36]), statistics.mean([0.52, 0.58])]
    deviations = [statistics.stdev([0.31, 0.35, 0.36]), statistics.stdev([0.52, 0.58])]
    texts = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(means, deviations, strict=True)]
    assert cells(opened, "style distance") == [f"★{texts[0]}", texts[1]]
    assert cells(opened, "seeds") == ["3", "2"]  # that finished
    toggle = opened.one("#table .row-toggle")
    toggle.send_keys(Keys.ENTER)
    assert opened.rows() == ["0, 1, 2", "0", "1", "2", "3, 4, 5"]
    assert opened.one("#table .row-toggle").get_attribute("aria-expanded") == "true"
    assert cells(opened, "style distance")[1:4] == ["0.310", "0.350", "0.360"]
    opened.press(Keys.ARROW_LEFT)
    assert opened.rows() == ["0, 1, 2", "3, 4, 5"]
    rows = downloaded(opened, tmp_path / "grouped")
    assert rows[0] == [
        *("run", "status", "pooling", "seeds", "style_distance", "style_distance_sd"),
        *("ssim", "ssim_sd"),
    ]
    assert rows[1][:4] == ["0 1 2", "finished", "avg", "3"]
    assert list(map(float, rows[1][4:6])) == pytest.approx([means[0], deviations[0]])
    opened.one("#seeds").click()
    assert opened.rows() == list("012345")
    assert "seeds=apart" in opened.js("return location.hash")
    assert cells(opened, "seed") == ["0", "1", "2"] * 2


def test_the_file_has_what_the_table_shows(opened: Page, sweep: Report, tmp_path: Path):
    opened.filtered("pooling=max tv.gamma=0")
    opened.one("#columns summary").click()
    opened.one('[data-box="metrics.ssim"]').click()
    opened.one('[data-box="losses.style"]').click()
    opened.one('[data-column="metrics.style_distance"] button').click()
    head, *rows = downloaded(opened, tmp_path / "taken")
    assert head == [
        *("run", "status", "pooling", "beta", "tv.gamma"),
        *("style_distance", "content_distance", "loss/style"),
    ]
    expected = [
        run for run in sweep.runs if run.values["pooling"] == "max" and run.values["tv.gamma"] == 0
    ]
    expected.sort(key=lambda run: run.metrics["style_distance"] or 0)
    assert [row[:3] for row in rows] == [[run.name, run.status, "max"] for run in expected]
    numbers = [
        [run.values["beta"], 0, run.metrics["style_distance"], run.metrics["content_distance"], 2e3]
        for run in expected
    ]
    assert [[float(one) for one in row[3:]] for row in rows] == [
        pytest.approx(row) for row in numbers
    ]


def test_a_file_quotes_what_must_be_quoted(show: Show, tmp_path: Path):
    names = ['say "a, b"', "two\nlines", "Größe"]
    runs = [a_run(tmp_path, at, {"style": name}, {}) for at, name in enumerate(names)]
    head, *rows = downloaded(show(runs), tmp_path / "quoted")
    assert [row[head.index("style")] for row in rows] == names


def many(root: Path, count: int) -> list[Run]:
    few = [a_run(root, number, {}, {}) for number in range(5)]
    rng = np.random.default_rng(0)
    runs = []
    for number, one in enumerate(rng.permutation(count)):
        values = {"a": number % 10, "b": number // 10 % 10, "c": f"c{number // 100}"}
        metrics: dict[str, float | None] = {"style_distance": (int(one) + 1) / count, "ssim": 0.5}
        runs.append(replace(few[number % 5], name=str(number), values=values, metrics=metrics))
    return runs


def test_five_thousand_rows_open_scroll_and_sort_without_waiting(show: Show, tmp_path: Path):
    runs = many(tmp_path, 5000)
    opened = show(runs)
    opened.js("document.getElementById('runs').scrollIntoView()")
    assert opened.rows()[:2] == ["0", "1"]
    assert len(opened.rows()) < 100
    assert opened.one("#table").get_attribute("aria-rowcount") == "5001"
    code = """const [box, done] = [document.getElementById('table-box'), arguments[0]];
        const times = [];
        let before = 0;
        const step = (now) => {
          if (before) times.push(now - before);
          before = now;
          box.scrollTop += 1500;
          if (times.length < 40) requestAnimationFrame(step);
          else done(times.sort((a, b) => a - b));
        };
        requestAnimationFrame(step);"""
    times = opened.browser.execute_async_script(code)
    assert times[len(times) // 2] < 100
    opened.js("document.getElementById('table-box').scrollTop = 1e9")
    opened.until("return [...document.querySelectorAll('#table .name')].at(-1).textContent=='4999'")
    code = """const start = performance.now();
        document.querySelector('[data-column="metrics.style_distance"] button').click();
        return performance.now() - start;"""
    assert min(opened.js(code) for _ in range(3)) < 200
    ordered = sorted(runs, key=lambda run: run.metrics["style_distance"] or 0)
    assert opened.rows()[:20] == [run.name for run in ordered[:20]]


def test_rows_are_reached_by_keyboard_however_many_they_are(show: Show, tmp_path: Path):
    opened = show(many(tmp_path, 1000))
    opened.one("#table thead th:last-child button").send_keys(Keys.TAB)
    named = "return document.activeElement.querySelector('.name')?.textContent"
    assert opened.js(named) == "0"
    opened.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert opened.js(named) == "2"
    opened.press(Keys.END)
    assert opened.js(named) == "999"
    box, row = (
        opened.js("return arguments[0].getBoundingClientRect()", opened.one(one))
        for one in ("#table-box", "#table tr:has(:focus)")
    )
    assert box["top"] < row["top"]
    assert row["bottom"] <= box["bottom"] + 1
    opened.press(Keys.ENTER)
    assert opened.viewing() == "999"
    opened.press(Keys.ESCAPE)
    opened.press(Keys.HOME)
    opened.press("c")
    assert opened.one('#table [data-pick="0"]').get_attribute("aria-pressed") == "true"
    ActionChains(opened.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(
        Keys.SHIFT
    ).perform()
    assert (
        opened.js("return document.activeElement.closest('th')?.dataset.column")
        == "metrics.style_distance"
    )


def test_head_and_names_stay_in_sight(show: Show, tmp_path: Path):
    opened = show(many(tmp_path, 200), "#cols=losses.style,losses.content,losses.tv,time.steps_s")
    opened.js(
        "document.getElementById('runs').scrollIntoView();"
        "const box = document.getElementById('table-box');"
        "box.style.width = '500px'; box.scrollTo(300, 3000)"
    )
    opened.until("return document.querySelectorAll('#table .gap').length == 2")
    box, head, name = (
        opened.js("return arguments[0].getBoundingClientRect()", opened.one(one))
        for one in ("#table-box", "#table thead th:last-child", "#table tbody tr:nth-child(20) th")
    )
    assert head["top"] == pytest.approx(box["top"], abs=2)
    assert name["left"] == pytest.approx(box["left"], abs=2)


def test_a_phone_shows_picture_name_and_what_was_measured_first(written: Page):
    opened = written.open(width=390)
    assert heads(opened)[:4] == ["run", "style distance", "content distance", "SSIM"]
    opened.js("document.getElementById('runs').scrollIntoView()")
    edges = opened.js(
        """const row = document.querySelector('#table tbody tr');
        return [row.querySelector('img'), row.querySelector('.name'), row.cells[1], row.cells[2]]
          .map(e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right])"""
    )
    assert all(0 <= left < right <= 390 for left, right in edges)
    assert opened.js("return document.documentElement.scrollWidth") == 390
    opened.browser.find_element(By.CSS_SELECTOR, "#columns summary").click()
    box = opened.js("return document.getElementById('columns-box').getBoundingClientRect()")
    assert box["left"] >= 0
    assert box["right"] <= 390
