"""votes.jsonl: what is appended is read again, whatever else happened to the file."""

import json
import threading
from pathlib import Path

import pytest

from nst.base.errors import UserError
from nst.rundir import votes
from nst.rundir.votes import FILE, Vote

A, B = "a" * 64, "b" * 64


def test_votes_are_read_in_order_and_without_those_taken_back(tmp_path: Path):
    given = [Vote(A, B, answer, "Zoë") for answer in votes.ANSWERS]
    assert votes.read(tmp_path) == ([], "")
    for one in given:
        votes.append(tmp_path, one)
    assert [one.outcome for one in given] == [1, -1, 0, 0]
    votes.append(tmp_path, Vote(B, A, "right", "Yi"))
    assert votes.undo(tmp_path, "Zoë") == given[3]
    assert votes.undo(tmp_path, "Zoë") == given[2]
    assert votes.undo(tmp_path, "nobody") is None
    found, note = votes.read(tmp_path)
    assert ([one.voter for one in found], note) == (["Zoë", "Zoë", "Yi"], "")
    assert found[:2] == given[:2]
    lines = (tmp_path / FILE).read_text().splitlines()
    assert json.loads(lines[0]) == {"nst": "vote", **vars(given[0])}
    assert len(lines) == 7  # nothing is removed
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("kept", range(0, 200, 7))
def test_a_line_that_was_cut_short_costs_that_line_alone(tmp_path: Path, kept: int):
    votes.append(tmp_path, Vote(A, B, "left", "me"))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:kept])
    votes.append(tmp_path, Vote(A, B, "right", "me"))
    found, note = votes.read(tmp_path)
    assert [one.answer for one in found] == ["right"]
    assert note == (f"1 line of {path} can't be read and is left out" if kept else "")


def test_lines_that_are_no_votes_are_counted(tmp_path: Path):
    votes.append(tmp_path, Vote(A, B, "left", "me"))
    path = tmp_path / FILE
    good = {"nst": "vote", "left": A, "right": B, "answer": "left", "voter": "me", "time": "t"}
    bad: list[dict[str, object]]
    bad = [{"answer": "up"}, {"left": "x"}, {"voter": 3}, {"voter": "x" * 99}, {"nst": "run"}]
    with path.open("ab") as file:
        for one in bad:
            file.write(json.dumps(good | one).encode() + b"\n")
        file.write(b'[1]\n\xff\xfe\n{"a":\n' + json.dumps(good).encode())  # no end of line
    found, note = votes.read(tmp_path)
    assert len(found) == 2
    assert note == f"8 lines of {path} can't be read and are left out"


@pytest.mark.parametrize("text", ["mine", "{\n  'a': 1\n}", '\n{"nst": "vote", ', '{"nst": 1}\n'])
def test_a_file_of_another_program_is_refused_and_stays(tmp_path: Path, text: str):
    path = tmp_path / FILE
    path.write_text(text)
    for use in (
        lambda: votes.append(tmp_path, Vote(A, B, "left", "me")),
        lambda: votes.undo(tmp_path, "me"),
        lambda: votes.read(tmp_path),
    ):
        with pytest.raises(UserError, match="holds no votes of nst's"):
            use()
    assert path.read_text() == text
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match="can't be read"):
        votes.read(tmp_path)


def test_several_at_once_lose_nothing(tmp_path: Path):
    def vote(voter: str) -> None:
        for _ in range(20):
            votes.append(tmp_path, Vote(A, B, "left", voter))

    threads = [threading.Thread(target=vote, args=(str(at),)) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found, note = votes.read(tmp_path)
    assert (len(found), note) == (80, "")
