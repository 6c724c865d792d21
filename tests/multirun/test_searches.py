"""Searches: what they propose, what a kill or a second process does, what is refused."""

import dataclasses
import functools
import math
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import optuna
import optuna.storages.journal
import pytest
from helpers import QUIET, Command, Process, record, refusal
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus

from nst.base.errors import UserError
from nst.command import hydra_private
from nst.config.running import SAMPLERS as NAMES
from nst.config.running import Search
from nst.metrics.objective import objective
from nst.multirun.parameter import parameter
from nst.multirun.samplers import SAMPLERS
from nst.multirun.search import Launch, search
from nst.multirun.space import Dimension, of_override, of_parameter
from nst.multirun.study import JOURNAL, Question, Study

BETA = "beta=tag(log,interval(1e2,1e6))"
GAMMA = "tv.gamma=interval(0,1e4)"
TWO = ("metrics/style_distance", "metrics/content_distance")

#: The value, or values, of a trial with these overrides.
Loss = Callable[[dict[str, str]], Any]


def dimension(text: str) -> Dimension:
    override = OverridesParser.create().parse_override(text)
    interval = "interval(" in text
    return of_override(
        override, [] if interval else [one for (one,) in hydra_private.combinations([override])]
    )


def question(*texts: str, names: Sequence[str] = TWO[:1]) -> Question:
    return Question([dimension(text) for text in texts], [objective(name) for name in names], [])


def toy(loss: Loss, seen: list[tuple[int, list[str]]], kill_at: int | None = None) -> Launch:
    """Launch with formulas in place of pictures; Ctrl-C comes at a launch."""

    def launch(jobs: list[list[str]], numbers: list[int]) -> list[JobReturn]:
        if kill_at is not None and len(seen) >= kill_at:
            raise KeyboardInterrupt
        done = []
        for number, overrides in zip(numbers, jobs, strict=True):
            seen.append((number, overrides))
            value = loss(dict(one.split("=", 1) for one in overrides))
            failed = isinstance(value, Exception)
            status = JobStatus.FAILED if failed else JobStatus.COMPLETED
            done.append(JobReturn(overrides=overrides, _return_value=value, status=status))
        return done

    return launch


def searched(
    folder: Path,
    asked: Question,
    loss: Loss,
    size: int = 1,
    kill_at: int | None = None,
    **settings: Any,
) -> list[tuple[int, list[str]]]:
    """Return the trials that were run, by number and overrides."""
    seen: list[tuple[int, list[str]]] = []
    study = Study(asked, Search(**settings), folder, "toy")
    search(study, size, toy(loss, seen, kill_at))
    return seen


def planted(point: dict[str, str]) -> float:
    """Lowest, 0, at beta = 1e4 and tv.gamma = 2000, with average pooling."""
    beta, gamma = float(point["beta"]), float(point["tv.gamma"])
    worse = 1.0 if point.get("pooling") == "max" else 0.0
    return math.log10(beta / 1e4) ** 2 + ((gamma - 2000) / 5000) ** 2 + worse


# --- Spaces -------------------------------------------------------------------------------------


def test_ranges_of_the_command_line():
    cases = {
        BETA: optuna.distributions.FloatDistribution(1e2, 1e6, log=True),
        "seed=int(interval(3,9))": optuna.distributions.IntDistribution(3, 9),
        # Hydra's range ends before its stop.
        "size=range(64,128,16)": optuna.distributions.IntDistribution(64, 112, step=16),
        "steps=tag(log,range(1,101))": optuna.distributions.IntDistribution(1, 100, log=True),
        "pooling=avg,max": optuna.distributions.CategoricalDistribution(["avg", "max"]),
        "style.layers=[conv1_1],[conv2_1]": optuna.distributions.CategoricalDistribution(
            ["[conv1_1]", "[conv2_1]"]
        ),
        "alpha=range(0,1,0.25)": optuna.distributions.CategoricalDistribution(
            ["0.0", "0.25", "0.5", "0.75"]
        ),
    }
    for text, expected in cases.items():
        assert dimension(text).distribution == expected, text
    assert dimension(BETA).write(1234.56789) == "beta=1234.57"
    assert dimension("style.layers=[conv1_1],[conv2_1]").ends() == [
        "style.layers=[conv1_1]",
        "style.layers=[conv2_1]",
    ]


@pytest.mark.parametrize(
    ("entry", "value", "written"),
    [
        ({"min": 1, "max": 5}, 3, "seed=3"),
        ({"min": 1.0, "max": 5.0}, 2.3456789, "seed=2.34568"),
        ({"distribution": "log_uniform_values", "min": 1.0, "max": 9.0}, 2.0, "seed=2.0"),
        ({"distribution": "q_uniform", "min": 0.0, "max": 9.0, "q": 2}, 4.9, "seed=4"),
        # The quantile of a standard normal at one sigma is 0.841345.
        ({"distribution": "normal", "mu": 10.0, "sigma": 2.0}, 0.8413447461, "seed=12.0"),
        ({"distribution": "log_normal", "mu": 0.0, "sigma": 1.0}, 0.8413447461, "seed=2.71828"),
        # Half of Beta(1, 1), which is uniform, lies below 0.5; of Beta(2, 1), F(x) = x^2.
        ({"distribution": "beta", "a": 2.0, "b": 1.0}, 0.25, "seed=0.5"),
    ],
)
def test_distributions_of_a_sweep_file(entry: dict[str, Any], value: float, written: str):
    own = of_parameter(parameter(Path("a.yaml"), "bayes", "seed", entry))
    assert own.write(value) == written


# --- What is proposed ---------------------------------------------------------------------------


def test_every_sampler_has_a_name_and_proposes(tmp_path: Path):
    assert tuple(SAMPLERS) == NAMES
    asked = question(BETA, GAMMA, "pooling=avg,max")
    for name in NAMES[:-1]:  # gp needs PyTorch
        run = searched(tmp_path / name, asked, planted, sampler=name, trials=5)
        assert len({tuple(overrides) for _, overrides in run}) == 5, name
        assert run == searched(tmp_path / f"{name}2", asked, planted, sampler=name, trials=5)
        other = searched(tmp_path / f"{name}3", asked, planted, sampler=name, trials=5, seed=1)
        assert run != other


@pytest.mark.slow
def test_tpe_needs_fewer_trials_than_random_to_come_near(tmp_path: Path):
    asked = question(BETA, GAMMA, "pooling=avg,max")

    def needed(sampler: str, seed: int) -> int:
        folder = tmp_path / f"{sampler}{seed}"
        run = searched(folder, asked, planted, sampler=sampler, trials=60, seed=seed)
        values = [planted(dict(one.split("=", 1) for one in words)) for _, words in run]
        return next((at for at, value in enumerate(values) if value < 0.05), 60)

    median = {
        sampler: statistics.median(needed(sampler, seed) for seed in range(20))
        for sampler in ("tpe", "random")
    }
    assert median["tpe"] < median["random"]


def test_a_failed_or_diverged_run_stops_nothing_and_says_why(tmp_path: Path):
    def loss(point: dict[str, str]) -> Any:
        if float(point["beta"]) > 1e5:
            return UserError("the loss became nan at step 20")
        return None if float(point["beta"]) < 1e3 else 0.5

    searched(tmp_path, question(BETA), loss, trials=20)
    trials = stored(tmp_path)
    assert len(trials) == 20
    for trial in trials:
        failed = not 1e3 <= trial.params["beta"] <= 1e5
        assert trial.state == optuna.trial.TrialState["FAIL" if failed else "COMPLETE"]
        why = "finite" if trial.params["beta"] < 1e3 else "became nan at step 20"
        assert (why in trial.user_attrs.get("why", "")) == failed


def stored(folder: Path) -> list[Any]:
    backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
    (study,) = optuna.get_all_study_summaries(optuna.storages.JournalStorage(backend))
    storage = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name=study.study_name, storage=storage).trials


# --- Cut off, and continued ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("kill_at", [0, 1, 4, 9])
def test_a_search_that_was_cut_off_ends_with_the_trials_of_one_that_was_not(
    tmp_path: Path, size: int, kill_at: int
):
    asked = question(BETA, GAMMA)
    whole = searched(tmp_path / "whole", asked, planted, size, trials=14)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "cut", asked, planted, size, kill_at, trials=14)
    searched(tmp_path / "cut", asked, planted, size, trials=14)
    one, other = stored(tmp_path / "whole"), stored(tmp_path / "cut")
    assert [trial.params for trial in one] == [trial.params for trial in other]
    assert [trial.values for trial in one] == [trial.values for trial in other]
    assert len(whole) == 14
    assert not (tmp_path / "cut" / ".search").exists()


def test_a_search_that_was_cut_off_while_it_proposed(tmp_path: Path):
    asked = question(BETA, GAMMA, "alpha=interval(1,2)")
    whole = searched(tmp_path / "whole", asked, planted, 4, trials=12)
    for at in (0, 7, 20):
        drawn = iter(range(at))

        def write(value: Any, own: Dimension, drawn: Iterator[int] = drawn) -> str:
            if next(drawn, None) is None:
                raise KeyboardInterrupt
            return own.write(value)

        dying = dataclasses.replace(
            asked,
            space=[
                dataclasses.replace(one, write=functools.partial(write, own=one))
                for one in asked.space
            ],
        )
        with pytest.raises(KeyboardInterrupt):
            searched(tmp_path / str(at), dying, planted, 4, trials=12)
        searched(tmp_path / str(at), asked, planted, 4, trials=12)
        trials = stored(tmp_path / str(at))
        assert [trial.user_attrs["overrides"].split() for trial in trials] == [w for _, w in whole]


def test_a_line_that_a_kill_cut_short_is_no_harm(tmp_path: Path):
    asked = question(BETA)
    searched(tmp_path, asked, lambda point: 1.0, trials=3)
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code":4,"worker_')
    assert [number for number, _ in searched(tmp_path, asked, lambda point: 1.0, trials=5)] == [
        3,
        4,
    ]
    assert len(stored(tmp_path)) == 5


def test_a_longer_search_goes_on_from_a_shorter_one(tmp_path: Path):
    asked = question(BETA, GAMMA)
    whole = searched(tmp_path / "whole", asked, planted, trials=12)
    first = searched(tmp_path / "grown", asked, planted, trials=5)
    assert first + searched(tmp_path / "grown", asked, planted, trials=12) == whole
    assert searched(tmp_path / "grown", asked, planted, trials=12) == []


# --- Several processes --------------------------------------------------------------------------


def _work(folder: str, storage: str | None, together: Any, out: Any) -> None:
    asked = question(BETA, GAMMA)

    def slow(point: dict[str, str]) -> float:
        # Longer than it takes to ask, so that the other process comes in between.
        time.sleep(random.uniform(0.05, 0.1))
        return planted(point)

    together.wait(timeout=60)
    out.put([n for n, _ in searched(Path(folder), asked, slow, 2, trials=24, storage=storage)])


@pytest.mark.parametrize("where", ["folder", "sqlite"])
def test_two_processes_run_no_trial_twice(tmp_path: Path, where: str):
    storage = f"sqlite:///{tmp_path}/study.db" if where == "sqlite" else None
    folders = [tmp_path / name for name in ("ab" if storage else "aa")]
    spawn = multiprocessing.get_context("spawn")
    out, together = spawn.Queue(), spawn.Barrier(2)
    if storage:  # making its tables is SQLAlchemy's, and no two make them at once
        Study(question(BETA, GAMMA), Search(storage=storage), folders[0], "toy")
    several = [
        spawn.Process(target=_work, args=(str(one), storage, together, out)) for one in folders
    ]
    for one in several:
        one.start()
    done = [out.get(timeout=60) for _ in several]
    for one in several:
        one.join()
    numbers = done[0] + done[1]
    assert len(set(numbers)) == len(numbers)
    # In a storage for several folders nobody can wait for the others before asking.
    assert set(numbers) >= set(range(24))
    assert len(numbers) <= 24 + (2 if storage else 0)
    assert all(done)


# --- Refused ------------------------------------------------------------------------------------


def test_a_study_of_something_else_is_refused(tmp_path: Path):
    searched(tmp_path, question(BETA), lambda point: 1.0, trials=2)
    other = question("beta=interval(1,2)")
    with pytest.raises(UserError, match="differs in the range of beta: take another"):
        searched(tmp_path, other, lambda point: 1.0, trials=4)
    other = question(BETA, names=TWO[1:])
    with pytest.raises(UserError, match=r"differs in its objective, metrics/style_distance: "):
        searched(tmp_path, other, lambda point: 1.0, trials=4)
    other = dataclasses.replace(question(BETA), given=["size=96"])
    with pytest.raises(UserError, match="differs in size=96: take another"):
        searched(tmp_path, other, lambda point: 1.0, trials=4)


@pytest.mark.parametrize("text", [b"my own notes\n", b"my own notes", b"[1]\n", b"3\n", b"\xff\n"])
def test_a_file_of_the_users_own_is_left_alone(tmp_path: Path, text: bytes):
    (tmp_path / JOURNAL).write_bytes(text)
    with pytest.raises(UserError, match="is no study of a search: take another folder"):
        searched(tmp_path, question(BETA), lambda point: 1.0, trials=2)
    assert (tmp_path / JOURNAL).read_bytes() == text


def test_a_users_own_file_in_the_place_of_a_claim_is_left_alone(tmp_path: Path):
    (tmp_path / ".search").mkdir()
    (tmp_path / ".search" / "1").write_text("my own notes")
    with pytest.raises(UserError, match="is no lock of nst's, since it isn't empty"):
        searched(tmp_path, question(BETA), lambda point: 1.0, trials=3)
    assert (tmp_path / ".search" / "1").read_text() == "my own notes"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["size=64"], "a search needs a range"),
        (["beta=interval(1e6,1e2)"], "beta=interval(1e6,1e2): its range must rise"),
        (["beta=tag(log,interval(0,1))"], "a logarithm needs a range above 0, not 0"),
        ([GAMMA.replace("0,", "-5,")], "a search can't take tv.gamma=-5.0: tv.gamma must be"),
        (["pooling=avg,maxx"], "a search can't take pooling=maxx: pooling must be one of"),
        (["btea=1,2"], "did you mean 'beta'?"),
        ([BETA, "search.objective=stile_distance"], "did you mean 'style_distance'?"),
        ([BETA, "search.trials=0"], "search.trials must be a whole number of runs from 1"),
        ([BETA, "search.sampler=tpo"], "search.sampler must be one of tpe, nsga2"),
        ([BETA, "search.sampler=cmaes"], "search.sampler=cmaes looks for one objective, not for 2"),
        ([BETA, "search.storage=nowhere://x"], "search.storage can't be opened: Can't load plugin"),
        ([BETA, "search.storage=sqlite:////no/such/folder/a.db"], "can't be opened: "),
        ([BETA, "sweep.shuffle=1"], "sweep.shuffle is for grids on the command line"),
        ([BETA, "pooling=glob(none*)"], "gives no value"),
    ],
)
def test_a_refused_search_leaves_nothing(command: Command, arguments: list[str], sentence: str):
    said = refusal(command, "-m", "hydra/sweeper=search", *QUIET, *arguments)
    assert sentence in said


# --- Through the door ---------------------------------------------------------------------------


def test_a_search_for_two_objectives(command: Command):
    done = command(
        *("-m", "hydra/sweeper=search", "search.trials=4", "search.round=2", *QUIET),
        *(BETA, "tv.gamma=0,1e3", "hydra.sweep.dir=sweep", "sweep.report=false"),
    )
    assert done.returncode == 0, done.stderr
    folder = command.folder / "sweep"
    records = [record(folder / str(number)) for number in range(4)]
    trials = stored(folder)
    for run, trial in zip(records, trials, strict=True):
        assert run["config"]["search"]["objective"] == list(TWO)
        assert run["overrides"][:2] == trial.user_attrs["overrides"].split()
        assert trial.values == [run["metrics"][name.removeprefix("metrics/")] for name in TWO]
    # The stored front is what no other run beats in both.
    values = [trial.values for trial in trials]
    front = {
        at
        for at, own in enumerate(values)
        if not any(o != own and all(a <= b for a, b in zip(o, own, strict=True)) for o in values)
    }
    assert f"{len(front)} of 4 runs are on the front" in done.stdout
    assert {int(line.split()[1]) for line in done.stdout.splitlines() if "  run " in line} == front


@pytest.mark.slow
def test_two_commands_work_on_one_search(process: Process):
    arguments = (
        *("-m", "hydra/sweeper=search", "search.trials=6", *QUIET, "sweep.report=false"),
        *(BETA, "hydra.sweep.dir=sweep"),
    )
    several = [process.start(*arguments) for _ in range(2)]
    for one in several:
        _, err = one.communicate(timeout=300)
        assert one.returncode == 0, err
    runs = sorted(path.name for path in (process.folder / "sweep").iterdir() if path.is_dir())
    assert runs == list("012345")
    assert all(
        trial.state == optuna.trial.TrialState.COMPLETE
        for trial in stored(process.folder / "sweep")
    )


@pytest.mark.parametrize(
    ("objective", "ranges", "apart"),
    [
        ("best/loss/content", ("color=none,match", "beta=1,2"), "color"),  # other pictures
        ("best/loss/total", ("color=none,match", "beta=1,2"), "color, beta"),
        ("loss/tv", ("tv.form=absolute,nine_point", "tv.gamma=1,2"), "tv.form"),
        ("best/loss/style", ("precision=float32,bfloat16", "beta=1,2"), None),  # the same sums
    ],
)
def test_a_loss_among_runs_that_add_up_something_else(
    command: Command, objective: str, ranges: tuple[str, str], apart: str | None
):
    asked = ("hydra/sweeper=search", f"search.objective={objective}", "sweep.plan=true")
    done = command("-m", *QUIET, *asked, *ranges)
    assert done.returncode == 0, done.stderr
    said = f"{objective} doesn't compare runs that differ in {apart}: "
    assert (said in done.stderr) == (apart is not None)
    assert ("doesn't compare" in done.stderr) == (apart is not None)
