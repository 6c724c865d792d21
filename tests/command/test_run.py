"""The command line from end to end, in an empty folder, as a user meets it."""

import csv
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT, SHALLOW, TWO_STEPS, Command, pixels, record, refusal, rows

from nst.base.files import conf_dir
from nst.config.schema import Config, to_mapping

GROUPS = sorted(
    path.name for path in conf_dir().iterdir() if path.is_dir() and path.name != "hydra"
)
OPTIONS = [f"{path.parent.name}={path.stem}" for path in sorted(conf_dir().glob("*/*.yaml"))]
# What an option can't be without.
NEEDS = {"init=file": ["init.path=start.png"]}


def script(name: str) -> Path:
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


# --- One run ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [SHALLOW, pytest.param((), marks=pytest.mark.slow)])
def test_the_users_own_command_with_the_network_cut_off(
    command, read_wandb, tmp_path: Path, layers: tuple[str, ...]
):
    cut = ["unshare", "-rn"]
    if not shutil.which("unshare") or subprocess.run([*cut, "true"]).returncode:
        pytest.skip("`unshare -rn` does not work here, so the network can't be cut off")
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "NST_CACHE": None, "XDG_CACHE_HOME": None, "WANDB_MODE": None}
    quick = ("size=64", "steps=2", "check_every=1", *layers)
    done = command("style=starry", "tv.gamma=1e3", *quick, env=env, before=cut)
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARNING: ")]
    assert len(warnings) == 2
    assert re.search("style=starry .*night", warnings[0])
    assert re.search("network=vgg19 .*vgg16", warnings[1])
    folder = command.run_folder()
    assert str(folder.relative_to(command.folder) / "result.png") in done.stdout
    # Chelsea is 451 x 300: 300 * 64 / 451 = 42.6.
    assert pixels(folder / "result.png").shape == (43, 64, 3)
    written = record(folder)
    assert (written["status"], written["error"]) == ("finished", None)
    assert written["config"]["tv"]["gamma"] == 1000
    for key, asked, used in (("style", "starry", "night"), ("network", "vgg19", "vgg16")):
        source = written["sources"][key]
        assert (source["requested"], source["used"], source["fallback"]) == (asked, used, True)
        assert f"{key}={asked}" in source["reason"]
    assert [int(row["step"]) for row in rows(folder)] == [0, 1, 2]
    (whole,) = read_wandb(folder, "--summary")
    assert (whole["state"], whole["config"]["tv"]["gamma"]) == ("finished", 1000)
    summary = whole["summary"]
    assert summary["status"] == "finished"
    assert (summary["sources/style"], summary["sources/style_fallback"]) == ("night", True)
    assert (summary["sources/network"], summary["sources/network_fallback"]) == ("vgg16", True)
    assert summary["result"]["width"] == 64


def test_another_seed_gives_another_picture(command):
    for seed in (1, 2):
        own = ("init=noise", f"seed={seed}", f"hydra.run.dir={seed}")
        assert command(*TWO_STEPS, *SHALLOW, *own).returncode == 0
    one, other = (pixels(command.folder / seed / "result.png") for seed in "12")
    assert (one != other).any()


def test_the_reports_pictures(command, report_pictures: Path, tmp_path: Path):
    manifest = json.loads((report_pictures / "manifest.json").read_text())
    # A copy: the run writes to its cache.
    cache = shutil.copytree(report_pictures, tmp_path / "cache")
    cache.chmod(0o755)
    arguments = ("experiment=report", *TWO_STEPS, *SHALLOW, "size=64")
    done = command(*arguments, env={"NST_CACHE": str(cache)})
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    folder = command.run_folder()
    assert folder.parent.name == "report"
    for key, name in (("content", "neckarfront"), ("style", "starry")):
        source = record(folder)["sources"][key]
        assert (source["used"], source["fallback"]) == (name, False)
        assert source["sha256"] == manifest[name]["sha256"]
    # Neckarfront is 1024 x 768.
    assert pixels(folder / "result.png").shape == (48, 64, 3)


@pytest.mark.slow  # test_disk.py has the same of a full cache
def test_a_cache_that_cannot_be_written_costs_only_time(process, tmp_path: Path):
    (tmp_path / "file").touch()
    done = process(*TWO_STEPS, *SHALLOW, env={"NST_CACHE": str(tmp_path / "file" / "cache")})
    assert done.returncode == 0, done.stderr
    assert record(process.run_folder())["status"] == "finished"


# --- Sweeps -------------------------------------------------------------------------------------


def test_a_sweep_has_numbered_folders_and_one_of_wandb(command):
    arguments = ("-m", "style=night", "tv.gamma=0,1e3", *TWO_STEPS, *SHALLOW, "tracking=offline")
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    (sweep,) = command.folder.glob("outputs/*/*")
    names = sorted(path.name for path in sweep.iterdir() if path.is_dir())
    assert names == [".report", "0", "1", "wandb"]
    for job, gamma in (("0", 0), ("1", 1000)):
        written = record(sweep / job)
        assert (written["status"], written["config"]["tv"]["gamma"]) == ("finished", gamma)
    assert len(list((sweep / "wandb").glob("offline-run-*"))) == 2 + 1  # the table
    assert not list(sweep.glob("[01]/wandb"))


# --- Runs that end early ------------------------------------------------------------------------


#: A run that only a signal ends.
LONG = (*TWO_STEPS, *SHALLOW, "steps=100000")


def started(command: Command, *arguments: str, step: int = 1) -> subprocess.Popen[str]:
    """Start a long run and wait until its history has the row of `step`."""
    run = command.start(*LONG, *arguments)
    deadline = time.monotonic() + 120
    while not any(len(rows(folder)) > step for folder in command.folder.glob("outputs/*/*")):
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            pytest.fail(f"the run did not come to step {step}: {run.communicate()}")
        time.sleep(0.02)
    return run


def test_ctrl_c_keeps_the_best_so_far(command, read_wandb):
    run = started(command, "tracking=offline")
    # As a terminal does: to every process of the group, W&B's service among them.
    os.killpg(run.pid, signal.SIGINT)
    try:
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert "result.png" in out
    folder = command.run_folder()
    written = record(folder)
    assert written["status"] == "interrupted"
    assert written["best"]["step"] >= 1
    assert written["last"]["step"] == int(rows(folder)[-1]["step"])
    assert pixels(folder / "result.png").shape == (21, 32, 3)
    (whole,) = read_wandb(folder, "--summary")
    assert whole["summary"]["status"] == "interrupted"


@pytest.mark.parametrize("delay", [0.4, pytest.param(0.0, marks=pytest.mark.slow)])
def test_ctrl_c_while_jax_loads(command, delay: float):
    run = command.start(*LONG)
    try:
        while not list(command.folder.glob("outputs/*/*/.hydra/overrides.yaml")):
            assert run.poll() is None
            time.sleep(0.01)
        time.sleep(delay)
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=30)
    finally:
        run.kill()
    assert run.returncode == 130, err
    assert "Traceback" not in err
    # Where loading is quicker than the delay, the run has begun.
    begun = list(command.folder.glob("outputs/*/*/run.json"))
    assert [record(path.parent)["status"] for path in begun] == ["interrupted"] * len(begun)
    assert begun or command.files() == []


def test_a_kill_leaves_no_half_file(command):
    run = started(command, "tracking.images_every=1", step=4)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)
    folder = command.run_folder()
    assert record(folder)["status"] == "running"
    for path in folder.rglob("*.png"):
        assert pixels(path).shape == (21, 32, 3)
    text = (folder / "history.csv").read_text()
    assert text.endswith("\n")
    header, *lines = csv.reader(text.splitlines())
    assert [int(line[0]) for line in lines] == list(range(len(lines)))
    assert len(lines) > 4
    for line in lines:
        assert len(line) == len(header)
        assert all(np.isfinite(float(value)) for value in line)


def test_a_loss_that_overflows_stops_the_run(command):
    # Adam's first step moves every value by the learning rate: squared and times alpha that is
    # 1e48, far beyond float32's 3.4e38.
    done = command(*TWO_STEPS, *SHALLOW, "optimizer.lr=1e9", "alpha=1e30")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("nst: ")]
    assert "step 1" in sentence
    assert "optimizer.lr" in sentence
    folder = command.run_folder()
    written = record(folder)
    assert written["status"] == "diverged"
    assert written["last"]["step"] == 1
    assert written["last"]["total"] is None
    assert written["best"]["step"] == 0
    assert rows(folder)[-1]["total"] in ("inf", "nan")
    kept, start = folder / "result.png", folder / "images" / "step_00000.png"
    np.testing.assert_array_equal(pixels(kept), pixels(start))


# --- Configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes(option: str, compose: Callable[..., Config]):
    group, name = option.split("=")
    config = to_mapping(compose(option, *NEEDS.get(option, [])))
    other = {"tracking": config["tracking"]["mode"]}
    other |= {"experiment": config["name"], "preset": config["preset"]}
    assert (other[group] if group in other else config[group]["name"]) == name


def test_the_report_is_the_reports_run(compose: Callable[..., Config]):
    config = compose("experiment=report")
    assert (config.steps, config.check_every, config.pooling) == (200, 20, "avg")
    assert (config.optimizer.name, config.optimizer.lr, config.init.name) == ("adam", 10, "content")
    assert config.alpha / config.beta in (1e-3, 1e-4)
    assert config.content.layers == {"conv4_2": 1}
    assert config.style.layers == {f"conv{block}_1": 0.2 for block in range(1, 6)}
    assert compose("experiment=report", "steps=3", "style=night").style.source.name == "night"


# --- Help, completion, other names --------------------------------------------------------------


def test_help_names_every_option(command):
    done = command("--help")
    assert done.returncode == 0
    for group in GROUPS:
        options = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
        assert f"{group}: {', '.join(options)}\n" in done.stdout
    assert "gamma: 0" in done.stdout
    assert command.files() == []


def test_help_imports_neither_jax_nor_wandb(command):
    done = command("--help", program=(sys.executable, "-X", "importtime", "-m", "nst.run"))
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "hydra" in imported
    assert not imported & {"jax", "jaxlib", "flax", "optax", "wandb", "h5py", "PIL", "numpy"}


def test_help_answers_at_once(process):
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Of the processor, not of the clock: other tests run beside this one.
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    best = min(seconds() for _ in range(3))
    if best >= 0.7 and os.getloadavg()[0] > (os.cpu_count() or 1):
        pytest.skip(f"the machine is too busy to time anything: {best:.2f} s")
    assert best < 0.7


def test_bash_completes(command):
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("there is no bash")
    folder = script("nst").parent
    line = "nst style=s"
    words = f'COMP_LINE="{line}" COMP_POINT={len(line)} COMP_CWORD=1 COMP_WORDS=({line})'
    text = (
        f'eval "$(nst -sc install=bash)"; complete -p nst >&2; {words}; '
        'hydra_bash_completion; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = command("-c", text, program=(bash, "--norc"), env={"PATH": path})
    offered = [f"style={name}" for name in ("scream", "seated_nude", "shipwreck", "starry")]
    assert done.stdout.split() == offered, done.stderr
    assert "hydra_bash_completion nst" in done.stderr


def test_the_program_is_the_module(command):
    line = refusal(command, "size=7", program=(str(script("nst")),))
    assert line == refusal(command, "size=7")


def test_make_prints_help():
    if not shutil.which("make"):
        pytest.skip("there is no make")
    done = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for target in ("help", "setup", "setup-gpu", "demo", "test", "lint", "clean"):
        assert re.search(rf"^ *make {target} ", done.stdout, re.MULTILINE)
