"""A report replaces what a record of nst's proves to be its own, and nothing else in its folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_runs import REPORT, report, write_run
from helpers import Process
from PIL import Image

from nst.base.errors import UserError
from nst.base.files import write_whole
from nst.report import build, own

NAMES = ("grid.png", "metrics.csv", "index.html")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    for number, gamma in enumerate((0.0, 1e3)):
        write_run(tmp_path / str(number), (40, 90, 10 + number), **{"tv.gamma": gamma})
    return tmp_path


def listing(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def png_of_somebody(path: Path) -> None:
    Image.new("RGB", (8, 8), (1, 2, 3)).save(path, format="PNG")


PAGE = "<!doctype html>\n<title>Neural style transfer: a sweep, side by side</title>"
THEIRS: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: path.write_text("run,status,accuracy\n1,finished,0.9\n"),
    "png": png_of_somebody,
    "page": lambda path: path.write_text(PAGE),
    "empty": Path.touch,
    "folder": Path.mkdir,
    "link to nothing": lambda path: path.symlink_to("elsewhere"),
    "pipe": os.mkfifo,
}


def form_of(name: str) -> str:
    """Return the format with which a report writes a file."""
    stem, _, ending = name.partition(".")
    return ending if stem == "grid" else "png"


@pytest.mark.parametrize("name", [*NAMES, "grid.pdf", "grid.svg"])
@pytest.mark.parametrize("kind", THEIRS)
def test_what_somebody_has_there_stays_and_is_named(sweep: Path, name: str, kind: str):
    THEIRS[kind](sweep / name)
    before, status = listing(sweep), (sweep / name).lstat()
    with pytest.raises(UserError) as refused:
        build.write([sweep], format=form_of(name))
    assert str(refused.value).startswith(f"{sweep / name} ")
    assert str(refused.value).endswith("so move it away, or name another folder with --out")
    assert listing(sweep) == before  # neither thumbnails nor anything else
    assert not (sweep / ".report").exists()
    assert (sweep / name).lstat() == status


def test_all_of_them_are_named_at_once(sweep: Path):
    for name in NAMES:
        (sweep / name).write_text("mine")
    with pytest.raises(UserError) as refused:
        own.check(sweep, remedy="take another hydra.sweep.dir")
    assert all(str(sweep / name) in str(refused.value) for name in NAMES)
    assert str(refused.value).endswith("move them away, or take another hydra.sweep.dir")


def test_the_command_says_so_in_one_line(sweep: Path):
    (sweep / "index.html").write_text("<h1>my site</h1>")
    done = report(sweep, ".")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"nst: {sweep / 'index.html'} was not written by nst: only what nst wrote is replaced, "
        "so move it away, or name another folder with --out\n"
    )
    assert (sweep / "index.html").read_text() == "<h1>my site</h1>"
    before = listing(sweep)
    assert report(sweep, ".", "--out", "new/folder").returncode == 0
    out = sweep / "new" / "folder"
    assert {path.name for path in out.iterdir()} == {*NAMES, ".report"}
    shutil.rmtree(sweep / "new")
    assert listing(sweep) == before  # its thumbnails were there, too


@pytest.mark.parametrize("name", [*NAMES, "grid.pdf", "grid.svg"])
def test_a_report_that_was_changed_since_is_somebody_s(sweep: Path, name: str):
    build.write([sweep], format=form_of(name))
    write_run(sweep / "2", **{"tv.gamma": 5.0})
    with (sweep / name).open("ab") as file:
        file.write(b"<!-- my notes -->")
    before = listing(sweep)
    with pytest.raises(UserError, match=rf"/{name} was changed since nst wrote it: "):
        build.write([sweep], format=form_of(name))
    assert listing(sweep) == before


def test_a_report_replaces_its_earlier_one(sweep: Path):
    build.write([sweep])
    before = listing(sweep)
    write_run(sweep / "2", **{"tv.gamma": 5.0})
    build.write([sweep])
    after = listing(sweep)
    assert all(before[name] != after[name] for name in NAMES)


def test_what_is_the_same_is_not_written_again(sweep: Path):
    build.write([sweep])
    written = [sweep / name for name in NAMES] + list((sweep / ".report").glob("*.jpg"))
    for path in written:
        os.utime(path, (1, 1))
    build.write([sweep])
    assert {path.stat().st_mtime for path in written} == {1}


def test_a_folder_older_than_the_record(sweep: Path):
    build.write([sweep])
    (sweep / ".report" / "written.json").unlink()
    # As it was before there were records: no generator but a motto, no columns of fallbacks.
    motto = '<p class="kicker">Neural style transfer: a sweep, side by side</p>\n'
    page = (sweep / "index.html").read_text().replace("<header", motto + "<header", 1)
    (sweep / "index.html").write_text(
        "".join(line for line in page.splitlines(True) if 'name="generator"' not in line)
    )
    table = (sweep / "metrics.csv").read_text()
    (sweep / "metrics.csv").write_text(table.replace(",fallback,same_as,reused_from", ""))
    old = listing(sweep)
    write_run(sweep / "2", **{"tv.gamma": 5.0})
    build.write([sweep])
    assert all(listing(sweep)[name] != old[name] for name in NAMES)


def test_an_older_sheet_that_shows_the_same_goes_on_record(sweep: Path):
    build.write([sweep])
    (sweep / ".report" / "written.json").unlink()
    build.write([sweep])
    with (sweep / "grid.png").open("ab") as file:
        file.write(b"mine")
    with pytest.raises(UserError, match=r"/grid\.png was changed since"):
        build.write([sweep])


class KilledError(BaseException):
    """Ends a report where a kill would."""


@pytest.mark.parametrize("survived", range(8))
def test_a_report_killed_at_any_moment_can_be_written_again(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, survived: int
):
    build.write([sweep])
    write_run(sweep / "2", (9, 200, 9), **{"tv.gamma": 5.0})
    moves: list[Path] = []
    replace = os.replace

    def kill(source: Path, target: Path) -> None:
        if len(moves) == survived:
            raise KilledError
        moves.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", kill)
        try:
            build.write([sweep])
            assert len(moves) <= survived
        except KilledError:
            assert len(moves) == survived
    assert build.write([sweep]).runs[2].name == "2"
    assert len((sweep / "metrics.csv").read_text().splitlines()) == 4


def test_what_a_killed_report_left_half_written_goes_and_nothing_else(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: None)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        write_whole(sweep / "index.html", b"half")
    (half,) = sweep.glob(".index.html.*.part")
    theirs = (".index.html.77.part", ".index.html.bak", ".index.html.1-00000000.part")
    for name in theirs:
        (sweep / name).write_text("mine")
    build.write([sweep])
    assert not half.exists()
    assert {path.name for path in sweep.glob(".index.html*")} == set(theirs)


def test_two_reports_at_once_leave_what_a_third_can_replace(sweep: Path):
    options = (("--cell", "40"), ("--rows", "tv.gamma"))
    several = [Process(sweep).start(".", *option, program=REPORT) for option in options]
    assert [one.wait(120) for one in several] == [0, 0]
    write_run(sweep / "2", **{"tv.gamma": 5.0})
    assert len(build.write([sweep]).runs) == 3


# --- .report/ -----------------------------------------------------------------------------------


def test_pictures_of_somebody_in_the_folder_of_the_thumbnails_stay(sweep: Path):
    folder = sweep / ".report"
    folder.mkdir()
    for name in ("holiday.jpg", f"{'0123456789' * 2}.jpg"):
        Image.new("RGB", (8, 8)).save(folder / name, comment="holiday")
    (folder / "notes.txt").write_text("mine")
    before = listing(folder)
    build.write([sweep])
    made = set(listing(folder)) - set(before)
    for run in ("0", "1"):
        write_run(sweep / run, (200, 200, 0))
        os.utime(sweep / run / "result.png", (5, 5))
    build.write([sweep])
    after = listing(folder)
    assert {name: after[name] for name in before} == before
    # Its own of before are gone, but for the content image's and the record.
    gone = made - set(after)
    assert len(gone) == 2
    assert all(name.endswith(".jpg") for name in gone)


def test_a_file_with_a_thumbnail_s_name_is_neither_shown_nor_replaced(sweep: Path):
    found = build.write([sweep]).thumbnails["0"]
    png_of_somebody(found)
    before = found.read_bytes()
    again = build.write([sweep])
    assert found.read_bytes() == before
    assert "0" not in again.thumbnails
    assert again.runs[0].error == (
        f"{found} was not written by nst, which needs the name: move it away"
    )


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_in_the_place_of_that_folder(sweep: Path, kind: str):
    place = sweep / ".report"
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")
    with pytest.raises(UserError, match=r"/\.report is something else, and nst keeps a record"):
        build.write([sweep])
    assert not (sweep / "index.html").exists()
    assert place.is_symlink() or place.read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{}", '{"files": {}}', '{"sha256 of files as nst wrote them": [1]}', "[" * 9999],
)
def test_a_record_of_somebody_else_s(sweep: Path, text: str):
    record = sweep / ".report" / "written.json"
    record.parent.mkdir()
    record.write_text(text)
    with pytest.raises(UserError, match=r"/written\.json is something else, and nst keeps"):
        build.write([sweep])
    assert record.read_text() == text


def test_sums_of_a_record_are_those_of_the_files(sweep: Path):
    build.write([sweep])
    (files,) = json.loads((sweep / ".report" / "written.json").read_text()).values()
    said = subprocess.run(["sha256sum", *NAMES], cwd=sweep, capture_output=True, text=True)
    sums = {name: digest for digest, name in (line.split() for line in said.stdout.splitlines())}
    assert files == {name: [digest] for name, digest in sums.items()}


def test_nothing_heavy_is_imported_to_check():
    heavy = {"PIL", "plotly", "numpy", "jax", "jinja2", "filelock"}
    check = f"import sys, nst.report.own; sys.exit(bool({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
