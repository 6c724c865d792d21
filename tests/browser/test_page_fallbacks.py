"""A picture that stands in for another is told as such wherever it is named."""

from dataclasses import replace
from itertools import product
from pathlib import Path

from pages import Show, a_run

from nst.rundir.runs import RecordedSource


def test_panels_pictures_and_comparison_say_what_a_picture_stands_in_for(
    show: Show, tmp_path: Path
):
    coffee = RecordedSource("coffee", "A cup of coffee", "ab", None, None)
    chelsea = RecordedSource("chelsea", "Chelsea", "cd", None, None, instead_of="sultan")
    cells = product((chelsea, coffee), ("avg", "max"), (1e2, 1e3, 1e4), (0.0, 1e2, 1e3))
    runs = []
    for at, (content, pooling, beta, gamma) in enumerate(cells):
        values = {"content": content.name, "pooling": pooling, "beta": beta, "tv.gamma": gamma}
        run = a_run(tmp_path, at, values, {"ssim": 0.5})
        runs.append(replace(run, sources={"content": content}))
    opened = show(runs)
    titles = opened.texts("#grid .panel-title")
    assert len(titles) == 4
    assert sum("chelsea (in place of sultan)" in title for title in titles) == 2
    assert "content chelsea (in place of sultan)" in opened.js(
        "return document.querySelector('#grid .picture img').alt"
    )
    for name in (0, 18):
        opened.js(f"document.querySelector('#grid .cell[data-run=\"{name}\"] .pick').click()")
    compared = opened.one("#compare-table").get_attribute("textContent") or ""
    assert "chelsea (in place of sultan)" in compared
    assert "content=chelsea instead of sultan" in compared
