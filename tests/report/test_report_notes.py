"""What stood in for what, and which runs are the same: said in every part of a report."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from fake_runs import table, write_run
from helpers import pixels
from PIL import Image

from nst.report import build, contact
from nst.report.caption import sheet
from nst.report.layout import arrange
from nst.report.notes import fallbacks, in_place_of, notes, twins
from nst.rundir.runs import Run
from nst.rundir.tree import find


def run(folder: Path, asked: dict[str, str] | None = None, /, **changes: Any) -> Path:
    """Write a run in which what was used stood in for what was asked for."""
    same_as = changes.pop("same_as", None)
    config_hash = changes.pop("config_hash", None)
    write_run(folder, **changes)
    path = folder / "run.json"
    fields = json.loads(path.read_text()) | {"same_as": same_as, "config_hash": config_hash}
    for key, name in (asked or {}).items():
        source = fields["sources"].setdefault(key, dict(fields["sources"]["style"]))
        source |= {"requested": name, "fallback": True}
    path.write_text(json.dumps(fields))
    return folder


def runs(folder: Path) -> list[Run]:
    return find([folder], folder)[0]


def the_same_in_two_styles(folder: Path) -> None:
    """Write what -m style=night,starry tv.gamma=0,1e4 leaves where there is no network."""
    for at, (style, gamma) in enumerate((s, g) for s in ("night", "starry") for g in (0.0, 1e4)):
        asked = {"style": "starry"} if style == "starry" else {}
        twin = f"../{at - 2}" if asked else None
        run(folder / str(at), asked, **{"tv.gamma": gamma}, same_as=twin, config_hash=f"{gamma}")


STARRY = "style=starry could not be fetched: the built-in night replaces it in 2 of 4 runs."
SAME = "2 of the 4 runs are the same as others in all that determines a picture: 2 as 0; 3 as 1."


def test_the_terminal_the_table_and_the_page_say_so(tmp_path: Path, capsys):
    the_same_in_two_styles(tmp_path)
    build.say(build.write([tmp_path]))
    assert capsys.readouterr().out.splitlines()[:3] == ["4 runs", STARRY, SAME]
    rows = table(tmp_path)
    assert [row["fallback"] for row in rows] == ["", "", *["style=night instead of starry"] * 2]
    assert [row["same_as"] for row in rows] == ["", "", "0", "1"]
    page = (tmp_path / "index.html").read_text()
    assert f'<p class="notice"><bdi>{STARRY}</bdi></p>' in page
    assert SAME in page


def test_the_sheet_says_so_and_what_the_mark_means(tmp_path: Path):
    the_same_in_two_styles(tmp_path)
    found = build.write([tmp_path])
    thumbnail = next(iter(found.thumbnails.values()))
    said = sheet(found, arrange(found.runs), {"style": {"night": ("Moonlit bay", thumbnail)}})
    assert said.notes == [STARRY, SAME, "+N: N further runs of the same settings."]
    assert [caption for caption, _ in said.strip] == ["style also in place of starry: Moonlit bay"]
    full, bare = tmp_path / "sheets" / "full.png", tmp_path / "sheets" / "bare.png"
    contact.write(full, found, said)
    contact.write(bare, found, dataclasses.replace(said, notes=[]))
    assert len(pixels(full)) > len(pixels(bare))  # the notes are drawn


def test_a_panel_s_heading_says_what_its_picture_stands_in_for(tmp_path: Path):
    """Three keys: the content image, which has the fewest values, makes the panels."""
    for at in range(18):
        content = ("chelsea", "coffee")[at // 9]
        asked = {"content": "sultan"} if content == "chelsea" else {}
        keys = {"content": content, "beta": 10.0 ** (at // 3 % 3), "tv.gamma": float(at % 3)}
        run(tmp_path / str(at), asked, **keys, config_hash=str(at))
    found = arrange(runs(tmp_path))
    assert [panel.heading for panel in found.panels] == [
        "content: chelsea in place of sultan",
        "content: coffee",
    ]


def test_an_animation_carries_it(tmp_path: Path):
    folder = run(tmp_path / "0", {"style": "starry"}, seed=1)
    (folder / "images").mkdir()
    for step in (0, 20):
        Image.new("RGB", (60, 40), (step, 0, 0)).save(folder / f"images/step_{step:05d}.png")
    for kind in ("webp", "gif"):
        for _ in range(2):  # the second time it is known as nst's
            assert build.write([tmp_path], animation=kind).still == {}
        with Image.open(folder / f"steps.{kind}") as image:
            said = image.getexif().get(270) or image.info["comment"].decode()
        assert said.endswith("; style=night instead of starry")


def test_without_fallbacks_nothing_is_said(tmp_path: Path, capsys):
    for at in range(2):
        run(tmp_path / str(at), **{"tv.gamma": float(at)}, config_hash=str(at))
    build.say(build.write([tmp_path]))
    counted, sheet, *_ = capsys.readouterr().out.splitlines()
    assert counted == "2 runs"
    assert sheet.endswith("grid.png")
    assert notes(runs(tmp_path)) == []


def test_several_fallbacks_are_one_sentence_each(tmp_path: Path):
    run(tmp_path / "0", {"style": "starry", "network": "vgg19"}, seed=1)
    run(tmp_path / "1", {"style": "scream", "network": "vgg19"}, seed=2)
    found = runs(tmp_path)
    assert notes(found) == [
        "style=starry and style=scream could not be fetched: the built-in night replaces them "
        "in both runs.",
        "network=vgg19 could not be fetched: the built-in vgg16 replaces it in both runs.",
    ]
    assert fallbacks(found[0]) == "style=night instead of starry; network=vgg16 instead of vgg19"
    assert in_place_of(found, "style", "night") == "in place of scream and starry"
    assert in_place_of(found, "content", "night") == ""


def test_a_stand_in_inside_a_blend(tmp_path: Path):
    run(tmp_path / "0", {"style/starry": "starry"}, **{"style.blend": {"starry": 0.5, "x": 0.5}})
    assert fallbacks(runs(tmp_path)[0]) == "style=night instead of starry"


@pytest.mark.parametrize("way", ["../none", "/", "", 7, ["../0"], "../0/../0", "\0", "x" * 5000])
def test_an_odd_way_to_the_original_stops_nothing(tmp_path: Path, way: object):
    run(tmp_path / "0", seed=1)
    run(tmp_path / "1", seed=2, same_as=way)
    build.write([tmp_path])
    assert twins(runs(tmp_path)) == ({"1": "0"} if way == "../0/../0" else {})


def test_runs_computed_twice_are_the_same_by_their_hash(tmp_path: Path):
    """As two sweeps have them; one that did not finish may have another picture."""
    for name in ("a/0", "b/0", "b/1"):
        run(tmp_path / name, config_hash="abc")
    run(tmp_path / "c", config_hash="abc", status="interrupted")
    assert twins(runs(tmp_path)) == {"b/0": "a/0", "b/1": "a/0"}


def test_of_many_runs_the_sentence_names_none(tmp_path: Path):
    for at in range(9):
        run(tmp_path / str(at), config_hash="abc")
    assert notes(runs(tmp_path)) == [
        "8 of the 9 runs are the same as run 0 in all that determines a picture."
    ]
