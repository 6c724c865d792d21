"""Where nst runs: homes that are missing or can't be written, and JAX's environment variables."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import SHALLOW, TWO_STEPS, losses

from nst.base.errors import UserError
from nst.sources import resolve

RUN = (*TWO_STEPS, *SHALLOW)

#: What JAX's manual has for those who look for faults, or want other numbers.
JAX = {
    "JAX_ENABLE_X64": "1",
    "JAX_DEBUG_NANS": "1",
    "JAX_DEBUG_INFS": "1",
    "JAX_CHECK_TRACER_LEAKS": "1",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_TRANSFER_GUARD": "disallow",
    "JAX_DEFAULT_DTYPE_BITS": "32",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
}


@pytest.mark.parametrize("optimizer", ["lbfgs", pytest.param("adam", marks=pytest.mark.slow)])
def test_a_run_is_the_same_in_other_surroundings(command, optimizer: str):
    """In a process of its own, with another seed of Python's hashes too."""
    env = JAX | {"PYTHONHASHSEED": "7"}
    for folder, own in (("plain", {}), ("other", env)):
        run = (f"optimizer={optimizer}", "init=noise", f"hydra.run.dir={folder}")
        done = command(*RUN, *run, env=own)
        assert done.returncode == 0, done.stderr
    one, other = (command.folder / folder for folder in ("plain", "other"))
    assert (one / "result.png").read_bytes() == (other / "result.png").read_bytes()
    assert losses(one) == losses(other)


def test_a_value_that_jax_refuses_is_a_sentence():
    program = "from nst.engine import jax_settings; jax_settings.load()"
    env = {"JAX_ENABLE_X64": "perhaps", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=Path(resolve.__file__).parents[2],
        capture_output=True,
        text=True,
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("nst.base.errors.UserError: JAX refuses a variable of the environment: ")
    assert "'perhaps'" in last
    assert "JAX_ENABLE_X64" in last


@pytest.mark.parametrize("home", ["/proc/nothing", pytest.param(None, marks=pytest.mark.slow)])
def test_wandb_needs_no_home_that_can_be_written(command, home: str | None):
    env = {"HOME": home, "XDG_CACHE_HOME": None, "WANDB_CACHE_DIR": None, "WANDB_DATA_DIR": None}
    done = command(*RUN, "tracking=offline", "hydra.run.dir=run", env=env)
    assert done.returncode == 0, done.stderr
    # W&B's service would print its log here.
    assert [line for line in done.stderr.splitlines() if not line.startswith("step ")] == []
    assert len(list(command.folder.glob("run/wandb/offline-run-*"))) == 1
    assert sorted(path.name for path in command.folder.iterdir()) == ["run"]


def test_no_home_at_all_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    for name in ("NST_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    import pwd

    def none(uid: int) -> None:  # stands for a user without an entry in passwd
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", none)
    with pytest.raises(UserError, match=r"no home folder .* set HOME or NST_CACHE"):
        resolve.cache_dir()
