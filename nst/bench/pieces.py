"""What ``nst bench device`` measures, piece by piece, each a function of plain values.

JAX and PyTorch load when a piece needs them: the process of another must not hold the device.
"""

import contextlib
import os
import platform
import statistics
import time
from importlib import metadata
from importlib.util import find_spec
from typing import Any


def machine() -> dict[str, Any]:
    """Return what the device is, its memory, versions, and why PyTorch can't be measured, if so."""
    from nst.engine import jax_settings, memory

    jax_settings.load()
    device = memory.local_devices()[0]
    versions = {}
    for name in ("jax", "jaxlib", "torch"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "device": device.device_kind,
        "platform": device.platform,
        "cores": os.cpu_count(),
        "memory_bytes": memory.of_a_device(),
        "versions": {"python": platform.python_version(), **versions},
        "no_torch": _no_torch(device.platform),
    }


def _no_torch(platform: str) -> str | None:
    if not find_spec("torch"):
        return "PyTorch is not installed"
    try:
        import torch
    except Exception as error:  # a library that it wants, say
        return f"PyTorch can't be imported ({type(error).__name__})"
    if platform != "cpu" and not torch.cuda.is_available():
        return "PyTorch finds no GPU"
    return None


def correctness(precision: str, every: bool) -> dict[str, Any]:
    """Return how far losses are off the stored ones, as `nst.bench.correctness.compared`.

    Args:
      precision: of the programs.
      every: whether all programs, or the default one alone.
    """
    from nst.bench import correctness

    return correctness.compared(precision, every)


def step(
    size: int, precision: str, engine: str, batch: int, steps: int, repeats: int
) -> dict[str, Any]:
    """Return seconds a step and of compilation, and for nst the memory that its program asks for.

    Args:
      size: side in pixels.
      precision: of the program.
      engine: "nst", "eager" or "compiled", both of PyTorch.
      batch: runs side by side.
      steps: of an interval.
      repeats: intervals that count, after one that doesn't.
    """
    from nst.bench.case import Case, pictures

    case = Case(size, batch, precision)
    found: dict[str, Any] = {}
    if engine == "nst":
        from nst.bench import ours

        interval = ours.compiled(case, steps)
        found["program_bytes"] = interval.program_bytes
    else:
        from nst.bench import torch_peer

        make = torch_peer.best_eager if engine == "eager" else torch_peer.compiled
        interval = make(case, steps)
    seconds = []
    for turn in range(repeats + 1):
        state = interval.start(pictures(case, seed=turn))
        began = time.perf_counter()
        interval.take(state)
        seconds.append((time.perf_counter() - began) / steps)
    return found | {
        "s_per_step": statistics.median(seconds[1:]),
        "s_per_step_min": min(seconds[1:]),
        "s_per_step_max": max(seconds[1:]),
        "compile_s": interval.compile_seconds,
        "form": interval.form,
    }


def memory(size: int, batch: int, precision: str) -> dict[str, Any]:
    """Return the bytes at the peak of two steps, in a process of their own, and their estimate.

    Args:
      size: side in pixels.
      batch: runs side by side.
      precision: of the program.
    """
    from nst.bench import memory
    from nst.bench.case import Case

    found = memory.in_a_process(Case(size, batch, precision), "nst")
    return {key: found[key] for key in ("held_bytes", "estimate_bytes")}


def largest(precision: str, most: int) -> dict[str, Any]:
    """Return the largest picture by the estimate, and how two steps of it went.

    Args:
      precision: of the program.
      most: the largest side that is tried, in pixels.
    """
    from nst.base.errors import UserError
    from nst.bench import memory
    from nst.bench.case import Case

    estimated = memory.in_a_process(Case(64, 1, precision), "largest")["side"]
    tried = min(estimated, most)
    found: dict[str, Any] = {"estimate": estimated, "tried": tried}
    began = time.perf_counter()
    try:
        own = memory.in_a_process(Case(tried, 1, precision), "nst")
    except UserError as error:
        return found | {"fits": False, "why": str(error)}
    seconds = time.perf_counter() - began
    return found | {"fits": True, "peak_bytes": own["peak_bytes"], "seconds": seconds}


def startup(size: int) -> dict[str, Any]:
    """Return the seconds from a process's start to its first step, cache empty and filled.

    Args:
      size: long edge in pixels.
    """
    if not (find_spec("hydra") and find_spec("wandb")):
        return {"left_out": "it is of nst run, which needs Hydra and wandb"}
    from nst.bench import startup

    # The runs keep a cache of their own, which is empty at first.
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
    found: dict[str, Any] = startup.measure(size, 1)["startup_s"]
    return found
