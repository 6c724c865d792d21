"""A sweeper of somebody else's: a Hydra plugin that uses what nst.multirun offers."""

import os
from pathlib import Path
from typing import Any

import pytest
from helpers import QUIET, Command, record

#: hydra_plugins/toy_lines/__init__.py
PLUGIN = """
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper


@dataclass
class Settings:
    _target_: str = "hydra_plugins.toy_lines.Lines"
    file: str = "???"  # the overrides of a run on each line


ConfigStore.instance().store(group="hydra/sweeper", name="lines", node=Settings, provider="toy")


class Lines(Sweeper):
    def __init__(self, file):
        self.file = file

    def setup(self, *, hydra_context, task_function, config):
        from nst.multirun import sweeper

        self.multirun = sweeper.begin(hydra_context, task_function, config)

    def sweep(self, arguments):
        from nst.multirun import finish, sweeper

        with open(self.file) as file:
            jobs = [[*line.split(), *arguments] for line in file]
        sweeper.check(self.multirun, jobs)
        with finish.reported(self.multirun.config):
            return sweeper.launch(self.multirun, jobs, 0)
"""


def sweep(command: Command, lines: str, launcher: str = "basic") -> Any:
    (plugin := command.folder.parent / "plugins" / "hydra_plugins" / "toy_lines").mkdir(
        parents=True
    )
    (plugin / "__init__.py").write_text(PLUGIN)
    (command.folder / "lines.txt").write_text(lines)
    path = os.pathsep.join(filter(None, [str(plugin.parents[1]), os.environ.get("PYTHONPATH")]))
    return command(
        *("-m", "hydra/sweeper=lines", "hydra.sweeper.file=lines.txt", "hydra.sweep.dir=sweep"),
        *(f"hydra/launcher={launcher}", *QUIET, "name=toy"),
        env={"PYTHONPATH": path},
    )


@pytest.mark.parametrize("launcher", [pytest.param("basic", marks=pytest.mark.slow), "batched"])
def test_its_runs_are_recorded_and_reported(command: Command, launcher: str):
    done = sweep(command, "beta=1e3\nbeta=1e4 alpha=2\n", launcher)
    assert done.returncode == 0, done.stderr
    folder: Path = command.folder / "sweep"
    records = [record(folder / job) for job in "01"]
    assert [one["status"] for one in records] == ["finished", "finished"]
    assert [one["config"]["beta"] for one in records] == [1e3, 1e4]
    assert records[1]["overrides"][:2] == ["beta=1e4", "alpha=2"]
    assert {"multirun.yaml", "index.html", "grid.png"} <= {path.name for path in folder.iterdir()}


def test_nothing_is_left_of_it_where_a_run_is_refused(command: Command):
    done = sweep(command, "beta=1e3\nbeta=-1\n")
    assert done.returncode == 1
    assert done.stderr.startswith("nst: job 1 (beta=-1): beta must be")
    assert command.files() == ["lines.txt"]
