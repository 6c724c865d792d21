"""How much memory runs take, how much there is, and what is said where it is not enough."""

import contextlib
import dataclasses
import math
import os
from collections.abc import Iterator
from pathlib import Path

import jax

from nst.base.errors import DeviceError, UserError, one_line
from nst.base.program import Static
from nst.images.edges import EDGES
from nst.losses.statistics import STATISTICS, by_strips
from nst.networks.spec import NETWORKS
from nst.optimizers.table import OPTIMIZERS

#: Bytes of a process on a CPU, with its libraries, a network and what compiles.
OF_A_PROCESS = 900 * 2**20


def lanes_that_fit(static: Static, shape: tuple[int, ...]) -> int:
    """Return how many runs go into one program: as many as fit a GPU's memory, one on a CPU.

    On a CPU vmapped runs are no faster than one after the other.

    Args:
      static: of the group.
      shape: of the picture, (H, W, 3).
    """
    devices = local_devices()
    if devices[0].platform == "cpu":
        return len(devices)
    return len(devices) * max(1, int(0.7 * of_a_device() / bytes_of_a_lane(static, shape)))


def check_lanes(lanes: int, static: Static, shape: tuple[int, ...]) -> None:
    """Refuse more lanes than the devices' memory can hold.

    Args:
      lanes: asked for.
      static: of the group.
      shape: of the picture, (H, W, 3).

    Raises:
      UserError: gives the estimate, the memory there is, and how many lanes fit.
    """
    devices = local_devices()
    # All devices of a CPU share its memory.
    shares = 1 if devices[0].platform == "cpu" else len(devices)
    needed, memory = math.ceil(lanes / shares) * bytes_of_a_lane(static, shape), of_a_device()
    if lanes > 1 and needed > memory:
        fit = shares * max(1, memory // bytes_of_a_lane(static, shape))
        raise UserError(
            f"{lanes} lanes need about {needed / 2**30:.1f} GiB at {shape[1]} x {shape[0]} pixels, "
            f"and there are {memory / 2**30:.1f} GiB: set hydra.launcher.lanes to at most {fit}"
        )


def check_memory(
    static: Static,
    shape: tuple[int, ...],
    key: str,
    *,
    edge: str = "long",
    strips: str = "never",
    once: bool = False,
) -> None:
    """Refuse a picture that takes more than the memory there is.

    Args:
      static: of the run.
      shape: of the picture, (H, W, 3).
      key: the configuration key that sets its size.
      edge: that its size is of, a name in `nst.images.edges.EDGES`.
      strips: whether it may be computed in strips: "auto", "always" or "never".
      once: whether the network sees it once, without a gradient.

    Raises:
      UserError: gives the estimate, the memory there is, and the size that fits.
    """
    memory = of_a_device()

    def needed(shape: tuple[int, ...]) -> int:
        if strips != "never" and by_strips(static):
            return min(_at_least(static, shape, once), held(in_strips(static, 1), shape))
        return _at_least(static, shape, once)

    if needed(shape) > memory:
        height, width = shape[:2]
        own = EDGES[edge](height, width)
        smaller = (
            size
            for size in range(own // 16 * 16, 0, -16)
            if needed((height * size // own, width * size // own)) <= memory
        )
        raise UserError(
            f"{key}={own} needs at least {needed(shape) / 2**30:.1f} GiB of memory at "
            f"{shape[1]} x {shape[0]} pixels, and there are {memory / 2**30:.1f} GiB: take at most "
            f"{key}={next(smaller, 16)}{_or_strips(static, shape, strips, memory)}"
        )


def _at_least(static: Static, shape: tuple[int, ...], once: bool) -> int:
    """Return the bytes that a whole picture surely takes."""
    if once:
        # What goes into a layer, and what comes out.
        channels = NETWORKS[static.network].convolutions[0].channels
        return 2 * 4 * channels * shape[0] * shape[1]
    # Where `bytes_of_a_lane` counts 8 bytes, a run at 1024 px was seen to hold 3.4 in float32 and
    # 3.0 in bfloat16: what a bit more might do is not refused.
    return bytes_of_a_lane(static, shape) * 3 // 8


def _or_strips(static: Static, shape: tuple[int, ...], strips: str, memory: int) -> str:
    if strips != "never" or not by_strips(static):
        return ""
    fits = held(in_strips(static, 1), shape) <= memory
    return ", or strips=auto" if fits else ""


def in_strips(static: Static, units: int) -> Static:
    """Return it with strips of so many rows of the deepest layer."""
    unit = NETWORKS[static.network].smallest_side(static.layers)
    return dataclasses.replace(static, strips=units * unit)


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Turn the device's error into a `DeviceError`: its memory is used up, or it is gone."""
    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        what = _failure(error)
        if what is None:
            raise
        raise what from error


def _failure(error: Exception) -> DeviceError | None:
    text = one_line(str(error))[:200]
    # What carries sums between processes raises either kind.
    if any(name in text for name in ("Gloo", "NCCL")):
        return DeviceError(
            f"another process of this run has ended, or is out of reach ({text}): the same "
            "commands continue from what was saved",
            gone=True,
        )
    if not isinstance(error, jax.errors.JaxRuntimeError):
        return None
    if exhausted(error):
        return DeviceError(
            "the device's memory is used up: take a smaller size, precision=bfloat16 or less "
            "deep layers, or end what else runs on it",
            gone=False,
        )
    return DeviceError(
        f"the device failed ({text}): when it is back, the same command continues from what was "
        "saved",
        gone=True,
    )


def exhausted(error: jax.errors.JaxRuntimeError) -> bool:
    """Return whether an error of the device says that its memory is used up."""
    # A CPU's is INTERNAL, "Out of memory allocating 2539229252 bytes".
    return any(words in str(error) for words in ("RESOURCE_EXHAUSTED", "Out of memory"))


def local_devices() -> list[jax.Device]:
    """Return this process's devices; a `UserError` where a variable names one that isn't there.

    Each run comes by here first, when its pictures are held against the memory.
    """
    try:
        return jax.local_devices()
    except (AssertionError, RuntimeError) as error:
        names = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")
        asked = next((name for name in names if os.environ.get(name)), None)
        if not asked:
            raise
        raise UserError(
            f"{asked}={os.environ[asked]} asks for a device that JAX can't use here: unset that "
            "variable and JAX takes what there is, or see to the driver and install jax with CUDA"
        ) from error


def of_a_device() -> int:
    """Return the bytes of memory of a device; of the machine, or its container, for a CPU."""
    device = local_devices()[0]
    if device.platform != "cpu":
        return (device.memory_stats() or {}).get("bytes_limit", 8 * 2**30)
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return machine


def peak(static: Static, shape: tuple[int, ...], lanes: int) -> int:
    """Return the bytes that a device holds at most, as far as known.

    Args:
      static: of the group.
      shape: of the picture, (H, W, 3).
      lanes: runs in one program, over all devices.
    """
    devices = local_devices()
    on_cpu = devices[0].platform == "cpu"
    share = lanes if on_cpu else math.ceil(lanes * static.devices / len(devices))
    # What a process that compiles holds whatever the size of the picture, beside the runs' own.
    return share * held(static, shape) + (OF_A_PROCESS if on_cpu else 2**28)


def held(static: Static, shape: tuple[int, ...]) -> int:
    """Return the bytes that one run holds at most, as far as known.

    Args:
      static: of the run; its strips count.
      shape: of the picture, (H, W, 3).
    """
    if not static.strips:
        # 3.4 bytes held where `bytes_of_a_lane` counts 8, as in `_at_least`: docs/performance.md.
        return bytes_of_a_lane(static, shape) * 34 // 80
    network = NETWORKS[static.network]
    strip = static.strips + 2 * network.halo(static.layers), shape[1]
    plain = dataclasses.replace(static, optimizer="adam", strips=0)
    contents = sum(math.prod(network.shape(layer, shape)) for layer in static.content_layers)
    # The picture, its gradient and their sums beside those that the optimizer keeps.
    pictures = OPTIMIZERS[static.optimizer].load().pictures(static) + 8
    own = pictures * 4 * 3 * shape[0] * shape[1]
    return held(plain, strip) + 4 * contents + own


def bytes_of_a_lane(static: Static, shape: tuple[int, ...]) -> int:
    """Estimate the memory in bytes of one run: each activation, its ReLU and both gradients.

    A style statistic may hold more of its layers, and an optimizer pictures: L-BFGS those of its
    memory and of its line search.

    Args:
      static: of the group.
      shape: of the picture, (H, W, 3).
    """
    height, width = shape[:2]
    network = NETWORKS[static.network]
    numbers = sum(
        (height >> layer.halvings) * (width >> layer.halvings) * layer.channels
        for layer in network.up_to(static.layers)
    )
    style = sum(math.prod(network.shape(layer, shape)) for layer in static.style_layers)
    numbers += STATISTICS[static.statistic].arrays * style
    pictures = OPTIMIZERS[static.optimizer].load().pictures(static)
    return 2 * 4 * numbers + pictures * 4 * height * width * 3
