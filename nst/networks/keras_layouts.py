"""The convolutions of a network in a Keras HDF5 file, in each of Keras's layouts.

Legacy weights and whole models list their layers in attributes; .weights.h5 (Keras 3) has a group
for each layer. Layers are told apart by Keras's names, or else by their order.

``python -m nst.networks.keras_layouts`` is the process that `keras_h5` has read a file,
since some damaged files make HDF5's library crash or loop for ever. It imports no JAX.
"""

import json
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from nst.base.arrays import as_float32
from nst.base.errors import UserError

#: How Keras names a convolution of a VGG network.
KERAS_NAME = re.compile(r"block\d_conv\d")
#: Seconds of the processor that a file may take; a whole one takes a tenth of one.
SECONDS = 1.5
#: Bytes of memory that the process may take: a damaged file may ask for gigabytes, and the largest
#: whole one, VGG-19 in compressed float64, takes 400 million.
BYTES = 600_000_000

Wanted = tuple[str, str, tuple[int, ...]]  # Keras's name, "kernel" or "bias", the shape


class _Convolution(NamedTuple):
    label: str  # Keras's name for it where the file has that, or else where it is in the file
    kernel: h5py.Dataset
    bias: h5py.Dataset | None


def read(path: Path, network: str, wanted: Sequence[Wanted]) -> list[np.ndarray]:
    """Return arrays of a Keras HDF5 file, float32, in the order in which they are wanted.

    Args:
      path: legacy weights, a whole model, or .weights.h5.
      network: its name, for messages.
      wanted: which arrays, under Keras's names; a layer's kernel before its bias.

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            if "nb_layers" in root.attrs:
                raise UserError(
                    f"{path} is a Keras 1 file (nb_layers, layer_0/param_0), which is not read: "
                    "one of Keras 2 or newer is needed, kernels in TensorFlow's order"
                )
            found = _legacy(root) if "layer_names" in root.attrs else _keras3(root)
            named = _by_name(found, path, network, [*dict.fromkeys(name for name, _, _ in wanted)])
            name, _, shape = wanted[0]
            first = named[name].kernel.shape
            if first == (shape[3], shape[2], *shape[:2]):
                raise UserError(
                    f"{path} has its kernels in Theano's order, {first}, which is not read: they "
                    f"are needed in TensorFlow's, {shape}"
                )
            return [
                as_float32(
                    getattr(named[name], part), shape, f"{path}: {named[name].label}'s {part}"
                )
                for name, part, shape in wanted
            ]
    except UserError:
        raise
    except Exception as error:  # What h5py raises on damage depends on where in the file it is.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path} is damaged or truncated HDF5 of {path.stat().st_size} bytes, where Keras's "
            f"whole file is needed: {reason}"
        ) from error


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


def _by_name(
    found: list[_Convolution], path: Path, network: str, wanted: list[str]
) -> dict[str, _Convolution]:
    """Return `found` under Keras's names, each of those that are wanted exactly once."""
    labels = [convolution.label for convolution in found]
    if not any(map(KERAS_NAME.fullmatch, labels)):  # In a model of somebody's own the order tells.
        labels = [*wanted, *labels[len(wanted) :]][: len(labels)]
    missing = Counter(wanted) - Counter(labels)
    surplus = Counter(labels) - Counter(wanted)
    if missing or surplus:
        raise UserError(
            f"{path} does not fit {network}: missing in the file are {_list(missing)}; "
            f"in the file but not in {network} are {_list(surplus)}"
        )
    return dict(zip(labels, found, strict=True))


def _list(names: Counter[str]) -> str:
    return ", ".join(names.elements()) or "none"


def main(path: str, network: str, wanted: str) -> int:
    """Print the bytes of a file's arrays, or why there are none; return the exit status.

    Args:
      path: of the file.
      network: its name, for messages.
      wanted: which arrays, as JSON.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    # Its signal ends the process, even inside the library.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        arrays = [(name, part, tuple(shape)) for name, part, shape in json.loads(wanted)]
        found = read(Path(path), network, arrays)
    except UserError as error:
        sys.stdout.buffer.write(str(error).encode(errors="surrogateescape"))
        return 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    for array in found:
        sys.stdout.buffer.write(array.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
