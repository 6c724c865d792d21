"""What a sweep would run and take, told before it runs; and a sweep that would take too long."""

import functools
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from helpers import QUIET, TINY, Command, Done, Process, compiled, refusal

from nst.config import budget
from nst.config.running import Sweep
from nst.config.schema import role
from nst.multirun import plan_text
from nst.multirun.outlook import Outlook, Way
from nst.runner import measured
from nst.runner.estimate import Estimate, Part

SWEEP = (sys.executable, "-m", "nst.sweep")
GRID = ("pooling=avg,max", "tv.gamma=0,1,2")


def facts(done: Done) -> dict[str, str]:
    """Return the lines of a plan by their titles."""
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.split("\n\n")[0].splitlines() if line]
    return {line[:10].strip(): line[10:] for line in lines}


def seconds(text: str) -> float:
    """Return the seconds of the first time in a text as `plan_text.duration` writes it."""
    found = re.search(r"(?:([\d.]+) h)? ?(?:([\d.]+) min)? ?(?:([\d.]+) s)?,", text)
    assert found, text
    return sum(
        float(one or 0) * unit for one, unit in zip(found.groups(), (3600, 60, 1), strict=True)
    )


def test_a_plan_is_printed_and_nothing_written(command: Command):
    done = command("-m", *QUIET, *GRID, "sweep.plan=true")
    found = facts(done)
    assert command.files() == []
    assert found["runs"] == "6"
    assert found["programs"] == "2, one run at a time"
    assert found["first"].startswith("0: network=vgg16 size=32")
    assert found["first"].endswith("pooling=avg tv.gamma=0")
    assert found["last"].endswith("pooling=max tv.gamma=2")
    assert "sweep.plan" not in done.stdout
    assert re.fullmatch(r"about \S+ s, of which \S+ s to start, compile and report", found["time"])
    assert re.fullmatch(r"about .* [MG]B of .* GB", found["memory"])
    assert re.fullmatch(r"about 5\.\d MB, and .* [GT]B are free", found["disk"])
    titles, *programs = done.stdout.split("\n\n")[1].splitlines()
    assert titles.split() == [
        "program",
        "runs",
        "pixels",
        "a",
        "step",
        "in",
        "all",
        "known",
        "from",
    ]
    assert sorted(line.split()[0] for line in programs) == ["pooling=avg", "pooling=max"]
    assert all(line.split()[1:5] == ["3", "32", "x", "21"] for line in programs)


def test_what_a_folder_holds_is_not_planned_again(command: Command):
    grid = ("-m", *QUIET, "sweep.report=false", "hydra.sweep.dir=sweep")
    # No other test has these, so that the plan's programs are those that are compiled.
    base = ("pooling=avg,max", "tv.form=power", "tv.reduction=mean")
    own = (*base, "tv.exponent=2,2.5")
    with compiled() as programs:
        assert command(*grid, *own).returncode == 0
    before = command.files()
    again = facts(command(*grid, *own, "sweep.plan=true"))
    assert again["runs"] == "4, of which 4 have ended before: 0 to compute"
    assert "time" not in again
    more = command(*grid, *base, "tv.exponent=2,2.5,3", "beta=1e4,2", "sweep.plan=true")
    assert facts(more)["runs"] == "12, of which 4 have ended before: 8 to compute"
    # Cells keep their numbers, and new ones count on.
    assert facts(more)["last"].startswith("11: ")
    assert programs.count("advance") == 2 == int(facts(more)["programs"].partition(",")[0])
    assert more.stdout.count("runs in this folder") == 2
    assert command.files() == before


@pytest.mark.parametrize(
    "own",
    [(), pytest.param(("optimizer=lbfgs", "scales=[24,32]"), marks=pytest.mark.slow)],
)
def test_two_steps_are_measured(command: Command, own: tuple[str, ...]):
    # Two groups, which are one program.
    grid = ("-m", *QUIET, *own, "content=chelsea,coffee", "seed=1,2")
    done = command(*grid, "sweep.plan=probe")
    assert done.stderr.count("measuring two steps") == 1
    assert done.stdout.count("two steps measured now") == 2
    assert command.files() == []
    assert "earlier runs on this machine" in command(*grid, "sweep.plan=true").stdout


@pytest.mark.slow
def test_a_program_that_never_ran_is_counted(command: Command, tmp_path: Path):
    cache = {"NST_CACHE": str(tmp_path / "cache")}
    first = command("-m", *QUIET, "seed=1,2", "sweep.plan=true", env=cache)
    assert "arithmetic at the speed of a matrix product here" in first.stdout
    assert command("-m", *QUIET, "seed=1,2", "sweep.report=false", env=cache).returncode == 0
    other = ("optimizer=sgd", "optimizer.lr=1e-9", "seed=1,2")
    second = command("-m", *QUIET, *other, "sweep.plan=true", env=cache)
    assert "arithmetic at the speed of other runs here" in second.stdout


@pytest.mark.parametrize("sweep", ["weights_bayes", "weights_random"])
def test_a_sweep_file_has_a_plan(command: Command, sweep: str):
    done = command(sweep, *QUIET, "sweep.plan=true", program=SWEEP)
    assert command.files() == []
    found = facts(done)
    search = " of a search, each taken to be like one of these"
    assert found["runs"] == "24" + search * (sweep == "weights_bayes")
    assert found["programs"].startswith("1,")


def test_a_search_has_a_plan(command: Command):
    search = ("hydra/sweeper=search", "search.trials=7", "beta=interval(1,9)", "pooling=avg,max")
    done = command("-m", *QUIET, *search, "sweep.plan=true")
    assert command.files() == []
    found = facts(done)
    assert found["runs"] == "7 of a search, each taken to be like one of these"
    assert found["programs"].startswith("2,")
    counts = [line.split()[1] for line in done.stdout.split("\n\n")[1].splitlines()[1:]]
    assert sorted(counts) == ["3", "4"]
    pruned = facts(command("-m", *QUIET, *search, "sweep.prune=1", "sweep.plan=true"))
    assert pruned["time"].startswith("at most about ")
    budget = ("hydra/sweeper=search", *search[1:], "sweep.budget=1s")
    assert "7 runs would take about" in refusal(command, "-m", *QUIET, *budget)


def test_chunks_of_a_cluster(command: Command):
    pytest.importorskip("submitit", reason="submitit is not installed: nst[slurm]")
    cluster = ("hydra.launcher.cluster=local", "hydra.launcher.chunk=2")
    found = facts(command("-m", *QUIET, *GRID, *cluster, "sweep.plan=true"))
    # Three of each pooling: two and one.
    assert found["chunks"].startswith(
        "4 jobs for local of at most 2 runs, 1 at a time; the longest"
    )
    assert command.files() == []


def test_runs_in_processes_of_their_own(command: Command):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="nst[joblib]")
    joblib = "hydra/launcher=joblib"
    found = facts(command("-m", *QUIET, *GRID, joblib, "sweep.plan=true"))
    assert "for each run in a process of its own" in found["time"]
    refused = refusal(command, "-m", *QUIET, *GRID, joblib, "sweep.budget=1h")
    assert "how many runs joblib does at a time is not known" in refused


def test_a_run_that_cannot_start_is_told(command: Command):
    done = command("-m", *QUIET, "style.layers=[pool4]", "size=32,16", "sweep.plan=true")
    assert facts(done)["runs"] == "2, of which 1 can't run: 1 to compute"
    assert "size=16: " in done.stdout
    assert command.files() == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("sweep.plan=yes", "sweep.plan must be true, false or probe, not yes"),
        *(
            (f"sweep.budget={text}", f"30m, 2h, 1h30m or 1d, not {text}")
            for text in ("30", "30min", "m", "-1h", "0s", "soon", "1e3", "true")
        ),
    ],
)
def test_what_cannot_be_read(command: Command, asked: str, said: str):
    said = said.replace("not true", "not True").replace("not 1e3", "not 1000.0")
    line = refusal(command, "-m", *QUIET, "seed=1,2", asked)
    assert line.startswith("nst: sweep.")
    assert line.endswith(said)


def test_both_are_for_sweeps_of_nst(command: Command):
    alone = refusal(command, *QUIET, "sweep.plan=true")
    assert alone == "nst: sweep.plan is for a sweep: give -m, and keys with several values"
    basic = ("-m", *QUIET, "seed=1,2", "hydra/sweeper=basic")
    assert "not for hydra/sweeper=basic" in refusal(command, *basic, "sweep.budget=1h")


def test_a_sweep_within_its_budget_runs(command: Command):
    grid = ("-m", *QUIET, "seed=1,2", "sweep.report=false", "hydra.sweep.dir=sweep")
    line = refusal(command, *grid, "sweep.budget=1s")
    assert re.fullmatch(
        r"nst: sweep.budget=1s: 2 runs would take about \S+ s, and not one of them fits", line
    )
    done = command(*grid, "sweep.budget=1d")
    assert done.returncode == 0, done.stderr
    assert len(list((command.folder / "sweep").glob("*/result.png"))) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d", 86400), ("1.5h 1s", 5401)],
)
def test_a_budget_is_a_time(text: str, expected: float):
    assert budget.seconds(Sweep(budget=text)) == expected


def test_a_run_is_the_same_whatever_was_asked_before():
    assert {role("sweep.plan"), role("sweep.budget")} == {"beside"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.25, "0.2 s"), (9.96, "10 s"), (59.6, "1 min"), (180, "3 min"), (200, "3 min 20 s")),
        *((3605, "1 h"), (4321, "1 h 12 min"), (200_000, "2 d 7 h")),
    ],
)
def test_times_as_people_write_them(value: float, text: str):
    assert plan_text.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0 MB"), (3.21e6, "3.2 MB"), (345e6, "345 MB"), (1.24e9, "1.2 GB"), (2.5e12, "2.5 TB")],
)
def test_sizes_as_people_write_them(value: float, text: str):
    assert plan_text.size(value) == text


def part(numbers: range, lanes: int = 1, program: str = "one") -> Part:
    """Return a program of 2 s to compile, 3 s for targets, 4 s for steps, 1 s a run beside them."""
    once: dict[Any, float] = {program: 2, "metrics": 5}
    return Part(tuple(numbers), (8, 8, 3), lanes, 0.1, 3, once, 4, 1, "a test", 10**9, 10**6)


def outlook(*parts: Part, count: int | None = None, **way: Any) -> Outlook:
    """Return the outlook of programs that start after 10 s, with a report of 1.5 s."""
    found = Estimate(parts, 0, 0, {}, 10, 10**10, report=True)
    return Outlook([], Path(), found, Way("batched", None, **way), count)


def test_the_time_of_a_sweep_by_hand():
    one = outlook(part(range(0, 4)), part(range(4, 6), program="other"))
    # Start, the first program's compilation, two runs, the report and its 0.04 s a run.
    assert one.seconds(2) == pytest.approx(10 + (2 + 5 + 3) + 2 * 5 + 1.5 + 2 * 0.04)
    assert one.seconds(6) == pytest.approx(10 + (2 + 2 + 5 + 2 * 3) + 6 * 5 + 1.5 + 6 * 0.04)
    assert [one.fitting(limit) for limit in (20, 31, 31.6, 31.5, 1000)] == [0, 1, 2, 1, 6]
    same = outlook(part(range(0, 4)), part(range(4, 6)))
    assert same.seconds(6) == pytest.approx(one.seconds(6) - 2)
    side_by_side = outlook(part(range(6), lanes=4))
    assert side_by_side.seconds(6) == pytest.approx(10 + 10 + 2 * 4 + 6 + 1.5 + 6 * 0.04)
    search = outlook(part(range(1)), count=20)
    assert search.left == 20
    assert search.seconds(20) == pytest.approx(10 + 10 + 20 * 5 + 1.5 + 20 * 0.04)
    assert one.estimate.disk([4, 2]) == 6 * 10**6 + 5_000_000 + 6 * 40_000


def test_a_damaged_cache_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NST_CACHE", str(tmp_path))
    file = tmp_path / "measured.json"
    good = '"a": {"rate": 1e9, "work": 1e6, "compile_s": 2.0, "run_s": null}'
    for text in ("", "[", "[]", "3", "\x00", '{"a": 3}', '{"a": {"rate": -1, "work": 1}}'):
        file.write_text(text)
        assert measured.read() == {}
    file.write_text(f'{{{good}, "b": {{"rate": NaN, "work": 1}}, "c": {{"speed": 1}}}}')
    assert measured.read() == {"a": measured.Speed(1e9, 1e6, 2.0)}
    file.write_text(f"{{{good}}}" + " " * measured.MOST_BYTES)
    assert measured.read() == {}


def test_the_cache_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose):
    from nst.config.program import split

    monkeypatch.setenv("NST_CACHE", str(tmp_path))
    static, _ = split(compose(*TINY), "vgg16")
    shapes = [(24, width, 3) for width in range(1, measured.MOST + 3)]
    measured.keep(1, {(static, shape): measured.Speed(1e9, 1e6) for shape in shapes})
    assert measured.known(static, shapes[0], 1) is None
    assert measured.known(static, shapes[-1], 1) == measured.Speed(1e9, 1e6)
    assert measured.known(static, shapes[-1], 2) is None
    # A moment that is ten times as slow is not taken for the rule.
    measured.keep(1, {(static, shapes[-1]): measured.Speed(1e7, 1e6, compile_s=3)})
    speed = measured.known(static, shapes[-1], 1)
    assert speed is not None
    assert (speed.rate, speed.compile_s) == (pytest.approx(1e8), 3)
    assert len(measured.read()) == measured.MOST
    assert [path.name for path in tmp_path.iterdir()] == ["measured.json"]


def test_several_processes_keep_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose):
    from nst.config.program import split

    monkeypatch.setenv("NST_CACHE", str(tmp_path))
    static, _ = split(compose(*TINY), "vgg16")
    speeds = [{(static, (24, width, 3)): measured.Speed(1e9, 1e6)} for width in range(1, 41)]
    # Each has a lock of its own, as in a process of its own.
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(functools.partial(measured.keep, 1), speeds))
    assert len(measured.read()) == 40


@pytest.mark.slow
def test_a_plan_is_within_a_factor_of_two(process: Process):
    sweep = ("-m", "network=vgg16", "size=64", "steps=40", "pooling=avg,max", "beta=1e3,1e4")
    probed = seconds(facts(process(*sweep, "sweep.plan=probe"))["time"])
    began = time.monotonic()
    done = process(*sweep, "hydra.sweep.dir=sweep")
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    # Two steps are a moment, in which something else may run.
    assert took / 3 < probed < took * 3
    plan = process(*sweep, "seed=1", "sweep.plan=true")
    assert "earlier runs on this machine" in plan.stdout
    assert took / 2 < seconds(facts(plan)["time"]) < took * 2
    files = sum(path.stat().st_size for path in (process.folder / "sweep").rglob("*"))
    disk = facts(plan)["disk"]
    assert files / 2 < float(disk.split()[1]) * 1e6 < files * 2
