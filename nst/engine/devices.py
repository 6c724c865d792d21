"""The rows of one picture over several devices: each computes its share of the strips.

What a strip's rows see beside their own it computes itself, so that devices exchange sums alone.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

ROWS = "rows"


def by_each(count: int, function: Callable[..., Any], *, kept_apart: bool = False) -> Any:
    """Return a function that each device computes for its strips.

    Args:
      count: of the devices.
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


def spread(count: int, state: Any) -> Any:
    """Return an optimizer's state with the rows of its pictures over the devices.

    Args:
      count: of the devices.
      state: arrays; pictures are (..., H, W, 3), and lie whole on each where H doesn't divide.
    """
    mesh = _mesh(count)

    def placed(leaf: Any) -> jax.Array:
        even = np.ndim(leaf) >= 3 and np.shape(leaf)[-3] % count == 0
        spec = PartitionSpec(*[None] * (np.ndim(leaf) - 3), ROWS) if even else PartitionSpec()
        return jax.device_put(leaf, NamedSharding(mesh, spec))

    return jax.tree.map(placed, state)


def _mesh(count: int) -> Mesh:
    return Mesh(np.array(jax.devices()[:count]), (ROWS,))
