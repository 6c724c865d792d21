"""Which run a report recommends, by runs whose front is told by hand."""

import random
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fake_runs import as_read

from nst.report import axes, compared, effects, recommended, search
from nst.report.summary import Report
from nst.rundir.runs import Run

# Style and content distance: a front of four with its knee at 1, and a run that all but 3 beat.
POINTS = [(0.9, 0.0), (0.2, 0.2), (0.1, 0.5), (0.0, 1.0), (0.95, 0.9)]


def advice(runs: list[Run]) -> dict[str, Any] | None:
    keys = axes.varying(runs)
    report = Report("A sweep", Path(), runs, [], keys, {}, [], [], found=search.of(runs, keys))
    metrics = compared.by(report)
    return recommended.of(report, metrics, effects.of(report, metrics))


def a_run(at: int, values: dict[str, Any], style: float, content: float, **more: Any) -> Run:
    metrics = {"style_distance": style, "content_distance": content}
    return as_read(str(at), values=values, metrics=metrics, **more)


@pytest.fixture
def runs() -> list[Run]:
    return [
        a_run(at, {"beta": 10.0 ** (at + 1), "pooling": ["avg", "max"][at // 2 % 2]}, *point)
        for at, point in enumerate(POINTS)
    ]


def test_the_knee_and_its_neighbors_told_by_their_settings(runs: list[Run]):
    found = advice(runs)
    assert found is not None
    assert found["by"] == ["metrics.style_distance", "metrics.content_distance"]
    (group,) = found["groups"]
    assert (group["title"], group["same"], group["of"]) == ("", [], 5)
    assert [(one["run"], one["role"]) for one in group["picks"]] == [
        (1, ""),
        (2, "more style"),
        (0, "closer to the photograph"),
    ]
    assert [one["words"] for one in group["picks"]] == [
        "style weight beta 10², pooling avg",
        "style weight beta 10³, pooling max",
        "style weight beta 10¹",
    ]
    assert group["why"].startswith("Best balance of style distance 0.2 and content distance 0.2:")


def test_what_did_not_finish_is_not_recommended(runs: list[Run]):
    runs[1] = replace(runs[1], status="diverged")
    found = advice(runs)
    assert found is not None
    assert found["groups"][0]["picks"][0]["run"] == 2
    assert advice([replace(run, status="failed") for run in runs]) is None
    assert advice([replace(run, metrics={}) for run in runs]) is None


def test_equal_runs_are_told(runs: list[Run]):
    # The same to three digits, though beaten by a millionth; and one with the same picture.
    runs.append(a_run(5, {"beta": 1e9, "pooling": "avg"}, 0.200001, 0.200001))
    runs.append(a_run(6, {"beta": 1e10, "pooling": "avg"}, 0.5, 0.5, same_as="../1"))
    runs[6] = replace(runs[6], folder=Path("6"), same_as="../1")
    found = advice(runs)
    assert found is not None
    assert found["groups"][0]["same"] == [
        {"run": 5, "words": "style weight beta 10⁹"},
        {"run": 6, "words": "style weight beta 10¹⁰"},
    ]


def test_each_photograph_has_its_own():
    runs: list[Run] = []
    for name, at in product(["chelsea", "coffee"], range(5)):
        style, content = POINTS[at if name == "chelsea" else (at + 1) % 5]
        values = {"content": name, "beta": 10.0**at}
        runs.append(a_run(len(runs), values, style, content))
    found = advice(runs)
    assert found is not None
    assert [one["title"] for one in found["groups"]] == ["chelsea", "coffee"]
    assert [one["picks"][0]["run"] for one in found["groups"]] == [1, 5]
    assert [one["picks"][0]["words"] for one in found["groups"]] == [
        "style weight beta 10¹",
        "style weight beta 10⁰",
    ]


def test_one_objective_has_its_best_and_the_next(runs: list[Run]):
    wanted = [
        replace(run, objective=("metrics/style_distance",), metrics={"style_distance": at / 10})
        for at, run in enumerate(runs)
    ]
    found = advice(wanted)
    assert found is not None
    (group,) = found["groups"]
    assert group["why"] == "The lowest style distance of 5 runs: 0. The next has 0.1."
    assert [(one["run"], one["role"]) for one in group["picks"]] == [(0, ""), (1, "the next best")]


def test_the_clearest_settings_are_told_beside_it():
    # avg has the lower style distance in each pair, and neither is better in content distance.
    runs = [
        a_run(
            at,
            {"pooling": pooling, "beta": beta},
            beta / 1e6 + 0.1 * (pooling == "max") + beta * (pooling == "max") / 1e8,
            beta / 1e6 + 0.01 * (-1) ** at,
        )
        for at, (pooling, beta) in enumerate(product(["avg", "max"], [1e4, 2e4, 3e4, 4e4]))
    ]
    found = advice(runs)
    assert found is not None
    assert found["lines"][0] == (
        "pooling: avg beats max in style distance in 4 of 4 pairs, by 0.100 (0.100 to 0.100); "
        "no clear difference in content distance"
    )


def test_a_preset_that_sets_the_size_keeps_its_runs_apart():
    runs = [
        a_run(at, {"preset": preset, "size": size, "beta": beta}, *POINTS[at % 3])
        for at, ((preset, size), beta) in enumerate(
            product([("report", 64), ("keras", 128)], [1e3, 1e4, 1e5])
        )
    ]
    found = advice(runs)
    assert found is not None
    assert [one["title"] for one in found["groups"]] == ["size in pixels 64", "size in pixels 128"]
    assert [one["picks"][0]["run"] for one in found["groups"]] == [1, 4]


def test_a_search_that_pairs_no_runs_says_which_key_matters_most():
    draw = random.Random(0)
    runs = []
    for at in range(24):
        beta = draw.random()
        values = {"beta": beta, "tv.gamma": draw.random()}
        wanted = ("metrics/style_distance", "metrics/content_distance")
        runs.append(a_run(at, values, 1 - beta, beta, objective=wanted))
    found = advice(runs)
    assert found is not None
    (line,) = found["lines"]
    assert line.startswith("style weight beta: matters most for style distance (")
    assert "and content distance (" in line
