"""The numbers, words and sizes of letters on a contact sheet."""

from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_runs import report, write_run
from helpers import pixels

COLORS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40)]


def texts_of(svg: Path) -> list[str]:
    return [one.text or "" for one in ElementTree.parse(svg).iter() if one.tag.endswith("}text")]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two poolings by two betas; the last and best one diverged."""
    distances = (0.6, 0.0263, 0.12, 0.01)
    for at, (pooling, beta) in enumerate(product(("avg", "max"), (1e3, 1e4))):
        write_run(
            tmp_path / str(at),
            COLORS[at],
            pooling=pooling,
            beta=beta,
            metrics={"style_distance": distances[at], "ssim": 1 - distances[at]},
            status="diverged" if at == 3 else "finished",
        )
    return tmp_path


def test_a_number_stands_below_each_picture_in_one_format(sweep: Path):
    done = report(sweep, ".", "--metric", "style_distance", "--format", "svg")
    assert done.returncode == 0
    texts = texts_of(sweep / "grid.svg")
    expected = ["0.0263 best", "0.6000", "0.0100", "0.1200"]  # of 10⁻⁴ and 10⁻³, avg and max
    assert [one for one in texts if one in expected] == expected
    said = "Below each picture: style distance, lower is better; the best has a frame."
    assert said in " ".join(texts)


def test_the_best_finished_run_has_a_frame(sweep: Path):
    assert report(sweep, ".", "--metric", "ssim", "--cell", "120").returncode == 0
    page = pixels(sweep / "grid.png")

    def framed(color: tuple[int, int, int]) -> bool:
        ys, xs = np.nonzero((page == np.array(color)).all(axis=-1))
        above = page[ys.min() - 1, xs.min() : xs.max()]
        return bool((above == 0).all())

    assert [framed(color) for color in COLORS] == [False, True, False, False]


def test_pictures_of_several_photographs_have_a_best_one_each(tmp_path: Path):
    for at, (content, gamma) in enumerate(product(("astronaut", "rocket"), (0.0, 10.0))):
        of_run = {"content": content, "tv.gamma": gamma, "metrics": {"lpips": 0.1 * (at + 1)}}
        write_run(tmp_path / str(at), COLORS[at], **of_run)
    assert report(tmp_path, ".", "--metric", "lpips", "--format", "svg").returncode == 0
    texts = texts_of(tmp_path / "grid.svg")
    assert "0.100 best" in texts
    assert "0.300 best" in texts


def test_a_bare_sheet_has_neither_title_nor_settings(sweep: Path):
    assert report(sweep, ".", "--format", "svg").returncode == 0
    whole = " ".join(texts_of(sweep / "grid.svg"))
    assert sweep.name in whole
    assert "4 runs (3 finished, 1 diverged)" in whole
    assert report(sweep, ".", "--format", "svg", "--bare").returncode == 0
    bare = " ".join(texts_of(sweep / "grid.svg"))
    assert sweep.name not in bare
    assert "4 runs" not in bare
    assert "10⁻³" in bare


@pytest.mark.parametrize("cell", ["24", "48", "512"])
def test_nothing_is_cut_at_any_size(tmp_path: Path, cell: str):
    for at, (style, gamma) in enumerate(
        product(("starry", "a long name of a painting"), (0.0, 0.33333))
    ):
        numbers = {"style_distance": 0.1234 * (at + 1)}
        write_run(
            tmp_path / str(at),
            COLORS[at],
            (40, 60),
            metrics=numbers,
            style=style,
            **{"tv.gamma": gamma},
        )
    options = ("--cell", cell, "--format", "svg", "--metric", "style_distance")
    assert report(tmp_path, ".", "--rows", "style", *options).returncode == 0
    texts = texts_of(tmp_path / "grid.svg")
    assert not [one for one in texts if "…" in one]
    whole = " ".join(texts)
    for words in ("TV weight gamma", "0.3333", "a long name of a painting", "0.494"):
        assert words in whole


def test_a_metric_that_no_run_has_is_named(sweep: Path):
    done = report(sweep, ".", "--metric", "style_distanec")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: --metric: runs log no 'style_distanec' (did you mean")
