"""What the voters said on a report's page: their order, the favorite's marks, whom to trust."""

from itertools import combinations
from pathlib import Path

import pytest
from pages import Page, Show, a_run
from test_page_accessible import findings

from nst.report import preference, voted
from nst.report.voted import Voted
from nst.rundir.runs import Run
from nst.rundir.votes import Vote

LIKED = [2, 4, 0, 1, 3, 5]  # runs, the one that every voter prefers first


@pytest.fixture
def six(tmp_path: Path) -> list[Run]:
    """Six runs; the voters' favorite is not the one that is recommended."""
    runs = []
    for at in range(6):
        distance = 0.1 + LIKED.index(at) / 10
        metrics: dict[str, float | None] = {"style_distance": at / 10, "content_distance": 0.5}
        values = {"tv.gamma": 10.0**at}
        runs.append(a_run(tmp_path, at, values, {**metrics, "lpips": distance}, (40 * at, 90, 200)))
    return runs


def test_the_voters_order_and_their_favorite_on_a_phone_in_the_dark(show: Show, six: list[Run]):
    sums = [preference.hash_of(run.picture) for run in six if run.picture]
    cast = [
        Vote(sums[a], sums[b], "left" if LIKED.index(a) < LIKED.index(b) else "right", "Ann")
        for a, b in combinations(range(6), 2)
    ]
    said = Voted(preference.of(six, cast), {}, [])
    opened = show(voted.added(six, said), voted=said).open(width=390)
    while opened.one("#theme").text != "Theme: dark":
        opened.one("#theme").click()
    marked = (
        "return [...document.querySelectorAll('#grid .cell:has(.liked)')].map(e => e.dataset.run)"
    )
    assert opened.js(marked) == ["2"]
    assert opened.texts(".advice-label")[:2] == ["★ Recommended", "♥\ufe0e the voters' favorite"]
    assert (
        opened.js("return document.querySelector('.advice:nth-child(2) button').dataset.run") == "2"
    )
    assert opened.texts("#votes-caption") == ["15 votes of Ann on 6 pictures."]
    opened.look_at("votes", ".ranking tbody tr")
    assert opened.texts(".ranking tbody .name") == [str(run) for run in LIKED]
    assert opened.texts("#table tbody tr:has(.heart) .row-open .name") == ["2"]
    first = "#agreement-table tbody tr:first-child"
    assert opened.texts(f"{first} .value") == ["LPIPS"]
    assert opened.texts(f"{first} .number") == ["1.00"]
    # The grid is colored by it at first: the favorite is its best.
    assert opened.best() == ["2"]
    assert findings(opened) == []
    _opens_in_the_viewer(opened)


def test_a_favorite_among_the_recommended_keeps_to_its_place(show: Show, tmp_path: Path):
    runs = []
    for at, content in enumerate((0.9, 0.5, 0.2, 0.15, 0.1)):
        metrics: dict[str, float | None] = {
            "style_distance": (0.1, 0.15, 0.2, 0.5, 0.9)[at],
            "content_distance": content,
        }
        runs.append(a_run(tmp_path, at, {"beta": 10.0 ** (8 - at)}, metrics, (40 * at, 90, 200)))
    sums = [preference.hash_of(run.picture) for run in runs if run.picture]
    cast = [Vote(sums[3], sums[at], "left", "Ann") for at in (0, 1, 2, 4)]
    said = Voted(preference.of(runs, cast), {}, [])
    opened = show(voted.added(runs, said), voted=said).open()
    assert opened.texts(".advice:not(.is-main) .advice-label")[-1] == (
        "♥︎ closer to the photograph, the voters' favorite"
    )
    over = (
        "const box = (e) => e.getBoundingClientRect();"
        "return [...document.querySelectorAll('.advice-label')]"
        ".filter(e => box(e).right > box(e.closest('li')).right + 1).map(e => e.textContent)"
    )
    assert opened.js(over) == []


def _opens_in_the_viewer(opened: Page) -> None:
    opened.js("document.querySelector('.ranking tbody .row-open').click()")
    assert opened.viewing() == "2"
