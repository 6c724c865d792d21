"""The page of a report as a reader meets it: in a browser, from a file, with no network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_runs import serving
from helpers import TINY, Command, record
from pages import LABELS, POOLINGS, READY, Page, Show, a_run, panels, picture_of
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from nst.report import axes, page_data, search, shipped
from nst.report.summary import Report
from nst.rundir.runs import RecordedSource, Run


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


def test_the_best_is_of_each_photograph_by_itself(show: Show, tmp_path: Path):
    numbers = {"cat": (0.4, 0.2, 0.3), "cup": (0.9, 0.8, 0.7), "moon": (0.1,)}
    runs: list[Run] = []
    for photograph, values in numbers.items():
        for beta, distance in zip((10.0, 100.0, 1000.0), values, strict=False):
            metrics: dict[str, float | None] = {"style_distance": distance, "ssim": 0.5}
            settings = {"content": photograph, "beta": beta}
            runs.append(a_run(tmp_path, len(runs), settings, metrics))
    opened = show(runs)
    assert sorted(opened.best()) == ["1", "5"]  # the moon's is the only one
    stars = """return [...document.querySelectorAll('#table td.best')].map(
        e => e.closest('tr').dataset.run)"""
    assert sorted(opened.js(stars)) == ["1", "5"]  # of SSIM all are alike
    opened.filtered("!cup")
    assert opened.best() == ["1"]


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


def test_what_a_search_found_follows_the_pictures(tmp_path: Path, show: Show):
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
    assert opened.texts("main > section")[1].strip().startswith("What the search found")
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
    assert set(opened.js(drawn)) == {True}
    assert (opened.js(theme), opened.js(width)) == ("light", 680)
    opened.js("window.dispatchEvent(new Event('afterprint'))")
    assert opened.js(theme) == "dark"
    assert opened.js(width) > 1000


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
    live, text = shipped.text("live.js"), shipped.text
    assert "const POLL = 2000;" in live
    faster = live.replace("POLL = 2000", "POLL = 100")
    monkeypatch.setattr(shipped, "text", lambda name: faster if name == "live.js" else text(name))
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
    opened.look_at("losses", "#losses .chart .js-line")
    ends = "return [...document.querySelectorAll('#losses .chart')].map(e => e.data.length)"
    opened.until(f"{ends}.length == 4")
    assert opened.js(ends) == [4] * 4  # content, style, total variation, total; a line for each run
    assert opened.fetched() == []
    assert browser.get_log("browser") == []
