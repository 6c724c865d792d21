"""How far a picture is from a painting, as each of the style statistics sees it."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nst.losses import total
from nst.losses.statistics import STATISTICS
from nst.metrics.features import STYLE_LAYERS
from nst.networks import vgg
from nst.paper.curves import params

#: Of what a judge draws; not a run's default, so that no run was made for the very draws.
SEED = 1


def distances(pictures: Mapping[str, np.ndarray], painting: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean of E_l over the metrics' style layers, by every statistic.

    The network is the metrics', VGG-16 with average pooling, whatever painted the pictures.

    Args:
      pictures: by their names, each (H, W, 3) in gray levels, of one shape.
      painting: (H', W', 3) in gray levels.

    Returns:
      Name of a picture -> its distances, in the order of `STATISTICS`.
    """
    seen = {name: _activations(picture) for name, picture in pictures.items()}
    shape = next(iter(pictures.values())).shape
    aim = _activations(painting)
    found: dict[str, list[float]] = {name: [] for name in pictures}
    for judge in STATISTICS:
        target = _target(aim, judge, shape)
        for name, activations in seen.items():
            found[name].append(float(_distance(activations, target, judge)))
    return {name: np.array(values) for name, values in found.items()}


def matrix(painted: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return each distance over the judge's own result, as the geometric mean over the pairs.

    Args:
      painted: of each pair, the distances of each picture; every statistic has one of its name.

    Returns:
      Name of a picture -> a ratio for each judge; that of its own is 1.
    """
    logs = []
    for of_pair in painted:
        own = np.array([of_pair[judge][at] for at, judge in enumerate(STATISTICS)])
        logs.append({name: np.log(values / own) for name, values in of_pair.items()})
    return {name: np.exp(np.mean([one[name] for one in logs], axis=0)) for name in logs[0]}


def _activations(picture: np.ndarray) -> dict[str, jax.Array]:
    found = vgg.activations(
        params(),
        jnp.asarray(picture, jnp.float32)[None],
        STYLE_LAYERS,
        network="vgg16",
        pooling="avg",
        precision="float32",
    )
    return {name: values[0] for name, values in found.items()}


@functools.partial(jax.jit, static_argnames=("statistic", "shape"))
def _target(aim: dict[str, jax.Array], statistic: str, shape: tuple[int, ...]) -> dict[str, Any]:
    wanted = total.targets(
        {}, [aim], (), STYLE_LAYERS, statistic, network="vgg16", picture=shape, seed=SEED
    )
    return wanted.style


@functools.partial(jax.jit, static_argnames="statistic")
def _distance(
    activations: dict[str, jax.Array], target: dict[str, Any], statistic: str
) -> jax.Array:
    each = [
        total.style_loss(statistic, activations[layer], target[layer]) for layer in STYLE_LAYERS
    ]
    return jnp.stack(each).mean()
