"""One device, measured within a time: what it computes, how fast, with how much memory.

Each section has a process of its own, which may run out of memory, die or hang.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from nst.base.errors import UserError
from nst.bench import plan, verdicts
from nst.bench.plan import Piece

#: Seconds that a process has to start, on a GPU, and what a piece may take of its expected ones.
_START, _PATIENCE = 20, 2.5
#: What a piece may take of the time that is left, where the machine does other things, too.
_PART = 0.25
#: JAX would take three quarters of a GPU's memory before PyTorch asks in the same process.
_SHARED = {"XLA_PYTHON_CLIENT_MEM_FRACTION": "0.45"}
#: Seconds by which a turn may be exceeded.
_SLACK = 1


def measure(small: bool, seconds: int | None, against: str) -> dict[str, Any]:
    """Return what was found of a device; what failed or had no time is there, with the reason.

    Args:
      small: whether the smallest form is wanted, of about a minute.
      seconds: for everything; none: as `plan.BUDGET` has it.
      against: "torch", or "nothing" where PyTorch isn't to be measured.

    Raises:
      UserError: JAX can't start a device.
    """
    began = time.perf_counter()
    folder = tempfile.mkdtemp()
    environment = {
        **os.environ,
        # Empty, so that compilation is measured; but a second process finds what one has compiled.
        "JAX_COMPILATION_CACHE_DIR": os.path.join(folder, "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "TMPDIR": folder,  # what a process leaves when it is ended goes with the rest
    }
    try:
        found = _machine(environment)
        form = "small" if small else "cpu" if found["platform"] == "cpu" else "gpu"
        why = found.pop("no_torch")
        why = "--against nothing" if against == "nothing" else why
        peer = f"not measured: {why}" if why else None
        pieces = plan.pieces(form, peers=peer is None)
        budget = seconds or plan.BUDGET[form]
        stopped = _all(pieces, form, began + budget, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sections: dict[str, list[dict[str, Any]]] = {name: [] for name in plan.SECTIONS}
    for piece in pieces:
        why = "stopped by Ctrl-C" if stopped else "out of time"
        sections[piece.section].append(piece.asked | (piece.found or {"left_out": why}))
    return {
        **found,
        "form": form,
        "budget_s": budget,
        "seconds": time.perf_counter() - began,
        "stopped": stopped,
        "torch": peer or f"PyTorch {found['versions']['torch']}",
        "sections": sections,
        "targets": verdicts.targets(found["device"], sections, peer),
        "wrong": verdicts.wrong(pieces),
    }


def _machine(environment: dict[str, str]) -> dict[str, Any]:
    worker = Worker(environment)
    try:
        found = worker.ask("machine", {}, 120)
    finally:
        worker.end()
    if why := verdicts.missing(found):
        raise UserError(f"the device can't be measured: {why}")
    return found


def _all(pieces: list[Piece], form: str, deadline: float, environment: dict[str, str]) -> bool:
    """Measure within each section's share, then what is left; return whether Ctrl-C stopped it."""
    shares = dict(zip(plan.SECTIONS, plan.SHARES[form], strict=True))
    with contextlib.suppress(KeyboardInterrupt):
        for share_counts in (True, False):
            for section, share in shares.items():
                own = [one for one in pieces if one.section == section and not one.found]
                until = min(deadline, time.perf_counter() + share) if share_counts else deadline
                _section(own, until, deadline, environment)
        return False
    return True


def _section(own: list[Piece], until: float, deadline: float, environment: dict[str, str]) -> None:
    """Measure the pieces of a section of which each can be expected to end in time."""
    worker: Worker | None = None
    try:
        for piece in own:
            now = time.perf_counter()
            if now + piece.seconds > until + _SLACK:
                continue
            if worker is None:
                worker = Worker(environment | _SHARED if piece.section == "step" else environment)
            left = deadline - now
            patience = min(left, max(_START + _PATIENCE * piece.seconds, _PART * left))
            piece.found = worker.ask(plan.SECTIONS[piece.section], piece.asked, patience)
            print(f"{piece.title}: {verdicts.short(piece)}", file=sys.stderr, flush=True)
            if worker.ended:
                worker = None
    finally:
        if worker:
            worker.end()


class Worker:
    """A process that measures pieces, one after the other."""

    def __init__(self, environment: dict[str, str]):
        """Start it.

        Args:
          environment: of the process.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nst.bench.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # its own processes end with it
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.ended = False

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def ask(self, piece: str, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return what a piece finds, or {"failed": why}; the process is ended where it failed to.

        Args:
          piece: a function of `nst.bench.pieces`.
          asked: its arguments.
          seconds: to wait for it.
        """
        line = ""
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"piece": piece} | asked) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=max(seconds, 0.1))
        except queue.Empty:
            self.end()
            return {"left_out": f"out of time: no result after {seconds:.0f} s"}
        except OSError:
            pass
        if not line:
            self.end()
            return {"failed": f"its process ended with status {self._process.returncode}"}
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """End the process and those that it started."""
        self.ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
