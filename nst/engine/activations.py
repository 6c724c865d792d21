"""What the network of a run makes of one picture."""

import jax

from nst.base.program import Static
from nst.networks import vgg


def activations(
    static: Static,
    params: dict,
    picture: jax.Array,
    layers: tuple[str, ...],
    rows: vgg.Rows | None = None,
) -> dict[str, jax.Array]:
    """Return the activations of layers, each (H', W', C) float32.

    Args:
      static: network, pooling, precision, padding and scale of biases.
      params: the network's parameters.
      picture: (H, W, 3) in gray levels.
      layers: to return.
      rows: of the picture, where it is a strip of a larger one.
    """
    batch = vgg.activations(
        params,
        picture[None],
        layers,
        network=static.network,
        pooling=static.pooling,
        precision=static.precision,
        padding=static.padding,
        bias_scale=static.bias_scale,
        rows=rows,
    )
    return {name: values[0] for name, values in batch.items()}
