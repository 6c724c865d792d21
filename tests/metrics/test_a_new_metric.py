"""A metric that is added by a file and an entry in the table."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import QUIET, pixels, record

from nst.config.schema import Config
from nst.metrics.registry import METRICS, Metric
from nst.report import build, page_data
from nst.runner import prepare, session

Compose = Callable[..., Config]


def test_it_is_in_the_record_the_table_and_the_page(
    compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    meaning = "Red in gray levels: 255 is all red."
    toy = Metric("mean_red", "mean red", "higher", meaning, "mean_red")
    monkeypatch.setitem(METRICS, "mean_red", toy)
    session.perform(prepare.prepare(compose(*QUIET)), session.Place(tmp_path / "0"))
    expected = pixels(tmp_path / "0" / "result.png")[..., 0].mean()

    numbers = record(tmp_path / "0")["metrics"]
    assert list(numbers)[-1] == "mean_red"
    assert numbers["mean_red"] == pytest.approx(expected)

    report = build.write([tmp_path])
    (row,) = csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines())
    assert float(row["mean_red"]) == pytest.approx(expected)

    shown = page_data.gathered(report)
    at = [metric["name"] for metric in shown["metrics"]].index("mean_red")
    assert shown["metrics"][at] == {
        "group": "metrics",
        "name": "mean_red",
        "title": "mean red",
        "better": "higher",
        "meaning": meaning,
    }
    assert shown["runs"][0]["metrics"][at] == pytest.approx(expected, rel=1e-4)
