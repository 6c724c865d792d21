"""The commands that go on from a run: as typed, again, larger, with finer settings."""

import itertools
import shlex
import subprocess
from pathlib import Path

import pytest
from fake_runs import as_read

from nst.report import axes, compared, matters
from nst.report.command import again, alone, refinable
from nst.report.summary import Report


@pytest.mark.parametrize(
    ("overrides", "command"),
    [
        (["beta=1000.0", "tv.gamma=0.0", "steps=40"], "nst beta=1e3 tv.gamma=0 steps=40"),
        (["beta=1e3", "search.objective=[ssim]", "sweep.zip=[a,b]"], "nst beta=1e3"),
        (["+hydra.verbose=true", "style=night"], "nst style=night"),
        (["name=10.0", "style.layers={conv1_1: 1}"], "nst name=10.0 'style.layers={conv1_1: 1}'"),
        (["content.path=it's here.jpg"], """nst 'content.path=it'"'"'s here.jpg'"""),
        ([], "nst"),
        (["style=array-1234abcd"], None),  # a picture that a program held
        (["style.layers={" + 1000 * "x"], None),
    ],
)
def test_the_command_of_a_run(overrides: list[str], command: str | None):
    values = {"beta": 1e3, "tv.gamma": 0.0, "steps": 40, "name": "10.0"}
    said = alone(as_read(values=values, overrides=tuple(overrides)))
    assert said == command
    if said and "=" in said:
        assert set(shlex.split(said)[1:]) <= {*overrides, "beta=1e3", "tv.gamma=0"}


def test_a_run_is_run_again_by_its_path_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    values = {"beta": 1e3, "tv.gamma": 0.0, "style.layers": {"conv1_1": 1.0}}
    run = as_read(folder=tmp_path / "it's my sweep" / "3", values=values)
    found = again(run, ["style.layers", "tv.gamma", "beta", "alpha"])
    assert found == {
        "path": """~/'it'"'"'s my sweep/3'""",
        "larger": "size=1024 --same-look",
        "refine": "tv.gamma beta",
    }
    shown = subprocess.run(f"echo {found['path']}", shell=True, capture_output=True, text=True)
    assert shown.stdout == f"{run.folder}\n"
    large = as_read(values=values, width=1200, height=1600)
    assert again(large, [])["larger"] == "size=3200 --same-look"
    assert again(large, [])["refine"] == ""
    assert again(as_read(status="diverged", values=values), [])["larger"] == ""


def test_a_record_that_no_command_can_run_again_says_why():
    held = as_read(overrides=("style=array-1234abcd",))
    assert "a program held one of its pictures" in again(held, [])["why"]
    later = as_read(values={"beta": 1e3, "tv.shape": "round"})
    assert again(later, []) == {
        "why": "its record has tv.shape, which another version of nst knows"
    }


def test_the_keys_that_matter_most_come_first():
    runs = [
        as_read(
            str(at),
            values={"alpha": 1.0, "beta": beta, "pooling": pooling, "tv.gamma": gamma},
            metrics={"style_distance": 1e-6 * beta + 1e-4 * gamma},
        )
        for at, (pooling, gamma, beta) in enumerate(
            itertools.product(("avg", "max"), (0.0, 100.0), (1e3, 1e4, 1e5))
        )
    ]
    report = Report("", Path(), runs, [], axes.varying(runs), {}, [], [])
    order = matters.ordered(report, compared.by(report)[:1])
    assert [key.name for key in order] == ["alpha/beta", "tv.gamma", "pooling"]
    assert [name for key in order for name in refinable(key, runs)] == ["beta", "tv.gamma"]
