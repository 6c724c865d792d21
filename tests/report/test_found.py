"""What a report says of a search: its objectives first, the front, the keys that matter."""

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_runs import as_read, record, report, table, write_run
from helpers import Process

from nst.report import axes, build, layout, page_data, reading, search, search_words, track
from nst.report.summary import Key

BOTH = ["metrics/style_distance", "metrics/ssim"]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Twelve runs over two keys, searched by two numbers; one diverged, one has no metric."""
    draw = random.Random(3)
    for number in range(12):
        values = {"beta": 10.0 ** (3 + number % 4), "pooling": ["avg", "max"][number // 6]}
        metrics: dict[str, Any] = {"style_distance": draw.random(), "ssim": draw.random()}
        overrides = [f"beta={values['beta']}", f"pooling={values['pooling']}", "sweep.retry=true"]
        changes: dict[str, Any] = {"metrics": metrics, "overrides": overrides, **values}
        if number == 4:
            metrics |= {"style_distance": 0.0, "ssim": 1.0}  # the best, but for its end
            changes |= {"status": "diverged", "error": "the total loss became NaN"}
        if number == 5:
            metrics["ssim"] = None
        write_run(tmp_path / "s" / str(number), **changes, **{"search.objective": BOTH})
    return tmp_path / "s"


def not_beaten(folder: Path) -> set[str]:
    """Return the finished runs that no other one beats, by their run.json files alone."""
    found = {}
    for path in folder.glob("*/run.json"):
        fields = json.loads(path.read_text())
        one = fields["metrics"]
        if fields["status"] == "finished" and None not in one.values():
            found[path.parent.name] = (one["style_distance"], -one["ssim"])
    return {
        name
        for name, own in found.items()
        if not any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in found.values())
    }


def test_the_objectives_come_first_and_the_front_is_told(sweep: Path):
    done = report(sweep.parent, "s")
    assert (done.returncode, done.stderr) == (0, "")
    header = (sweep / "metrics.csv").read_text().splitlines()[0].split(",")
    assert header[:8] == [
        *("run", "status", "pooling", "alpha/beta"),
        *("style_distance", "ssim", "content_distance", "lpips"),
    ]
    assert len(set(header)) == len(header)
    front = not_beaten(sweep)
    lines = done.stdout.splitlines()
    assert lines[1].startswith(
        f"{len(front)} of 10 finished runs are on the Pareto front of style distance (lower is "
        "better) and SSIM (higher is better)"
    )
    found = reading.runs_in([sweep])[0]
    of = search.of(found, axes.varying(found))
    assert of is not None
    assert {run.name for run in of.front} == front
    numbers = [of.values[run.name][0] or 0 for run in of.front]
    assert numbers == sorted(numbers)
    area = f"the area between it and style distance 1 and SSIM 0, is {of.volume:.3g}: the larger"
    assert area in lines[2]
    assert lines[3] == "How much each key matters takes 20 finished runs to say; there are 10."
    best = of.front[0]
    assert lines[4].startswith(f"best style distance: run {best.name}, style distance 0.")
    beta, pooling = best.values["beta"], best.values["pooling"]
    assert lines[5] == f"  nst beta=1e{math.log10(beta):.0f} pooling={pooling}"


def test_the_page_has_what_was_found_in_its_data(sweep: Path):
    written = build.write([sweep])
    data = page_data.gathered(written)
    assert [one["name"] for one in data["metrics"]][:2] == ["style_distance", "ssim"]
    assert data["found"]["objectives"] == ["metrics.style_distance", "metrics.ssim"]
    names = {written.runs[one].name for one in data["found"]["front"]}
    assert names == not_beaten(sweep)
    assert data["found"]["matters"] == []


def test_wandbs_cells_have_the_objectives_first(sweep: Path):
    written = build.write([sweep])
    cell = track.cells(written).rows[0]
    assert list(cell)[:6] == [
        *("run", "pooling", "alpha/beta", "style_distance", "ssim", "content_distance")
    ]
    assert cell["ssim"] == written.runs[0].metrics["ssim"]


def test_losses_are_objectives_as_well(tmp_path: Path):
    for number, conv in enumerate([3.0, 1.0, 2.0]):
        best = {"step": 20, "total": 9.0, "style": 5.0, "style/conv1_1": conv}
        wanted = ["loss/tv", "best/loss/style/conv1_1", "best/loss/style"]
        changes: dict[str, Any] = {"beta": 10.0**number, "search.objective": wanted}
        where = write_run(tmp_path / str(number), best=best, **changes)
        fields = json.loads((where / "run.json").read_text()) | {"last": {"tv": 7.0}}
        (where / "run.json").write_text(json.dumps(fields))
    written = build.write([tmp_path])
    rows = table(tmp_path)
    assert list(rows[0])[3:6] == ["last/loss/tv", "loss/style/conv1_1", "loss/style"]
    assert [row["loss/style/conv1_1"] for row in rows] == ["3.0", "1.0", "2.0"]
    data = page_data.gathered(written)
    first = [(one["group"], one["name"], one["title"]) for one in data["metrics"]][:3]
    assert first == [
        ("last", "tv", "loss/tv"),
        ("losses", "style/conv1_1", "best/loss/style/conv1_1"),
        ("losses", "style", "best/loss/style"),
    ]
    assert [run["metrics"][:3] for run in data["runs"]] == [[7, 3, 5], [7, 1, 5], [7, 2, 5]]
    # The worst of the runs, where nothing says what reaches nothing.
    assert written.found is not None
    assert written.found.reference == [7, 3, 5]


def test_without_an_objective_nothing_is_said(tmp_path: Path):
    for number in range(2):
        write_run(tmp_path / str(number), beta=10.0**number, metrics={"ssim": 0.5})
    written = build.write([tmp_path])
    assert written.found is None
    data = page_data.gathered(written)
    assert data["found"] is None
    assert data["metrics"][0].keys() == {"group", "name", "title", "better", "meaning"}


def test_a_sheet_of_drawn_runs_is_in_the_order_of_the_objective():
    draw = random.Random(2)
    runs = [
        as_read(
            str(n),
            metrics={"ssim": 0.1 * ssim, "style_distance": draw.random()},
            values={"beta": draw.random(), "tv.gamma": draw.random()},
            objective=("metrics/ssim",),
        )
        for n, ssim in enumerate([3, 9, 1, 7])
    ]
    found = layout.arrange(runs)
    assert found.heading == "All runs, ordered by SSIM, the largest first"
    (panel,) = found.panels
    (cells,) = panel.cells
    assert [cell.run and cell.run.name for cell in cells] == ["1", "3", "0", "2"]
    assert cells[0].lines[-1] == "SSIM 0.9"


def test_a_report_of_no_search_does_not_wait_for_optuna(tmp_path: Path):
    write_run(tmp_path / "0")
    code = "import sys, nst.report.__main__ as r; r.main(); sys.exit('optuna' in sys.modules)"
    done = Process(tmp_path)(".", program=(sys.executable, "-c", code))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("asked", [None, 3, {"a": 1}, [3], "no such", ["best/loss/total"], []])
def test_a_record_may_hold_anything(tmp_path: Path, asked: Any):
    write_run(tmp_path / "0", **{"search.objective": asked, "metrics": {"ssim": 0.5}})
    fields = record(**{"search.objective": ["ssim", asked]}) | {"overrides": {"a": 1}, "last": 3}
    (write_run(tmp_path / "1") / "run.json").write_text(json.dumps(fields | {"metrics": {}}))
    found = build.write([tmp_path]).found
    assert found is not None
    assert [one.name for one in found.objectives] == ["metrics/ssim"]


def test_one_objective_has_a_best_run():
    runs = [
        as_read(str(n), metrics={"ssim": ssim}, objective=("metrics/ssim",), values={"seed": n})
        for n, ssim in enumerate([0.2, 0.9, 0.9, None])
    ]
    found = search.of(runs, axes.varying(runs))
    assert found is not None
    assert [run.name for run in found.front] == ["1", "2"]
    said = "Best of 3 finished runs by SSIM (higher is better): run 1, SSIM 0.9; 1 more is as good."
    assert search_words.result(found) == said
    assert search_words.volume(found) == ""
    assert search_words.lines(found)[:2] == [said, "  nst"]
    unfinished = [as_read("0", status="failed", objective=("metrics/ssim",))]
    nothing = search.of(unfinished, [])
    assert nothing is not None
    assert search_words.lines(nothing) == ["No run finished with SSIM (higher is better)."]


def planted(count: int) -> tuple[list[Any], list[Key]]:
    """Return runs whose style distance pooling decides, and whose SSIM beta does."""
    runs = []
    for n in range(count):
        beta, pooling = 10.0 ** (2 + n % 6), ["avg", "max"][n // 6 % 2]
        metrics = {
            "style_distance": 0.1 + 0.8 * (pooling == "max") + 0.01 * (n % 3),
            "ssim": 1 - 0.1 * (n % 6) + 0.001 * (n % 7),
        }
        values = {"pooling": pooling, "beta": beta, "seed": n % 2, "name": f"{pooling}!"}
        runs.append(as_read(str(n), metrics=metrics, values=values, objective=tuple(BOTH)))
    return runs, axes.varying(runs)


def test_the_key_that_decides_matters_most():
    runs, keys = planted(48)
    found = search.of(runs, keys)
    assert found is not None
    style, ssim = found.importance
    # Keys that go together, as by sweep.zip, are one.
    assert set(style) == {"pooling with name", "beta", "seed"}
    assert next(iter(style)) == "pooling with name"
    assert next(iter(ssim)) == "beta"
    for shares in (style, ssim):
        assert sum(shares.values()) == pytest.approx(1)
    assert search.of(runs, keys) == found  # the same each time
    assert "for style distance pooling with name " in search_words.matters(found)


def test_numbers_that_a_search_drew_do_not_go_together():
    draw = random.Random(1)
    runs = []
    for n in range(40):
        beta, gamma = 10 ** draw.uniform(2, 6), draw.uniform(0, 1e4)
        metrics = {"ssim": math.log10(beta) + gamma / 1e6}
        values = {"beta": beta, "tv.gamma": gamma, "pooling": draw.choice(["avg", "max"])}
        runs.append(as_read(str(n), metrics=metrics, values=values, objective=("metrics/ssim",)))
    found = search.of(runs, axes.varying(runs))
    assert found is not None
    assert next(iter(found.importance[0])) == "beta"
    assert set(found.importance[0]) == {"beta", "tv.gamma", "pooling"}


def test_what_can_not_matter():
    runs, keys = planted(48)
    few = search.of(runs[:12], keys)
    assert few is not None
    assert few.importance == [{}, {}]
    assert "takes 20 finished runs to say; there are 12" in search_words.told(few)
    alone_in_it = search.of(runs, [key for key in keys if key.name == "beta"])
    assert alone_in_it is not None
    assert alone_in_it.importance == [{}, {}]


def test_distances_to_several_pictures_carry_a_warning():
    runs = [
        as_read(str(n), metrics={"style_distance": 0.5, "ssim": 0.5}, values={"style": style})
        for n, style in enumerate(["night", "starry"])
    ]
    for wanted, said in (
        (BOTH, "The runs have several style pictures, and style distance compares within one"),
        (["metrics/ssim"], ""),
    ):
        changed = [as_read(**vars(run) | {"objective": tuple(wanted)}) for run in runs]
        found = search.of(changed, axes.varying(changed))
        assert found is not None
        assert search_words.pairs(found).startswith(said)
        assert bool(search_words.pairs(found)) == bool(said)
