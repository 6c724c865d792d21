"""Every bad input answers with one sentence on stderr, and leaves nothing behind."""

import os
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import pytest
from helpers import SHALLOW, refusal
from hydra.core.override_parser.overrides_parser import OverridesParser
from PIL import Image

from nst.base.errors import UserError
from nst.config.schema import Config, from_mapping, to_mapping
from nst.config.validation import validated
from nst.runner.prepare import prepare

SMALL = ("network=vgg16", "tracking=disabled", "size=32", "steps=1")


@pytest.fixture(scope="module")
def refused(compose: Callable[..., Config]) -> Callable[[str], str]:
    """The sentence for one override, of the checks alone: Hydra would compose for 0.2 s."""
    base = compose("network=vgg16")

    def sentence(argument: str) -> str:
        read = OverridesParser.create().parse_override(argument)
        values: Any = to_mapping(base)
        *groups, name = read.key_or_group.split(".")
        (values[groups[0]] if groups else values)[name] = read.value()
        with pytest.raises(UserError) as error:
            validated(from_mapping(values))
        assert "\n" not in str(error.value)
        return str(error.value)

    return sentence


def has(line: str, parts: Sequence[str]) -> None:
    """Look for the parts in their order."""
    assert re.search(".*".join(map(re.escape, parts)), line), line


# --- Keys, options and values -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("tv.gama=1", ["'tv.gama'", "did you mean 'tv.gamma'?", "--help"]),
        ("+tv.gama=1", ["'tv.gama'", "did you mean 'tv.gamma'?", "--help"]),
        ("++tv.gama=1", ["'tv.gama'", "did you mean 'tv.gamma'?", "--help"]),
        ("optimiser.lr=1", ["'optimiser", "did you mean 'optimizer.lr'?"]),
        ("xyzzy=1", ["'xyzzy'", "--help"]),
        ("stlye=starry", ["'stlye'", "did you mean 'style'?"]),
        ("style=stary", ["style", "'stary'", "did you mean 'starry'?", "night", "starry"]),
        ("network=vgg18", ["network", "'vgg18'", "did you mean 'vgg1", "vgg16, vgg19"]),
        ("network=19", ["network", "19", "vgg16, vgg19"]),
        ("style=3", ["style", "3", "night", "starry"]),
        ("optimizer=rmsprop", ["optimizer", "'rmsprop'", "adam"]),
        ("preset=jonson", ["preset", "'jonson'", "did you mean 'johnson'?"]),
        ("tracking=onlin", ["tracking", "'onlin'", "did you mean 'online'?", "disabled, offline"]),
        ("experiment=reprot", ["experiment", "'reprot'", "did you mean 'report'?"]),
        ("init=white", ["init", "'white'", "content, file, gray, noise, recolored, style"]),
        ("content=cat", ["content", "'cat'", "astronaut, chelsea"]),
        # Values that Hydra refuses, and a few of those below.
        ("optimizer.lr=fast", ["optimizer.lr must be a number, not 'fast'"]),
        ("bias_scale=-1", ["bias_scale must be a number at least 0", "not -1"]),
        ("beta=null", ["beta", "number"]),
        ("assets.fallback=maybe", ["assets.fallback", "maybe"]),
        ("output.transparency=maybe", ["output.transparency", "maybe"]),
        ("optimizer.clamp=2.5", ["optimizer.clamp must be true or false, not '2.5'"]),
        ("steps=0", ["steps", "whole number", "from 1", "not 0"]),
        ("init=file", ["init=file", "init.path", "not given"]),
        ("content.layers=null", ["content.layers", "None"]),
        ("style.layers.conv1_1=2", ["style.layers.conv1_1", "style.layers={"]),
        ("style=starry,night", ["style=starry,night", "-m"]),
        ("++tv=${now:%Y}", ["tv is a group of keys", "tv.gamma=..."]),
        ("name=-" + 270 * "9", ["File name too long"]),
        ("steps", ["steps"]),
        ("a=[1", ["a=[1"]),
        ("=3", ["=3"]),
    ],
)
def test_one_override(command, argument: str, parts: list[str]):
    has(refusal(command, argument), parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--resolve"], ["--resolve", "--cfg"]),
        (["--run", "--multirun"], ["Only one of", "--run", "--multirun"]),
    ],
)
def test_options_of_hydra_that_do_not_go_together(command, arguments: list[str], parts: list[str]):
    has(refusal(command, *arguments), [*parts, "--hydra-help"])


# JAX has an error of its own for each.
@pytest.mark.parametrize("platform", ["cuda", pytest.param("abacus", marks=pytest.mark.slow)])
def test_a_device_that_is_not_there(command, platform: str):
    if platform == "cuda" and jax.default_backend() == "gpu":
        pytest.skip("it is there")
    line = refusal(command, *SMALL, env={"JAX_PLATFORMS": platform})
    has(line, [f"JAX_PLATFORMS={platform}", "unset"])


def test_nothing_is_left_of_a_folder_in_a_folder(command):
    has(refusal(command, "name=mine/first", "size=7"), ["size"])


@pytest.mark.parametrize("argument", ["~foo", "~tv.gama", "~style", "~tracking"])
def test_what_cannot_be_taken_away(command, argument: str):
    has(refusal(command, *SMALL, argument), [argument[1:]])


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("output.format=jpg", ["output.format", "png, png16", "'jpg'", "did you mean 'jpeg'?"]),
        ("output.format=[png,[x]]", ["output.format", "one or several of", "['x']"]),
        ("output.format=[]", ["output.format", "one or several of", "[]"]),
        ("output.quality=80", ["output.quality=80", "output.format=jpeg or webp", "not png"]),
        ("output.quality=0", ["output.quality", "whole number", "from 1 to 100", "not 0"]),
        ("output.profile=adobe", ["output.profile", "srgb, content", "'adobe'"]),
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
        ("optimizer.memory=20", ["optimizer.memory=20", "optimizer=lbfgs", "optimizer=adam"]),
        ("alpha=-1", ["alpha", "at least 0", "not -1"]),
        ("alpha=nan", ["alpha", "at least 0", "nan"]),
        ("beta=inf", ["beta", "at most 1e30", "inf"]),
        ("tv.gamma=-0.5", ["tv.gamma", "at least 0", "-0.5"]),
        ("tv.gamma=1e31", ["tv.gamma", "at most 1e30", "1e+31"]),
        ("pooling=maxx", ["pooling", "avg, max", "'maxx'", "did you mean 'max'?"]),
        ("precision=float16", ["precision", "auto, float32, tensorfloat32, bfloat16", "'float16'"]),
        ("tracking.mode=on", ["tracking.mode", "offline, online, disabled"]),
        ("tracking.images_every=-1", ["tracking.images_every", "from 0", "-1"]),
        ("color=sepia", ["color", "none, match, luminance, keep", "'sepia'"]),
        ("color=kep", ["color", "'kep'", "did you mean 'keep'?"]),
        ("init.mix=1.5", ["init.mix", "at least 0 and at most 1,", "not 1.5"]),
        ("init.mix=-0.1", ["init.mix", "at least 0", "not -0.1"]),
        ("init.mix=nan", ["init.mix", "at most 1", "nan"]),
        ("edge=width", ["edge must be one of long, short, height", "not 'width'"]),
        ("init.amplitude=128", ["init.amplitude", "at most 127.5", "not 128"]),
        ("init.amplitude=-1", ["init.amplitude", "at least 0", "not -1"]),
        ("init.path=start.png", ["init.path", "init=file", "init=content", "start.png"]),
        ("style.layers={conv1_9:1}", ["style.layers", "'conv1_9'", "mean 'conv1_", "pool5"]),
        ("style.layers=[covn3_1]", ["style.layers", "'covn3_1'", "mean 'conv3_1'?", "pool5"]),
        ("content.layers=[conv5_4]", ["content.layers", "vgg16", "'conv5_4'", "conv5_3"]),
        ("style.layers={conv1_1:-1}", ["style.layers.conv1_1", "at least 0", "-1"]),
        ("style.layers={conv1_1:nan}", ["style.layers.conv1_1", "at least 0", "nan"]),
        ("style.layers={conv1_1:much}", ["style.layers.conv1_1", "at least 0", "'much'"]),
        ("style.layers={conv1_1:0}", ["style.layers", "weight 0", "above 0"]),
        ("style.layers=[conv1_1,conv1_1]", ["style.layers", "twice", "conv1_1"]),
        ("style.layers=[]", ["style.layers", "[]"]),
        ("style.layers={}", ["style.layers", "{}"]),
        ("content.layers=5", ["content.layers", "5"]),
    ],
)
def test_value_out_of_range(refused, argument: str, parts: list[str]):
    has(refused(argument), parts)


@pytest.mark.parametrize("how", ["-v", "HYDRA_FULL_ERROR"])
def test_the_traceback_is_there_for_whoever_asks(command, how: str):
    done = command("-v", "size=7") if how == "-v" else command("size=7", env={how: "1"})
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "validation.py" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nst: size ")
    assert command.files() == []


# --- Files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "data", "parts"),
    [
        (["content.path={}"], None, ["content.path", "does not exist", "file"]),
        (["style.path={}"], b"text", ["style.path", "not a picture", "JPEG, PNG"]),
        (["init=file", "init.path={}"], b"", ["init.path", "empty", "JPEG, PNG"]),
        (["network.weights={}"], None, ["network.weights", "does not exist"]),
        (["network.weights={}"], b"no weights", ["10 bytes", "HDF5"]),
    ],
)
def test_a_file(
    command, tmp_path: Path, overrides: list[str], data: bytes | None, parts: list[str]
):
    path = tmp_path / "mine"
    if data is not None:
        path.write_bytes(data)
    line = refusal(command, *SMALL, *(one.format(path) for one in overrides))
    assert str(path) in line
    has(line, parts)


@pytest.mark.parametrize("key", ["content", "style"])
def test_a_picture_too_thin_for_a_layer(command, compose, tmp_path: Path, key: str):
    path = tmp_path / "thin.png"
    Image.new("RGB", (100, 10)).save(path)
    arguments = [*SMALL, *SHALLOW, f"{key}.path={path}", "style.layers=[conv4_1]"]
    # conv4_1 comes after three poolings, so it needs 2 * 2 * 2 pixels.
    line = refusal(command, *arguments)
    has(line, [key, "size=32", "32 x 3 pixels", "conv4_1", "8 pixels"])
    (smallest,) = map(int, re.findall(r"size of (\d+)", line))
    # 10 of 100 pixels at size 75 are 7.5, rounded to 8.
    assert smallest == 75
    prepare(compose(*arguments, "size=75"))


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
