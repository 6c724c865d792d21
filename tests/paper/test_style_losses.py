"""The style statistics side by side: the experiment, and what each says of the others' results."""

import sys

import numpy as np
import pytest
import yaml
from helpers import TINY, record

from nst.base.files import conf_dir
from nst.losses.statistics import STATISTICS
from nst.metrics import pictures, style_distance
from nst.paper import grids, judged

PAPER = (sys.executable, "-m", "nst.paper")
#: No server answers there, so that the built-in pictures serve at once.
ALONE = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
EXPERIMENT = yaml.safe_load((conf_dir() / "experiment" / "style_losses.yaml").read_text())
NAMES, BETAS = (
    text.replace(" ", "").split(",") for text in EXPERIMENT["hydra"]["sweeper"]["params"].values()
)


def test_the_experiment_has_a_beta_for_each_statistic(command):
    done = command("-m", "experiment=style_losses", "sweep.plan=true")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["runs", str(len(STATISTICS))]
    assert "0: style.statistic=gram beta=1e4 " in done.stdout
    # A figure finds a run by its number.
    for grid in grids.STYLE_LOSSES:
        assert [name for (name,) in grid.cells] == NAMES


@pytest.mark.slow
def test_the_figure_and_its_matrix_from_their_command(command):
    folder = command.folder / "outputs" / "paper" / "64"
    done = command(
        *TINY, "figures=losses", "size=64", "tracking=disabled", program=PAPER, env=ALONE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "outputs/paper/64/style_losses.md"
    assert (folder / "style_losses.png").is_file()
    betas = dict(zip(NAMES, BETAS, strict=True))
    for grid in grids.STYLE_LOSSES:
        for (name,), run in grids.runs(grid, folder).items():
            config = record(run.folder)["config"]
            assert config["style"]["statistic"] == name
            assert config["beta"] == float(betas[name])
            assert config["optimizer"]["name"] == "lbfgs"
    rows = {
        cells[1]: cells[2:-1]
        for line in (folder / "style_losses.md").read_text().splitlines()
        if len(cells := [cell.strip() for cell in line.split("|")]) == len(STATISTICS) + 3
    }
    assert list(rows)[2:] == [*STATISTICS, "photograph"]
    for at, name in enumerate(STATISTICS):
        assert rows[name][at] == "1"
        assert all(float(number) > 0 for number in rows[name])


def test_a_ratio_is_to_the_judges_own_and_a_geometric_mean_over_pairs():
    names = [*STATISTICS, "photograph"]
    first, second = ({name: np.ones(len(STATISTICS)) for name in names} for _ in range(2))
    gram, moments = (list(STATISTICS).index(name) for name in ("gram", "moments"))
    first["gram"][gram], first["moments"][gram] = 2, 8
    second["gram"][gram], second["moments"][gram] = 3, 3
    second["photograph"][moments], second["moments"][moments] = 50, 2
    found = judged.matrix([first, second])
    assert found["gram"][gram] == pytest.approx(1)
    assert found["moments"][gram] == pytest.approx(2)  # of 4 and 1
    assert found["photograph"][gram] == pytest.approx((1 / 6) ** 0.5)  # of 1/2 and 1/3
    assert found["photograph"][moments] == pytest.approx(5)  # of 1 and 25
    assert found["gram"][moments] == pytest.approx(0.5**0.5)  # of 1 and 1/2
    assert found["moments"][moments] == pytest.approx(1)


def test_gram_judges_as_the_style_distance_does(monkeypatch):
    monkeypatch.setattr(judged, "STATISTICS", {"gram": STATISTICS["gram"]})
    rng = np.random.default_rng(0)
    photograph, result, painting = (rng.integers(0, 256, (32, 40, 3)) // k for k in (1, 2, 3))
    found = judged.distances({"photograph": photograph, "result": result}, painting)
    seen = pictures.Compared(*map(pictures.saved, (result, photograph, painting)))
    assert found["result"][0] / found["photograph"][0] == pytest.approx(
        style_distance.measure(seen), rel=1e-4
    )
    assert judged.distances({"same": painting}, painting)["same"] == pytest.approx(0)
