"""Where a command is given from and what configuration of a user's own it names."""

import shlex
from pathlib import Path

import pytest
from helpers import SHALLOW, TWO_STEPS, Command, record, refusal
from PIL import Image

from nst.base.errors import UserError
from nst.command import given

TINY = (*TWO_STEPS, *SHALLOW)


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((48, 32), 80).save(path)


def test_relative_paths_are_meant_from_where_the_command_is_given(command: Command):
    picture(command.folder / "me.png")
    done = command(*TINY, "hydra.job.chdir=true", "content.path=me.png", "hydra.run.dir=runs/1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("runs/1/result.png")
    grid = ("-m", *TINY, "hydra.job.chdir=true", "content.path=me.png", "tv.gamma=0,1")
    done = command(*grid, "hydra.sweep.dir=runs/2")
    assert done.returncode == 0, done.stderr
    assert (command.folder / "runs" / "2" / "index.html").exists()


def test_the_home_folder_of_a_folder_in_a_file(command: Command):
    (command.folder / "mine").mkdir()
    text = "defaults: [config, _self_]\nhydra: {run: {dir: ~/runs/1}}\n"
    (command.folder / "mine" / "own.yaml").write_text(text)
    home = command.folder / "home"
    home.mkdir()
    done = command("-cd", "mine", "-cn", "own", *TINY, env={"HOME": str(home)})
    assert done.returncode == 0, done.stderr
    assert (home / "runs" / "1" / "result.png").exists()
    assert sorted(path.name for path in command.folder.iterdir()) == ["home", "mine"]


def test_the_record_of_a_run_names_the_command_that_runs_it_again(command: Command):
    assert command(*TINY, "beta=77", "hydra.run.dir=1").returncode == 0
    line = command("--config-dir=1/.hydra", "--config-name=config").stderr
    typed = shlex.split(line.split("`")[1])
    assert typed[:1] == ["nst"]
    assert command(*typed[1:], "hydra.run.dir=2").returncode == 0
    assert len({record(command.folder / run)["config_hash"] for run in "12"}) == 1


@pytest.mark.parametrize(
    ("file", "text", "arguments", "sentence"),
    [
        ("style/starry.yaml", "name: mine\n", [], "has the name of one of nst's own files"),
        ("config.yaml", "beta: 1\n", ["-cn", "config"], "lacks nst's own settings"),
        ("own.yaml", "beta: 1\n", ["--config-name=own"], "lacks nst's own settings"),
        ("style/mine.yaml", "name: mine\n", [], None),
        ("own.yaml", "defaults: [config, _self_]\n", ["-cn", "own"], None),
    ],
)
def test_a_users_own_configuration(
    tmp_path: Path, file: str, text: str, arguments: list[str], sentence: str | None
):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    command = [f"--config-dir={tmp_path}", *arguments]
    if sentence is None:
        given.check(command)
        return
    with pytest.raises(UserError, match=sentence):
        given.check(command)


def test_another_primary_folder_is_refused():
    with pytest.raises(UserError, match="--config-dir adds a folder"):
        given.check(["--config-path=/somewhere"])


@pytest.mark.parametrize("empty", ["style=glob(zz*)", "beta=range(5,1)"])
def test_a_sweep_of_no_jobs_is_no_success(command: Command, empty: str):
    line = refusal(command, "-m", *TINY, "pooling=avg,max", empty, "hydra.sweep.dir=sweep")
    assert line == f"nst: {empty} gives no value, so there is nothing to run"


def test_a_sweep_whose_folders_nest_has_its_report(command: Command):
    picture(command.folder / "images" / "a.png")
    picture(command.folder / "wandb" / "b.png")
    exclude = "network,tracking,size,steps,check_every,content.layers,style.layers"
    done = command(
        *("-m", *TINY, f"style.path={command.folder}/images/a.png,{command.folder}/wandb/b.png"),
        "hydra.sweep.subdir=${hydra.job.override_dirname}",
        f"hydra.job.config.override_dirname.exclude_keys=[{exclude}]",
        "hydra.sweep.dir=sweep",
    )
    assert done.returncode == 0, done.stderr
    assert len((command.folder / "sweep" / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_callbacks_of_hydras_manual_find_their_folder(command: Command):
    pickling = "{_target_: hydra.experimental.callbacks.PickleJobInfoCallback}"
    done = command(*TINY, f"+hydra.callbacks.kept={pickling}", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert (command.folder / "run" / ".hydra" / "config.pickle").exists()
    again = command("--experimental-rerun", "run/.hydra/config.pickle")
    assert again.returncode == 0, again.stderr
