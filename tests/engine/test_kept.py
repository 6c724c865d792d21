"""Programs that a later process loads without tracing them."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import Process, compiled, record

from nst.engine import kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "_folder", [tmp_path])
    monkeypatch.setattr(kept, "_programs", {})
    return tmp_path


@jax.jit
def cubed(x: jax.Array) -> jax.Array:
    return jnp.sin(x) ** 3


def later(folder: Path, x: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return what a process that has compiled nothing makes of x, and what it compiled."""
    kept._programs.clear()
    jax.clear_caches()
    with compiled() as names:
        return np.asarray(kept.ready(cubed, (), x)(x)), names


def test_a_program_is_compiled_once_for_each_shape_and_type(folder: Path):
    several = [np.arange(count, dtype=kind) for count, kind in ((3, "f4"), (4, "f4"), (3, "i4"))]
    first = [later(folder, x) for x in several]
    assert [names for _, names in first] == [["cubed"]] * 3
    assert len(list(folder.iterdir())) == 3
    for (expected, _), x in zip(first, several, strict=True):
        found, names = later(folder, x)
        assert not names
        np.testing.assert_array_equal(found, expected)


def test_what_is_damaged_or_of_other_code_is_compiled_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    x = np.arange(5, dtype=np.float32)
    expected, _ = later(folder, x)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:-10], whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(damaged)
        found, names = later(folder, x)
        assert names == ["cubed"]
        np.testing.assert_array_equal(found, expected)
        assert not later(folder, x)[1]
    monkeypatch.setattr(kept, "_surroundings", lambda: "another version")
    assert later(folder, x)[1] == ["cubed"]


def test_what_calls_lapack_is_left_to_jax(folder: Path):
    # Loaded where nothing was lowered, it would call an address that is not there yet.
    x = np.eye(3, dtype=np.float32)
    program = jax.jit(jnp.linalg.eigh)
    np.testing.assert_allclose(kept.ready(program, (), x)(x)[0], 1)
    assert not list(folder.iterdir())


def test_a_second_process_compiles_no_program_of_a_run(process: Process, tmp_path: Path):
    small = ("network=vgg16", "size=33", "steps=2", "tracking=disabled", "style.layers=[conv1_1]")
    environment = {"NST_CACHE": str(tmp_path / "cache"), "JAX_LOG_COMPILES": "1"}
    runs = [process(*small, f"hydra.run.dir={name}", env=environment) for name in ("one", "two")]
    assert [one.returncode for one in runs] == [0, 0]
    for program in ("targets", "advance", "_features"):
        assert [f"Compiling jit({program})" in one.stderr for one in runs] == [True, False]
    one, two = (process.folder / name for name in ("one", "two"))
    assert (one / "result.png").read_bytes() == (two / "result.png").read_bytes()
    assert record(one)["metrics"] == record(two)["metrics"]
