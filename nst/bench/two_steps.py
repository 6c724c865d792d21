"""The process whose memory is measured: two steps of a case, and the bytes they took, printed."""

import json
import sys
from pathlib import Path

import jax

from nst.bench.case import Case, Interval, pictures


def main(engine: str, text: str) -> None:
    """Print the bytes at the peak of two steps, above what the process held before them.

    On a CPU these are resident bytes, the compilation's among them; PyTorch runs eagerly.

    Args:
      engine: "nst" or "torch".
      text: the case, as JSON.
    """
    case = Case(**json.loads(text))
    # Imported for the baseline: a program's code is no run's memory.
    if engine == "torch":
        from nst.bench import torch_peer

        before = torch_peer.peak_bytes() or resident_peak()
        _two_steps(torch_peer.eager(case, steps=2), case)
        print((torch_peer.peak_bytes() or resident_peak()) - before)
        return
    from nst.bench import ours

    statistics = jax.devices()[0].memory_stats()
    before = 0 if statistics else resident_peak()
    _two_steps(ours.compiled(case, steps=2), case)
    after = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use") or resident_peak()
    print(after - before)


def _two_steps(interval: Interval, case: Case) -> None:
    interval.take(interval.start(pictures(case, seed=1)))


def resident_peak() -> int:
    """Return the most bytes of memory that this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux it starts from what the parent held when it started this one.
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(*sys.argv[1:])
