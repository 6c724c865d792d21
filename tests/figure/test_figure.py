"""Figures for a paper: their width, letters, fonts and words, and what they show."""

import re
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_runs import write_run
from PIL import Image
from pypdf import PdfReader

from nst.figure import look
from nst.figure.__main__ import main

KINDS = ("grid", "effects", "front", "curves")
MM = 72 / 25.4


def write_sweep(folder: Path, **changes) -> Path:
    """Two poolings by three betas: content distance rises where style distance falls."""
    for at, (pooling, beta) in enumerate(product(("avg", "max"), (1e3, 1e4, 1e5))):
        place = at % 3
        style = (0.5, 0.2, 0.1)[place] + 0.3 * (pooling == "max")
        distances = {"style_distance": style, "content_distance": (0.1, 0.2, 0.6)[place]}
        own = {"pooling": pooling, "beta": beta, "metrics": distances} | changes
        run = write_run(folder / str(at), (40 * at, 90, 200), **own)
        rows = [
            f"{s},{s / 10},{9e6 / (1 + s)},{s}.0,{1e3 + s},{7e5 * (1 + place)}" for s in (0, 10, 20)
        ]
        head = "step,seconds,total,content,style,tv"
        (run / "history.csv").write_text("\n".join([head, *rows]) + "\n")
    return folder


@pytest.fixture
def figure(monkeypatch, capsys):
    """``nst figure`` in this process: what it prints, or the sentence it ends with."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["nst figure", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            return str(end.code)
        return capsys.readouterr().out

    return run


def fonts_of(page: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the descriptor of each font of a page, by its name."""
    found = {}
    for one in page["/Resources"]["/Font"].values():
        font = one.get_object()
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        found[font["/BaseFont"]] = (font["/Subtype"], inner["/FontDescriptor"].get_object())
    return found


@pytest.fixture
def seen(monkeypatch) -> list:
    """The figures that matplotlib was given, before they are saved."""
    found: list = []
    saved = look.saved

    def keep(one: Any, *rest: Any) -> look.Drawn:
        found.append(one)
        return saved(one, *rest)

    monkeypatch.setattr(look, "saved", keep)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_is_as_wide_as_a_column_with_its_fonts_and_letters_of_seven_points(
    tmp_path: Path, figure, seen: list, kind: str
):
    write_sweep(tmp_path, name="ü_$%&#{}~^", content="北斎 $x^2$")
    layers = {f"conv{block}_1": 0.2 for block in range(1, 6)}
    more = {"style_distance": 0.3, "content_distance": 0.3}
    write_run(tmp_path / "7", **{"style.layers": layers, "content": "北斎 $x^2$", "metrics": more})
    started = time.process_time()
    said = figure(kind, tmp_path)
    assert time.process_time() - started < 5
    assert "caption: " in said
    page: Any = PdfReader(tmp_path / "figures" / f"{kind}.pdf").pages[0]
    assert float(page.mediabox.width) == pytest.approx(89 * MM, abs=0.3)
    for subtype, descriptor in fonts_of(page).values():
        # TrueType, which can be edited: Type 3 is what publishers refuse.
        assert subtype in ("/TrueType", "/Type0")
        assert "/FontFile2" in descriptor
    code = page.get_contents().get_data()
    sizes = [float(size) for size in re.findall(rb"/F\S+ ([\d.]+) Tf", code)]
    assert 7 <= min(sizes) <= max(sizes) <= 9
    words = " ".join(page.extract_text().split())
    expected = {
        "grid": ("pooling", "avg", "max", "alpha/beta", "10⁻⁵"),
        "effects": ("pooling", "alpha/beta", "style distance", "lower is better", "clearly worse"),
        "front": ("content distance, lower is better", "A", "★"),
        "curves": ("content loss", "style loss", "total variation", "step", "alpha/beta"),
    }[kind]
    assert [one for one in expected if one not in words] == []
    assert "…" not in words
    for one in seen:  # nothing is cut
        box = one.get_tightbbox()
        assert min(box.x0, box.y0) > -0.01
        assert box.x1 < one.get_figwidth() + 0.01
        assert box.y1 < one.get_figheight() + 0.01


def test_an_svg_has_outlines_and_a_png_the_resolution_of_print(tmp_path: Path, figure):
    write_sweep(tmp_path)
    for kind in ("grid", "front"):
        figure(kind, tmp_path, "--format", "svg", "--width", "page")
        root = ElementTree.parse(tmp_path / "figures" / f"{kind}.svg").getroot()
        assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(183 * MM, abs=0.3)
        assert not [one for one in root.iter() if one.tag.endswith("}text")]
        figure(kind, tmp_path, "--format", "png")
        with Image.open(tmp_path / "figures" / f"{kind}.png") as image:
            dpi = image.info["dpi"][0]
            assert dpi > 280
            assert image.width / dpi * 25.4 == pytest.approx(89, abs=0.3)


def test_the_front_joins_the_runs_that_no_other_beats(tmp_path: Path, figure, seen: list):
    said = figure("front", write_sweep(tmp_path), "--metric", "content_distance,style_distance")
    axes = seen[0].axes[0] if seen[0].axes else seen[0].subfigs[0].axes[0]
    lines = [line.get_xydata() for line in axes.lines]
    dotted = (
        max(lines, key=len)
        if False
        else next(
            xy for line, xy in zip(axes.lines, lines, strict=True) if line.get_marker() == "None"
        )
    )
    np.testing.assert_allclose(dotted, [[0.1, 0.5], [0.2, 0.2], [0.6, 0.1]])
    # Scaled to the front's ends: (0, 1), (0.2, 0.25), (1, 0): the second is the knee.
    star = next(xy for line, xy in zip(axes.lines, lines, strict=True) if line.get_marker() == "*")
    np.testing.assert_allclose(star, [[0.2, 0.2]])
    assert "3 of them with a dark rim" in said
    assert "★: the knee of the front." in said
    assert (tmp_path / "figures" / "front-content_distance-style_distance.pdf").exists()


def test_the_effects_say_what_the_page_says(tmp_path: Path, figure):
    said = figure("effects", write_sweep(tmp_path), "--by", "pooling")
    assert "pooling: avg is better than max in style distance in 3 of 3 pairs, by 0.300" in said
    words = PdfReader(tmp_path / "figures" / "effects-pooling.pdf").pages[0].extract_text()
    assert "alpha/beta" not in words


def test_lines_and_points_are_told_apart_without_color():
    count = 6
    assert len({str(look.dash(at)) for at in range(count)}) == count
    assert len({look.marker(at) for at in range(count)}) == count
    grays = [
        0.299 * int(one[1:3], 16) + 0.587 * int(one[3:5], 16) + 0.114 * int(one[5:], 16)
        for one in look.tones(5, ordered=True)
    ]
    assert grays == sorted(grays, reverse=True)
    assert min(-np.diff(grays)) > 15


def test_only_what_nst_wrote_is_replaced(tmp_path: Path, figure):
    write_sweep(tmp_path)
    mine = tmp_path / "figures" / "front.pdf"
    mine.parent.mkdir()
    mine.write_bytes(b"%PDF mine")
    said = figure("front", tmp_path)
    assert "was not written by nst: only what nst wrote is replaced" in said
    assert mine.read_bytes() == b"%PDF mine"
    other = tmp_path / "other" / "front.pdf"
    figure("front", tmp_path, "--out", other.parent)
    before = other.read_bytes()
    assert "caption" in figure("front", tmp_path, "--out", other.parent)
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fromt", "."], "there is no figure 'fromt' (did you mean 'front'?)"),
        ([".", "front"], "the kind comes first: nst figure front ."),
        (["effects", ".", "--metric", "preference"], "there are no such votes on these pictures"),
        (["front"], "the following arguments are required: DIR"),
        (["front", "nowhere"], "nowhere does not exist, but must be a folder with runs"),
        (
            ["front", ".", "--width", "wide"],
            "--width must be column, page or 40 to 400 millimeters",
        ),
        (["front", ".", "--width", "5"], "--width must be column, page or 40 to 400 millimeters"),
        (["front", ".", "--format", "eps"], "--format must be pdf, svg or png, not 'eps'"),
        (["front", ".", "--metric", "ssmi,lpips"], "--metric: no run has 'ssmi'"),
        (["front", ".", "--metric", "style_distance"], "a front is of two numbers, not 1"),
        (["front", ".", "--by", "size"], "--by: size is 64 in all runs; keys that vary are"),
        (["curves", ".", "--metric", "loss/conv9"], "--metric: no run's history has 'loss/conv9'"),
        (["curves", ".", "--rows", "size"], "--rows is for grid, not for curves"),
        (["grid", ".", "--by", "beta"], "--by is for effects, front, curves, not for grid"),
    ],
)
def test_bad_input_is_answered_in_a_sentence(
    tmp_path: Path, figure, monkeypatch, arguments: list[str], said: str
):
    monkeypatch.chdir(write_sweep(tmp_path))
    answer = figure(*arguments)
    assert said in answer
    assert "\n" not in answer.strip()
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_one_run_alone_is_drawn_or_refused_in_a_sentence(tmp_path: Path, figure, kind: str):
    write_run(tmp_path / "0")
    answer = figure(kind, tmp_path)
    refused = {
        "effects": "nst: no effects to draw: no key varies",
        "front": "nst: one finished run alone has no front: name the folder of a sweep",
    }
    assert refused.get(kind, "caption: ") in answer
