"""What voters said in a report: preference among the numbers, and which of these agree with it."""

from itertools import combinations, product
from pathlib import Path
from typing import Any

import choix
import pytest
from fake_runs import report, table, write_run

import nst
from nst.base.errors import UserError
from nst.metrics.davidson import ALPHA
from nst.report import axes, build, page_data, preference, reading, vote_words, voted, watch
from nst.report.summary import Report
from nst.rundir import votes
from nst.rundir.votes import Vote

#: Two poolings and three gammas: the place in the voters' order, the first is liked best.
LIKED = {("avg", 0.0): 1, ("avg", 1e2): 0, ("avg", 1e3): 2}
LIKED |= {("max", 0.0): 4, ("max", 1e2): 3, ("max", 1e3): 5}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Six pictures each of a cat and of a rocket, LPIPS in the voters' order, SSIM all the same."""
    for content, (at, (pooling, gamma)) in product(
        ("chelsea", "rocket"), enumerate(product(("avg", "max"), (0.0, 1e2, 1e3)))
    ):
        rank = LIKED[pooling, gamma]
        folder = tmp_path / "sweep" / content / str(at)
        metrics = {"lpips": 0.3 + rank / 100, "ssim": 0.5, "tv": 40.0 - rank}
        color = (20 * rank, 30, 99 if content == "rocket" else 9)
        settings: dict[str, Any] = {"pooling": pooling, "tv.gamma": gamma, "metrics": metrics}
        write_run(folder, color, content=content, **settings, sources=_sources(content))
    return tmp_path / "sweep"


def _sources(content: str) -> dict[str, Any]:
    sums = {"content": content[0].encode().hex() * 32, "style": "ab" * 32, "network": "cd" * 32}
    names = {"content": content, "style": "night", "network": "vgg16"}
    return {key: {"used": name, "title": name, "sha256": sums[key]} for key, name in names.items()}


def _picture(sweep: Path, run: str) -> str:
    return preference.hash_of(sweep / run / "result.png")


def _every_pair(
    sweep: Path, content: str, voter: str = "Ann", against: bool = False
) -> list[tuple[int, int]]:
    """Let a voter see all pairs of a content image once; return who won against whom."""
    order = [LIKED[key] for key in product(("avg", "max"), (0.0, 1e2, 1e3))]
    won = []
    for a, b in combinations(range(6), 2):
        left, right = _picture(sweep, f"{content}/{a}"), _picture(sweep, f"{content}/{b}")
        first = (order[a] < order[b]) != against
        votes.append(sweep, Vote(left, right, "left" if first else "right", voter))
        won.append((a, b) if first else (b, a))
    return won


def _gathered(sweep: Path) -> Report:
    """Return the report of a sweep without writing its files, which takes a second."""
    runs, _, base = reading.runs_in([sweep])
    found = voted.read([sweep], base, runs)
    runs = voted.added(runs, found)
    keys = axes.varying(runs)
    return Report("A sweep", sweep, runs, [], keys, {}, [], [], voted=found)


def test_preference_is_a_number_of_each_run(sweep: Path):
    won = _every_pair(sweep, "chelsea")
    _every_pair(sweep, "rocket")
    votes.append(sweep, Vote("0" * 64, _picture(sweep, "rocket/1"), "left", "Ann"))
    with (sweep / votes.FILE).open("a") as file:
        file.write('{"nst": "vote", "le')  # cut short by a full disk
    done = report(sweep, ".")
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[1] == "30 votes of Ann on 12 pictures."
    assert said[2] == "1 vote is of pictures that were changed or are not here, and left out."
    assert said[3] == f"1 line of {sweep / votes.FILE} can't be read and is left out."
    assert said[4].startswith(
        "The voters' favorite of chelsea and night is run chelsea/1 (pooling avg, TV weight gamma "
        "100): it is ahead of the next, run chelsea/0, with a probability of "
    )
    assert said[5].startswith("The voters' favorite of rocket and night is run rocket/1 ")
    # Neither way of total variation is better, so what is liked is said; SSIM tells none from none.
    assert said[6] == (
        "The voters prefer lower LPIPS (Kendall's tau 1.00) and higher total variation (1.00)."
    )
    rows = {row["run"]: row for row in table(sweep)}
    expected = choix.opt_pairwise(6, won, alpha=ALPHA, tol=1e-12)
    for content in ("chelsea", "rocket"):
        found = [float(rows[f"{content}/{at}"]["preference"]) for at in range(6)]
        assert found == pytest.approx(expected, abs=1e-6)
    row = rows["chelsea/1"]
    assert float(row["preference_low"]) < float(row["preference"]) < float(row["preference_high"])
    assert row["preference_votes"] == "5"
    assert "preference/Ann" not in row  # of one voter alone it would be the same again


def test_the_effect_of_a_setting_is_pooled_within_pairs_of_images(sweep: Path):
    _every_pair(sweep, "chelsea")
    _every_pair(sweep, "rocket")
    found = page_data.gathered(_gathered(sweep))
    assert found["metrics"][0]["title"] == "preference"
    factors = {one["title"]: one["of"][0] for one in found["effects"]["factors"]}
    # Three gammas of two photographs: avg is liked better than max in each of the six.
    assert factors["pooling"]["blocks"] == 6
    assert factors["pooling"]["headline"].startswith(
        "avg is better than max in preference in 6 of 6 pairs, by "
    )
    # Both photographs' strengths are about their own mean, so nothing is said of one by the other.
    assert factors["content"] == {
        "why": "The preference of one content image does not compare with that of another."
    }
    assert found["votes"]["lines"][0].startswith("pooling: avg beats max in preference in 6 of 6")


def test_the_favorite_is_marked_among_the_recommended(sweep: Path):
    _every_pair(sweep, "chelsea")
    found = page_data.gathered(_gathered(sweep))
    names = [run["name"] for run in found["runs"]]
    assert [names[at] for group in found["votes"]["groups"] for at in group["favorite"]] == [
        "chelsea/1"
    ]
    # A half of the runs has votes: that is enough to begin with them.
    assert found["metrics"][0]["name"] == "preference"
    cat = next(one for one in found["recommended"]["groups"] if one["title"] == "chelsea")
    liked = [one for one in cat["picks"] if names[one["run"]] == "chelsea/1"]
    assert len(liked) == 1


def test_several_voters_have_a_preference_each(sweep: Path):
    _every_pair(sweep, "chelsea", "Ann")
    _every_pair(sweep, "chelsea", "Béa", against=True)
    first, last = _picture(sweep, "chelsea/1"), _picture(sweep, "chelsea/5")
    votes.append(sweep, Vote(first, last, "left", "Béa"))
    made = _gathered(sweep)
    metrics = [run.metrics for run in made.runs[:6]]
    own = [[one[f"preference/{name}"] or 0.0 for one in metrics] for name in ("Ann", "Béa")]
    assert [found.index(max(found)) for found in own] == [1, 5]
    assert vote_words.lines(made)[0] == "31 votes of Béa (16) and Ann (15) on 6 pictures."
    assert made.voted
    # The other way round, and by so much that one vote more changes nothing of the order.
    assert vote_words.among(made.voted) == (
        "Béa and Ann agree by a Kendall's tau of \u22121.00, "
        "over the 6 pictures that both voted on."
    )


def test_a_picture_made_anew_has_no_votes(sweep: Path):
    _every_pair(sweep, "chelsea")
    write_run(sweep / "chelsea" / "1", (1, 2, 3), content="chelsea", sources=_sources("chelsea"))
    made = _gathered(sweep)
    assert made.voted
    assert (made.voted.all.votes, made.voted.all.gone) == (10, 5)
    assert ["preference" in run.metrics for run in made.runs[:3]] == [True, False, True]


def test_from_python(sweep: Path):
    with pytest.raises(UserError, match="there is no metric 'preference'"):
        nst.load(sweep).best("preference")
    _every_pair(sweep, "rocket")
    assert nst.load(sweep).best("preference").name == "rocket/1"


def test_ties_alone_prefer_nothing(sweep: Path):
    pictures = [_picture(sweep, f"rocket/{at}") for at in range(6)]
    for left, right in combinations(pictures, 2):
        votes.append(sweep, Vote(left, right, "neither", "Ann"))
    said = vote_words.lines(_gathered(sweep))
    assert said == [
        "15 votes of Ann on 6 pictures.",
        "The voters prefer no picture to another: all votes so far even out.",
    ]


def test_without_votes_and_with_another_programs(sweep: Path):
    plain = _gathered(sweep)
    assert plain.voted is None
    assert not vote_words.lines(plain)
    assert not any("preference" in name for run in plain.runs for name in run.metrics)
    with pytest.raises(UserError, match="there are no votes on these pictures yet"):
        build.write([sweep], metric="preference")
    (sweep / "chelsea" / votes.FILE).write_text("mine")
    made = _gathered(sweep)
    (note,) = vote_words.lines(made)
    assert note.startswith(f"{sweep / 'chelsea' / votes.FILE} holds no votes of nst's")
    assert note in page_data.gathered(made)["notes"]
    assert (sweep / "chelsea" / votes.FILE).read_text() == "mine"


def test_a_report_that_is_watched_sees_new_votes(sweep: Path):
    before = watch.stamp([sweep])
    _every_pair(sweep, "chelsea")
    assert watch.stamp([sweep]) != before
