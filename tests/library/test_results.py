"""nst.grid and nst.load: several runs, chosen from and shown."""

from pathlib import Path

import numpy as np
import pytest
from fake_runs import write_run
from PIL import Image
from test_transfer import SETTINGS

import nst

#: Style and content distance, SSIM: the first three are on the front of the distances.
MEASURED = {
    "0": (0.1, 0.9, 0.5),
    "1": (0.4, 0.4, 0.9),
    "2": (0.8, 0.2, 0.1),
    "3": (0.5, 0.5, 0.7),
    "4": (0.8, 0.3, None),
}


@pytest.fixture
def loaded(tmp_path: Path) -> nst.Results:
    for name, (style, content, ssim) in MEASURED.items():
        metrics = {"style_distance": style, "content_distance": content, "ssim": ssim}
        changes = {"tv.gamma": 10.0 ** int(name), "style": "night" if int(name) % 2 else "starry"}
        write_run(tmp_path / "runs" / name, metrics=metrics, **changes)
    return nst.load(tmp_path / "runs")


def names(results: nst.Results) -> list[str]:
    return [one.name for one in results]


def test_the_runs_of_a_folder(loaded: nst.Results):
    assert names(loaded) == list(MEASURED)
    assert names(loaded[1:3]) == ["1", "2"]
    assert loaded[0].metrics["content_distance"] == 0.9
    assert loaded[0].picture[0, 0].tolist() == [200, 30, 60]
    assert repr(loaded) == "<nst.Results: 5 runs over tv.gamma, style>"


def test_the_best_and_the_front(loaded: nst.Results):
    assert loaded.best("style_distance").name == "0"
    assert loaded.best("ssim").name == "1"  # of which more is better
    assert names(loaded.pareto()) == ["0", "1", "2"]
    assert names(loaded.pareto("style_distance", "ssim")) == ["0", "1"]


def test_some_of_them(loaded: nst.Results):
    assert names(loaded.filter(style="starry")) == ["0", "2", "4"]
    assert names(loaded.filter(**{"tv.gamma": 100})) == ["2"]
    assert names(loaded.filter(**{"tv.gamma": [1e0, 1e3]})) == ["0", "3"]
    assert names(loaded.filter(lambda one: one.metrics["style_distance"] < 0.5)) == ["0", "1"]
    assert names(loaded.filter(style="scream")) == []


def test_as_a_table(loaded: nst.Results):
    pytest.importorskip("pandas")
    table = loaded.to_pandas()
    assert table["tv.gamma"].tolist() == [1, 10, 100, 1e3, 1e4]
    assert table["style_distance"].tolist() == [one[0] for one in MEASURED.values()]
    assert table["loss/total"].tolist() == [5.5] * 5
    # Of runs that agree in a key it is still a column.
    assert loaded.filter(style="starry").to_pandas()["style"].tolist() == ["starry"] * 3


def test_what_can_not_be_asked(loaded: nst.Results, tmp_path: Path):
    for asked, said in (
        (lambda: loaded.best("total"), "there is no metric 'total', or neither"),
        (lambda: loaded.best("ssmi"), "did you mean 'ssim'?"),
        (lambda: loaded.best("lpips"), "none of the 5 finished runs has a lpips"),
        (lambda: loaded.filter(gamma=3), "no run has a key 'gamma' (did you mean 'tv.gamma'?)"),
        (lambda: loaded.show(rows="gamma"), "--rows: there is no key 'gamma'"),
        (lambda: loaded[:0].show(), "there are no runs to show"),
        (lambda: nst.load(tmp_path / "nope"), "does not exist, but must be a folder with runs"),
        (lambda: nst.grid({"beta": 3}), "beta must have a list of values, [3], not 3"),
        (lambda: nst.grid({"beta": []}), "beta has no values, but needs one at least"),
        (lambda: nst.grid({"beta": [1, -2]}), "beta=-2: beta must be a number at least 0"),
    ):
        with pytest.raises(nst.UserError) as refused:
            asked()
        assert said in str(refused.value)


def test_a_grid_is_its_runs(picture: Path, tmp_path: Path):
    array = np.asarray(Image.open(picture))
    values = {"style": ["night", array], "beta": [1e3, 1e5]}
    found = nst.grid(values, content=picture, folder=tmp_path / "grid", **SETTINGS)
    assert [one.values["beta"] for one in found] == [1e3, 1e5, 1e3, 1e5]
    alone = nst.transfer(picture, array, beta=1e5, **SETTINGS)
    np.testing.assert_array_equal(found[3].picture, alone.picture)
    before = (tmp_path / "grid" / "3" / "run.json").stat().st_mtime_ns
    nst.grid(values, content=picture, folder=tmp_path / "grid", **SETTINGS)
    assert (tmp_path / "grid" / "3" / "run.json").stat().st_mtime_ns == before
    assert names(nst.load(tmp_path / "grid")) == ["0", "1", "2", "3"]


def test_the_grid_shows_pictures_that_no_file_holds():
    style = np.full((64, 64, 3), [250, 10, 250], np.uint8)
    style[::8] = 0
    styles = ["night", style]
    found = nst.grid({"style": styles, "beta": [0, 1]}, content="coffee", **SETTINGS)
    shown = np.asarray(found.show().convert("RGB"), np.int16)
    near = np.abs(shown - [250, 10, 250]).max(-1) < 60
    assert near.sum() > 500
    assert (found._repr_jpeg_() or b"")[:2] == b"\xff\xd8"


def test_a_picture_of_the_grid_wins_over_the_shared_one(picture: Path, tmp_path: Path):
    contents = {"content": ["coffee", np.full((32, 40, 3), 90, np.uint8), picture]}
    found = nst.grid(contents, content=picture, style="night", folder=tmp_path / "grid", **SETTINGS)
    assert [one.values["content"] for one in found][::2] == ["coffee", "blocks"]
    assert str(found[1].values["content"]).startswith("array-")


def test_a_run_that_fails_costs_no_other(picture: Path):
    found = nst.grid({"optimizer.lr": [1, 1e9]}, content=picture, **SETTINGS)
    assert [one.status for one in found] == ["finished", "diverged"]
    assert "diverged" in repr(found[1])
