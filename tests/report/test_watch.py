"""The report served while a sweep runs: to this machine, from its folder, and up to date."""

import http.client
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_runs import REPORT, serving, table, write_run
from helpers import Process, pixels
from PIL import Image

from nst.base import locks
from nst.multirun import growth
from nst.report import build, watch
from nst.report.watch import Server, stamp


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "3").mkdir()
    (tmp_path / "index.html").write_text("the page")
    (tmp_path / "3" / "result.png").write_bytes(b"the picture")
    with serving(tmp_path) as server:
        yield server


def ask(server: Server, path: str, host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path, headers={"Host": f"{host}:{server.server_port}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_it_serves_the_page_and_what_it_links_to_and_nothing_else(server: Server):
    for path in ("/", "/index.html"):
        assert ask(server, path) == (200, b"the page")
        assert ask(server, path, host="localhost") == (200, b"the page")
    assert ask(server, "/3/result.png") == (200, b"the picture")
    assert ask(server, "/version.txt") == (200, b"first")
    server.version = "second"
    assert ask(server, "/version.txt") == (200, b"second")
    for path in ("/3", "/3/", "/none.png", "/a%00b"):
        status, text = ask(server, path)
        assert status in (301, 404)
        assert b"result.png" not in text  # no list of a folder


def test_a_run_that_ends_changes_the_stamp(tmp_path: Path):
    write_run(tmp_path / "0", status="running")
    before = stamp([tmp_path])
    assert stamp([tmp_path]) == before
    (tmp_path / "0" / "history.csv").write_text("step,total\n0,1\n")
    assert stamp([tmp_path]) == before
    write_run(tmp_path / "0", status="finished")
    after = stamp([tmp_path])
    assert after != before
    write_run(tmp_path / "1", status="running")
    assert stamp([tmp_path]) != after


def test_a_run_at_work_is_told_from_one_whose_process_was_killed(tmp_path: Path, capsys):
    for name in ("0", "1"):
        write_run(tmp_path / name, None, status="running", beta=10.0 ** int(name), steps=100)
        (tmp_path / name / "images").mkdir()
        for step, color in ((80, 9), (100, 200)):
            path = tmp_path / name / f"images/step_{step:05d}.png"
            Image.new("RGB", (60, 40), (color, 0, 0)).save(path)
    before = stamp([tmp_path])
    place = growth.Folder(tmp_path, "", "")
    with growth.reserved(place, 4), locks.run_lock(tmp_path / "0"):
        going = stamp([tmp_path])
        assert going != before
        (tmp_path / "0" / "history.csv").write_text("step,seconds\n0,0\n20,2\n40,4\n")
        assert stamp([tmp_path]) != going
        build.say(build.write([tmp_path], cell=120))
        assert capsys.readouterr().out.startswith("2 of 4 runs (1 interrupted, 1 running)\n")
    rows = {row["run"]: row for row in table(tmp_path)}
    assert rows["0"]["status"] == "running"
    assert rows["1"]["status"] == "interrupted"
    assert rows["1"]["error"] == "its process was killed; the same command continues it"
    # Both show their last picture on the way.
    assert (pixels(tmp_path / "grid.png") == (200, 0, 0)).all(axis=-1).sum() > 2 * 100 * 60
    build.say(build.write([tmp_path]))
    assert capsys.readouterr().out.startswith("2 runs (2 interrupted)\n")


def test_the_page_is_written_anew_when_a_run_ends(tmp_path: Path):
    write_run(tmp_path / "0")
    running = Process(tmp_path).start(".", "--watch", program=REPORT)
    assert running.stdout
    try:
        lines = iter(running.stdout.readline, "")
        port = next(int(found[1]) for line in lines if (found := re.search(r"1:(\d+)/", line)))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def get(path: str) -> str:
            connection.request("GET", path)
            return connection.getresponse().read().decode()

        first, page = get("/version.txt"), get("/")
        assert "1 run" in page
        write_run(tmp_path / "1", seed=7)
        deadline = time.monotonic() + 30
        while get("/version.txt") == first and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "2 runs" in get("/")
        assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 3
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130


def test_the_watch_may_begin_before_the_sweep(tmp_path: Path):
    running = Process(tmp_path).start("sweep", "--watch", program=REPORT)
    assert running.stdout
    try:
        assert running.stdout.readline() == "waiting for the first run in sweep  (Ctrl-C ends it)\n"
        write_run(tmp_path / "sweep" / "0")
        lines = iter(running.stdout.readline, "")
        assert next(found for line in lines if (found := re.search(r"1:(\d+)/", line)))
        assert (tmp_path / "sweep" / "index.html").exists()
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130


def test_a_page_of_somebody_s_is_said_and_the_watch_goes_on(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(watch, "PAUSE", 0.01)
    for number in range(2):
        write_run(tmp_path / str(number), seed=number)
    build.write([tmp_path])
    ours = (tmp_path / "index.html").read_bytes()
    said: list[str] = []
    looks = iter(range(9))

    def ended() -> bool:
        """Take the page at the second look, put the page back at the fifth; end at the ninth."""
        at = next(looks)
        if at == 1:
            (tmp_path / "index.html").write_text("mine")
            write_run(tmp_path / "2", seed=2)
        if at == 4:
            assert (tmp_path / "index.html").read_text() == "mine"
            (tmp_path / "index.html").write_bytes(ours)
            write_run(tmp_path / "3", seed=3)
        return at == 8

    watch.watch([tmp_path], tmp_path, lambda: build.write([tmp_path]), said.append, ended)
    assert [line.partition(": only")[0] for line in said[1:]] == [
        f"nst: {tmp_path / 'index.html'} was changed since nst wrote it"
    ]
    assert "4 runs" in (tmp_path / "index.html").read_text()
