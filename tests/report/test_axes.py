import dataclasses
from itertools import product
from typing import Any

import pytest
from fake_runs import as_read

from nst.base.errors import UserError
from nst.report import axes, labels
from nst.report.layout import Cell, arrange
from nst.rundir.runs import Run

BASE = {"alpha": 1.0, "beta": 1e4, "tv.gamma": 0.0, "seed": 0, "pooling": "avg", "style": "night"}


def run(name: str, **changes: Any) -> Run:
    return as_read(name, values=BASE | {k.replace("__", "."): v for k, v in changes.items()})


def some(*changes: dict[str, Any]) -> list[Run]:
    return [run(str(at), **change) for at, change in enumerate(changes)]


def names(cells: list[list[Cell]]) -> list[list[str | None]]:
    return [[cell.run.name if cell.run else None for cell in row] for row in cells]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.5, "0.5"),
        (1e-4, "1e-4"),
        (0.001, "1e-3"),
        (0.01, "0.01"),
        (1e3, "1e3"),
        (1e5, "1e5"),
        (100.0, "100"),
        (1500.0, "1500"),
        (256, "256"),
        (1000, "1000"),
        (-2e3, "-2e3"),
        (1e30, "1e30"),
        (12345.678, "12345.678"),
        (float("inf"), "inf"),
        (10**400, "huge"),
    ],
)
def test_numbers_as_they_are_typed(value: float, text: str):
    assert labels.number(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1e-4, 1e-3, 1e-2, 0.1], ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]),
        ([1e3, 1e4, 1e12], ["10³", "10⁴", "10¹²"]),
        ([0.0, -1e4, 1e4], ["0", "-10⁴", "10⁴"]),
        ([0.0033333, 0.033333], ["3.333×10⁻³", "3.333×10⁻²"]),
        ([1e4, 2.5e4, 1e5], ["1.0×10⁴", "2.5×10⁴", "1.0×10⁵"]),
        ([1e4, 2e4, 1e5], ["10⁴", "2×10⁴", "10⁵"]),
        ([0.5, 0.33333, 10.0], ["0.5", "0.3333", "10"]),
        ([1000, 10_000], ["1000", "10000"]),  # sizes and steps
        ([0.01, 0.1], ["0.01", "0.1"]),
        ([900.0, 1000.0, 1100.0], ["900", "1000", "1100"]),
        ([0.0, 10.0, 100.0, 1000.0], ["0", "10", "100", "1000"]),
    ],
)
def test_numbers_side_by_side_have_one_form(values: list[float], texts: list[str]):
    assert labels.numbers(values, 4) == texts


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ({"conv1_1": 1.0}, "conv1_1"),
        ({"conv1_1": 0.5, "conv2_1": 0.5}, "conv1_1 to conv2_1"),
        ({f"conv{block}_1": 0.2 for block in range(1, 6)}, "conv1_1 to conv5_1"),
        ({f"relu{block}_1": 0.25 for block in range(1, 5)}, "relu1_1 to relu4_1"),
        ({"conv3_1": 0.5, "conv1_1": 0.5}, "conv1_1 conv3_1"),
        ({"conv1_1": 0.8, "conv2_1": 0.2}, "conv1_1 0.8 + conv2_1 0.2"),
        ({"conv1_1": 1.0, "conv2_1": 1.0}, "conv1_1 to conv2_1, 1 each"),
        ({"conv1_1": 1.0, "conv2_1": 0.0}, "conv1_1"),
        ({"conv4_2": 0.5}, "conv4_2 0.5"),
        ({"conv4_2": 0.0}, "none"),
    ],
)
def test_layers_in_short(weights: dict[str, float], text: str):
    assert labels.layers(weights) == text


def test_values_are_ordered_by_size_by_depth_and_as_first_seen():
    deep, both, first = {"conv5_1": 1.0}, {"conv1_1": 0.5, "conv2_1": 0.5}, {"conv1_1": 1.0}
    found = some(
        {"tv__gamma": 1e3, "style__layers": deep, "pooling": "max"},
        {"tv__gamma": 0.0, "style__layers": both, "pooling": "avg"},
        {"tv__gamma": 20.0, "style__layers": first, "pooling": "max"},
    )
    keys = {key.name: key for key in axes.varying(found)}
    assert list(keys) == ["tv.gamma", "pooling", "style.layers"]
    assert keys["tv.gamma"].values == ["0", "20", "1000"]
    assert keys["tv.gamma"].numbers == [0.0, 20.0, 1000.0]
    assert keys["tv.gamma"].of == {"0": "1000", "1": "0", "2": "20"}
    assert keys["tv.gamma"].typed == ["0", "20", "1e3"]
    assert keys["style.layers"].values == ["conv1_1", "conv1_1 to conv2_1", "conv5_1"]
    assert keys["pooling"].values == ["max", "avg"]
    assert keys["pooling"].numbers is None


def test_alpha_and_beta_become_their_ratio():
    (key,) = axes.varying(some({"beta": 1e4}, {"beta": 1e3}, {"alpha": 10.0, "beta": 1e3}))
    assert (key.name, key.values) == ("alpha/beta", ["10⁻⁴", "10⁻³", "10⁻²"])
    assert key.numbers == [1e-4, 1e-3, 1e-2]


@pytest.mark.parametrize(
    "changes",
    [
        [{"alpha": 1.0, "beta": 10.0}, {"alpha": 2.0, "beta": 20.0}],  # one ratio, two pairs
        [{"alpha": 1.0, "beta": 0.0}, {"alpha": 2.0, "beta": 5.0}],  # no ratio
    ],
)
def test_alpha_and_beta_stay_where_their_ratio_does_not_tell(changes: list[dict[str, Any]]):
    assert [key.name for key in axes.varying(some(*changes))] == ["alpha", "beta"]


def test_labels_have_as_few_digits_as_tell_them_apart():
    found = some({"tv__gamma": 0.123456789}, {"tv__gamma": 0.98765}, {"tv__gamma": 1 / 3})
    (key,) = axes.varying(found)
    assert key.values == ["0.1235", "0.3333", "0.9877"]
    (key,) = axes.varying(some({"tv__gamma": 1.00001}, {"tv__gamma": 1.00002}))
    assert key.values == ["1.00001", "1.00002"]


def test_long_texts_are_cut_and_still_differ():
    (key,) = axes.varying(some({"style": "x" * 10_000}, {"style": "x" * 10_001}))
    assert [len(text) for text in key.values] == [200, 204]
    assert key.values[1].endswith("… (2)")


def test_one_key_makes_the_columns():
    layout = arrange(some({"tv__gamma": 1e3}, {"tv__gamma": 0.0}))
    assert layout.rows is None
    assert getattr(layout.cols, "name", None) == "tv.gamma"
    assert names(layout.panels[0].cells) == [["1", "0"]]


def test_of_two_keys_the_numbers_run_from_left_to_right():
    changes = [
        {"tv__gamma": g, "style__layers": {layer: 1.0}}
        for layer in ("conv2_1", "conv1_1")
        for g in (10.0, 0.0)
    ]
    layout = arrange(some(*changes))
    assert getattr(layout.rows, "name", None) == "style.layers"
    assert names(layout.panels[0].cells) == [["3", "2"], ["1", "0"]]


def of_seeds(number: int) -> list[Run]:
    return some(
        *(
            {"seed": seed, "pooling": pooling, "tv__gamma": gamma}
            for seed, pooling, gamma in product(range(number), ("avg", "max"), (0.0, 1.0))
        )
    )


def test_further_keys_make_panels_and_a_seed_is_never_an_axis_then():
    layout = arrange(of_seeds(3))
    assert [panel.heading for panel in layout.panels] == ["seed: 0", "seed: 1", "seed: 2"]
    assert names(layout.panels[1].cells) == [["4", "5"], ["6", "7"]]


def test_of_many_seeds_the_first_is_shown():
    layout = arrange(of_seeds(5))
    assert layout.note == "Shown is seed 0, the first of 5."
    assert names(layout.panels[0].cells) == [["0", "1"], ["2", "3"]]


def test_chosen_axes():
    changes = [{"pooling": p, "tv__gamma": g} for p in ("avg", "max") for g in (0.0, 1.0, 2.0)]
    layout = arrange(some(*changes), rows="tv.gamma")
    assert names(layout.panels[0].cells) == [["0", "3"], ["1", "4"], ["2", "5"]]
    layout = arrange(some({"beta": 1e4}, {"beta": 1e3}), rows="beta")
    assert getattr(layout.rows, "values", None) == ["10³", "10⁴"]
    assert layout.cols is None


@pytest.mark.parametrize(
    ("rows", "cols", "message"),
    [
        (
            "tv.gama",
            None,
            "--rows: there is no key 'tv.gama' (did you mean 'tv.gamma'?); "
            "keys that vary are tv.gamma, pooling",
        ),
        (None, "seed", "--cols: seed is 0 in all runs; keys that vary are tv.gamma, pooling"),
        ("pooling", "pooling", "--rows and --cols are both pooling, but they must be two keys"),
    ],
)
def test_a_key_that_can_t_be_an_axis(rows: str | None, cols: str | None, message: str):
    found = some({"tv__gamma": 1.0, "pooling": "max"}, {})
    with pytest.raises(UserError) as error:
        arrange(found, rows, cols)
    assert str(error.value) == message


def test_a_random_search_becomes_a_plain_sheet_by_style_distance():
    found = some(*({"beta": 10.0 + at, "tv__gamma": 7.0 * at} for at in range(6)))
    for one, distance in zip(found, (0.5, 0.1, None, 0.3, 0.2, 0.4), strict=True):
        one.metrics["style_distance"] = distance
    layout = arrange(found)
    assert layout.wrap
    assert names(layout.panels[0].cells) == [["1", "4", "3", "5", "0", "2"]]
    lines = layout.panels[0].cells[0][0].lines
    assert lines == ("run 1", "alpha/beta = 0.09091", "gamma = 7", "style distance 0.1")


def test_of_runs_with_the_same_values_the_newest_finished_is_shown():
    old, new, failed = some({}, {}, {})
    new = dataclasses.replace(new, started="2026-11-23T10:00:00")
    failed = dataclasses.replace(failed, status="failed", started="2026-11-24T10:00:00")
    ((cell,),) = arrange([old, new, failed]).panels[0].cells
    assert cell == Cell(new, others=2)


def test_five_thousand_runs_of_their_own_values_are_arranged():
    layout = arrange(some(*({"beta": 1.0 + at, "tv__gamma": 0.5 * at} for at in range(5000))))
    assert len(layout.panels[0].cells[0]) == 5000


def test_the_labels_of_a_grid_over_presets_are_the_presets():
    def two(preset: str, pooling: str, alpha: float, **changes: Any) -> dict[str, Any]:
        return {"preset": preset, "pooling": pooling, "alpha": alpha} | changes

    report, johnson = two("report", "avg", 1.0), two("johnson", "max", 5.0)
    both = [run("0", **report), run("1", **johnson)]
    assert [key.name for key in axes.varying(both)] == ["preset"]
    assert axes.varying(both)[0].values == ["report", "johnson"]
    # What differs inside a preset, and what no preset sets, is said as well.
    more = [*both, run("2", **report, style="starry"), run("3", **johnson, style="starry")]
    assert {key.name for key in axes.varying(more)} == {"preset", "style"}
    more = [*both, run("2", **report, tv__gamma=1.0)]
    assert {key.name for key in axes.varying(more)} == {"preset", "tv.gamma"}
    own = [*both, run("2")]  # of no preset
    assert {key.name for key in axes.varying(own)} == {"preset", "pooling", axes.RATIO}
