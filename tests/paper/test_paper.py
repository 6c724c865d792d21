"""The papers' figures: what is run, how it is laid out, what the numbers say."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_runs import contains, write_run
from helpers import TINY, pixels, record
from hydra.core.override_parser.overrides_parser import OverridesParser
from PIL import Image

from nst.base.errors import UserError
from nst.paper import figures, grids, panel, replicates, smoothing, spread, statements, tables
from nst.paper.curves import Point, point, style_ratio
from nst.rundir.reader import read
from nst.rundir.runs import Run
from nst.sources.download import digest

PAPER = (sys.executable, "-m", "nst.paper")
ALL = [grid for of_figure in grids.FIGURES.values() for grid in of_figure]
OF_THE_COMMAND = [grid for grid in ALL if not grid.of_experiment]
#: No server answers there, so that the built-in pictures serve at once.
ALONE = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.mark.parametrize("grid", OF_THE_COMMAND, ids=lambda grid: grid.name)
def test_cells_are_in_the_order_of_hydras_jobs_and_are_valid_runs(grid, compose):
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    parsed = OverridesParser.create().parse_overrides(grid.overrides(128))
    (jobs,) = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    assert len(jobs) == len(grid.cells)
    for job, cell in zip(jobs, grid.cells, strict=True):
        given = dict(one.split("=", 1) for one in job)
        assert [plain(given[key]) for key in grid.swept] == [plain(value) for value in cell]
    for job in (jobs[0], jobs[-1]):
        assert compose(*job).size == (64 if grid.half else 128)


def plain(value: str) -> float | str:
    """Hydra writes 1e3 as 1000.0."""
    return float(value) if re.fullmatch(r"[\d.e]+", value) else value


def test_names_of_grids_are_folders_of_their_own():
    assert len({grid.name for grid in ALL}) == len(ALL)


def test_a_figure_from_its_command_to_its_page_and_again(command, capfd):
    folder = command.folder / "outputs" / "paper" / "64"
    page = folder / "figure8.png"
    tiny = (*TINY, "figures=8", "size=64", "tracking=disabled")

    def histories() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("history.csv")}

    done = command(*tiny, program=PAPER, env=ALONE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "outputs/paper/64/figure8.png"
    runs = [folder / "figure8" / number for number in "01"]
    assert all(contains(pixels(page), pixels(run / "result.png")) for run in runs)
    values = [record(run) for run in runs]
    assert [one["config"]["tv"]["gamma"] for one in values] == [0, 1e3]
    assert all(one["sources"]["style"]["used"] == "night" for one in values)
    before = histories()
    page.write_bytes(b"mine")
    refused = command(*tiny, program=PAPER, env=ALONE)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "figure8.png was changed since nst wrote it: only what nst wrote" in refused.stderr
    assert page.read_bytes() == b"mine"
    page.unlink()
    assert command(*tiny, program=PAPER, env=ALONE).returncode == 0
    assert histories() == before
    assert page.is_file()
    wrong = command(*tiny, "optimizer=adamm", program=PAPER, env=ALONE)
    assert wrong.returncode == 1
    assert "adamm" in capfd.readouterr().err  # the grid has a process of its own
    assert "the grid figure8 ended with status 1" in wrong.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("figures=9",), ["no figure '9'", "1, 4, 7, 8, gatys3, statements"]),
        (("figures=gaty3",), ["did you mean 'gatys3'?"]),
        (("size=big",), ["size must be", "64 to 4096", "'big'"]),
        (("size=32",), ["size must be", "'32'"]),
        (("format=jpg",), ["format must be png, pdf or svg, not 'jpg'"]),
        (("quick",), ["'quick'", "key=value"]),
        (("figures=7", "pooling=max"), ["pooling is what the figures 7 set themselves"]),
        (
            ("figures=losses", "style.statistic=gram"),
            ["style.statistic is what the figures losses"],
        ),
    ],
)
def test_refusals(command, arguments, parts):
    done = command(*arguments, program=PAPER)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: ")
    assert all(part in line for part in parts)
    assert command.files() == []


def test_help(command):
    done = command("-h", program=PAPER)
    assert done.returncode == 0
    assert "gatys3" in done.stdout


# --- Panels -------------------------------------------------------------------------------------


def test_a_panel_shows_pictures_insets_and_crops(tmp_path: Path):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (64, 96, 3)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.new("RGB", (30, 20), (255, 0, 0)).save(tmp_path / "red.png")
    plain = panel.Cell(tmp_path / "a.png")
    inset = panel.Cell(tmp_path / "a.png", "a painting's name", tmp_path / "red.png")
    part = panel.Cell(tmp_path / "a.png", crop=(0.5, 0.25, 0.25))
    figure = panel.Panel("title", [[plain, inset], [part, None]], ["one", "two"], ["a", "b"])
    page = np.asarray(Image.open(io.BytesIO(panel.draw(figure, 96))))
    assert contains(page, picture)
    # A quarter of the width, from its middle on: 24 x 16 pixels, each four times as large.
    assert contains(page, picture[24:40, 48:72].repeat(4, axis=0).repeat(4, axis=1))
    # 28% of the cell: 27 x 18.
    assert contains(page, np.full((18, 27, 3), (255, 0, 0), np.uint8))
    assert panel.draw(figure, 96, "pdf").startswith(b"%PDF-")
    svg = panel.draw(figure, 96, "svg").decode()
    for text in ("title", "two", "A", "name", "C"):
        assert f">{text}</text>" in svg


def test_every_figure_is_laid_out_from_its_runs_and_names_fallbacks(tmp_path: Path):
    for name in grids.FIGURES.keys() - {"statements"}:
        for grid in grids.FIGURES[name]:
            _write(grid, tmp_path)
        for file, page in figures.panels(name, tmp_path).items():
            drawn = Image.open(io.BytesIO(panel.draw(page, 64)))
            assert drawn.width > 128, file
            assert "Fallbacks used: night for starry" in page.notes
            # The fake pictures have one color.
            uneven = [note for note in page.notes if "10 % lies in the busiest tenth" in note]
            assert len(uneven) == (file == "figure8")
    write_run(tmp_path / "figure7" / "1", status="failed", error="no")
    with pytest.raises(UserError, match="figure7/1 is failed, and a figure needs it finished"):
        figures.panels("7", tmp_path)


def _write(grid: grids.Grid, folder: Path) -> None:
    for number in range(len(grid.cells)):
        run = write_run(folder / grid.name / str(number))
        fields = record(run)
        fields["sources"]["style"] |= {"requested": "starry", "fallback": True}
        (run / "run.json").write_text(json.dumps(fields))


# --- Statements ---------------------------------------------------------------------------------


def test_the_ratio_of_two_curves_at_equal_content():
    one = [Point(x, 3 / x) for x in (0.1, 0.4, 0.9)]
    other = [Point(x, 1.5 / x) for x in (0.2, 0.5, 1.8)]
    assert style_ratio(one, other) == pytest.approx(2)
    assert style_ratio(other, one) == pytest.approx(0.5)
    assert style_ratio(one, [Point(1, 1), Point(2, 1)]) is None


def test_a_point_seen_by_max_pooling_is_zero_for_the_style_image_and_one_for_the_content_image(
    tmp_path: Path, picture: Path
):
    painting = tmp_path / "painting.png"
    noise = np.random.default_rng(1).integers(0, 256, (32, 40, 3), np.uint8)
    Image.fromarray(noise).save(painting)
    paths = {"content": picture, "style": painting}
    sources = {
        key: {"used": path.stem, "title": "", "sha256": digest(path, "sha256")}
        for key, path in paths.items()
    }
    sources["network"] = {"used": "vgg16", "title": "", "sha256": "ab"}
    distances = {"content_distance": 0.5, "style_distance": 0.25}
    given = {f"{key}.path": str(path) for key, path in paths.items()}
    places = []
    for key, path in paths.items():
        folder = tmp_path / key
        write_run(folder, None, (40, 32), sources=sources, metrics=distances, **given)
        shutil.copyfile(path, folder / "result.png")
        run = read(folder, key)
        assert isinstance(run, Run)
        assert point(run, "avg") == (0.5, 0.25)
        places.append(point(run, "max"))
    assert [place.style for place in places] == pytest.approx([1, 0])


def test_the_pairs_are_the_units_of_an_interval_and_replicates_count_as_their_mean():
    found = replicates.compared([[0.0, 2.0], [2.0], [3.0, 3.0, 3.0], [7.0]])
    # R: t.test(c(1, 2, 3)) and t.test(c(0, 2)).
    assert found.over == pytest.approx((2, -0.4841377, 4.4841377))
    assert found.pairs[0] == pytest.approx((1, -11.7062047, 13.7062047))
    assert found.pairs[1] == (2, None, None)
    assert found.pairs[2] == (3, 3, 3)
    assert found.confirmed == (7, None, None)
    empty = replicates.compared([[], [1.0], [3.0], []])
    assert empty.pairs[0] is None
    assert empty.over is not None
    assert empty.over.mean == 2
    intervals = [(0.1, 4.0), (-4.0, -0.1), (-1.0, 1.0), (None, None)]
    verdicts = [replicates.verdict(replicates.Estimate(0, *one)) for one in intervals]
    assert verdicts == ["higher", "lower", "open", "open"]
    assert replicates.verdict(None) == "open"
    half = replicates.Estimate(np.log(0.5), np.log(0.25), np.log(1))
    assert tables.ratio(half) == "0.5 (0.25 to 1)"
    assert tables.ratio(replicates.Estimate(np.log(200), None, None)) == "200"
    assert tables.points(replicates.Estimate(0.125, -0.01, 0.26)) == "+12.5 (-1.0 to +26.0)"


def test_the_busiest_squares_and_clipped_pixels():
    # 16 x 16 squares, one gray level apart in each: the 26 busiest of 256 hold their own share.
    even = np.indices((64, 64, 3)).sum(0) % 2 + 100
    assert spread.busiest(even.astype(np.uint8)) == pytest.approx(0.1, abs=0.01)
    corner = np.full((64, 64, 3), 100, np.uint8)
    assert spread.busiest(corner) == 0.1  # nothing varies
    corner[:8, :8] = even[:8, :8]
    assert spread.busiest(corner) == 1
    assert spread.clipped(corner) == 0
    corner[0, :32, 1] = 255
    corner[0, :16, 2] = 0
    assert spread.clipped(corner) == 32 / 64**2


def test_the_statements_come_from_the_runs_and_their_spread(tmp_path: Path, monkeypatch):
    def placed(run: Run, judge: str) -> Point:
        if judge == "avg":
            content, style = run.metrics["content_distance"], run.metrics["style_distance"]
            assert content is not None
            assert style is not None
            return Point(content, style)
        return Point(0.1 if run.values["pooling"] == "avg" else 0.9, 1)  # at different content

    monkeypatch.setattr(statements, "point", placed)
    monkeypatch.setattr(smoothing, "used", lambda run, key: np.zeros((64, 64, 3)))
    for grid in grids.FIGURES["statements"]:
        # Between the pairs the numbers differ by far, and by some in the replicates.
        pair = [one[0] for one in grids.PAIRS].index(grid.shared["content"])
        for job, cell in enumerate(grid.cells):
            given = {**grid.shared, **dict(zip(grid.swept, cell, strict=True))}
            seed, noise = int(given["seed"]), given.get("init") == "noise"
            smooth = "tv.gamma" in given
            style = 10**pair * 1.1**seed * (2 if given.get("pooling") == "max" else 1)
            metrics = {
                "tv": 5.0 * 1.2**pair if smooth else 20.0,
                "style_distance": style * (1.5 if smooth else 1) / (2 if "1e4" in cell else 1),
                "content_distance": (0.8 + pair / 100 if noise else 0.4)
                * (2 if "1e4" in cell and not noise else 1),
                "lpips": 0.7,
            }
            folder = write_run(
                tmp_path / grid.name / str(job),
                metrics=metrics,
                pooling=given.get("pooling", "avg"),
            )
            # The start doesn't count; of noise the check before the last is best, by a fifth.
            totals = (1, 2000, 800 if noise else 1100, 1000)
            rows = [f"{20 * at},0,{total}" for at, total in enumerate(totals)]
            (folder / "history.csv").write_text("\n".join(["step,seconds,total", *rows]) + "\n")
    said = statements.text(tmp_path)
    lines = said.splitlines()
    verdicts = {line.split(" | ")[0][2:]: line for line in lines if " | " in line}
    # Half of max pooling's at each content distance; curves that share none say so.
    pooling = verdicts["Average pooling gives a lower style distance at equal content distance"]
    assert "as avg pooling sees it: yes, 0.5 (0.5 to 0.5), at the whole size 0.5;" in pooling
    assert (
        "as max pooling sees it: open, nothing in common, at the whole size nothing in common |"
        in pooling
    )
    # The mean of 1/4, 1.2/4 and 1.44/4 is 0.3, and log 1.2 the pairs' deviation: R's t.test has
    # 0.3 exp(+- 4.302653 log(1.2) / sqrt(3)).
    tv = verdicts["Total variation smooths without losing style"]
    assert "smoother, 0.3 (0.19 to 0.47), at the whole size 0.25;" in tv
    assert "style distance higher, 1.5 (1.5 to 1.5), at the whole size 1.5;" in tv
    assert "whether the strokes gather is open" in tv
    start = verdicts["Starting from the photograph keeps more content"]
    assert "open, content distance over that from noise: 0.99 (0.96 to 1), at" in start
    best = verdicts["The best of every 20th step is better than the last step"]
    assert "from the photograph: open, in 0 of 54 runs" in best
    assert "from noise: yes, in 9 of 9 runs, by 20.0 % (20.0 % to 20.0 %) on average" in best
    # Three replicates a factor of 1.1 apart from one to the next.
    assert "differ by 10.0 % in style distance from the photograph, and by 10.0 % from" in said
    assert "| neckarfront, starry, whole size | 0.5 |" in said
