"""The process whose memory is measured: two steps of a case, and the bytes they took, printed."""

import bisect
import json
import sys
from pathlib import Path

import jax

from nst.base.errors import UserError
from nst.base.program import Static
from nst.bench.case import Case, Interval, pictures, program
from nst.engine import memory


def main(engine: str, text: str) -> None:
    """Print an object: of two steps the bytes at the peak, or of the estimate the largest picture.

    "peak_bytes" are above what the process held before the steps; on a CPU they are resident bytes,
    the compilation's among them. For nst "held_bytes" are all that is held, and "estimate_bytes"
    what `nst.engine.memory` expects of them. PyTorch runs eagerly.

    Args:
      engine: "nst", "torch" or "largest".
      text: the case, as JSON.
    """
    case = Case(**json.loads(text))
    if engine == "largest":
        print(json.dumps({"side": _largest(program(case)[0])}))
        return
    # Imported for the baseline: a program's code is no run's memory.
    if engine == "torch":
        from nst.bench import torch_peer

        before = torch_peer.peak_bytes() or resident_peak()
        _two_steps(torch_peer.eager(case, steps=2), case)
        after = torch_peer.peak_bytes() or resident_peak()
        print(json.dumps({"peak_bytes": after - before}))
        return
    from nst.bench import ours

    statistics = jax.devices()[0].memory_stats()
    before = 0 if statistics else resident_peak()
    _two_steps(ours.compiled(case, steps=2), case)
    after = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use") or resident_peak()
    estimate = memory.peak(program(case)[0], (case.size, case.size, 3), case.batch)
    found = {"peak_bytes": after - before, "held_bytes": after, "estimate_bytes": estimate}
    print(json.dumps(found))


def _largest(static: Static) -> int:
    """Return the largest side, a multiple of 16 pixels, that a run is not refused for."""

    def refused(sixteenth: int) -> bool:
        try:
            memory.check_memory(static, (16 * sixteenth, 16 * sixteenth, 3), "size")
        except UserError:
            return True
        return False

    return 16 * (bisect.bisect_left(range(1, 1025), True, key=refused))


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
