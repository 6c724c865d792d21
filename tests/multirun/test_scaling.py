"""Other engines than one process: submitit, joblib and Optuna, each where it is installed."""

import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers import SHALLOW, TWO_STEPS, record, refusal
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import RunMode
from PIL import Image

import nst.run  # noqa: F401 - stores the schema
from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.config.schema import from_mapping
from nst.config.validation import validated
from nst.multirun import cluster
from nst.multirun.compose import Composer, values
from nst.runner import plan, prepare
from nst.runner.alike import named_files, program

BATCHED = ("-m", "hydra/launcher=batched", *TWO_STEPS, *SHALLOW)

#: A cluster of one node: it keeps the script and runs the elements of the array named in NODES.
SBATCH = """#!/bin/sh
cp "$1" "$FAKE/script.sh"
for node in $NODES; do
  SLURM_JOB_ID=7 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$node \\
    sh "$FAKE/script.sh" > "$FAKE/$node.log" 2>&1 &
done
echo "Submitted batch job 7"
"""
SRUN = """#!/bin/sh
# --unbuffered --output FILE --error FILE COMMAND
shift 5
exec "$@"
"""
SACCT = """#!/bin/sh
printf 'JobID|State|NodeList\\n7_0|RUNNING|a\\n7_1|%s|b\\n' "$STATE"
"""
SCANCEL = """#!/bin/sh
echo "$1" >> "$FAKE/canceled"
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for Slurm's programs; return the folder that they write to."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    programs = {"sbatch": SBATCH, "srun": SRUN, "sacct": SACCT, "scancel": SCANCEL}
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("NODES", "0 1")
    monkeypatch.setenv("STATE", "RUNNING")
    return folder


def results(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/result.png")}


def totals(folder: Path) -> list[float]:
    records = [record(path.parent) for path in sorted(folder.glob("*/run.json"))]
    assert {one["status"] for one in records} == {"finished"}
    return [one["best"]["total"] for one in records]


@pytest.mark.parametrize(
    "keys", [("pooling=avg", "pooling=max"), ("scales=[16,32]", "scales=[16,24]")]
)
def test_a_chunk_holds_runs_that_share_a_program_and_their_sizes(compose, keys: tuple[str, str]):
    configs = [compose(*TWO_STEPS, key, f"tv.gamma={gamma}") for gamma in range(3) for key in keys]
    assert cluster.chunks(configs, 2) == [[0, 2], [4], [1, 3], [5]]


#: What may or may not keep two runs from sharing a program; {0} and {1} are pictures.
KEYS = (
    *("optimizer=lbfgs", "optimizer=sgd", "optimizer.lr=2", "optimizer.clamp=true"),
    *("optimizer.average=0.5", "optimizer.average=0.9", "optimizer.schedule=cosine"),
    *("style.path={1}", "style.blend=[{0}]", "style.blend='{0} 1 {1} 1'"),
    *("style.blend='{0} 1 {1} 2'", "style=starry", "style.size=32", "style.size=24"),
    *("style.statistic=mean_std", "style.layers=[conv1_2]", "content.layers=[conv1_2]"),
    *("content.path={1}", "content=rocket", "content.reduction=mean", "color=match"),
    *("pooling=max", "precision=bfloat16", "scales=[16,32]", "check_every=2", "tv.gamma=1e3"),
    *("tv.form=squared", "tv.exponent=1.25", "tv.reduction=mean", "init=noise", "seed=3"),
)


def pairs(values: Sequence[str], apart: int) -> Iterator[tuple[str, ...]]:
    """Yield nothing, each value, and each with those that come soon after it."""
    yield ()
    for number, value in enumerate(values):
        yield (value,)
        yield from ((value, other) for other in values[number + 1 : number + 1 + apart])


@pytest.mark.parametrize(
    ("apart", "groups"), [(1, 25), pytest.param(4, 50, marks=pytest.mark.slow)]
)
def test_the_cluster_puts_together_what_the_grid_does(tmp_path: Path, apart: int, groups: int):
    files = [tmp_path / "own.png", tmp_path / "other.png"]
    for number, file in enumerate(files):
        Image.new("RGB", (40, 32), (50 * number, 9, 9)).save(file)
    keys = [key.format(*files) for key in KEYS]
    setup_globals()
    base = (*TWO_STEPS, *SHALLOW, f"content.path={files[0]}", f"style.path={files[0]}")
    by_grid: dict[Any, set[Any]] = defaultdict(set)
    by_cluster: dict[Any, set[Any]] = defaultdict(set)
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        loader = GlobalHydra.instance().config_loader()
        composer = Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))
        for own in pairs(keys, apart):
            # A blend and a path of the style don't go together.
            start = base[:-1] if any("style." in key and "png" in key for key in own) else base
            try:
                config = validated(from_mapping(values(composer([*start, *own]))))
            except UserError:
                continue
            in_grid = plan._program(prepare.prepare(config), None)
            in_cluster = program(config, config.network.source.name), named_files(config)
            by_grid[in_grid].add(in_cluster)
            by_cluster[in_cluster].add(in_grid)
    assert len(by_grid) > groups
    assert all(len(group) == 1 for group in by_grid.values())
    assert all(len(group) == 1 for group in by_cluster.values())


@pytest.mark.slow
def test_nodes_give_the_pictures_of_one_process(process):
    pytest.importorskip("submitit", reason="submitit is not installed: nst[slurm]")
    grid = ("tv.gamma=0,1e3", "pooling=avg,max")
    settings = ("cluster=local", "chunk=2", "array_parallelism=2")
    inline = process(*BATCHED, *grid, "hydra.sweep.dir=inline")
    assert inline.returncode == 0, inline.stderr
    nodes = process(
        *(*BATCHED, *grid, "tracking=offline", "hydra.sweep.dir=nodes"),
        *(f"hydra.launcher.{one}" for one in settings),
    )
    assert nodes.returncode == 0, nodes.stderr
    assert len(results(process.folder / "nodes")) == 4
    assert results(process.folder / "nodes") == results(process.folder / "inline")
    # In the grid's order, though a chunk holds the runs of one pooling.
    table, expected = (done.stdout.splitlines()[1:6] for done in (nodes, inline))
    assert table == expected
    assert len(list((process.folder / "nodes" / ".submitit").glob("*/*_submitted.pkl"))) == 2
    assert (
        len(list((process.folder / "nodes" / "wandb").glob("offline-run-*"))) == 4 + 1
    )  # the table


@pytest.mark.slow
def test_a_node_that_dies_fails_its_runs_alone(process, slurm: Path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed: nst[slurm]")
    monkeypatch.setenv("NODES", "0")
    monkeypatch.setenv("STATE", "NODE_FAIL")
    resources = ("partition=gpu", "gpus_per_node=2", "mem_gb=24", "cpus_per_task=8")
    settings = ("cluster=slurm", "timeout_min=90", "array_parallelism=5", *resources)
    done = process(
        *(*BATCHED, "pooling=avg,max", "tv.gamma=0,1", "hydra.sweep.dir=sweep"),
        *(f"hydra.launcher.{one}" for one in settings),
        "hydra.launcher.sbatch={account: vision}",
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(totals(process.folder / "sweep")) == 2
    assert done.stdout.replace("\n", " ").count("failed: job 7_1") == 2
    assert "ended without a result (NODE_FAIL)" in done.stderr
    script = (slurm / "script.sh").read_text()
    flags = ("array=0-1%2", "partition=gpu", "gpus-per-node=2", "mem=24GB", "cpus-per-task=8")
    for flag in (*flags, "time=90", "account=vision"):
        assert f"#SBATCH --{flag}\n" in script


def test_ctrl_c_cancels_the_jobs(process, slurm: Path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed: nst[slurm]")
    monkeypatch.setenv("NODES", "")
    running = process.start(*BATCHED, "pooling=avg,max", "hydra.launcher.cluster=slurm")
    deadline = time.monotonic() + 60
    while not (slurm / "script.sh").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in stderr
    assert (slurm / "canceled").read_text().split() == ["7_0", "7_1"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("cluster=slrum", "must be inline, local or slurm, not 'slrum' (did you mean 'slurm'?)"),
        ("lanes=0", "hydra.launcher.lanes must be at least 1, not 0"),
        ("chunk=0", "hydra.launcher.chunk must be at least 1, not 0"),
    ],
)
def test_a_setting_out_of_range_is_a_sentence(command, setting: str, message: str):
    assert message in refusal(command, *BATCHED, "tv.gamma=0,1", f"hydra.launcher.{setting}")


def test_a_machine_without_slurm_is_a_sentence(command):
    pytest.importorskip("submitit", reason="submitit is not installed: nst[slurm]")
    done = command(*BATCHED, "tv.gamma=0,1", "hydra.launcher.cluster=slurm", env={"PATH": ""})
    assert done.returncode == 1
    assert "found no sbatch and no srun here" in done.stderr


#: Two tasks of a step, each on a node of its own, with the variables that Slurm's srun gives them.
TWO_NODES = """#!/bin/sh
shift 5
export SLURM_STEP_NODELIST=localhost SLURM_NTASKS=2 SLURM_STEP_NUM_NODES=2 SLURM_LOCALID=0
SLURM_PROCID=1 "$@" &
SLURM_PROCID=0 "$@"
wait
"""
#: A job that is no array.
ALONE = """#!/bin/sh
cp "$1" "$FAKE/script.sh"
SLURM_JOB_ID=7 sh "$FAKE/script.sh" > "$FAKE/log" 2>&1 &
echo "Submitted batch job 7"
"""


@pytest.mark.slow
def test_two_nodes_of_slurm_compute_one_picture(process, slurm: Path, monkeypatch):
    package = "hydra_plugins.hydra_submitit_launcher"
    pytest.importorskip(package, reason=f"{package} is not installed: nst[slurm]")
    (slurm / "srun").write_text(TWO_NODES)
    (slurm / "sbatch").write_text(ALONE)
    one = ("network=vgg16", "tracking=disabled", "size=32", "steps=2", *SHALLOW, "devices=rows")
    done = process(
        *("-m", "hydra/launcher=submitit_slurm", "hydra.launcher.nodes=2"),
        *("hydra.sweep.dir=sweep", "tv.gamma=0", *one),
    )
    assert done.returncode == 0, done.stderr + (slurm / "log").read_text()
    script = (slurm / "script.sh").read_text()
    assert "#SBATCH --nodes=2\n" in script
    assert "#SBATCH --ntasks-per-node=1\n" in script
    assert len(totals(process.folder / "sweep")) == 1
    assert record(process.folder / "sweep" / "0")["device"]["count"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["submitit_local", "submitit_slurm", "joblib"])
def test_hydra_s_own_launchers_run_the_jobs(process, slurm: Path, launcher: str):
    package = f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher"
    pytest.importorskip(package, reason=f"{package} is not installed: nst[slurm], nst[joblib]")
    tracking = "offline" if launcher == "submitit_local" else "disabled"
    done = process(
        *("-m", f"hydra/launcher={launcher}", "hydra.sweep.dir=sweep"),
        *(*TWO_STEPS, *SHALLOW, f"tracking={tracking}", "tv.gamma=0,1"),
    )
    assert done.returncode == 0, done.stderr
    sweep = process.folder / "sweep"
    assert len(totals(sweep)) == 2
    if tracking == "offline":
        assert len(list((sweep / "wandb").glob("offline-run-*"))) == 2 + 1  # the table
    if launcher == "submitit_slurm":
        assert "#SBATCH --array=0-1%2\n" in (slurm / "script.sh").read_text()
