import json
import subprocess
import sys
from pathlib import Path

import pytest
from fake_runs import REPORT, report, table, write_run
from helpers import Process
from PIL import Image

from nst.base.errors import UserError
from nst.report import build
from nst.report.__main__ import main


def test_a_tree_of_good_and_bad_runs(tmp_path: Path):
    sweep = tmp_path / "pooling"
    write_run(sweep / "0", pooling="avg", metrics={"style_distance": 0.25})
    write_run(sweep / "1", None, pooling="max", status="failed", error="out of memory")
    (write_run(sweep / "2", pooling="max", beta=1e3) / "result.png").write_bytes(b"\x89PNG\r\n")
    (sweep / "3" / ".hydra").mkdir(parents=True)
    (sweep / "4").mkdir()
    (sweep / "4" / "history.csv").write_text("step,secon")
    (write_run(sweep / "5") / "run.json").write_text('{"schema": 99}')
    (sweep / "multirun.yaml").touch()
    done = report(tmp_path, "pooling")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "3 runs (2 finished, 1 failed)",
        "can't be read: 3: there is no run.json: the run never started",
        "can't be read: 4: there is no run.json, though there is a history.csv",
        "can't be read: 5: run.json has layout 99, and this version reads layout 1",
        "pooling/grid.png",
        "pooling/metrics.csv",
        "pooling/index.html",
    ]
    rows = table(sweep)
    for column, values in {
        "run": ["0", "1", "2"],
        "status": ["finished", "failed", "finished"],
        "pooling": ["avg", "max", "max"],
        "alpha/beta": ["1e-4", "1e-4", "1e-3"],
        "style_distance": ["0.25", "", ""],
        "best_step": ["20", "20", "20"],
        "error": ["", "out of memory", "result.png can't be read (no PNG)"],
    }.items():
        assert [row[column] for row in rows] == values
    assert rows[0]["folder"] == str(sweep / "0")
    assert (sweep / "index.html").stat().st_size > 0
    assert Image.open(sweep / "grid.png").mode == "RGB"
    assert not list(sweep.rglob("*.part"))


def test_a_closed_pipe_ends_it_quietly(tmp_path: Path):
    write_run(tmp_path / "0")
    late = "print(1, flush=True); from nst.report.__main__ import main; main()"
    ours = subprocess.Popen(
        [sys.executable, "-c", late, "."],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert ours.stdout is not None
    assert ours.stdout.readline() == "1\n"
    ours.stdout.close()  # long before nst says its first word
    assert ours.stderr is not None
    assert (ours.stderr.read(), ours.wait(60)) == ("", 1)


def test_the_page_is_opened_in_the_browser(tmp_path: Path):
    write_run(tmp_path / "0")
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = Process(tmp_path)(".", "--open", env={"BROWSER": f"{browser} %s"}, program=REPORT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "opened").read_text() == (tmp_path / "index.html").as_uri()


def test_several_sweeps_meet_in_the_folder_they_have_in_common(tmp_path: Path):
    for name in ("a/x/0", "a/x/1", "a/y/0", "b/0"):
        write_run(tmp_path / name, seed=len(name) + int(name[-1]))
    found = build.write([tmp_path / "a" / "x", tmp_path / "a" / "y"])
    assert found.root == tmp_path / "a"
    assert [run.name for run in found.runs] == ["x/0", "x/1", "y/0"]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        ".report", "x", "y", "grid.png", "index.html", "metrics.csv",
    }  # fmt: skip


def test_large_pictures_are_shown_or_named_without_a_library_s_words(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900_000)  # Pillow warns of more, refuses twice
    for name, side in (("0", 950), ("1", 1400)):
        write_run(tmp_path / name, (1, 2, 3), (side, side), seed=int(name))
    done = report(tmp_path, ".")
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["error"] for row in table(tmp_path)] == ["", "result.png can't be read (too large)"]


def test_odd_names_are_one_line_each(tmp_path: Path):
    odd = tmp_path / "<b>\u202e\n'\""
    write_run(odd / "one <b>\n", metrics={"a,b\n": 1.0})
    write_run(odd / "=2", style='"', **{"style.layers": {"<i>": 1.0}})
    done = report(tmp_path, str(odd))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 4
    assert [row["run"] for row in table(odd)] == ["=2", "one <b>\n"]


def test_hostile_records_do_not_stop_the_report(tmp_path: Path):
    write_run(tmp_path / "good")
    fields = json.loads((tmp_path / "good" / "run.json").read_text())
    odd: list[object] = [
        {"config": {"size": "x" * 10_000, "tv": [], "style": {"layers": [1, {}]}}},
        {"best": [], "metrics": {"ssim": float("nan"), "x" * 5000: 1}, "picture": [], "timings": 1},
        {"sources": {"style": {"used": "\ud800" * 9, "title": ["a"], "sha256": "../../etc"}}},
        {"picture": {"width": 1, "height": 999_999_999}},
        {"config": {"alpha": 10**300, "beta": 1e-300, "steps": 10**4000, "tv": {"gamma": "1"}}},
    ]
    for at, changes in enumerate(odd):
        folder = write_run(tmp_path / str(at))
        (folder / "run.json").write_text(json.dumps(fields | changes))
    found = build.write([tmp_path])
    assert len(found.runs) == 6
    assert [run.name for run in found.runs] == ["0", "1", "2", "3", "4", "good"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "nst: none does not exist, but must be a folder with runs"),
        (["file"], "nst: file is a file, but must be a folder with runs"),
        (["empty"], "nst: there are no runs in empty: a run is a folder with a run.json"),
        (["bad"], "nst: none of the 1 runs in bad can be read; "),
        (["runs", "--rows", "poling"], "nst: --rows: there is no key 'poling' (did you mean"),
        (["runs", "--cell", "7"], "nst: --cell must be a whole number of pixels from 16 to 4096"),
        (["runs", "--format", "jpg"], "nst: --format must be png, pdf or svg, not 'jpg'"),
        (["--animate", "runs"], "nst: --animate must be webp or gif, not 'runs'"),
        (["runs", "--animate", "mp4"], "nst: --animate must be webp or gif, not 'mp4'"),
        (["runs", "--row"], "nst: "),
        ([], "nst: the following arguments are required: DIR; nst report --help shows"),
        (["runs", "--out", "file"], "nst: "),
    ],
)
def test_what_can_t_be_reported(tmp_path: Path, monkeypatch, capsys, arguments, message: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "bad" / ".hydra").mkdir(parents=True)
    write_run(tmp_path / "runs" / "0", pooling="avg")
    write_run(tmp_path / "runs" / "1", pooling="max")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["nst.report", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, str)  # which Python prints, and exits with 1
    assert end.value.code.startswith(message)
    assert "\n" not in end.value.code
    assert not list(tmp_path.rglob("index.html"))


def test_help(tmp_path: Path):
    done = report(tmp_path, "-h")
    assert done.returncode == 0
    for word in ("grid.png", "--rows KEY", "--cols KEY", "--cell PIXELS", "--out FOLDER"):
        assert word in done.stdout


def test_a_folder_that_can_t_be_written_is_named(tmp_path: Path):
    write_run(tmp_path / "runs" / "0")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file can't be written .*: name another folder"):
        build.write([tmp_path / "runs"], out=tmp_path / "file")
