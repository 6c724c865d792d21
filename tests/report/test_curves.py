"""Loss curves from whatever lies in a history.csv."""

from pathlib import Path

import pytest

from nst.report.curves import BUDGET, POINTS, curves, number, read


def history(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "history.csv").write_bytes(data)
    return folder


def test_a_half_row_is_left_out_and_what_is_no_number_is_a_gap(tmp_path: Path):
    text = "step,seconds,total,style\n0,0.0,9.5,inf\n20,1.0,NaN,3\nx,1,2,3\n40,2.0,7.123456,2\n60,3"
    found = read(history(tmp_path, text) / "history.csv")
    assert found == ([0.0, 20.0, 40.0], {"total": [9.5, None, 7.1235], "style": [None, 3.0, 2.0]})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"step,total\n",
        b"a,b\n1,2\n",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"step\0,x\n1,2",
        b"\xff",
    ],
)
def test_what_is_no_history_has_no_curve(tmp_path: Path, data: bytes):
    assert read(history(tmp_path, data) / "history.csv") is None
    assert read(tmp_path / "nothing" / "history.csv") is None
    assert read(tmp_path) is None


def test_all_runs_have_the_same_terms_sums_first(tmp_path: Path):
    one = history(tmp_path / "1", "step,style/conv1_1,total\n0,1,2\n")
    two = history(tmp_path / "2", "step,tv,content\n0,3,4\n")
    assert curves([one, tmp_path, two]) == {
        "terms": ["content", "tv", "total", "style/conv1_1"],
        "runs": [
            [[0.0], [[None], [None], [2.0], [1.0]]],
            None,
            [[0.0], [[4.0], [3.0], [None], [None]]],
        ],
    }


def test_long_histories_are_thinned_with_first_and_last_kept(tmp_path: Path):
    rows = "\n".join(f"{step},{step * 2}" for step in range(0, 5001))
    folder = history(tmp_path, f"step,total\n{rows}\n")
    ((steps, (totals,)),) = curves([folder])["runs"]
    assert len(steps) == len(totals) == POINTS
    assert (steps[0], steps[-1], totals[-1]) == (0, 5000, 10000)
    many = curves([folder] * 400)["runs"]
    assert sum(2 * len(steps) for steps, _ in many) <= BUDGET


@pytest.mark.parametrize("value", [None, "", "x", "nan", "-inf", float("nan"), [], 10**400])
def test_what_is_no_finite_number_is_none(value: object):
    assert number(value) is None
