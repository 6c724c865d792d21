"""Every bad input answers with one sentence on stderr, and leaves nothing behind."""

import os
import re
import socket
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import h5py
import jax
import numpy as np
import pytest
from PIL import Image

SMALL = ("network=vgg16", "tracking=disabled", "size=32", "steps=1")


def refusal(command, *arguments: str, env: dict[str, str | None] | None = None) -> str:
    """Return the one sentence with which a command is refused."""
    done = command(*arguments, env=env)
    assert done.returncode in (1, 2), done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: ")
    assert "Traceback" not in line
    assert command.files() == []
    return line


def has(line: str, parts: Sequence[str]) -> None:
    """Look for the parts in their order."""
    assert re.search(".*".join(map(re.escape, parts)), line), line


# --- Keys, options and values -------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "+", "++"])
@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("tv.gama=1", ["'tv.gama'", "did you mean 'tv.gamma'?", "--help"]),
        ("optimiser.lr=1", ["'optimiser", "did you mean 'optimizer.lr'?"]),
        ("xyzzy=1", ["'xyzzy'", "--help"]),
    ],
)
def test_unknown_key(command, mark: str, key: str, parts: list[str]):
    has(refusal(command, mark + key), parts)


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("stlye=starry", ["'stlye'", "did you mean 'style'?"]),
        ("style=stary", ["style", "'stary'", "did you mean 'starry'?", "night", "starry"]),
        ("network=vgg18", ["network", "'vgg18'", "did you mean 'vgg1", "vgg16, vgg19"]),
        ("network=19", ["network", "19", "vgg16, vgg19"]),
        ("style=3", ["style", "3", "night", "starry"]),
        ("optimizer=rmsprop", ["optimizer", "'rmsprop'", "adam"]),
        ("preset=jonson", ["preset", "'jonson'", "did you mean 'johnson'?"]),
        ("tracking=onlin", ["tracking", "'onlin'", "did you mean 'online'?", "disabled, offline"]),
        ("experiment=reprot", ["experiment", "'reprot'", "did you mean 'report'?"]),
        ("init=white", ["init", "'white'", "content, file, noise, style"]),
        ("content=cat", ["content", "'cat'", "astronaut, chelsea"]),
    ],
)
def test_unknown_option(command, argument: str, parts: list[str]):
    has(refusal(command, argument), parts)


@pytest.mark.parametrize("argument", ["steps", "a=[1", "=3"])
def test_what_is_no_override(command, argument: str):
    has(refusal(command, argument), [argument])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--resolve"], ["--resolve", "--cfg"]),
        (["--run", "--multirun"], ["Only one of", "--run", "--multirun"]),
    ],
)
def test_options_of_hydra_that_do_not_go_together(command, arguments: list[str], parts: list[str]):
    has(refusal(command, *arguments), [*parts, "--hydra-help"])


@pytest.mark.parametrize("platform", ["cuda", "abacus"])  # JAX has an error of its own for each
def test_a_device_that_is_not_there(command, platform: str):
    if platform == "cuda" and jax.default_backend() == "gpu":
        pytest.skip("it is there")
    line = refusal(command, *SMALL, env={"JAX_PLATFORMS": platform})
    has(line, [f"JAX_PLATFORMS={platform}", "unset"])


def test_a_list_without_a_sweep(command):
    has(refusal(command, "style=starry,night"), ["style=starry,night", "-m"])


def test_nothing_is_left_of_a_folder_in_a_folder(command):
    has(refusal(command, "name=mine/first", "size=7"), ["size"])


@pytest.mark.parametrize("argument", ["~foo", "~tv.gama", "~style", "~tracking"])
def test_what_cannot_be_taken_away(command, argument: str):
    has(refusal(command, *SMALL, argument), [argument[1:]])


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("steps=0", ["steps", "whole number", "from 1", "not 0"]),
        ("steps=1.5", ["steps", "whole number", "from 1", "not 1.5"]),
        ("steps=many", ["steps", "whole number", "many"]),
        ("steps=null", ["steps", "whole number", "None"]),
        ("steps=true", ["steps", "whole number", "True"]),
        ("check_every=0", ["check_every", "from 1", "not 0"]),
        ("size=7", ["size", "pixels", "from 16 to 16384", "not 7"]),
        ("size=1e9", ["size", "from 16 to 16384", "not 1"]),
        ("size=nan", ["size", "from 16 to 16384", "nan"]),
        ("size=[64]", ["size", "from 16 to 16384", "64"]),
        ("seed=-1", ["seed", "from 0 to 4294967295", "-1"]),
        ("seed=4294967296", ["seed", "from 0 to 4294967295", "4294967296"]),
        ("optimizer.lr=0", ["optimizer.lr", "above 0", "not 0"]),
        ("optimizer.lr=-1", ["optimizer.lr", "above 0", "not -1"]),
        ("optimizer.lr=1e20", ["optimizer.lr", "at most 1e9", "1e+20"]),
        ("optimizer.lr=nan", ["optimizer.lr", "above 0", "nan"]),
        ("optimizer.b1=1", ["optimizer.b1", "below 1", "not 1"]),
        ("optimizer.b2=-0.1", ["optimizer.b2", "at least 0", "-0.1"]),
        ("optimizer.eps=0", ["optimizer.eps", "above 0", "not 0"]),
        ("optimizer.schedule=cos", ["optimizer.schedule", "'cos'", "did you mean 'cosine'?"]),
        ("optimizer.clamp=2.5", ["optimizer.clamp", "true or false", "2.5"]),
        ("optimizer.memory=20", ["optimizer.memory=20", "optimizer=lbfgs", "optimizer=adam"]),
        ("alpha=-1", ["alpha", "at least 0", "not -1"]),
        ("alpha=nan", ["alpha", "at least 0", "nan"]),
        ("beta=inf", ["beta", "at most 1e30", "inf"]),
        ("beta=null", ["beta", "number"]),
        ("optimizer.lr=fast", ["optimizer.lr", "number", "fast"]),
        ("tv.gamma=-0.5", ["tv.gamma", "at least 0", "-0.5"]),
        ("tv.gamma=1e31", ["tv.gamma", "at most 1e30", "1e+31"]),
        ("pooling=maxx", ["pooling", "avg, max", "'maxx'", "did you mean 'max'?"]),
        ("precision=float16", ["precision", "auto, float32, bfloat16", "'float16'"]),
        ("tracking.mode=on", ["tracking.mode", "offline, online, disabled"]),
        ("tracking.images_every=-1", ["tracking.images_every", "from 0", "-1"]),
        ("assets.fallback=maybe", ["assets.fallback", "maybe"]),
        ("color=sepia", ["color", "none, match, luminance, keep", "'sepia'"]),
        ("color=kep", ["color", "'kep'", "did you mean 'keep'?"]),
        ("init.mix=1.5", ["init.mix", "at least 0 and at most 1,", "not 1.5"]),
        ("init.mix=-0.1", ["init.mix", "at least 0", "not -0.1"]),
        ("init.mix=nan", ["init.mix", "at most 1", "nan"]),
        ("init.amplitude=128", ["init.amplitude", "at most 127.5", "not 128"]),
        ("init.amplitude=-1", ["init.amplitude", "at least 0", "not -1"]),
        ("init=file", ["init=file", "init.path", "not given"]),
        ("init.path=start.png", ["init.path", "init=file", "init=content", "start.png"]),
    ],
)
def test_value_out_of_range(command, argument: str, parts: list[str]):
    has(refusal(command, argument), parts)


def test_all_weights_0(command):
    has(refusal(command, "alpha=0", "beta=0"), ["alpha, beta and tv.gamma", "0", "above 0"])


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        (
            "style.layers={conv1_9:1}",
            ["style.layers", "'conv1_9'", "did you mean 'conv1_", "pool5"],
        ),
        (
            "style.layers=[covn3_1]",
            ["style.layers", "'covn3_1'", "did you mean 'conv3_1'?", "pool5"],
        ),
        ("content.layers=[conv5_4]", ["content.layers", "vgg16", "'conv5_4'", "conv5_3"]),
        ("style.layers={conv1_1:-1}", ["style.layers.conv1_1", "at least 0", "-1"]),
        ("style.layers={conv1_1:nan}", ["style.layers.conv1_1", "at least 0", "nan"]),
        ("style.layers={conv1_1:much}", ["style.layers.conv1_1", "at least 0", "'much'"]),
        ("style.layers={conv1_1:0}", ["style.layers", "weight 0", "above 0"]),
        ("style.layers=[conv1_1,conv1_1]", ["style.layers", "twice", "conv1_1"]),
        ("style.layers=[]", ["style.layers", "[]"]),
        ("style.layers={}", ["style.layers", "{}"]),
        ("content.layers=null", ["content.layers", "None"]),
        ("content.layers=5", ["content.layers", "5"]),
        ("style.layers.conv1_1=2", ["style.layers.conv1_1", "style.layers={"]),
    ],
)
def test_layers(command, argument: str, parts: list[str]):
    has(refusal(command, "network=vgg16", argument), parts)


@pytest.mark.parametrize("how", ["-v", "HYDRA_FULL_ERROR"])
def test_the_traceback_is_there_for_whoever_asks(command, how: str):
    done = command("-v", "size=7") if how == "-v" else command("size=7", env={how: "1"})
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "validation.py" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nst: size ")
    assert command.files() == []


# --- Pictures -----------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(path: Path) -> None:
    """Write the header of a 30000 x 30000 PNG and next to nothing after it."""
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def noise(path: Path, width: int, height: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    Image.fromarray(values.astype(np.uint8)).save(path)


def truncated(path: Path) -> None:
    noise(path, 40, 32)
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("key", "make", "parts"),
    [
        ("content.path", lambda path: None, ["does not exist", "file"]),
        ("style.path", lambda path: None, ["does not exist", "file"]),
        ("content.path", Path.mkdir, ["folder", "file"]),
        ("style.path", Path.touch, ["empty", "JPEG, PNG"]),
        ("content.path", truncated, ["truncated", "JPEG, PNG"]),
        ("style.path", lambda path: path.write_text("text"), ["not a picture", "JPEG, PNG"]),
        ("content.path", lambda path: noise(path, 1, 1), ["1x1 pixels", "at least 8x8"]),
        ("style.path", bomb, ["900000000 pixels", "at most 178956970"]),
    ],
    ids=["missing", "missing style", "folder", "empty", "truncated", "text", "1x1", "bomb"],
)
def test_picture(command, tmp_path: Path, key: str, make, parts: list[str]):
    path = tmp_path / "mine.png"
    make(path)
    has(refusal(command, *SMALL, f"{key}={path}"), [key, str(path), *parts])


@pytest.mark.parametrize(
    ("make", "parts"),
    [(lambda path: None, ["does not exist"]), (truncated, ["truncated", "JPEG, PNG"])],
    ids=["missing", "truncated"],
)
def test_a_picture_to_start_from(command, tmp_path: Path, make, parts: list[str]):
    path = tmp_path / "start.png"
    make(path)
    has(
        refusal(command, *SMALL, "init=file", f"init.path={path}"), ["init.path", str(path), *parts]
    )


@pytest.mark.parametrize("key", ["content", "style"])
def test_a_picture_too_thin_for_a_layer(command, tmp_path: Path, key: str):
    path = tmp_path / "thin.png"
    noise(path, 100, 10)
    arguments = [*SMALL, f"{key}.path={path}", "style.layers=[conv4_1]"]
    # conv4_1 comes after three poolings, so it needs 2 * 2 * 2 pixels.
    line = refusal(command, *arguments, "content.layers=[conv1_1]")
    has(line, [key, "size=32", "32 x 3 pixels", "conv4_1", "8 pixels"])
    (smallest,) = map(int, re.findall(r"size of (\d+)", line))
    # 10 of 100 pixels at size 75 are 7.5, rounded to 8.
    assert smallest == 75
    if key == "style":  # the same sum for both
        done = command(*arguments, "content.layers=[conv1_1]", f"size={smallest}")
        assert done.returncode == 0, done.stderr


# --- Weights ------------------------------------------------------------------------------------


#: Convolutions and channels of VGG-16's blocks (Simonyan and Zisserman 2014, table 1).
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


def weights(path: Path, **changes: dict[str, np.ndarray | None]) -> None:
    """Write VGG-16's weights in the layout of Keras's published files, all of them 0.

    Args:
      path: of the file.
      changes: for a layer, what takes the place of its "kernel"; a None leaves the layer out.
    """
    with h5py.File(path, "w") as file:
        names, before = [], 3
        for block, (count, channels) in enumerate(BLOCKS, 1):
            for index in range(1, count + 1):
                name = f"block{block}_conv{index}"
                kernel = changes.get(name, {}).get("kernel", np.zeros((3, 3, before, channels)))
                before = channels
                if kernel is None:
                    continue
                names.append(name)
                parts = {f"{name}_W_1:0": kernel, f"{name}_b_1:0": np.zeros(channels)}
                group = file.create_group(name)
                group.attrs["weight_names"] = [part.encode() for part in parts]
                for part, array in parts.items():
                    # What is never written takes no room and is read as zeros.
                    group.create_dataset(part, array.shape, "f4", array if array.any() else None)
        file.attrs["layer_names"] = [name.encode() for name in names]


def halved(path: Path) -> None:
    weights(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


NAN = np.zeros((3, 3, 3, 64))
NAN[1, 1, 0, 5] = np.nan


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda path: None, ["does not exist"]),
        (lambda path: path.write_text("no weights"), ["10 bytes", "HDF5"]),
        (halved, ["truncated HDF5"]),
        (
            lambda path: weights(path, block2_conv1={"kernel": np.zeros((128, 64, 3, 3))}),
            ["block2_conv1", "(128, 64, 3, 3)", "(3, 3, 64, 128)"],
        ),
        (lambda path: weights(path, block1_conv1={"kernel": NAN}), ["block1_conv1", "NaN"]),
        (lambda path: weights(path, block4_conv3={"kernel": None}), ["missing", "block4_conv3"]),
    ],
    ids=["missing", "text", "truncated", "transposed", "nan", "lacks a layer"],
)
def test_weights(command, tmp_path: Path, make, parts: list[str]):
    path = tmp_path / "mine.h5"
    make(path)
    has(refusal(command, *SMALL, f"network.weights={path}"), [str(path), *parts])


def test_cached_weights_with_a_wrong_checksum(command, tmp_path: Path):
    name = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    (tmp_path / name).write_text("something else")
    line = refusal(command, *SMALL, "network=vgg19", env={"NST_CACHE": str(tmp_path)})
    # The checksum that Keras publishes for the file.
    has(line, ["network=vgg19", name, "wrong checksum", "md5:253f8cb515780f3b799900260a226db6"])


# --- Elsewhere ----------------------------------------------------------------------------------


def test_a_source_out_of_reach(command, tmp_path: Path):
    with socket.socket() as taken:
        # A port that is taken and not listened on refuses every connection.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/starry.jpg"
        arguments = ("style=starry", f"style.url={url}", "assets.fallback=false")
        line = refusal(command, *SMALL, *arguments, env={"NST_CACHE": str(tmp_path / "cache")})
    has(line, ["style=starry", "refused", f"download {url} to", "starry_night.jpg", "style.path="])


@pytest.mark.parametrize("below", [False, True])
def test_an_output_folder_that_cannot_be(command, tmp_path: Path, below: bool):
    file = tmp_path / "file"
    file.write_text("mine")
    folder = file / "run" if below else file
    has(refusal(command, *SMALL, f"hydra.run.dir={folder}"), [str(folder), ": "])
    assert file.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_that_may_not_be_written(command, tmp_path: Path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    has(refusal(command, *SMALL, f"hydra.run.dir={folder / 'run'}"), [str(folder), "denied"])


def test_online_without_a_key(command, tmp_path: Path):
    env = {
        "HOME": str(tmp_path),
        "WANDB_API_KEY": None,
        "WANDB_MODE": None,
        "NETRC": str(tmp_path / "netrc"),
    }
    line = refusal(command, *SMALL, "tracking=online", env=env)
    has(line, ["tracking=online", "key", "WANDB_API_KEY", "tracking=offline"])
