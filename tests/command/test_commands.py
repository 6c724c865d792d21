"""``nst``: a command, or the settings of a run; help, version, what bash is offered."""

import re
import sys
from importlib.metadata import version

import pytest
from helpers import Command, Done

from nst.__main__ import COMMANDS
from nst.base.files import conf_dir

NST = (sys.executable, "-m", "nst")


@pytest.fixture
def nst(command: Command):
    """Run ``python -m nst ARGUMENTS`` in an empty folder, in this process where it can."""

    def run(*arguments: str, **more) -> Done:
        done = command(*arguments, program=NST, **more)
        assert "Traceback" not in done.stderr
        assert command.files() == []
        return done

    return run


def test_help_shows_runs_and_commands_on_one_screen(nst, compose):
    done = nst("--help")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE)
    for group in conf_dir().iterdir():
        if group.is_dir() and group.name != "hydra":
            options = "|".join(sorted(path.stem for path in group.glob("*.yaml")))
            assert f"  {group.name}={options}\n" in re.sub(r"\|\n +", "|", done.stdout)
    shown = re.findall(r"(?:^  | {3,})([a-z.]+=[0-9e]+) ", done.stdout, re.MULTILINE)
    assert len(shown) == 6
    assert compose(*shown) == compose()  # so these are the defaults


def test_help_imports_nothing_that_takes_time(nst):
    lines = nst("--help", env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr.splitlines()
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in lines}
    assert "nst" in imported
    assert not imported & {"hydra", "omegaconf", "yaml", "jax", "wandb", "numpy", "rich"}


def test_version_names_nst_jax_and_the_device(nst):
    found = re.fullmatch(
        r"nst (\d+\.\d+\.\d+), JAX (\S+), device: (\S.*)\n", nst("--version").stdout
    )
    assert found
    assert found[2] == version("jax")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_how_it_is_used(nst, name: str):
    done = nst(name, "--help")
    assert done.returncode == 0
    assert f"nst {name}" in done.stdout or name == "run"
    assert "python -m" not in done.stdout.replace("(python -m nst.paint)", "")  # of a title


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["swep", "pooling"], r"there is no command 'swep' \(did you mean 'sweep'\?\)"),
        (
            ["raport"],
            r"there is no command 'raport' \(did you mean 'report'\?\); there are run, sweep",
        ),
        (["starry"], r"there is no command 'starry'; .* look like style=starry"),
        (["sweep", "poling"], r"poling: no such sweep file \(did you mean 'pooling'\?\)"),
        (["sweep", "pooling", "size=7"], r"size must be .* not 7"),
        (["report", "nowhere"], r"nowhere"),
        (["size=7"], r"size must be .* not 7"),
        (["run", "size=7"], r"size must be .* not 7"),
        (["me.jpg"], r"can't read the override 'me.jpg': it must look like key=value"),
    ],
)
def test_a_mistake_is_one_sentence(nst, arguments: list[str], said: str):
    done = nst(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(f"nst: .*{said}", done.stderr)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nst wei", ["weights"]),
        ("nst swe", ["sweep", "sweep."]),  # the command, and a key's group
        ("nst sweep po", ["pooling"]),
        ("nst sweep pooling seed", ["seed="]),
        ("nst run pooling=max tv.g", ["tv.gamma="]),
        ("nst pooling=max tv.g", ["tv.gamma="]),
        (
            "nst init=",
            [
                "init=content",
                "init=file",
                "init=gray",
                "init=noise",
                "init=recolored",
                "init=style",
            ],
        ),
        ("nst report ", []),  # bash offers files then
    ],
)
def test_bash_is_offered(nst, line: str, offered: list[str]):
    env = {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    assert nst("-sc", "query=bash", env=env).stdout.split() == offered
