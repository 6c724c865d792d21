"""The rows of pictures over several devices: each computes its share of a picture's strips.

What a strip's rows see beside their own it computes itself, so that devices exchange sums alone.
Where a picture has some of the devices, other runs have the others: a mesh of lanes and rows.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

LANES, ROWS = "lane", "rows"


def by_each(count: int, function: Callable[..., Any], *, kept_apart: bool = False) -> Any:
    """Return a function that each device computes for its strips.

    Args:
      count: of the devices that a picture has.
      function: of what all have (two arguments), and of arrays with an axis of strips first.
      kept_apart: whether its result has an axis of strips first; else it is the same on each.
    """
    return jax.shard_map(
        function,
        mesh=_mesh(count),
        in_specs=(PartitionSpec(), PartitionSpec(), PartitionSpec(ROWS)),
        out_specs=PartitionSpec(ROWS) if kept_apart else PartitionSpec(),
        check_vma=False,
    )


def gathered(values: Any) -> Any:
    """Return what every device has, with an axis of devices first; called by each device."""
    return jax.lax.all_gather(values, ROWS)


def spread(count: int, state: Any, *, lanes: bool = False) -> Any:
    """Return an optimizer's state with the rows of its pictures over the devices.

    Args:
      count: of the devices that a picture has.
      state: arrays; pictures are (..., H, W, 3), and lie whole on each where H doesn't divide.
      lanes: whether it is of several runs, (L, ...), which go over the devices, too.
    """
    mesh = _mesh(count)

    def placed(leaf: Any) -> jax.Array:
        axes: list[str | None] = [LANES] if lanes else []
        between = np.ndim(leaf) - 3 - len(axes)
        if between >= 0 and np.shape(leaf)[-3] % count == 0:
            axes += [*[None] * between, ROWS]
        return jax.device_put(leaf, NamedSharding(mesh, PartitionSpec(*axes)))

    return jax.tree.map(placed, state)


def places(count: int) -> int:
    """Return how many runs are computed at once where a picture has `count` devices."""
    return jax.device_count() // count


def whole(state: Any) -> Any:
    """Return an optimizer's state as this process can read it, though others have rows of it."""
    # An array after the other, so that a device has no more than one of them whole.
    shared = jax.process_count() > 1
    return multihost_utils.process_allgather(state, tiled=True) if shared else state


def _mesh(count: int) -> Mesh:
    lanes = places(count)
    devices = np.array(jax.devices()[: lanes * count])
    return Mesh(devices.reshape(lanes, count), (LANES, ROWS))
