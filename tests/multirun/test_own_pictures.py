"""The pictures of a sweep: files as an axis, and what is no picture among them."""

import shutil
from pathlib import Path

import pytest
from helpers import QUIET, Command, record


def fill(folder: Path, picture: Path) -> None:
    """Make a folder of two pictures and a text."""
    folder.mkdir()
    for name in ("b.png", "a.png"):
        shutil.copy(picture, folder / name)
    (folder / "notes.txt").write_text("mine")


def test_the_files_of_a_folder_are_an_axis(command: Command, picture: Path):
    fill(command.folder / "photos", picture)
    own = ("content.path=glob(photos/*.png)", "sweep.report=false", "hydra.sweep.dir=sweep")
    done = command("-m", *QUIET, *own)
    assert done.returncode == 0, done.stderr
    folders = sorted((command.folder / "sweep").glob("[0-9]"))
    paths = [record(folder)["config"]["content"]["path"] for folder in folders]
    assert paths == ["photos/a.png", "photos/b.png"]
    # They have the same bytes, and so are the same run.
    assert record(folders[1])["same_as"] == "../0"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ["content.path=glob(photos/*)"],
            "/photos/notes.txt' is not a picture that can be read, but it must be a whole picture",
        ),
        (
            ["content.path=photos/a.png,photos/", "hydra/launcher=basic"],
            "nst: content.path: 'photos/' is a folder, but must be a file: "
            "content.path=glob(photos/*) takes each of its files",
        ),
        (["style.path=photos/a.png,photos/c.png"], "/photos/c.png' does not exist (did you mean"),
        (
            ["init=file", "init.path=photos/a.png,photos/notes.txt"],
            "nst: init.path: '",
        ),
        (["style.blend=[photos/notes.txt,night],starry"], "nst: style.blend: '"),
        (
            ["content.mask=photos/a.png,photos/notes.txt,gone.png", "style.mask=photos/notes.txt"],
            "/photos/notes.txt' is not a picture that can be read, but it must be a whole picture "
            "in one of the formats JPEG, PNG, WEBP, TIFF, BMP, GIF, PPM, AVIF; nor can these be "
            "used: 'photos/notes.txt', 'gone.png'",
        ),
    ],
)
def test_what_is_no_picture(command: Command, picture: Path, asked: list[str], said: str):
    fill(command.folder / "photos", picture)
    before = command.files()
    done = command("-m", *QUIET, "tv.gamma=0,1", *asked)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert said in line
    assert command.files() == before


def test_many_files_are_named_in_one_sentence(command: Command):
    (folder := command.folder / "photos").mkdir()
    for number in range(20):
        (folder / f"{number:02d}.txt").write_text("mine")
    done = command("-m", *QUIET, "content.path=glob(photos/*)")
    (line,) = done.stderr.splitlines()
    assert "'photos/06.txt' and 13 more" in line
    assert "photos/07.txt" not in line
