"""Keras's HDF5 files of a VGG network to its parameters, in each of Keras's layouts.

Legacy weights and whole models list their layers in attributes; .weights.h5 (Keras 3) has a group
for each layer. Layers are told apart by Keras's names, or else by their order.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from nst.errors import UserError
from nst.layers import conv_names
from nst.vgg import CAFFE_MEAN, parameter_shapes

#: What every HDF5 file of Keras begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: How Keras names a convolution of a VGG network.
KERAS_NAME = re.compile(r"block\d_conv\d")

Params = dict[str, Any]


class _Convolution(NamedTuple):
    label: str  # Keras's name for it where the file has that, or else where it is in the file
    kernel: h5py.Dataset
    bias: h5py.Dataset | None


def read(path: Path, network: str) -> Params:
    """Return the parameters of `network` from a Keras HDF5 file, in the form of `weights.load`.

    Args:
      path: legacy weights, a whole model, or .weights.h5.
      network: "vgg16" or "vgg19".

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    params: Params = {"mean": np.asarray(CAFFE_MEAN, np.float32)}
    shapes = parameter_shapes(network)
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            found = _legacy(root) if "layer_names" in root.attrs else _keras3(root)
            for name, convolution in _by_name(found, path, network).items():
                params[name] = {
                    part: as_float32(
                        getattr(convolution, part), shape, f"{path}: {convolution.label}'s {part}"
                    )
                    for part, shape in shapes[name].items()
                }
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


def as_float32(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return an array or an HDF5 dataset as float32 numbers, all of them finite.

    Args:
      value: what should be an array.
      shape: which it must have.
      what: the array in words; messages begin with it.

    Raises:
      UserError: its shape, its type or its numbers are wrong.
    """
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
    paths: list[str] = []
    root.visit(paths.append)
    # HDF5 sorts by character, conv2d_10 before conv2d_2; Keras counted in the order of computation.
    paths.sort(key=lambda path: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", path)])
    found: list[_Convolution] = []
    for path in paths:
        if path.endswith("/vars") and getattr(root[path].get("0"), "ndim", 0) == 4:
            group = root[path]
            label = _label(_text(group.attrs.get("name", "")), path.removesuffix("/vars"))
            found.append(_Convolution(label, group["0"], group.get("1")))
    return found


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _label(name: str, path: str) -> str:
    match = KERAS_NAME.search(name) or KERAS_NAME.search(path)
    return match[0] if match else path


def _by_name(found: list[_Convolution], path: Path, network: str) -> dict[str, _Convolution]:
    """Return `found` under this project's names, each of them exactly once."""
    wanted = {re.sub(r"conv(\d)_", r"block\1_conv", name): name for name in conv_names(network)}
    labels = [convolution.label for convolution in found]
    if not any(map(KERAS_NAME.fullmatch, labels)):  # In a model of somebody's own the order tells.
        labels = [*wanted, *labels[len(wanted) :]][: len(labels)]
    missing = Counter([*wanted]) - Counter(labels)
    surplus = Counter(labels) - Counter([*wanted])
    if missing or surplus:
        raise UserError(
            f"{path} does not fit {network}: missing in the file are {_list(missing)}; "
            f"in the file but not in {network} are {_list(surplus)}"
        )
    return {wanted[label]: convolution for label, convolution in zip(labels, found, strict=True)}


def _list(names: Counter[str]) -> str:
    return ", ".join(names.elements()) or "none"
