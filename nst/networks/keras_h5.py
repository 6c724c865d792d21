"""Keras's HDF5 files of a network to its parameters.

`nst.networks.keras_layouts` tells their layouts apart, in a process of its own.
"""

import json
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np

from nst.base import apart
from nst.base.errors import UserError
from nst.networks.spec import NETWORKS, Network

#: What every HDF5 file of Keras begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"

Params = dict[str, Any]


def read(path: Path, network: str) -> Params:
    """Return the parameters of `network` from a Keras HDF5 file, as `conversion.convert` does.

    Args:
      path: legacy weights, a whole model, or .weights.h5.
      network: a name in `nst.networks.spec.NETWORKS`.

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    described = NETWORKS[network]
    numbers = np.frombuffer(_read_apart(path, network, json.dumps(wanted(described))), np.float32)
    params: Params = {"mean": np.asarray(described.mean, np.float32)}
    place = 0
    for name, shapes in described.parameter_shapes.items():
        params[name] = {}
        for part, shape in shapes.items():
            start, place = place, place + math.prod(shape)
            params[name][part] = numbers[start:place].reshape(shape)
    # Keras takes blue, green, red.
    first = params[described.convolutions[0].name]
    first["kernel"] = first["kernel"][:, :, ::-1].copy()
    return params


def wanted(network: Network) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return Keras's name, "kernel" or "bias", and the shape of each array of a network."""
    shapes = network.parameter_shapes
    return [
        (layer.keras, part, shape)
        for layer in network.convolutions
        for part, shape in shapes[layer.name].items()
    ]


def _read_apart(path: Path, network: str, wanted: str) -> bytes:
    """Return the bytes of a file's arrays, which a process of its own has read.

    Some damaged files make HDF5's library crash, others make it loop for ever, deaf to Ctrl-C.
    """
    done = apart.run("nst.networks.keras_layouts", str(path), network, wanted)
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1 and done.stdout:
        raise UserError(done.stdout.decode(errors="surrogateescape"))
    how = "never ends" if done.returncode == -signal.SIGPROF else "crashes"
    raise UserError(
        f"{path} is damaged HDF5 of {path.stat().st_size} bytes, where Keras's whole file is "
        f"needed: reading it {how}"
    )
