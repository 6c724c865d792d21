"""The server of nst choose: for this machine, blind, and losing no vote."""

import http.client
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from choosing import SECRETS, a_session, a_sweep, numbers, served, voted
from fake_runs import table, write_run
from helpers import Command, Process, ended
from PIL import Image

from nst.choose import server as of_choosing
from nst.choose.pictures import groups
from nst.choose.server import Server
from nst.choose.session import Session
from nst.report import build
from nst.report.reading import runs_in
from nst.rundir import votes

CHOOSE = (sys.executable, "-m", "nst.choose")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    a_sweep(tmp_path)
    with served(a_session(tmp_path)) as server:
        yield server


def ask(
    server: Server, method: str, path: str, fields: Any = None, **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    sent = {"Host": f"127.0.0.1:{server.server_port}"} | headers
    body = None if fields is None else json.dumps(fields)
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    data = answer.read()
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.headers["Last-Modified"]
    return answer.status, data


def post(server: Server, what: str, browser: str = "one", **fields: Any) -> tuple[int, Any]:
    status, data = ask(server, "POST", f"/{server.token}/{what}", {"browser": browser} | fields)
    return status, json.loads(data) if status == 200 else data.decode()


def answers(folder: Path) -> list[str]:
    return [vote.answer for vote in votes.read(folder)[0]]


def test_nobody_else_reads_or_votes(server: Server, tmp_path: Path):
    at = f"/{server.token}"
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, "GET", f"{at}/")[0] == 200
    assert ask(server, "GET", at)[0] == 308  # to the same with a slash
    # A page of elsewhere, by a name of its own that leads here.
    assert ask(server, "GET", f"{at}/", Host=f"evil.example:{server.server_port}")[0] == 421
    _, shown = post(server, "pair")
    vote = {"browser": "one", "ballot": shown["ballot"], "answer": "left"}
    assert ask(server, "POST", f"{at}/vote", vote, Origin="http://evil.example")[0] == 403
    for path in ("/", "/vote", "/wrong/vote", "/%00/vote"):
        assert ask(server, "POST", path, vote)[0] == 403
        assert ask(server, "GET", path)[0] == 403
    # No path is ever opened.
    for path in ("picture/../../run.json", "picture/%2e%2e%2frun.json", "votes.jsonl", "picture/"):
        assert ask(server, "GET", f"{at}/{path}")[0] == 404
    bad: list[Any] = [
        {},
        [],
        {"browser": 1},
        {"browser": "x" * 65},
        {"browser": "o", "answer": "?"},
    ]
    for fields in bad:
        assert ask(server, "POST", f"{at}/vote", fields)[0] == 400
    assert ask(server, "POST", f"{at}/vote", {"browser": "o" * 9000})[0] == 400
    assert ask(server, "POST", f"{at}/vote", vote | {"answer": "first"})[0] == 400
    assert not (tmp_path / votes.FILE).exists()


def test_what_is_sent_before_the_ranking_tells_no_setting(server: Server):
    status, text = ask(server, "GET", f"/{server.token}/")
    sent = [text]
    for _ in range(3):
        _, shown = post(server, "pair")
        sent.append(json.dumps(shown).encode())
        for side in ("left", "right"):
            status, png = ask(server, "GET", f"/{server.token}/picture/{shown[side]}")
            assert status == 200
            sent.append(png)
        post(server, "vote", ballot=shown["ballot"], answer="tie")
    for data in sent:
        assert not any(secret.encode() in data for secret in SECRETS)
    picture = next(one for one in server.session.groups[0].pictures if one.name == shown["right"])
    (path := picture.run.folder / "seen.png").write_bytes(png)
    assert picture.run.picture
    with Image.open(path) as seen, Image.open(picture.run.picture) as whole:
        assert (np.asarray(seen) == np.asarray(whole)).all()
        assert whole.info
        assert not seen.info
    # Another session has other names: they say nothing of the order.
    assert not {*numbers(server.session)} & {*numbers(a_session(server.session.folder))}


def test_a_vote_counts_once_and_two_browsers_lose_none(server: Server, tmp_path: Path):
    _, one = post(server, "pair", "one")
    _, other = post(server, "pair", "other")
    assert {one["left"], one["right"]} != {other["left"], other["right"]}
    # A reload shows the same pair on the same sides.
    assert post(server, "pair", "one") == (200, one)
    for _ in range(2):  # sent again, since the answer was lost
        status, following = post(server, "vote", "one", ballot=one["ballot"], answer="left")
        assert (status, following["votes"]) == (200, 1)
    assert {following["left"], following["right"]} != {one["left"], one["right"]}
    assert post(server, "vote", "other", ballot=one["ballot"], answer="left")[0] == 409
    assert post(server, "vote", "other", ballot=other["ballot"], answer="neither")[0] == 200
    assert answers(tmp_path) == ["left", "neither"]
    # Undo brings the pair back, to be answered anew.
    _, again = post(server, "undo", "other")
    assert (again["left"], again["right"], again["votes"]) == (other["left"], other["right"], 1)
    post(server, "vote", "other", ballot=again["ballot"], answer="tie")
    assert answers(tmp_path) == ["left", "tie"]
    (first, second) = votes.read(tmp_path)[0]
    sums = {picture.name: picture.sha256 for picture in server.session.groups[0].pictures}
    assert (first.left, first.right) == (sums[one["left"]], sums[one["right"]])
    assert first.voter == second.voter == "Ann"


def test_pictures_that_go_or_change_are_asked_about_no_more(server: Server, tmp_path: Path):
    _, shown = post(server, "pair")
    by_name = {picture.name: picture.run for picture in server.session.groups[0].pictures}
    gone, changed = (by_name[shown[side]] for side in ("left", "right"))
    (gone.folder / "result.png").unlink()
    Image.new("RGB", (48, 32), (1, 2, 3)).save(changed.folder / "result.png")
    for side in ("left", "right"):
        assert ask(server, "GET", f"/{server.token}/picture/{shown[side]}")[0] == 404
    for _ in range(9):
        _, following = post(server, "pair")
        assert not {following["left"], following["right"]} & {shown["left"], shown["right"]}
        post(server, "vote", ballot=following["ballot"], answer="left")
    for picture in server.session.groups[0].pictures:
        (picture.run.folder / "result.png").unlink(missing_ok=True)
        ask(server, "GET", f"/{server.token}/picture/{picture.name}")
    status, text = post(server, "pair")
    assert (status, text) == (
        500,
        "there are no two pictures left to compare: they are gone or changed",
    )


def test_groups_have_pairs_and_rankings_of_their_own(tmp_path: Path):
    for name in ("night", "starry"):
        a_sweep(tmp_path / name, 3, style=name)
    session = a_session(tmp_path)
    of = {picture.name: at for at, one in enumerate(session.groups) for picture in one.pictures}
    shown, order = session.show("one"), []
    for _ in range(24):
        assert of[shown["left"]] == of[shown["right"]] == shown["group"][0] - 1
        order.append(shown["group"][0])
        shown = session.vote("one", shown["ballot"], "left")
    assert order[:12] in ([1] * 6 + [2] * 6, [2] * 6 + [1] * 6)
    found = of_choosing.ranking(session, everyone=False)
    # Votes from before on some of them count; new ones lie where all have a folder in common.
    runs, _, base = runs_in([tmp_path / "night"])
    before = Session(groups(runs)[0], base, "Ann")
    before.vote("one", before.show("one")["ballot"], "left")
    whole = Session(session.groups, tmp_path, "Ann", [tmp_path / "night"])
    assert whole.tally.known().votes == 25
    titles = [one["title"] for one in found["groups"]]
    assert titles == ["A photograph in the style of night", "A photograph in the style of starry"]


def test_the_ranking_tells_settings_metrics_and_the_command(tmp_path: Path):
    a_sweep(tmp_path / "a sweep")
    session = a_session(tmp_path / "a sweep")
    voted(session, 40)
    found = of_choosing.ranking(session, everyone=False)
    (group,) = found["groups"]
    best, *_, worst = group["rows"]
    assert best["runs"] == ["topsecret7"]
    assert best["settings"] == [["alpha/beta", "1.203×10⁻⁶"]]
    assert best["again"]["path"].endswith("/a sweep/topsecret7'")
    assert best["again"]["larger"] == "size=1024 --same-look"
    assert best["again"]["refine"] == "beta"
    assert worst["low"] < worst["share"] < 0.2 < 0.8 < best["share"] < best["high"]
    counts = [row["won"] + row["lost"] + row["tied"] for row in group["rows"]]
    assert sum(counts) == 80
    # The intervals are those of nst report, which are log-odds.
    build.write([tmp_path / "a sweep"])
    reported = {row["run"]: row for row in table(tmp_path / "a sweep")}
    for row in group["rows"]:
        for side in ("low", "high"):
            odds = row[side] / (1 - row[side])
            known = float(reported[row["runs"][0]][f"preference_{side}"])
            assert np.log(odds) == pytest.approx(known)
    # SSIM rises with the true strength.
    assert found["agreement"][0]["preferred"] == "higher SSIM"
    assert found["agreement"][0]["tau"] > 0.8
    assert found["agreement"][0]["clear"]
    ben = a_session(tmp_path / "a sweep", "Ben")
    assert ben.tally.known().votes == 0
    assert of_choosing.ranking(ben, everyone=False)["groups"][0]["rows"] == []
    everyone = of_choosing.ranking(ben, everyone=True)
    assert (everyone["votes"], everyone["others"]) == ("40 votes", ["Ann"])


def test_bad_input_is_one_sentence(tmp_path: Path, monkeypatch):
    choose = Command(tmp_path)

    def refused(*arguments: str) -> str:
        done = choose(*arguments, "--no-browser", program=CHOOSE)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        return line

    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    write_run(tmp_path / "alone" / "0")
    write_run(tmp_path / "bare" / "0", None)
    a_sweep(tmp_path / "sweep", 2)
    (tmp_path / "sweep" / "votes.jsonl").write_text("mine\n")
    assert "there are no runs in empty" in refused("empty")
    assert refused("alone").endswith(
        "alone has 1 picture, but no two of the same content and style image, which choosing needs"
    )
    assert "the only run in bare hasn't finished with a picture" in refused("bare")
    assert "votes.jsonl holds no votes of nst's" in refused("sweep")
    assert (tmp_path / "sweep" / "votes.jsonl").read_text() == "mine\n"
    (tmp_path / "sweep" / "votes.jsonl").unlink()
    assert "--port must be a whole number" in refused("sweep", "--port", "0")
    assert "--voter must be a name" in refused("sweep", "--voter", " ")
    with served(a_session(tmp_path / "sweep")) as server:
        said = refused("sweep", "--port", str(server.server_port))
    assert f"--port {server.server_port} can't be had" in said
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "votes.jsonl can't be written" in refused("sweep")
    assert not (tmp_path / "sweep" / "votes.jsonl").exists()


def test_a_vote_that_cannot_be_written_is_said_and_may_be_given_again(
    server: Server, tmp_path: Path, monkeypatch
):
    _, shown = post(server, "pair")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(votes, "append", full)
        status, text = post(server, "vote", ballot=shown["ballot"], answer="left")
    assert status == 500
    assert "votes.jsonl can't be written (No space left on device)" in text
    assert post(server, "vote", ballot=shown["ballot"], answer="left")[1]["votes"] == 1


@pytest.mark.slow
def test_a_kill_loses_no_vote_and_ctrl_c_says_where_they_are(tmp_path: Path):
    a_sweep(tmp_path / "sweep")

    def begun() -> tuple[Any, str, int]:
        running = Process(tmp_path).start("sweep", "--voter", "Ann", "--no-browser", program=CHOOSE)
        assert running.stdout
        address = next(line for line in iter(running.stdout.readline, "") if "http://" in line)
        return running, address.split("/")[3], int(address.split(":")[2].split("/")[0])

    def ask(port: int, token: str, what: str, **fields: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", f"/{token}/{what}", json.dumps({"browser": "one"} | fields))
        return json.loads(connection.getresponse().read())

    for count in (3, 6):
        running, token, port = begun()
        shown = ask(port, token, "pair")
        assert shown["votes"] == count - 3
        for _ in range(3):
            shown = ask(port, token, "vote", ballot=shown["ballot"], answer="left")
        assert shown["votes"] == count
        running.send_signal(signal.SIGKILL if count == 3 else signal.SIGINT)
        done = ended(running)
    assert done.returncode == 130
    assert done.stdout.endswith("\n")
    last = done.stdout.splitlines()[-1]
    assert last.startswith("6 votes by Ann in sweep/votes.jsonl; the first runs: topsecret")
    assert done.stderr == ""
    assert answers(tmp_path / "sweep") == ["left"] * 6
