"""Sweep files: those in sweeps/, how they are refused, and how they run here and under an agent."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import QUIET, TINY, Process, record
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import RunMode

import nst.run  # noqa: F401 - stores the schema
from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.multirun.check import check
from nst.multirun.compose import Composer
from nst.multirun.points import overrides, points
from nst.multirun.sweep_file import read

FILES = sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml"))
GRIDS = [path for path in FILES if "method: grid" in path.read_text()]
SMALL = ("hydra/launcher=basic", *QUIET)
COMMAND = "command: ['${env}', python, -m, nst, '${args_no_hyphens}']\n"
GRID = COMMAND + "method: grid\nparameters: {beta: {values: [100.0, 1000.0]}}\n"
RANGE = "beta: {distribution: log_uniform_values, min: 1.0, max: 100.0}"
RANDOM = COMMAND + f"method: random\nrun_cap: 3\nparameters: {{{RANGE}}}\n"
BAYES = (
    COMMAND + "method: bayes\nrun_cap: 4\nmetric: {name: best/loss/style, goal: minimize}\n"
    f"parameters: {{{RANGE}, pooling: {{values: [avg, max]}}}}\n"
)


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def compose_plain() -> Iterator[Composer]:
    """Compose as the sweeper does."""
    setup_globals()
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        loader = GlobalHydra.instance().config_loader()
        yield Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))


# --- The files of sweeps/ -----------------------------------------------------------------------


def test_there_is_a_file_for_each_question():
    wanted = "alpha_beta layers learning_rate pooling seeds total_variation"
    names = [path.stem for path in FILES]
    assert names == [*wanted.split(), "weights_bayes", "weights_random"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_header_says_the_question_the_runs_and_the_time(path: Path):
    sweep, text = read(path), path.read_text()
    runs = sweep.run_cap if sweep.method == "bayes" else len(points(sweep, 0))
    assert runs is not None
    assert text.startswith("# Question: ")
    assert f"\n# Runs: {runs}\n" in text
    assert f"\n# Time: about {round(runs * 200 * 0.35 / 60)} minutes" in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_runs_accept_every_point(path: Path, compose_plain: Composer):
    sweep = read(path)
    check(sweep, [] if sweep.method == "bayes" else points(sweep, 0), compose_plain)


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("nst/run.py", "${env} ${interpreter} ${program} ${args_no_hyphens}"),
        ("/opt/nst/run.py", "/usr/bin/env python3 ${program} tracking=online ${args_no_hyphens}"),
        ("nst.run", "${env} ${interpreter} -m ${program} ${args_no_hyphens}"),
        ("x", "python -u -mnst.run ${args_no_hyphens}"),
        ("x", "/venv/bin/nst ${args_no_hyphens}"),
        ("nst", "${env} ${program} run ${args_no_hyphens}"),
        ("nst", "${env} ${interpreter} -m ${program} ${args_no_hyphens}"),
        ("x", "uv run python -m nst.run ${args_no_hyphens} --cfg"),
    ],
)
def test_the_command_may_be_of_wandbs_own_forms(tmp_path: Path, program: str, command: str):
    words = [*command.split(), "name=2024_11", "style.path=a (1).jpg"]
    values = {**yaml.safe_load(GRID), "program": program, "command": words}
    path = write(tmp_path, yaml.safe_dump(values))
    assert read(path).words == ("name='2024_11'", "style.path='a (1).jpg'")


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("train.py", "python ${program} ${args_no_hyphens}"),
        ("nst/run.py", "python ${program} ${args}"),
        ("nst.run", "python ${program} ${args_no_hyphens}"),
        ("nst.sweep", "python -m ${program} ${args_no_hyphens}"),
        ("nst", "${env} ${interpreter} ${program} ${args_no_hyphens}"),
    ],
)
def test_a_command_that_starts_no_run_is_refused(tmp_path: Path, program: str, command: str):
    values = {**yaml.safe_load(GRID), "program": program, "command": command.split()}
    with pytest.raises(UserError, match="command must be the list"):
        read(write(tmp_path, yaml.safe_dump(values)))


# --- Points -------------------------------------------------------------------------------------


def test_a_grid_goes_in_the_files_order(tmp_path: Path):
    text = GRID.replace("}}", "}, alpha: {value: 2.0}, seed: {min: 1, max: 3}}")
    grid = points(read(write(tmp_path, text)), 0)
    assert [overrides(point) for point in grid] == [
        [f"beta={beta}", "alpha=2.0", f"seed={seed}"]
        for beta in (100.0, 1000.0)
        for seed in (1, 2, 3)
    ]


SHAPED = COMMAND + (
    "method: grid\nparameters: {content: {values: [coffee, chelsea]}, "
    "style.layers: {values: ['[conv1_1]', '[conv1_2]']}, tv.gamma: {values: [0.0, 1000.0]}}\n"
)


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ("zip: [content, style.layers]", ["o10", "o11000", "h20", "h21000"]),
        (
            "exclude: {style.layers: '[conv1_2]', tv.gamma: 0}",
            ["o10", "o11000", "o21000", "h10", "h11000", "h21000"],
        ),
        (
            "zip: [[tv.gamma, content]]\nexclude: [{content: coffee, style.layers: '[conv1_1]'}]",
            ["o20", "h11000", "h21000"],
        ),
    ],
)
def test_a_file_may_shape_its_grid(tmp_path: Path, shape: str, kept: list[str]):
    found = points(read(write(tmp_path, f"{SHAPED}{shape}\n")), 0)
    several = [
        point["content"][1] + point["style.layers"][-2] + f"{point['tv.gamma']:g}"
        for point in found
    ]
    assert several == kept


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("zip: [content, tv.gama]", "zip: the sweep has no axis 'tv.gama' (did you mean 'tv.gamm"),
        ("zip: content", "zip must be a list of keys, [content,style], not content"),
        ("exclude: {tv.gamma: 5}", "exclude: no cell has tv.gamma=5; tv.gamma takes 0.0, 1000.0"),
        ("exclude: [{content: coffee}, {content: chelsea}]", "exclude leaves none of the 4 cells"),
        ("exclude: max", "exclude must say what the cells have that are left out"),
    ],
)
def test_a_shape_of_a_file_that_is_none(command, shape: str, said: str):
    done = sweep(command, str(write(command.folder, f"{SHAPED}{shape}\n")), *SMALL)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"nst: {command.folder / 'own.yaml'}: {said}")
    assert command.files() == ["own.yaml"]


def test_axes_that_go_together_count_once(tmp_path: Path):
    many = ", ".join(f"{key}: {{min: 0, max: 999}}" for key in ("seed", "beta"))
    path = write(tmp_path, f"{COMMAND}method: grid\nparameters: {{{many}}}\nzip: [seed, beta]\n")
    assert [point["beta"] for point in points(read(path), 0)] == list(range(1000))
    path.write_text(path.read_text().replace("zip", "#"))
    with pytest.raises(UserError, match="parameters make 1000000 runs, and one sweep has at most"):
        points(read(path), 0)


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_several_objectives_reach_the_runs(command, method: str):
    text = f"{RANDOM}objectives: [ssim, best/loss/style/conv1_1]\n".replace("cap: 3", "cap: 1")
    text = text.replace("random", method)
    done = sweep(command, str(write(command.folder, text)), *SMALL)
    assert done.returncode == 0, done.stderr
    (path,) = command.folder.glob("outputs/own/*/*/run.json")
    wanted = ["metrics/ssim", "best/loss/style/conv1_1"]
    assert record(path.parent)["config"]["search"]["objective"] == wanted


def test_the_same_seed_draws_the_same_points(tmp_path: Path):
    sweep = read(write(tmp_path, RANDOM))
    assert points(sweep, 1) == points(sweep, 1) != points(sweep, 2)
    longer = read(write(tmp_path, RANDOM.replace("run_cap: 3", "run_cap: 9")))
    assert points(longer, 1)[:3] == points(sweep, 1)


@pytest.mark.parametrize(
    ("fields", "accepts"),
    [
        ("{min: 2, max: 5}", lambda x: type(x) is int and 2 <= x <= 5),
        ("{min: 2.0, max: 5}", lambda x: type(x) is float and 2 <= x <= 5),
        ("{distribution: q_uniform, min: 0, max: 1, q: 0.25}", lambda x: x * 4 == round(x * 4)),
        (
            "{distribution: q_log_uniform_values, min: 1, max: 64, q: 2}",
            lambda x: type(x) is int and x % 2 == 0 and 0 <= x <= 64,
        ),
        ("{distribution: inv_log_uniform_values, min: 1, max: 9}", lambda x: 1 <= x <= 9),
        ("{distribution: normal, mu: 50, sigma: 0.1}", lambda x: 48 < x < 52),
        ("{distribution: q_log_normal, mu: 1, sigma: 0.1, q: 0.5}", lambda x: x % 0.5 == 0),
        ("{distribution: beta}", lambda x: 0 <= x <= 1),
        ("{values: [a, b], probabilities: [0, 1]}", lambda x: x == "b"),
        ("{value: 7}", lambda x: x == 7),
    ],
)
def test_each_distribution(tmp_path: Path, fields: str, accepts: Callable[[Any], bool]):
    text = RANDOM.replace(RANGE, f"beta: {fields}").replace("run_cap: 3", "run_cap: 50")
    drawn = [point["beta"] for point in points(read(write(tmp_path, text)), 0)]
    assert all(map(accepts, drawn))


# --- Runs ---------------------------------------------------------------------------------------


def sweep(command: Process, *arguments: str) -> Any:
    return command(*arguments, program=(sys.executable, "-m", "nst.sweep"))


def own_overrides(folder: Path, names: Sequence[str]) -> list[list[str]]:
    jobs = sorted(folder.glob("outputs/own/*/*/run.json"))
    told = [record(path.parent)["overrides"] for path in jobs]
    return [[word for word in words if word.split("=")[0] in names] for words in told]


def test_a_grid_runs_and_a_failed_run_stops_no_other(command):
    text = GRID.replace("[100.0, 1000.0]", "[100.0, 1.0e+30, 1000.0]")
    done = sweep(command, str(write(command.folder, text)), *SMALL)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.match(r"nst: 1 of 3 runs failed: run 1 \(beta=1e\+30\): .*overflow", last)
    told = own_overrides(command.folder, ["beta"])
    assert told == [["beta=100.0"], ["beta=1e+30"], ["beta=1000.0"]]
    assert len(list(command.folder.glob("outputs/own/*/*/result.png"))) == 3
    assert len(list(command.folder.glob("outputs/own/*/multirun.yaml"))) == 1


def test_a_random_search_runs_its_points(command):
    path = write(command.folder, RANDOM, "own, and 'so' on.yaml")
    done = sweep(command, path.name, *SMALL, "search.seed=3", "name=own")
    assert done.returncode == 0, done.stderr
    expected = [overrides(point) for point in points(read(path), 3)]
    assert own_overrides(command.folder, ["beta"]) == expected


def test_a_bayes_search_runs(command):
    text = BAYES.replace("-m, nst", "-m, nst, seed=5, alpha=2")
    path = write(command.folder, text)
    done = sweep(command, str(path), *SMALL, "search.round=2", "pooling=max", "sweep.report=false")
    assert done.returncode == 0, done.stderr
    told = own_overrides(command.folder, ["beta", "pooling", "seed", "alpha"])
    assert len(told) == 4
    # The command line has the last word, and the file's command the one before.
    assert all(words[1:] == ["seed=5", "alpha=2", "pooling=max"] for words in told)
    assert re.search(r"best/loss/style \S+ in run \d: beta=", done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_runs_by_its_name(command, path: Path):
    # The layers are the file's.
    tiny = [word for word in QUIET if "layers" not in word]
    done = sweep(command, path.stem, *tiny, "hydra.sweep.dir=out", "hydra.sweeper.run_cap=3")
    assert done.returncode == 0, done.stderr
    runs = sorted((command.folder / "out").glob("*/run.json"))
    assert [record(run.parent)["status"] for run in runs] == ["finished"] * 3


def test_whatever_runs_log_can_be_searched_for(tmp_path: Path):
    for name, whole in (
        ("metrics/style_distance",) * 2,
        ("lpips", "metrics/lpips"),
        ("loss/tv",) * 2,
    ):
        plan = read(write(tmp_path, BAYES.replace("best/loss/style", name)))
        assert plan.metric["name"] == whole


def test_a_bayes_search_stops_at_its_target(command):
    text = BAYES.replace("goal: minimize", "goal: minimize, target: 1.0e+30")
    done = sweep(command, str(write(command.folder, text)), *SMALL, "hydra.sweep.dir=out")
    assert done.returncode == 0, done.stderr
    assert [path.parent.name for path in command.folder.glob("out/*/run.json")] == ["0"]


def test_a_bayes_search_needs_something_to_look_for(command):
    path = write(command.folder, BAYES)
    done = sweep(command, str(path), *SMALL, "beta=1", "pooling=avg")
    assert done.returncode == 1
    assert "parameters leave a bayes search nothing to look for" in done.stderr


def test_a_run_under_an_agent(command, read_wandb: Callable):
    from wandb.sdk.launch.sweeps.utils import create_sweep_command_args
    from wandb.sdk.lib.config_util import save_config_file_from_dict

    path = next(path for path in FILES if path.stem == "alpha_beta")
    point = points(read(path), 0)[1]
    given = {key: {"value": value} for key, value in point.items()}
    told = command.folder / "wandb" / "sweep-s1" / "config-r1.yaml"
    save_config_file_from_dict(str(told), given)
    words = create_sweep_command_args({"args": given})["args_no_hyphens"]
    own_command = yaml.safe_load(path.read_text())["command"]
    assert own_command[:4] == ["${env}", "python", "-m", "nst"]
    # An agent's runs go online, which there is no account for here.
    own = [word for word in own_command[4:-1] if word != "tracking=online"]
    env = {"WANDB_SWEEP_ID": "s1", "WANDB_RUN_ID": "r1", "WANDB_SWEEP_PARAM_PATH": str(told)}
    done = command(*own, *words, *TINY[:-1], env=env)
    assert done.returncode == 0, done.stderr
    (whole,) = read_wandb(command.run_folder(), "--summary")
    assert whole["config"]["style.layers"] == "[conv1_1]"
    assert whole["config"]["style"]["layers"] == {"conv1_1": 1}
    assert (whole["config"]["beta"], whole["config"]["alpha"]) == (1e4, 1)
    assert "best/loss/total" in whole["summary"]
    (run,) = (line["run"] for line in read_wandb(command.run_folder()) if line["type"] == "run")
    assert (run["sweep_id"], run["run_id"]) == ("s1", "r1")


# --- Bad files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["is empty"]),
        ("- a\n", ["must hold fields"]),
        ("method: [grid\n", ["is not YAML (line 2)"]),
        ("a: !!python/object/apply:os.getcwd []\n", ["is not YAML", "could not determine"]),
        ("a: 2020-13-45\n", ["is not YAML", "month"]),
        (b"\xff\xfe\x00a\xd8", ["is not YAML"]),
        (GRID.replace("parameters", "paramters"), ["'paramters'", "did you mean 'parameters'?"]),
        (GRID.replace("grid", "gird"), ["method", "grid, random, bayes", "'gird'", "mean 'grid'"]),
        (GRID.replace("method: grid\n", ""), ["method must be one of", "None"]),
        (GRID.replace(COMMAND, ""), ["command", "-m, nst, ${args_no_hyphens}", "is missing"]),
        (GRID.replace("${args_no_hyphens}", "${args}"), ["command", "${args_no_hyphens}", "not"]),
        (GRID.replace("beta", "betta"), ["parameters.betta", "did you mean 'beta'?"]),
        (GRID.replace("beta", "tv"), ["parameters.tv", "there is no key 'tv'"]),
        (GRID.replace("beta", "style.layers.conv1_1"), ["parameters.style.layers.conv1_1"]),
        (GRID.replace("parameters: {", "parameters: {}\n#"), ["parameters must give"]),
        (
            GRID.replace("beta: {", "tv.gamma: {parameters: {gamma: {value: 1}}}, beta: {"),
            ["parameters.tv.gamma.parameters is nested"],
        ),
        (
            GRID.replace("values", "valeus"),
            ["parameters.beta", "'valeus'", "did you mean 'values'"],
        ),
        (GRID.replace("[100.0, 1000.0]", "[]"), ["parameters.beta.values must be a list"]),
        (GRID.replace("values: [100.0, 1000.0]", ""), ["parameters.beta must have value"]),
        (GRID.replace("values: [100.0, 1000.0]", "min: 1"), ["parameters.beta.max is missing"]),
        (RANDOM.replace("random\nrun_cap: 3", "grid"), ["parameters.beta", "grid can't run"]),
        (RANDOM.replace("run_cap: 3\n", ""), ["run_cap", "is missing"]),
        (RANDOM.replace("run_cap: 3", "run_cap: 0"), ["run_cap", "from 1 to", "not 0"]),
        (RANDOM.replace("100.0", "1e3"), ["parameters.beta.max", "'1e3'", "text", "1000.0"]),
        (RANDOM.replace("min: 1.0", "min: 0.0"), ["parameters.beta.min must be above 0"]),
        (RANDOM.replace("min: 1.0", "min: 200.0"), ["parameters.beta.min must be below", "100.0"]),
        (
            RANDOM.replace("log_uniform_values", "log_uniform_value"),
            ["distribution", "mean 'log_uni"],
        ),
        (
            RANDOM.replace(RANGE, "beta: {values: [1, 2], probabilities: [1]}"),
            ["parameters.beta.probabilities", "sum 1"],
        ),
        (re.sub("metric.*\n", "", BAYES), ["metric is missing"]),
        (BAYES + "objectives: [ssim]\n", ["objectives and metric both say"]),
        (GRID + "objectives: ssim\n", ["objectives must be a list of names", "'ssim'"]),
        (GRID + "objectives: [ssim, metrics/ssim]\n", ["objectives must be different"]),
        (GRID + "objectives: [lpipps]\n", ["objectives: ", "mean 'lpips'?"]),
        (RANDOM + "zip: [beta, alpha]\n", ["zip shapes a grid, and this is method: random"]),
        (BAYES + "exclude: {beta: 1}\n", ["exclude shapes a grid, and this is method: bayes"]),
        (BAYES.replace("best/loss/style", "best/los/style"), ["metric.name", "'best/loss/style'?"]),
        (
            BAYES.replace("best/loss/style", "metrics/stile_distance"),
            ["metric.name", "'metrics/style_distance'?"],
        ),
        (BAYES.replace("minimize", "least"), ["metric.goal", "'least'"]),
        (
            BAYES.replace("best/loss/style", "ssim"),
            ["metric.goal must be maximize", "metrics/ssim"],
        ),
        (BAYES.replace("goal:", "gaol:"), ["metric", "'gaol'", "did you mean 'goal'?"]),
        (
            BAYES.replace("[avg, max]", "[avg, max], probabilities: [0.5, 0.5]"),
            ["parameters.pooling.probabilities"],
        ),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path: Path, text: str | bytes, parts: list[str]):
    path = tmp_path / "own.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as caught:
        read(path)
    said(str(caught.value), [str(path), *parts])


def said(line: str, parts: Sequence[str]) -> None:
    assert "\n" not in line
    assert re.search(".*".join(map(re.escape, parts)), line), line


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (GRID.replace("1000.0", "-1.0"), ["parameters.beta", "accepts -1.0", "at least 0"]),
        (GRID.replace("1000.0", "lots"), ["parameters.beta", "accepts 'lots'", "must be a number"]),
        (GRID.replace("1000.0", "null"), ["parameters.beta", 'write "null"']),
        (
            GRID.replace("beta: {values: [100.0", "style.layers: {values: ['conv1_1, conv2_1'"),
            ["parameters.style.layers", "'conv1_1, conv2_1'", "can't be passed on", "[conv1_1"],
        ),
        (
            GRID.replace("beta: {values: [100.0", "style.layers: {values: [{conv1_1: 1}"),
            ["parameters.style.layers", "can't be passed on", '"{conv1_1: 1}"'],
        ),
        (
            GRID.replace("beta: {values: [100.0, 1000.0]", "style.layers: {value: '[conv6_1]'"),
            ["parameters.style.layers", "no layer 'conv6_1'"],
        ),
        (
            GRID.replace("beta: {values: [100.0, 1000.0]", "style: {values: [night, starrry]"),
            ["parameters.style", "style has no option 'starrry'"],
        ),
        (
            GRID.replace("beta: {", "alpha: {value: 0}, beta: {").replace("1000.0", "0"),
            ["parameters: no run accepts alpha=0, beta=0", "all 0"],
        ),
        (BAYES.replace(RANGE, "optimizer.b1: {min: 0.1, max: 1.0}"), ["parameters.optimizer.b1"]),
        (RANDOM.replace(RANGE, "beta: {distribution: normal}"), ["parameters.beta", "at least 0"]),
    ],
)
def test_values_that_no_run_accepts(
    tmp_path: Path, compose_plain: Composer, text: str, parts: list[str]
):
    plan = read(write(tmp_path, text))
    with pytest.raises(UserError) as caught:
        check(plan, [] if plan.method == "bayes" else points(plan, 0), compose_plain)
    said(str(caught.value), ["own.yaml", *parts])


def test_too_many_runs(tmp_path: Path):
    text = GRID.replace("values: [100.0, 1000.0]", "min: 1, max: 1000000000")
    with pytest.raises(UserError, match=r"parameters make 1000000000 runs"):
        points(read(write(tmp_path, text)), 0)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["which sweep file?", "FILE"]),
        (["beta=1"], ["which sweep file?"]),
        (["none.yaml"], ["none.yaml", "no such sweep file", "pooling"]),
        (["poling"], ["poling: no such sweep file (did you mean 'pooling'?)"]),
        (["sweeps/layers.yaml"], ["sweeps/layers.yaml", "did you mean 'layers'?"]),
        (["."], [".", "Is a directory"]),
        (["bad.yaml"], ["bad.yaml", "no field 'a'"]),
        (["own.yaml", "alpha=1,2"], ["alpha=1,2 gives several values"]),
        (["own.yaml", "btea=1"], ["'btea'", "did you mean 'beta'?"]),
        (["own.yaml", "tv.gamma=-1"], ["tv.gamma must be a number at least 0"]),
        (["own.yaml", "hydra.sweeper.run_cap=0"], ["hydra.sweeper.run_cap", "from 1"]),
    ],
)
def test_a_refused_command_leaves_nothing_behind(command, arguments: list[str], parts: list[str]):
    write(command.folder, GRID)
    write(command.folder, "a: b", "bad.yaml")
    before = command.files()
    done = sweep(command, *arguments, *(["hydra/launcher=basic"] if len(arguments) > 1 else []))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    said(line, ["nst: ", *parts])
    assert command.files() == before


def test_help(command):
    done = sweep(command, "--help")
    assert done.returncode == 0
    assert "nst sweep FILE|NAME" in done.stdout
    for path in FILES:
        assert f"\n  {path.stem} " in done.stdout
