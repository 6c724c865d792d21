"""What all tests share: a cache of their own, a small picture, the command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst.config.schema import Config

SHARED = Path(__file__).parents[2] / "shared" / "assets"

# A test says nothing to W&B by accident, whatever the account of whoever runs it.
OFFLINE = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}
#: The smallest run there is.
TINY = (
    "network=vgg16",
    "size=32",
    "steps=2",
    "check_every=1",
    "content.layers=[conv1_1]",
    "style.layers=[conv1_1]",
)


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


@dataclass(frozen=True)
class Command:
    """``python -m nst.run`` in an empty folder, as a user would run it."""

    folder: Path

    def __call__(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "nst.run"),
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end.

        Args:
          arguments: of the command.
          env: variables to set; None as a value takes one away.
          before: a command that runs the command.
          program: the command itself.
        """
        return subprocess.run(
            [*before, *program, *arguments],
            cwd=self.folder,
            env=environment(env),
            capture_output=True,
            text=True,
            timeout=240,
        )

    def start(
        self, *arguments: str, env: Mapping[str, str | None] | None = None
    ) -> subprocess.Popen[str]:
        """Start it in a process group of its own, with Ctrl-C at work as in a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "nst.run", *arguments],
            cwd=self.folder,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A runner of tests may ignore the signal, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def files(self) -> list[str]:
        """Return what lies in the folder, folders too."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def run_folder(self) -> Path:
        """Return the folder of the only run."""
        (record,) = self.folder.glob("outputs/*/*/run.json")
        return record.parent


def environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    merged = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.fixture
def nst(tmp_path: Path) -> Command:
    """Run ``python -m nst.run ARGUMENTS`` in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Command(folder)


Inspect = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def inspect() -> Inspect:
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
