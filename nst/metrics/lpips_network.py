"""LPIPS, a distance of two pictures that was fitted to what people see (Zhang et al. 2018).

arXiv:1801.03924, equation 1, with the networks of its release 0.1: VGG-16 with max pooling.
"""

from typing import Any

import jax
import jax.numpy as jnp

from nst.networks.lpips_jax import LAYERS
from nst.networks.vgg import activations


def unit_features(params: dict[str, Any], picture: jax.Array) -> dict[str, jax.Array]:
    """Return each layer's activations, those of every position divided by their length.

    LPIPS's own preprocessing is torchvision's, which `nst.networks.lpips_jax` folds into the
    parameters; the scale of these, which is another one, goes with the length.

    Args:
      params: of VGG-16, as `nst.networks.conversion.convert` returns them.
      picture: (H, W, 3) float32 RGB in [0, 255], both sides at least 16 pixels.

    Returns:
      (H', W', C) for each of `LAYERS`.
    """
    batch = activations(
        params, picture[None], LAYERS, network="vgg16", pooling="max", precision="float32"
    )
    return {name: _unit(values[0]) for name, values in batch.items()}


def distance(
    heads: dict[str, jax.Array], one: dict[str, jax.Array], other: dict[str, jax.Array]
) -> jax.Array:
    """Return the weighted squared difference of two pictures' features, averaged over positions.

    Args:
      heads: layer -> (C,), as `nst.networks.lpips_jax.heads` returns them: the squares of
        equation 1's weights, as the release has them.
      one: layer -> (H', W', C), `unit_features` of a picture.
      other: likewise, of a picture of the same shape.
    """
    weighted = {name: head * (one[name] - other[name]) ** 2 for name, head in heads.items()}
    return sum((values.sum(-1).mean() for values in weighted.values()), start=jnp.zeros(()))


def _unit(features: jax.Array) -> jax.Array:
    # The release's constant; where nothing is active the features stay 0.
    return features / (jnp.sqrt(jnp.sum(features**2, axis=-1, keepdims=True)) + 1e-10)
