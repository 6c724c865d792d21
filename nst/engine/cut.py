"""How a picture is cut: into strips where it doesn't fit the memory, and over devices."""

import dataclasses
import math

import jax

from nst.base.errors import UserError
from nst.base.program import Static
from nst.engine import memory
from nst.engine.devices import places
from nst.losses.statistics import by_strips
from nst.networks.spec import NETWORKS


def cut(
    static: Static, shape: tuple[int, ...], strips: str, devices: str, lanes: int = 1
) -> Static:
    """Return what a picture is compiled for: `static`, with its strips and devices.

    Strips are as high as a third of a device's memory allows, or a sixth beside what lower ones
    take, and equally high: the higher, the fewer rows are computed twice.

    Args:
      static: of the run.
      shape: of the picture, (H, W, 3).
      strips: "always"; "never"; "auto", where the picture, or a device's share, won't fit.
      devices: "rows", over all devices of all processes; "lanes", on one; "auto", over all where it
        won't fit one, of a GPU's.
      lanes: runs side by side, which share the devices.
    """
    if not by_strips(static):
        return static
    fits = _fits(static, shape)
    count = max(1, places(lanes)) if _by_rows(fits, devices) else 1
    if count == 1 and (strips == "never" or (strips == "auto" and fits)):
        return static
    lowest = memory.in_strips(static, 1)
    units = math.ceil(shape[0] / (count * lowest.strips))  # of a device's share
    if strips != "never":
        highest = units if count > 1 and strips == "auto" else math.ceil(units / 2)
        units = _even(units, _as_fits(static, shape, highest))
    return dataclasses.replace(static, strips=units * lowest.strips, devices=count)


def side_by_side(static: Static, shape: tuple[int, ...], devices: str) -> int | None:
    """Return how many runs are computed at once, each over some of the devices; none: on one each.

    Args:
      static: of the runs.
      shape: of their pictures, (H, W, 3).
      devices: as `cut` takes them.
    """
    if not _by_rows(_fits(static, shape), devices) or not by_strips(static):
        return None
    if devices == "auto":
        # As few devices a picture as hold it, so that as many runs as can be go side by side.
        for count in range(2, jax.device_count()):
            share = math.ceil(shape[0] / count), *shape[1:]
            if jax.device_count() % count == 0 and _fits(static, share):
                return places(count)
    return 1


def _fits(static: Static, shape: tuple[int, ...]) -> bool:
    return memory.peak(static, shape, 1) <= 0.7 * memory.of_a_device()


def _by_rows(fits: bool, devices: str) -> bool:
    on_cpu = memory.local_devices()[0].platform == "cpu"
    return devices == "rows" or (devices == "auto" and not fits and not on_cpu)


def _as_fits(static: Static, shape: tuple[int, ...], highest: int) -> int:
    """Return how high a strip may be, in rows of the deepest layer, at most `highest`."""
    there = memory.of_a_device()
    # Beside what it takes whatever the strips, an optimizer's pictures above all.
    room = max(there / 3, memory.held(memory.in_strips(static, 1), shape) + there / 6)
    for units in range(highest, 1, -1):
        if memory.held(memory.in_strips(static, units), shape) <= room:
            return units
    return 1


def _even(units: int, most: int) -> int:
    """Return the height of as many strips as `most` asks for, equally high."""
    return math.ceil(units / math.ceil(units / most))


def check_devices(static: Static, shape: tuple[int, ...], devices: str) -> None:
    """Refuse rows over more devices than there are rows.

    Args:
      static: of the run.
      shape: of the picture, (H, W, 3).
      devices: "rows", "lanes" or "auto".

    Raises:
      UserError: gives the rows of the deepest layer, and the devices.
    """
    if devices != "rows":
        return
    network, count = NETWORKS[static.network], jax.device_count()
    deepest = max(static.layers, key=network.halvings)
    rows = shape[0] >> network.halvings(deepest)
    if rows < count:
        raise UserError(
            f"devices=rows needs a row of {deepest} for each of {count} devices, and at "
            f"{shape[1]} x {shape[0]} pixels there are {rows}: take a larger size, or devices=lanes"
        )
