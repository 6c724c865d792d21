"""history.csv's one reader."""

from pathlib import Path

import pytest

from nst.base.errors import UserError
from nst.rundir import history

WHOLE = "step,seconds,evaluations,total,content,style,tv\n0,0.0,0,9.5,1,2,3\n20,1.5,20,nan,1,2,3\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "history.csv"
    path.write_text(text)
    return path


def test_steps_are_whole_and_losses_are_not(tmp_path: Path):
    first, second = history.rows(written(tmp_path, WHOLE))
    assert (first["step"], first["evaluations"], first["total"]) == (0, 0, 9.5)
    assert isinstance(second["step"], int)
    assert second["total"] != second["total"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (WHOLE + "40,2.0\n", "a row has 2 values, not 7"),
        (WHOLE.replace("total", "sum"), "no column total"),
        (WHOLE.replace("9.5", "x"), "could not convert string to float"),
        ("", "no column"),
    ],
)
def test_what_is_no_history_ends_a_run_that_goes_on(tmp_path: Path, text: str, why: str):
    path = written(tmp_path, text)
    with pytest.raises(UserError, match=rf"history\.csv can't be read \(.*{why}.*\)"):
        history.rows(path)


def test_a_row_that_is_cut_off_may_be_left_out(tmp_path: Path):
    names, rows = history.texts(written(tmp_path, WHOLE + "40,2.0"), strict=False)
    assert names[3] == "total"
    assert [row[0] for row in rows] == ["0", "20"]


def test_few_of_many_rows_have_the_first_and_the_last(tmp_path: Path):
    path = written(tmp_path, "step,total\n" + "".join(f"{at},1\n" for at in range(101)))
    _, rows = history.texts(path, most=3)
    assert [row[0] for row in rows] == ["0", "50", "100"]
