"""nst.transfer: a run from a program, with pictures that it holds or that lie in files."""

import asyncio
import gc
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from helpers import Command
from PIL import Image

import nst

SETTINGS: dict[str, Any] = {
    "network": "vgg16",
    "size": 32,
    "steps": 2,
    "check_every": 1,
    "content.layers": ["conv1_1"],
    "style.layers": ["conv1_1"],
    "progress": False,
}


@pytest.fixture
def blocks(picture: Path) -> np.ndarray:
    """The pixels of `picture`, (32, 40, 3) uint8."""
    return np.asarray(Image.open(picture))


def test_it_is_the_command_lines_run_to_the_byte(command: Command, picture: Path, tmp_path: Path):
    result = nst.transfer(picture, "night", beta=1e3, folder=tmp_path / "kept", **SETTINGS)
    typed = [f"{key}={value}" for key, value in SETTINGS.items() if key != "progress"]
    done = command(
        f"content.path={picture}", "style=night", "beta=1e3", *typed, "tracking=disabled"
    )
    assert done.returncode == 0, done.stderr
    folders = tmp_path / "kept", command.run_folder()
    (ours,), (theirs,) = ([*folder.glob("images/*")] for folder in folders)
    assert (ours.name, ours.read_bytes()) == (theirs.name, theirs.read_bytes())
    ours, theirs = ((folder / "result.png") for folder in folders)
    assert ours.read_bytes() == theirs.read_bytes()
    mine, typed = (json.loads((folder / "run.json").read_text()) for folder in folders)
    assert mine["config"] == typed["config"]
    assert mine["config_hash"] == typed["config_hash"]
    assert result.folder == tmp_path / "kept"


def test_an_array_and_pillows_picture_are_the_file(picture: Path, blocks: np.ndarray):
    of_file = nst.transfer(picture, "night", **SETTINGS)
    for held in (blocks, blocks.astype(np.float64), jax.numpy.asarray(blocks), Image.open(picture)):
        of_program = nst.transfer(held, "night", **SETTINGS)
        np.testing.assert_array_equal(of_program.picture, of_file.picture)


def test_pillows_picture_is_read_as_its_file(tmp_path: Path, blocks: np.ndarray):
    image = Image.fromarray(np.dstack([blocks, blocks[..., :1]]))  # transparent in places
    exif = Image.Exif()
    exif[274] = 6  # on its side
    image.save(tmp_path / "turned.png", exif=exif)
    of_file = nst.transfer(tmp_path / "turned.png", "night", **SETTINGS)
    of_program = nst.transfer(Image.open(tmp_path / "turned.png"), "night", **SETTINGS)
    np.testing.assert_array_equal(of_program.picture, of_file.picture)
    assert of_file.picture.shape == (32, 26, 3)


def test_floats_keep_what_8_bits_lose(blocks: np.ndarray):
    """A run starts as the content image."""
    fine = np.clip(blocks[:26, :32] + 0.4, 0, 255)
    seen: list[np.ndarray] = []
    nst.transfer(fine, "night", on_check=lambda check: seen.append(check.picture), **SETTINGS)
    np.testing.assert_allclose(seen[0], fine, atol=1e-4)


def test_what_it_returns(blocks: np.ndarray):
    checks: list[Any] = []
    result = nst.transfer(
        blocks, "night", ["tv.gamma=1e3"], on_check=checks.append, beta=1e5, **SETTINGS
    )
    assert result.picture.shape == (26, 32, 3)
    assert result.picture.dtype == np.uint8
    assert result.image.size == (32, 26)
    assert [row["step"] for row in result.history] == [0, 1, 2] == [one.step for one in checks]
    assert result.history[-1]["total"] == checks[-1].losses["total"]
    assert result.config["tv"]["gamma"] == 1e3
    assert result.values["beta"] == 1e5
    assert result.metrics["style_distance"] > 0
    assert (result.status, result.folder, result.step) == ("finished", None, 2)
    shown = result._repr_png_()
    assert shown is not None
    assert shown.startswith(b"\x89PNG")


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: np.ndarray):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    result = nst.transfer(blocks, "night", **SETTINGS)
    assert result.image.size == (32, 26)
    del result
    gc.collect()
    assert [path.name for path in tmp_path.iterdir() if path.name != "blocks.png"] == []


def test_a_folder_is_taken_up_again(tmp_path: Path, blocks: np.ndarray):
    first = nst.transfer(blocks, "night", folder=tmp_path / "run", **SETTINGS)
    checks: list[Any] = []
    again = nst.transfer(
        blocks, "night", folder=tmp_path / "run", on_check=checks.append, **SETTINGS
    )
    assert checks == []
    np.testing.assert_array_equal(first.picture, again.picture)
    with pytest.raises(nst.UserError, match="holds another run, which differs in beta"):
        nst.transfer(blocks, "night", folder=tmp_path / "run", beta=3, **SETTINGS)


def test_a_programs_own_settings_stay(blocks: np.ndarray):
    handler = signal.getsignal(signal.SIGINT)
    jax.config.update("jax_enable_x64", True)
    try:
        nst.transfer(blocks, "night", **SETTINGS)
        assert jax.numpy.ones(1, "float64").dtype == "float64"
    finally:
        jax.config.update("jax_enable_x64", False)
    assert signal.getsignal(signal.SIGINT) is handler


def test_in_a_thread_and_in_an_event_loop(blocks: np.ndarray):
    found = []
    thread = threading.Thread(
        target=lambda: found.append(nst.transfer(blocks, "night", **SETTINGS))
    )
    thread.start()
    thread.join()

    async def inside() -> None:
        found.append(nst.transfer(blocks, "night", **SETTINGS))

    asyncio.run(inside())
    np.testing.assert_array_equal(found[0].picture, found[1].picture)


def test_the_import_is_light():
    """No module has the name of a public function, which importing it would overwrite."""
    text = "import sys, nst; print([m for m in ('jax', 'hydra', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    modules = {path.stem for path in Path(nst.__file__).parent.iterdir()}
    assert not modules & set(nst.__all__)
    assert {name for name in nst.__all__ if getattr(nst, name) is None} == set()
    assert (Path(nst.__file__).parent / "py.typed").exists()


GRAY = np.full((32, 32, 3), 128, np.uint8)
REFUSED = {
    "gray": (GRAY[..., 0], "content: the array has the shape (32, 32)"),
    "channels first": (GRAY.transpose(2, 0, 1), "so move its channels to the end"),
    "alpha": (np.zeros((32, 32, 4), np.uint8), "the shape (32, 32, 4)"),
    "ones": (GRAY / 255, "from 0.501961 to 0.501961, which is black: multiply by 255"),
    "beyond": (GRAY * 3.0, "holds values from 384 to 384"),
    "below": (GRAY - 200.0, "holds values from -72 to -72"),
    "nan": (GRAY * np.nan, "holds values that are not finite"),
    "complex": (GRAY * 1j, "is of type complex128"),
    "booleans": (GRAY > 3, "is of type bool"),
    "texts": ([["night"]], "has the shape (1, 1)"),
    "small": (GRAY[:4], "is 32x4 pixels, but at least 8x8"),
    "thin": (GRAY[:8], "content: at size=32 the picture is 32 x 8 pixels, in which conv5_1 has no"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_is_none(name: str):
    picture, said = REFUSED[name]
    settings = {**SETTINGS, "content.layers": ["conv5_1"]}
    with pytest.raises(nst.UserError) as refused:
        nst.transfer(picture, "night", **settings)
    assert said in str(refused.value), refused.value


@pytest.mark.parametrize(
    "typed",
    [
        "beta=-1",
        "tv.gama=3",
        "style=ngiht",
        "optimizer=adamm",
        "size=9",
        "beta=one",
        "content.path=/nope/x.jpg",
    ],
)
def test_a_mistake_has_the_command_lines_sentence(typed: str, command: Command):
    done = command(typed)
    key, _, value = typed.partition("=")
    for arguments in ({"overrides": [typed]}, {key: value}):
        with pytest.raises(nst.UserError) as refused:
            nst.transfer(**arguments)
        assert done.stderr.strip() == f"nst: {refused.value}".strip()


def test_arguments_that_no_command_line_has():
    with pytest.raises(nst.UserError, match="beta can't be of type object"):
        nst.transfer(beta=object())
    with pytest.raises(nst.UserError, match='so give folder="outputs/mine"'):
        nst.transfer(tracking="offline")
    with pytest.raises(nst.UserError, match="overrides must be a list of texts"):
        nst.transfer(overrides="beta=1")
    with pytest.raises(nst.UserError, match="beta=1,2 gives several values"):
        nst.transfer(overrides=["beta=1,2"])
    with pytest.raises(nst.UserError, match="budget are for the command line"):
        nst.transfer(overrides=["sweep.plan=true"])
