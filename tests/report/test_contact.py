"""grid.png, read back by the colors of the pictures that were planted."""

import io
import re
import sys
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_runs import REPORT, Color, contains, write_run
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from helpers import Process, pixels
from matplotlib import rc_context, rcParams
from matplotlib.font_manager import fontManager
from PIL import Image

from nst.base.errors import UserError
from nst.report import build, contact, lettering
from nst.report.draw import Text, render
from nst.sources.download import digest

Box = tuple[int, int, int, int]

GAMMAS = (0.0, 10.0, 1e3)
POOLINGS = ("avg", "max")


def color(at: int) -> Color:
    return (20 + 30 * at, 250 - 25 * at, 100 + 7 * at)


def box(page: np.ndarray, wanted: Color) -> Box:
    """Where a color is on the page: left, top, right, bottom."""
    ys, xs = np.nonzero((page == np.array(wanted)).all(axis=-1))
    assert len(xs), f"{wanted} is not on the page"
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def grid(folder: Path, **options: object) -> np.ndarray:
    build.write([folder], **options)  # type: ignore[arg-type]
    return pixels(folder / "grid.png")


def texts_of(svg: Path) -> list[str | None]:
    return [one.text for one in ElementTree.parse(svg).iter() if one.tag.endswith("}text")]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two poolings by three gammas, the last first."""
    for at, (pooling, gamma) in enumerate(product(POOLINGS, reversed(GAMMAS))):
        write_run(tmp_path / str(at), color(at), **{"pooling": pooling, "tv.gamma": gamma})
    return tmp_path


def test_every_cell_holds_its_run(sweep: Path):
    page = grid(sweep, cell=120)
    expected = [[2, 1, 0], [5, 4, 3]]  # gamma rises from left to right
    first_left, first_top, *_ = box(page, color(2))
    for row, runs in enumerate(expected):
        for column, at in enumerate(runs):
            left, top, right, bottom = box(page, color(at))
            assert (left, top) == (first_left + 123 * column, first_top + 83 * row)
            assert (right - left, bottom - top) == (120, 80)
            assert (page[top:bottom, left:right] == color(at)).all()


def test_white_ground_and_labels_beside_the_pictures(sweep: Path):
    page = grid(sweep, cell=120)
    left, top, *_ = box(page, color(2))
    for edge in (page[:3], page[-3:], page[:, :3], page[:, -3:]):
        assert (edge == 255).all()
    row_label, column_label = page[top : top + 80, left - 50 : left], page[top - 40 : top, left:]
    assert (row_label < 100).any()
    assert (column_label < 100).any()
    assert (page[top - 3 : top, left:] == 255).all()
    assert (page[top:, left - 5 : left] == 255).all()


def test_rows_and_columns_as_asked_for(sweep: Path):
    page = grid(sweep, cell=64, rows="tv.gamma", cols="pooling")
    first, second, below = (box(page, color(at)) for at in (2, 5, 1))
    assert first[1] == second[1]
    assert first[0] < second[0]
    assert first[0] == below[0]
    assert first[1] < below[1]


def test_missing_and_failed_cells_are_marked(sweep: Path):
    for file in (sweep / "1").iterdir():
        file.unlink()
    write_run(sweep / "4", None, pooling="max", status="failed", **{"tv.gamma": 10.0})
    (sweep / "4" / "result.png").unlink()
    write_run(sweep / "3", color(3), pooling="max", status="diverged", **{"tv.gamma": 1e3})
    page = grid(sweep, cell=120)
    left, top, right, bottom = box(page, color(0))
    missing = page[top + 1 : bottom - 1, left - 122 : right - 124]
    assert (missing[:20] == 0xF4).all()  # not hatched
    assert (missing < 150).any()  # the word
    left, top, right, bottom = box(page, color(3))
    failed = page[top + 1 : bottom - 1, left - 122 : right - 124]
    assert (failed[:20] == 0xD9).all(axis=-1).any()  # hatched
    assert (failed < 150).any()
    tag = page[top : top + 16, left : left + 60]
    assert (tag == 255).all(axis=-1).mean() > 0.5


def test_runs_with_the_same_values_are_counted_in_the_corner(sweep: Path):
    later = {"started": "2027-01-01T00:00:00"}
    write_run(sweep / "again", (1, 2, 3), **{"tv.gamma": 0.0, "timings": later})
    page = grid(sweep, cell=120)
    left, top, right, bottom = box(page, (1, 2, 3))
    assert (right - left, bottom - top) == (120, 80)
    assert (page[top : top + 10, right - 4 : right] == 255).all()
    assert not (page == color(2)).all(axis=-1).any()


def test_panels_for_a_third_key(tmp_path: Path):
    for at, (size, pooling, gamma) in enumerate(product((64, 128), POOLINGS, (0.0, 1.0))):
        keys = {"size": size, "pooling": pooling, "tv.gamma": gamma}
        write_run(tmp_path / str(at), color(at), **keys)
    page = grid(tmp_path, cell=64)
    boxes = [box(page, color(at)) for at in range(8)]
    assert len(set(boxes)) == 8
    one, other = boxes[:4], boxes[4:]
    apart = {(b[0] - a[0], b[1] - a[1]) for a, b in zip(one, other, strict=True)}
    assert len(apart) == 1


def test_portraits_and_landscapes_keep_their_shapes_and_align(tmp_path: Path):
    for at, (name, shape) in enumerate([("astronaut", (40, 60)), ("rocket", (60, 20))]):
        for step, gamma in enumerate((0.0, 1.0)):
            keys = {"content": name, "tv.gamma": gamma}
            write_run(tmp_path / f"{at}{step}", color(2 * at + step), shape, **keys)
    page = grid(tmp_path, cell=120, rows="content")
    tall, wide = box(page, color(0)), box(page, color(2))
    assert (tall[2] - tall[0], tall[3] - tall[1]) == (80, 120)
    assert (wide[2] - wide[0], wide[3] - wide[1]) == (120, 40)
    assert wide[1] == tall[3] + 3  # each row is as high as its pictures
    assert tall[0] + tall[2] == wide[0] + wide[2]  # centered in its column


def test_pictures_that_served_are_shown_where_their_bytes_are_found(tmp_path: Path):
    cat, painted = tmp_path / "cat.png", (3, 200, 90)
    Image.new("RGB", (64, 64), painted).save(cat)
    folder = write_run(tmp_path / "runs" / "0", (9, 9, 9), **{"content.path": str(cat)})
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace("ab" * 32, digest(cat, "sha256"), 1))

    def near(color: Color) -> int:
        """Count the pixels that are almost of a color: a thumbnail is a JPEG."""
        page = grid(tmp_path / "runs").astype(int)
        return (abs(page - np.array(color)).max(axis=-1) < 6).sum()

    assert near(painted) > 1000
    Image.new("RGB", (64, 64), (250, 0, 0)).save(cat)
    for file in (tmp_path / "runs" / ".report").iterdir():
        file.unlink()
    assert near((250, 0, 0)) == 0


def test_a_sheet_that_would_be_too_large(sweep: Path):
    with pytest.raises(UserError, match=r"--cell 4000 makes a picture of \d+ x \d+ pixels"):
        grid(sweep, cell=4000)


def test_a_sheet_of_many_runs_stays_below_its_limit(tmp_path: Path, monkeypatch):
    assert contact.PIXELS == 24e6
    monkeypatch.setattr(contact, "PIXELS", 1.2e6)
    for at in range(30):
        keys = {"pooling": POOLINGS[at % 2], "tv.gamma": float(at // 2)}
        write_run(tmp_path / str(at), color(at % 8), (240, 240), **keys)
    height, width, _ = grid(tmp_path).shape
    assert 0.6e6 < height * width <= 1.2e6


def test_a_picture_stands_on_the_page_pixel_by_pixel(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3)).astype(np.uint8)
    for at in range(2):
        folder = write_run(tmp_path / str(at), None, (120, 80), **{"tv.gamma": float(at)})
        Image.fromarray(noise + np.uint8(at)).save(folder / "result.png")
    page = grid(tmp_path, cell=120)
    assert all(contains(page, noise + np.uint8(at)) for at in range(2))


# --- PDF and SVG --------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("svg", b"<?xml")])
def test_other_formats_are_written_alone_and_once(sweep: Path, form: str, begins: bytes):
    build.write([sweep], format=form)
    file = sweep / f"grid.{form}"
    written = file.read_bytes()
    assert written.startswith(begins)
    assert not (sweep / "grid.png").exists()
    before = file.stat().st_mtime_ns
    build.write([sweep], format=form)
    assert file.stat().st_mtime_ns == before
    file.unlink()
    build.write([sweep], format=form)
    assert file.read_bytes() == written  # no date, no chance
    write_run(sweep / "0", (8, 8, 8), **{"tv.gamma": 1e3})
    build.write([sweep], format=form)
    assert file.read_bytes() != written


def test_an_svg_holds_its_words_as_text_and_each_picture(sweep: Path):
    write_run(sweep / "6", None, pooling="max", status="failed", **{"tv.gamma": 5.0})
    build.write([sweep], format="svg", cell=120)
    root = ElementTree.parse(sweep / "grid.svg").getroot()
    assert root.attrib["viewBox"].split()[:2] == ["0", "0"]
    texts = texts_of(sweep / "grid.svg")
    for word in (
        "TV weight gamma",
        "pooling",
        "avg",
        "max",
        "0",
        "10",
        "1000",
        "missing",
        "failed",
    ):
        assert word in texts
    pictures = [one for one in root.iter() if one.tag.endswith("}image")]
    sizes = [(float(one.attrib["width"]), float(one.attrib["height"])) for one in pictures]
    assert sizes.count((120, 80)) >= 6


def test_the_page_of_a_pdf_has_a_point_for_each_pixel(sweep: Path):
    high, wide, _ = grid(sweep, cell=120).shape
    build.write([sweep], format="pdf", cell=120)
    box = re.search(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", (sweep / "grid.pdf").read_bytes())
    assert box
    assert [float(side) for side in box.groups()] == [wide, high]


def test_a_matplotlibrc_of_the_user_s_is_for_plots(sweep: Path):
    before = grid(sweep)
    (sweep / "grid.png").unlink()
    theirs: Any = {"text.usetex": True, "font.size": 40, "savefig.bbox": "tight"}
    theirs |= {"axes.facecolor": "red", "figure.dpi": 300, "image.interpolation": "bicubic"}
    with rc_context(theirs):
        assert np.array_equal(grid(sweep), before)
        assert rcParams["font.size"] == 40


def test_a_matplotlibrc_that_is_no_text_is_named(sweep: Path):
    (sweep / "matplotlibrc").write_bytes(b"\xff\xfe")
    done = Process(sweep)(".", program=REPORT)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: matplotlib can't read its settings, matplotlibrc (")


# --- Letters ------------------------------------------------------------------------------------


def test_any_letters_are_drawn_and_nothing_is_said(tmp_path: Path):
    """Also where there is no home folder that matplotlib could keep its list of fonts in."""
    names = ("北斎", "Café Müller", "Шишкин", "فن", "🎨", "$x_1$ & <b>", "\ud800\u202e\x07")
    for at, name in enumerate(names):
        write_run(tmp_path / "北斎 é" / str(at), style=name)
    home = {"HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none/matplotlib"}
    notebook = {"MPLBACKEND": "module://none.of.these"}
    in_all_forms = """if True:
        import sys
        from nst.report.__main__ import main
        for form in ("png", "pdf", "svg"):
            sys.argv[1:] = ["北斎 é", "--format", form]
            main()
    """
    done = Process(tmp_path)(
        program=(sys.executable, "-c", in_all_forms),
        env=home | notebook | {"PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = [
        [f"北斎 é/{name}" for name in (f"grid.{form}", "metrics.csv", "index.html")]
        for form in ("png", "pdf", "svg")
    ]
    lines = done.stdout.splitlines()
    assert [lines[at + 1 : at + 4] for at in range(0, len(lines), 4)] == expected
    texts = texts_of(tmp_path / "北斎 é" / "grid.svg")
    for name in ("北斎 é", *names[:-1], "???"):
        assert name in texts


def test_a_letter_comes_from_whichever_font_of_the_machine_has_it(tmp_path: Path):
    """A font that is a square for one letter nobody has, a tenth of it each side left white."""
    made = FontBuilder(1000)
    made.setupGlyphOrder([".notdef", "square"])
    made.setupCharacterMap({0x10ABCD: "square"})
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for at in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(at)
    pen.closePath()
    made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (500, 0), "square": (1000, 100)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "squares.ttf")
    known, caches = list(fontManager.ttflist), (lettering._family, lettering._others)
    for cache in caches:
        cache.cache_clear()
    try:
        fontManager.addfont(tmp_path / "squares.ttf")
        assert lettering.width("\U0010abcd", 50) == 50
        assert lettering.families("a\U0010abcdb")[:2] == ["DejaVu Sans", "Squares"]
        png = render((100, 100), [Text(10, 10, ("\U0010abcd",), 50)], "png")
    finally:
        fontManager.ttflist = known
        for cache in caches:
            cache.cache_clear()
    left, top, right, bottom = box(np.asarray(Image.open(io.BytesIO(png))), (0, 0, 0))
    assert (left, right) == (15, 55)
    assert bottom - top == 40


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("gamma 1e-3", "gamma 1e-3"),
        ("cafe\u0301", "café"),
        ("漢\u202e\x00", "漢??"),
        ("a\n b\t\u3000c", "a b c"),
        ("\ud800", "?"),
    ],
)
def test_what_steers_text_is_replaced(text: str, drawn: str):
    assert lettering.drawable(text) == drawn


def test_widths_are_those_of_the_font():
    """Of DejaVu Sans' 2048 units an em, "i" has 569, "W" 2025 and a space 651."""
    assert lettering.width("W" * 64, 32) == 2025
    assert lettering.width("i i" * 32, 64) == 569 * 2 + 651


def test_text_is_wrapped_and_cut_to_its_room():
    for text in ("conv1_1 to conv5_1 and more", "x" * 10_000, "a " * 5000, "W" * 30):
        lines = lettering.wrapped(text, 100, 13, 3)
        assert 1 <= len(lines) <= 3
        assert all(lettering.width(line, 13) <= 100 for line in lines)
    assert lettering.wrapped("x" * 10_000, 100, 13, 2)[-1].endswith("…")
    assert lettering.wrapped("two words", 500, 13, 2) == ["two words"]
    assert lettering.wrapped("", 100, 13, 2) == []
