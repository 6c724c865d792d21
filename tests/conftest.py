"""What all tests share: a cache of their own, a small picture, the command line."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).parents[2] / "shared" / "assets"

# A name that no resolver knows, so that a test run says nothing to the network by accident.
OFFLINE = {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep compiled programs and converted weights away from the user's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("NST_CACHE", str(tmp_path_factory.mktemp("cache")))
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


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def nst(tmp_path: Path) -> Command:
    """Run ``python -m nst.run ARGUMENTS`` in an empty folder, as a user would."""
    folder = tmp_path / "work"
    folder.mkdir()

    def run(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 240):
        return subprocess.run(
            [sys.executable, "-m", "nst.run", *arguments],
            cwd=folder,
            env={**os.environ, **OFFLINE, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    run.folder = folder  # type: ignore[attr-defined]
    return run
