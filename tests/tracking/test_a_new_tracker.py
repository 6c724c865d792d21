"""A tracker that is added by a file and an entry in the table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import TINY, record, rows

from nst.base.errors import UserError
from nst.config.schema import Config
from nst.runner import prepare, session
from nst.tracking import tracker
from nst.tracking.table import TRACKERS

Compose = Callable[..., Config]


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(TRACKERS, "toy", "lines_tracker")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "lines.jsonl").read_text().splitlines()]


def test_it_is_told_all_of_a_run(compose: Compose, tmp_path: Path):
    config = compose(*TINY, "tracking.mode=toy")
    session.perform(prepare.prepare(config), session.Place(tmp_path, ("alpha=1",)))
    first, *checks, end, last = lines(tmp_path)
    assert (first, last) == ({"overrides": ["alpha=1"], "group": None}, {"closed": True})
    history = rows(tmp_path)
    assert [str(check["step"]) for check in checks] == [row["step"] for row in history]
    assert [check["total"] for check in checks] == [float(row["total"]) for row in history]
    assert [check["picture"] for check in checks] == ["step_00000.png", None, None]
    written = record(tmp_path)
    assert (end["status"], end["best"]) == ("finished", written["best"]["step"])
    assert end["sources"] == {"content": "chelsea", "style": "night", "network": "vgg16"}
    assert end["metrics"] == written["metrics"]
    shape = [written["picture"]["height"], written["picture"]["width"], 3]
    assert end["originals"]["content"] == shape
    assert max(end["originals"]["style"]) == max(shape)


def test_it_is_told_what_a_run_takes_from_its_equal(compose: Compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*TINY, "tracking.mode=toy"))
    for number in "01":
        session.perform(prepared, session.Place(tmp_path / number, sweep=tmp_path))
    whole = lines(tmp_path)
    assert len(whole) == 12
    assert whole[:6] == whole[6:]


def test_it_is_told_of_a_sweep(compose: Compose, tmp_path: Path):
    tracking = compose(*TINY, "tracking.mode=toy").tracking
    grid = tracker.Picture(tmp_path / "grid.png", "the grid")
    tracker.log_cells(tracker.Cells([{"run": "0", "tv.gamma": 1}], grid, {}), tracking, tmp_path)
    assert lines(tmp_path) == [{"cells": [{"run": "0", "tv.gamma": "1"}], "grid": "grid.png"}]


def test_another_name_is_refused_with_those_that_there_are(compose: Compose):
    with pytest.raises(UserError, match=r"one of offline, online, disabled, toy, not 'tpy'"):
        compose(*TINY, "tracking.mode=tpy")
