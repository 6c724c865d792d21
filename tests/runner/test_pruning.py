"""Runs that are ended early: by whose rule, at which steps, and what is left of them."""

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import QUIET, SHALLOW, Command, record, refusal

from nst.base.errors import UserError
from nst.config.pruning import rungs
from nst.config.schema import Config
from nst.engine import loop
from nst.metrics.objective import Objective
from nst.metrics.ranking import ahead
from nst.multirun.early_terminate import early_terminate
from nst.runner import grid
from nst.runner.job import Job, Place
from nst.runner.pruner import FILE, why_pruned

Compose = Callable[..., Config]


@dataclass
class Recorded:
    """A run of which only a history exists."""

    config: Config
    place: Place
    rows: list[dict[str, float]]

    def reached(self, objectives: Sequence[Objective]) -> list[float | None]:
        numbers = {"metrics": self.rows[-1], "last": self.rows[-1]}
        best = min(self.rows[1:] or self.rows, key=lambda row: row["total"])
        return [one.of(numbers | {"best": best}) for one in objectives]

    def goes_on(self) -> bool:
        names = list(self.rows[0])
        lines: list[list[Any]] = [names, *([row[name] for name in names] for row in self.rows)]
        self.place.folder.mkdir(parents=True, exist_ok=True)
        text = "".join(",".join(map(str, line)) + "\n" for line in lines)
        (self.place.folder / "history.csv").write_text(text)
        return why_pruned(self, int(self.rows[-1]["step"])) is None  # type: ignore[arg-type]


def played(
    config: Config, folder: Path, curves: Sequence[Sequence[Any]], name: str = "total"
) -> list[int]:
    """Let the runs go one after the other; return after how many rows each ended."""
    lengths = []
    for number, curve in enumerate(curves):
        run = Recorded(config, Place(folder / str(number), sweep=folder), [])
        for step, value in zip(range(0, 20 * len(curve), 20), curve, strict=True):
            own = value if isinstance(value, dict) else {name: value}
            losses = {"total": 1.0, "content": 1.0, "style": 1.0, "tv": 1.0}
            run.rows.append({"step": step, "seconds": 1.0, "evaluations": step, **losses, **own})
            if not run.goes_on():
                break
        lengths.append(len(run.rows))
    return lengths


# --- The rule -----------------------------------------------------------------------------------


def published(curves: Sequence[Sequence[float]], bands: Sequence[int], eta: float) -> list[int]:
    """W&B's rule, from what its page and its package `sweeps` say.

    The threshold of a band is the value at row `band`, counted from 0, that the best 1/eta of all
    histories which reach so far have; a running run is stopped where its best value so far is
    above the threshold of the last band that it has passed.
    """
    histories: list[list[float]] = []
    for curve in curves:
        histories.append([])
        for value in curve:
            histories[-1].append(value)
            own = histories[-1]
            passed = [band for band in bands if band < len(own)]
            if not passed or passed[-1] != len(own) - 1:  # asked when a band is reached
                continue
            reached = sorted(one[passed[-1]] for one in histories if len(one) > passed[-1])
            if min(own) > reached[int(1 / eta * len(reached))]:
                break
    return [len(one) for one in histories]


@pytest.mark.parametrize("objective", ["loss/total", "best/loss/total"])
@pytest.mark.parametrize("seed", range(5))
def test_one_objective_is_judged_as_wandb_judges(
    compose: Compose, tmp_path: Path, objective: str, seed: int
):
    draw = random.Random(seed)
    curves = [[draw.uniform(0, 10) * math.exp(-row / 5) for row in range(11)] for _ in range(12)]
    prune = "sweep.prune={rows: [2, 5], eta: 3}"
    config = compose(f"search.objective={objective}", prune, "steps=200")
    lengths = played(config, tmp_path, curves)
    if objective == "loss/total":
        assert lengths == published(curves, [2, 5], 3)
    else:  # the start is not in that history, and its rows are the lowest so far
        lowest = [[min(curve[1 : row + 1]) for row in range(1, 11)] for curve in curves]
        assert [length - 1 for length in lengths] == published(lowest, [2, 5], 3)
    assert len(set(lengths)) > 1


def test_a_small_case_by_hand(compose: Compose, tmp_path: Path):
    # At step 20 the values are 5, 4, 6, 3, 7. With eta = 2, of n runs int(n / 2) + 1 continue:
    # 5 is the first, 4 of two that both do, 6 the third of 3 where 2 do, 3 the best, 7 the last.
    config = compose("search.objective=loss/total", "sweep.prune={steps: [20], eta: 2}", "steps=60")
    curves = [[9, value, value, value] for value in (5, 4, 6, 3, 7)]
    assert played(config, tmp_path, curves) == [4, 4, 2, 4, 2]


def test_several_objectives_are_judged_by_fronts_and_room():
    # (1, 4), (2, 2), (4, 1) are the front; (3, 3) and (5, 2) behind it; (5, 5) behind these.
    others = [(1, 4), (2, 2), (4, 1), (3, 3), (5, 2)]
    better = ["lower", "lower"]
    assert ahead((5, 5), others, better) == 5
    assert ahead((3, 3), [one for one in others if one != (3, 3)], better) == 3
    # On a line of four the ends have all room; of the others the one with the farther neighbors:
    # (1, 9) has |4 - 0| / 10 + |10 - 6| / 10 = 0.8 and (4, 6) has 0.9 + 0.9.
    line = [(0, 10), (1, 9), (4, 6), (10, 0)]
    places = [ahead(one, [o for o in line if o != one], better) for one in line]
    assert places == [0, 3, 2, 0]
    # Higher is better: the mirror image.
    flipped = [(a, -b) for a, b in line]
    ways = ["lower", "higher"]
    assert [ahead(one, [o for o in flipped if o != one], ways) for one in flipped] == places


def test_losses_are_compared_only_where_they_are_the_same_sums(compose: Compose, tmp_path: Path):
    prune = ("sweep.prune=[20]", "steps=60")
    for number, beta in enumerate(["1e4", "1e4", "1e5", "1e4"]):
        config = compose("search.objective=loss/total", f"beta={beta}", f"seed={number}", *prune)
        run = Recorded(config, Place(tmp_path / str(number), sweep=tmp_path), [])
        losses = {"total": 1.0 + number, "content": 1.0, "style": 1.0, "tv": 1.0}
        run.rows = [{"step": step, "seconds": 1.0, "evaluations": 1, **losses} for step in (0, 20)]
        assert run.goes_on() == (number in (0, 2)), number
    # A metric compares them all, but not over other photographs.
    for number, changes in enumerate([["beta=1e5"], ["pooling=max"], ["content=coffee"]], 4):
        config = compose("search.objective=style_distance", *changes, *prune)
        run = Recorded(config, Place(tmp_path / str(number), sweep=tmp_path), [])
        rows = [{"step": step, "total": 1.0, "style_distance": number} for step in (0, 20)]
        run.rows = [
            {"seconds": 1, "evaluations": 1, "content": 1, "style": 1, "tv": 1} | row
            for row in rows
        ]
        assert run.goes_on() == (number != 5)


def test_a_grid_of_24_takes_at_most_60_percent_and_keeps_its_best(compose: Compose, tmp_path: Path):
    config = compose("search.objective=style_distance", "sweep.prune=20", "steps=200")
    draw = random.Random(1)
    ends = [draw.uniform(0.02, 1.0) for _ in range(24)]
    # Curves that don't cross: the same fall from 1 to each one's end.
    curves = [
        [{"style_distance": end + (1 - end) * math.exp(-row / 3)} for row in range(11)]
        for end in ends
    ]
    lengths = played(config, tmp_path, curves)
    assert lengths[ends.index(min(ends))] == 11
    steps = sum(20 * (length - 1) for length in lengths)
    assert steps <= 0.6 * 24 * 200


# --- The rungs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prune", "expected"),
    [
        ("20", (20, 60, 180)),
        ("[30, 100]", (40, 100)),
        ("{steps: 20, eta: 2}", (20, 40, 80, 160)),
        # Rows of best/loss/total, counted from 0: row 0 is that of step 20.
        ("{rows: [0, 3, 9, 27]}", (20, 80)),
        ("1000", ()),
    ],
)
def test_rungs_are_at_checks_before_the_end(
    compose: Compose, prune: str, expected: tuple[int, ...]
):
    found = rungs(compose(f"sweep.prune={prune}", "steps=200"))
    assert found is not None
    assert found.steps == expected


def test_early_terminate_counts_as_wandb_does():
    path = Path("a.yaml")

    def found(**fields: Any) -> list[int]:
        asked = early_terminate(path, {"type": "hyperband", **fields}, True)
        assert asked
        return asked["rows"]

    assert found(max_iter=27, s=2) == [3, 9]
    assert found(max_iter=10, s=3, eta=2) == [1, 2, 5]
    assert found(min_iter=3)[:4] == [3, 9, 27, 81]
    assert found(min_iter=2, eta=1.5)[:4] == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("asked", "metric", "sentence"),
    [
        (True, True, "early_terminate must have type: hyperband"),
        ({"type": "median"}, True, "must have type: hyperband"),
        ({"type": "hyperband"}, True, "needs min_iter"),
        ({"type": "hyperband", "max_iter": 9}, True, "needs s"),
        ({"type": "hyperband", "min_iter": 3}, False, "needs a metric"),
        ({"type": "hyperband", "min_iter": 0}, True, "min_iter must be a whole number from 1"),
        ({"type": "hyperband", "min_iter": 3, "eta": 1}, True, "eta must be a number from 1.01"),
        ({"type": "hyperband", "min_itre": 3}, True, "did you mean 'min_iter'?"),
        ({"type": "hyperband", "max_iter": 2, "s": 1}, True, "no row is left"),
    ],
)
def test_nonsense_in_early_terminate(asked: Any, metric: bool, sentence: str):
    with pytest.raises(UserError, match=sentence.replace("?", r"\?")) as refused:
        early_terminate(Path("a.yaml"), asked, metric)
    assert str(refused.value).startswith("a.yaml: early_terminate")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sweep.prune=soon"], "sweep.prune must be the steps of the first rung"),
        (["sweep.prune=0"], "not 0"),
        (["sweep.prune=1e999"], "not inf"),
        ([f"sweep.prune={'9' * 400}"], "not 9999"),
        ([f"sweep.prune=[-{'9' * 400}]"], "steps must be whole numbers from 1"),
        (["sweep.prune={steps: 20, eta: nan}"], "not nan"),
        (["sweep.prune=[60,20]"], "steps must rise"),
        (["sweep.prune={step: 20}"], "did you mean 'steps'?"),
        (["sweep.prune={steps: 20, rows: 3}"], "steps or rows, and not both"),
        (["sweep.prune={steps: 20, eta: 1}"], "eta must be a number from 1.01"),
        (["sweep.prune=20", "hydra/launcher=basic"], "sweep.prune needs hydra/launcher=batched"),
    ],
)
def test_bad_rungs_are_refused(command: Command, arguments: list[str], sentence: str):
    assert sentence in refusal(command, "-m", *QUIET, "beta=1,2", *arguments)


# --- What is left of a run ----------------------------------------------------------------------

STEPS = (
    *QUIET,
    *SHALLOW,
    "steps=6",
    "check_every=2",
    "search.objective=style_distance",
    "sweep.report=false",
)
# The learning rate tells from the first step on.
RATES = "optimizer.lr=20,5,0.1,1"


def test_a_pruned_run_is_kept_and_revived_to_the_byte(command: Command):
    done = command("-m", *STEPS, RATES, "hydra.sweep.dir=whole")
    assert done.returncode == 0, done.stderr
    done = command("-m", *STEPS, RATES, "sweep.prune=[2]", "hydra.sweep.dir=cut")
    assert done.returncode == 0, done.stderr
    whole, cut = command.folder / "whole", command.folder / "cut"
    records = [record(cut / str(number)) for number in range(4)]
    assert [one["status"] for one in records] == ["finished", "pruned", "pruned", "pruned"]
    assert records[2]["last"]["step"] == 2
    assert records[2]["error"].endswith("at step 2 is number 3 of 3 there: the best 2 continue")
    assert "pruned: style distance" in done.stdout
    assert (cut / "0" / "result.png").read_bytes() == (whole / "0" / "result.png").read_bytes()
    rows = [json.loads(line) for line in (cut / FILE).read_text().splitlines()]
    assert [(row["run"], row["step"]) for row in rows] == [(str(number), 2) for number in range(4)]
    # Again, and nothing is run; with sweep.retry the rest of them is.
    before = (cut / "2" / "run.json").read_bytes()
    assert command("-m", *STEPS, RATES, "sweep.prune=[2]", "hydra.sweep.dir=cut").returncode == 0
    assert (cut / "2" / "run.json").read_bytes() == before
    assert (cut / "2" / "state.msgpack").exists()
    done = command("-m", *STEPS, RATES, "sweep.retry=true", "hydra.sweep.dir=cut")
    assert done.returncode == 0, done.stderr
    for number in range(4):
        assert record(cut / str(number))["status"] == "finished"
        for name in ("result.png", "images/step_00004.png"):
            own, other = (folder / str(number) / name for folder in (cut, whole))
            assert own.exists() == other.exists()
            assert not own.exists() or own.read_bytes() == other.read_bytes()


def test_pruned_lanes_make_room(compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run_lanes, widths = loop.checks, []

    def checks(*arguments: Any, **options: Any) -> Any:
        widths.append(len(arguments[3]))
        return run_lanes(*arguments, **options)

    monkeypatch.setattr(loop, "checks", checks)
    rates = (20, 0.1, 0.2, 0.3)

    def run(folder: Path, lanes: int, *more: str) -> list[Any]:
        jobs = [
            Job(
                compose(*STEPS, f"optimizer.lr={rate}", *more),
                Place(folder / str(number), sweep=folder),
            )
            for number, rate in enumerate(rates)
        ]
        return grid.run(jobs, lanes=lanes)

    whole = run(tmp_path / "whole", 1)
    widths.clear()
    pruned = run(tmp_path / "cut", 4, "sweep.prune={steps: [2], eta: 10}")
    # All are there at once: the first is number 1 of 1, the next ones are worse.
    assert [one.status for one in pruned] == ["finished", "pruned", "pruned", "pruned"]
    assert widths == [4, 1]
    assert pruned[0].best_total == pytest.approx(whole[0].best_total, rel=1e-5)


@pytest.mark.parametrize("text", ["my own list\n", "[1, 2]\n"])
def test_a_file_of_the_users_own_is_left_alone(compose: Compose, tmp_path: Path, text: str):
    (tmp_path / FILE).write_text(text)
    config = compose("search.objective=loss/total", "sweep.prune=[20]", "steps=60")
    with pytest.raises(UserError, match="is no list of a sweep's rungs: take another folder"):
        played(config, tmp_path, [[1.0, 1.0, 1.0, 1.0]])
    assert (tmp_path / FILE).read_text() == text


def test_half_a_line_that_a_kill_left_is_no_harm(compose: Compose, tmp_path: Path):
    config = compose("search.objective=loss/total", "sweep.prune=[20]", "steps=60")
    assert played(config, tmp_path, [[9, 1, 1, 1]]) == [4]
    with (tmp_path / FILE).open("a") as file:
        file.write('{"run": "7", "st')
    run = Recorded(config, Place(tmp_path / "1", sweep=tmp_path), [])
    losses = {"total": 2.0, "content": 1.0, "style": 1.0, "tv": 1.0}
    run.rows = [{"step": step, "seconds": 1.0, "evaluations": 1, **losses} for step in (0, 20)]
    assert not run.goes_on()
    assert len((tmp_path / FILE).read_text().splitlines()) == 3
