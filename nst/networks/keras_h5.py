"""Keras's HDF5 files of a VGG network to its parameters.

`nst.networks.keras_layouts` tells their layouts apart, in a process of its own.
"""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.networks.spec import CAFFE_MEAN, parameter_shapes

#: What every HDF5 file of Keras begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"

Params = dict[str, Any]


def read(path: Path, network: str) -> Params:
    """Return the parameters of `network` from a Keras HDF5 file, in the form of `weights.load`.

    Args:
      path: legacy weights, a whole model, or .weights.h5.
      network: "vgg16" or "vgg19".

    Raises:
      UserError: the file is damaged or isn't that network's.
    """
    wanted = [
        (name, part, shape)
        for name, parts in parameter_shapes(network).items()
        for part, shape in parts.items()
    ]
    numbers = np.frombuffer(_read_apart(path, network, json.dumps(wanted)), np.float32)
    params: Params = {"mean": np.asarray(CAFFE_MEAN, np.float32)}
    place = 0
    for name, part, shape in wanted:
        start, place = place, place + math.prod(shape)
        params.setdefault(name, {})[part] = numbers[start:place].reshape(shape)
    # Keras takes blue, green, red.
    params["conv1_1"]["kernel"] = params["conv1_1"]["kernel"][:, :, ::-1].copy()
    return params


def _read_apart(path: Path, network: str, wanted: str) -> bytes:
    """Return the bytes of a file's arrays, which a process of its own has read.

    Some damaged files make HDF5's library crash, others make it loop for ever, deaf to Ctrl-C.
    """
    command = [sys.executable, "-P", "-m", "nst.networks.keras_layouts", str(path), network, wanted]
    # It finds packages where this process does. Ctrl-C isn't for it: it ends soon.
    places = os.pathsep.join(map(os.path.abspath, sys.path))
    # A thread's stack counts as memory taken, and numpy would start one for each core.
    environment = os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, env=environment, start_new_session=True)
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1 and done.stdout:
        raise UserError(done.stdout.decode(errors="surrogateescape"))
    how = "never ends" if done.returncode == -signal.SIGPROF else "crashes"
    raise UserError(
        f"{path} is damaged HDF5 of {path.stat().st_size} bytes, where Keras's whole file is "
        f"needed: reading it {how}"
    )
