"""What all tests share: a cache of their own, a small picture, the command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Command, Inspect, Process
from PIL import Image

from nst.config.schema import Config

SHARED = Path(__file__).parents[2] / "shared" / "assets"

# A test says nothing to W&B by accident, whatever the account of whoever runs it.
OFFLINE = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep compiled programs and converted weights away from the user's."""
    patch = pytest.MonkeyPatch()
    # One for all of xdist's workers, whose folders lie side by side.
    base = tmp_path_factory.getbasetemp()
    several = "PYTEST_XDIST_WORKER" in os.environ
    patch.setenv("NST_CACHE", str((base.parent if several else base) / "cache"))
    for name, value in OFFLINE.items():
        patch.setenv(name, value)
    yield
    patch.undo()


@pytest.fixture
def report_pictures() -> Path:
    """The folder of the report's pictures, which are not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"the report's pictures are not at {SHARED}")
    return SHARED


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A 40 x 32 picture with something in it."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (8, 10, 3)).repeat(4, axis=0).repeat(4, axis=1)
    path = tmp_path / "blocks.png"
    Image.fromarray(blocks.astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def compose() -> Callable[..., Config]:
    """Compose and validate the configuration of some overrides, as the command line does."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    import nst.run  # noqa: F401 - stores the schema
    from nst.base.files import conf_dir
    from nst.config.schema import from_mapping
    from nst.config.validation import validated

    def config(*overrides: str) -> Config:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            composed = compose("config", list(overrides))
        values: Any = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        return validated(from_mapping(values))

    return config


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty folder for the command line."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def process(work: Path) -> Process:
    """Run ``python -m nst.run ARGUMENTS`` in an empty folder, in a process of its own."""
    return Process(work)


@pytest.fixture
def command(work: Path) -> Command:
    """Run ``python -m nst.run ARGUMENTS`` in an empty folder, in this process where it can."""
    return Command(work)


@pytest.fixture(scope="session")
def read_wandb() -> Inspect:
    """Read a W&B run back with W&B's own program: its lines of JSON, or its summary as one."""
    import json

    def run(folder: Path, *options: str) -> list[dict[str, Any]]:
        (file,) = folder.glob("wandb/*run-*/*.wandb")
        program = Path(sys.executable).parent / "wandb"
        if not program.exists():
            pytest.skip(f"there is no {program} to read the run with")
        command = [str(program), "leet", "inspect", *options, "--json", str(file)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if options:
            return [json.loads(text)]
        return [json.loads(line) for line in text.splitlines()]

    return run
