"""What a report says of its settings: within blocks, in words, where they compare."""

import json
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_runs import as_read

from nst.metrics.effects import Difference, Effect, effect
from nst.report import axes, compared, effect_words, effects
from nst.report.summary import Report
from nst.rundir.runs import Run

MINUS = "\u2212"
POOLINGS, BETAS = ["avg", "max"], [1e3, 1e4, 1e5]


def a_report(runs: list[Run]) -> Report:
    keys = axes.varying(runs)
    return Report("A sweep", Path(), runs, [], keys, {}, [], [])


def found(runs: list[Run]) -> dict[str, Any]:
    report = a_report(runs)
    return effects.of(report, compared.by(report))


def ssim_of(runs: list[Run], title: str) -> dict[str, Any]:
    (one,) = (one for one in found(runs)["factors"] if one["title"] == title)
    return one["of"][0]


def grid(keys: dict[str, Sequence[Any]], ssim: Any) -> list[Run]:
    """Return a run for each combination of values, `ssim` a function of them."""
    return [
        as_read(
            str(at),
            values=dict(zip(keys, values, strict=True)),
            metrics={"ssim": ssim(*values)},
            steps_s=None,
            s_per_step=None,
        )
        for at, values in enumerate(product(*keys.values()))
    ]


def test_a_difference_is_taken_within_blocks_and_told():
    def ssim(pooling: str, beta: float) -> float:
        # The spread over beta is ten times the step from avg to max.
        return {1e3: 0.1, 1e4: 0.5, 1e5: 0.9}[beta] + (pooling == "max") * (0.05 + beta * 1e-7)

    runs = grid({"pooling": POOLINGS, "beta": BETAS}, ssim)
    one = ssim_of(runs, "pooling")
    # Differences 0.0501, 0.051 and 0.06: mean 0.0537, deviation 0.005476, and 4.3027 (t of two
    # degrees of freedom at 0.975) times its 3 ** -0.5th part is 0.0136.
    ((level, pairs, mean, low, high, above, below),) = one["differences"]
    assert (level, pairs, above, below) == (1, 3, 3, 0)
    assert (mean, low, high) == pytest.approx((0.0537, 0.0401, 0.0673), abs=1e-4)
    assert (one["blocks"], one["complete"]) == (3, 3)
    assert (
        one["headline"]
        == "max is better than avg in SSIM in 3 of 3 pairs, by 0.054 (0.040 to 0.067)"
    )
    beta = ssim_of(runs, "style weight beta")
    assert [row[:2] for row in beta["differences"]] == [[1, 2], [2, 2]]
    assert beta["headline"].startswith(
        "10⁵ is the best of 3 in SSIM and 10³ the worst: better in 2"
    )


def test_a_run_that_did_not_finish_leaves_its_block_out():
    runs = grid({"pooling": POOLINGS, "beta": BETAS}, lambda pooling, beta: float(pooling == "max"))
    runs[1] = as_read("1", values=runs[1].values, status="diverged", metrics={"ssim": 99.0})
    one = ssim_of(runs, "pooling")
    assert (one["blocks"], one["complete"], one["differences"][0][:3]) == (3, 2, [1, 2, 1.0])


def test_keys_that_go_together_are_one_and_a_key_decided_by_another_makes_no_blocks():
    together = [
        as_read(str(at), values={"pooling": p, "init": i, "beta": b}, metrics={"ssim": at / 9})
        for at, ((p, i), b) in enumerate(product([("avg", "noise"), ("max", "content")], BETAS))
    ]
    titles = [one["title"] for one in found(together)["factors"]]
    assert any(" with " in title and "pooling" in title for title in titles)
    decided = [
        as_read(str(at), values={"network": n, "pooling": p, "beta": b}, metrics={"ssim": at / 9})
        for at, ((n, p), b) in enumerate(product([("a", "avg"), ("b", "avg"), ("c", "max")], BETAS))
    ]
    network = found(decided)["factors"][0]
    assert (network["title"], network["along"]) == ("network", ["pooling"])
    assert network["of"][0]["complete"] == 3


def test_nothing_is_compared_across_photographs_but_within_them_is():
    contents = ["chelsea", "coffee"]
    runs = grid(
        {"content": contents, "pooling": POOLINGS},
        lambda content, pooling: contents.index(content) * 0.5 + (pooling == "max") * 0.1,
    )
    content = ssim_of(runs, "content")
    assert content["why"] == "The SSIM of one content image does not compare with that of another."
    pooling = ssim_of(runs, "pooling")
    assert pooling["differences"][0][:3] == [1, 2, 0.1]
    assert found(runs)["within"][0] == [0]  # the place of the key content
    assert found(runs)["pairs"] == []
    styles = [
        as_read(str(at), values={"style": name}, metrics={"ssim": 0.1, "style_distance": at * 1.0})
        for at, name in enumerate(["night", "other"])
    ]
    by_name = dict(
        zip(
            [one["name"] for one in compared.by(a_report(styles))],
            found(styles)["factors"][0]["of"],
            strict=True,
        )
    )
    assert "style image" in by_name["style_distance"]["why"]
    assert "why" not in by_name["ssim"]  # it looks at the photograph alone


def test_a_loss_is_not_compared_where_it_is_another_sum():
    runs = [
        as_read(str(at), values={"pooling": p, "beta": b}, losses={"style": at + 1.0})
        for at, (p, b) in enumerate(product(POOLINGS, BETAS))
    ]
    report = a_report(runs)
    place = [one["name"] for one in compared.by(report)].index("style")
    pooling, beta = found(runs)["factors"]
    assert "a different sum for each pooling" in pooling["of"][place]["why"]
    assert beta["of"][place]["complete"] == 2


def test_a_preset_that_sets_the_size_compares_no_metric():
    runs = [
        as_read(str(at), values={"preset": p, "size": s, "seed": seed}, metrics={"ssim": 0.5})
        for at, ((p, s), seed) in enumerate(product([("report", 64), ("keras", 128)], [0, 1]))
    ]
    assert [key.name for key in axes.varying(runs)] == ["preset", "seed"]
    assert ssim_of(runs, "preset")["why"] == (
        "The SSIM of one size does not compare with that of another."
    )


def test_the_interaction_is_told_by_the_step_that_it_changes():
    steps = {1e3: 0.05, 1e4: 0.05, 1e5: 0.2}
    runs = grid(
        {"pooling": POOLINGS, "beta": BETAS}, lambda pooling, beta: (pooling == "max") * steps[beta]
    )
    (pair,) = found(runs)["pairs"]
    assert pair["of"] == [0, 1]
    assert pair["by"][0]["words"] == (
        "From avg to max, SSIM changes by +0.05 at style weight beta 10³ and by +0.20 at 10⁵."
    )


def made(*values: float, better: str = "higher", labels: tuple[str, ...] = ("avg", "max")) -> str:
    """Return the headline of blocks by values, listed block by block."""
    count = len(labels)
    levels = np.tile(np.arange(count), len(values) // count)
    blocks = np.repeat(np.arange(len(values) // count), count)
    one = effect(levels, blocks, np.array(values), count)
    return effect_words.headline(one, "SSIM", better, list(labels))


def test_headlines():
    assert made(0, 1) == "max is better than avg in SSIM in the only pair, by 1.00"
    assert made(0, 1, better="lower").startswith("avg is better than max in SSIM in the only pair")
    assert made(2, 2, 3, 3) == "avg and max do not differ in SSIM, in 2 pairs"
    assert made(0, 0.1, 0, -0.08) == (
        f"No clear difference in SSIM: max leads avg by 0.01 ({MINUS}1.13 to 1.15), in 2 pairs"
    )
    # 0.10 and 0.12: mean 0.11, error 0.01, 12.706 degrees.
    assert made(0.5, 0.4, 0.5, 0.38, better="lower").startswith(
        f"No clear difference in SSIM: max leads avg by 0.11 ({MINUS}0.02 to 0.24)"
    )
    assert made(1, 2, 1, 2.001, better="") == (
        "max is higher than avg in SSIM in 2 of 2 pairs, by 1.00 (0.99 to 1.01)"
    )
    nothing = Effect(3, 0, [None, None], [], None, False)
    assert effect_words.headline(nothing, "SSIM", "higher", ["avg", "max"]) == ""


def test_figures_have_the_decimals_that_their_interval_allows():
    assert effect_words.figures(0.12, 0.1, 0.14, half=0.04) == ["0.12", "0.10", "0.14"]
    assert effect_words.figures(0.1234, 0.1104, 0.1364, half=0.013) == ["0.123", "0.110", "0.136"]
    assert effect_words.figures(12345.0, 12000, 12700, half=360) == ["12300", "12000", "12700"]
    assert effect_words.figures(-0.001) == [f"{MINUS}0.00100"]
    assert effect_words.figures(2.5e7) == ["2.5e7"]
    assert effect_words.figures(0.0) == ["0"]


def test_clearly_better_in_both_is_one_line():
    one = Effect(4, 4, [0, 1], [], Difference(1, 0, 4, 1.0, 0.9, 1.1, 4, 0), False)
    up, down = effect_words.duel(one, "higher"), effect_words.duel(one, "lower")
    assert up is not None
    assert down is not None
    assert (up.winner, up.wins, down.winner, down.wins) == (1, 4, 0, 4)
    said = effect_words.line(["avg", "max"], [("SSIM", one, up), ("LPIPS", one, up)])
    assert said == "max beats avg in SSIM in 4 of 4 pairs and in LPIPS in 4 of 4"
    said = effect_words.line(["avg", "max"], [("SSIM", one, up), ("LPIPS", one, down)])
    assert said == "max beats avg in SSIM in 4 of 4 pairs, avg beats max in LPIPS in 4 of 4"


def test_five_thousand_runs_and_eight_metrics_are_quick():
    draw = np.random.default_rng(0)
    keys = {"pooling": POOLINGS, "beta": range(25), "tv.gamma": range(20), "steps": range(5)}
    names = ["style_distance", "content_distance", "ssim", "lpips", "tv", "color_distance"]
    runs = [
        as_read(
            str(at),
            values=dict(zip(keys, values, strict=True)),
            metrics=dict(zip(names, draw.random(6).tolist(), strict=True)),
        )
        for at, values in enumerate(product(*keys.values()))
    ]
    assert len(runs) == 5000
    report = a_report(runs)
    metrics = compared.by(report)
    start = time.perf_counter()
    text = json.dumps(effects.of(report, metrics))
    assert time.perf_counter() - start < 3
    assert len(text) < 300_000
