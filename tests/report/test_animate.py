"""Animations of runs, their frames read back with Pillow."""

import os
from pathlib import Path

import numpy as np
import pytest
from fake_runs import Color, report, write_run
from PIL import Image, features

from nst.report import animate, build

RED, GREEN, BLUE, WHITE = (200, 30, 60), (30, 160, 40), (20, 40, 190), (250, 250, 250)
KINDS = [
    pytest.param("webp", marks=pytest.mark.skipif(not features.check("webp"), reason="no WebP")),
    "gif",
]


def run(
    folder: Path, steps: dict[int, Color], result: Color | None, shape=(60, 40), small=None
) -> Path:
    write_run(folder, result, shape)
    (folder / "images").mkdir(exist_ok=True)
    for step, color in steps.items():
        size = small if small and step == min(steps) else shape
        Image.new("RGB", size, color).save(folder / "images" / f"step_{step:05d}.png")
    return folder


def frames(path: Path) -> list[tuple[np.ndarray, int]]:
    """Return each frame's pixels and how long it is shown, in milliseconds."""
    with Image.open(path) as image:
        assert image.info["loop"] == 0  # for ever
        found = []
        for at in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(at)
            pixels = np.asarray(image.convert("RGB"), np.int64)
            found.append((pixels, image.info["duration"]))
        return found


def shown(path: Path, colors: list[Color]) -> None:
    """Assert that an animation shows flat pictures of these colors, the last one longer."""
    found = frames(path)
    assert len(found) == len(colors)
    for (pixels, _), color in zip(found, colors, strict=True):
        assert np.abs(pixels - np.array(color)).max() <= 6  # WebP is lossy, GIF has few colors
    *durations, last = [duration for _, duration in found]
    assert set(durations) == {animate.PAUSE}
    assert last == animate.HOLD


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_the_steps_in_their_order_and_the_result_is_held(tmp_path: Path, kind: str):
    # As text "100000" comes before "20" of step_00020.
    folder = run(tmp_path / "0", {100000: BLUE, 0: RED, 20: GREEN}, WHITE)
    found = build.write([tmp_path], animation=kind)
    assert found.still == {}
    shown(folder / f"steps.{kind}", [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_that_is_the_last_step_is_shown_once(tmp_path: Path, kind: str):
    folder = run(tmp_path, {0: RED, 20: GREEN}, GREEN)
    build.write([tmp_path], animation=kind)
    shown(folder / f"steps.{kind}", [RED, GREEN])


def test_frames_have_one_size_of_at_most_512_pixels(tmp_path: Path):
    folder = run(tmp_path, {0: RED, 20: GREEN}, BLUE, shape=(600, 300), small=(150, 75))
    build.write([tmp_path], animation="webp")
    assert [pixels.shape for pixels, _ in frames(folder / "steps.webp")] == [(256, 512, 3)] * 3


def test_of_very_many_pictures_some_are_left_out(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(animate, "MOST", 4)
    colors = {step: (25 * step, 100, 255 - 25 * step) for step in range(10)}
    folder = run(tmp_path, colors, None)
    build.write([tmp_path], animation="webp")
    shown(folder / "steps.webp", [colors[step] for step in (0, 3, 6, 9)])


@pytest.mark.parametrize("kind", KINDS)
def test_an_animation_is_made_once_and_anew_when_the_run_has_changed(tmp_path: Path, kind: str):
    folder = run(tmp_path, {0: RED, 20: GREEN}, BLUE)
    build.write([tmp_path], animation=kind)
    path = folder / f"steps.{kind}"
    os.utime(path, (1, 1))
    build.write([tmp_path], animation=kind)
    assert path.stat().st_mtime == 1
    run(tmp_path, {40: WHITE}, BLUE)
    build.write([tmp_path], animation=kind)
    shown(path, [RED, GREEN, WHITE, BLUE])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theirs", ["picture", "bytes", "link", "folder"])
def test_a_file_of_somebody_s_is_no_animation_of_nst_s(tmp_path: Path, kind: str, theirs: str):
    folder = run(tmp_path, {0: RED, 20: GREEN}, BLUE)
    path, away = folder / f"steps.{kind}", tmp_path / f"away.{kind}"
    Image.new("RGB", (8, 8), WHITE).save(away, comment="my own", save_all=True)
    if theirs == "picture":
        away.rename(path)
    elif theirs == "bytes":
        path.write_bytes(b"mine")
    elif theirs == "link":
        path.symlink_to(away)
    else:
        path.mkdir()
    before = None if path.is_dir() else path.read_bytes()
    found = build.write([tmp_path], animation=kind)
    other = {"webp": "gif", "gif": "webp"}[kind]
    assert found.still == {
        found.runs[0].name: f"steps.{kind} was not written by nst, so it stays: move it away, or "
        f"take --animate {other}"
    }
    assert path.is_dir() if before is None else path.read_bytes() == before
    assert path.is_symlink() == (theirs == "link")


def test_an_animation_of_before_stamps_had_a_name_is_made_anew(tmp_path: Path):
    folder = run(tmp_path, {0: RED, 20: GREEN}, BLUE)
    old = [Image.new("RGB", (60, 40), color) for color in (RED, GREEN)]
    stamp = "0123456789abcdef" * 4
    old[0].save(folder / "steps.gif", save_all=True, append_images=old[1:], comment=stamp)
    assert build.write([tmp_path], animation="gif").still == {}
    shown(folder / "steps.gif", [RED, GREEN, BLUE])


def test_runs_that_cannot_be_animated_are_told_and_the_others_are(tmp_path: Path, capsys):
    run(tmp_path / "0", {0: RED, 20: GREEN}, BLUE)
    run(tmp_path / "1", {0: RED}, BLUE)
    write_run(tmp_path / "2")
    damaged = run(tmp_path / "3", {0: RED, 20: GREEN}, BLUE)
    (damaged / "images" / "step_00020.png").write_bytes(b"\x89PNG\r\n")
    build.say(build.write([tmp_path], animation="webp"))
    assert capsys.readouterr().out.splitlines()[1:4] == [
        "not animated: 1: fewer than 2 pictures in images/",
        "not animated: 2: fewer than 2 pictures in images/",
        "not animated: 3: step_00020.png can't be read (no PNG)",
    ]
    assert [path.parent.name for path in tmp_path.rglob("steps.*")] == ["0"]
    assert not list(tmp_path.rglob("*.part"))


def test_the_command_and_the_link_in_the_page(tmp_path: Path):
    run(tmp_path / "a b", {0: RED, 20: GREEN}, BLUE)
    done = report(tmp_path, "a b", "--animate")
    assert (done.returncode, done.stderr) == (0, "")
    shown(tmp_path / "a b" / "steps.webp", [RED, GREEN, BLUE])
    assert '"animation":"./steps.webp"' in (tmp_path / "a b" / "index.html").read_text()
    build.write([tmp_path])
    assert '"animation":"./a%20b/steps.webp"' in (tmp_path / "index.html").read_text()
