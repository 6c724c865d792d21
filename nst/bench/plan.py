"""What ``nst bench device`` measures on a kind of device, in what order, and how long it may take.

The seconds of a piece are what it is expected to take, compilation among them. On a GPU they follow
from an H100's 16 to 17 s a program (docs/performance.md has the table).
"""

from dataclasses import dataclass, field
from typing import Any

#: Seconds of everything, where nothing else is asked for.
BUDGET = {"gpu": 480, "cpu": 480, "small": 75}

#: PyTorch's forms.
PEERS = ("eager", "compiled")


@dataclass
class Piece:
    """A measurement, and what came of it."""

    section: str  # a key of `SECTIONS`
    asked: dict[str, Any]  # arguments of the function in `nst.bench.pieces`
    seconds: float  # that it is expected to take
    found: dict[str, Any] = field(default_factory=dict)  # empty so far; or why it is not there

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        shown = {"size": "{} px", "most": "up to {} px", "batch": "{} side by side"}
        several = self.asked.get("batch", 1) > 1
        left = ("steps", "repeats", "every") if several else ("steps", "repeats", "every", "batch")
        words = [
            shown.get(name, "{}").format(value)
            for name, value in self.asked.items()
            if name not in left
        ]
        return ", ".join([self.section, *words])


#: By their names: the function in `nst.bench.pieces` that measures a piece.
SECTIONS = {
    "correctness": "correctness",
    "step": "step",
    "lanes": "step",
    "start-up": "startup",
    "memory": "memory",
    "largest": "largest",
}

#: Seconds of each section's first turn; what is left over serves the pieces that had no room.
SHARES = {
    "gpu": (75, 190, 75, 55, 30, 45),
    "cpu": (90, 140, 60, 40, 50, 60),
    "small": (22, 8, 8, 14, 6, 12),
}


def pieces(form: str, peers: bool) -> list[Piece]:
    """Return everything that is to be measured, what matters most first in each section.

    Args:
      form: "gpu", "cpu" or "small".
      peers: whether PyTorch is measured, too.
    """
    found = {"gpu": _gpu, "cpu": _cpu, "small": _small}[form]()
    return [one for one in found if peers or one.asked.get("engine") not in PEERS]


def _gpu() -> list[Piece]:
    precisions = ("tensorfloat32", "bfloat16")
    found = [_correct(precision, 25) for precision in ("float32", *precisions)]
    for precision in precisions:
        found += [_step(512, precision, engine, *seconds) for engine, seconds in _GPU_STEP.items()]
    for size in (256, 1024, 2048):
        for precision in reversed(precisions):
            found += [_step(size, precision, engine, *_GPU_STEP[engine]) for engine in _QUICK]
        found += [_step(size, precision, "compiled", 45) for precision in reversed(precisions)]
    found.append(_step(512, "float32", "nst", 22))
    found += [_lanes(256, "bfloat16", batch, 10, 25) for batch in (64, 16, 1, 4, 32, 8, 2)]
    found.append(_lanes(256, "tensorfloat32", 64, 10, 75))
    # Their programs are in the cache by now, so that no search for convolutions counts.
    found += [_memory(512, 1, one, 10) for one in reversed(precisions)]
    found.append(_memory(256, 64, "bfloat16", 10))
    found.append(Piece("start-up", {"size": 256}, 55))
    found.append(Piece("largest", {"precision": "bfloat16", "most": 16384}, 45))
    return found


#: Seconds of each engine's piece: a program's compilation, and the steps.
_GPU_STEP = {"nst": (22,), "eager": (6,), "compiled": (45,)}
_QUICK = ("nst", "eager")


def _cpu() -> list[Piece]:
    found = [_correct(precision, 30) for precision in ("float32", "bfloat16", "tensorfloat32")]
    for size, steps in ((256, 3), (512, 1)):
        for precision in ("float32", "bfloat16"):
            found += [_step(size, precision, engine, 15, steps) for engine in _QUICK]
    found.append(_step(256, "float32", "compiled", 60, 3))
    found += [_lanes(64, "float32", batch, 3, 10) for batch in (1, 4, 2)]
    found += [_step(64, "float32", "eager", 5, 3)]
    found.append(Piece("start-up", {"size": 256}, 40))
    found += [_memory(size, 1, "float32", 20) for size in (256, 512)]
    found.append(Piece("largest", {"precision": "float32", "most": 1024}, 60))
    return found


def _small() -> list[Piece]:
    found = [_correct("float32", 14)]
    found += [_correct(precision, 4, every=False) for precision in ("bfloat16", "tensorfloat32")]
    found += [_step(32, "float32", engine, 4, 1) for engine in _QUICK]
    found += [_lanes(32, "float32", batch, 1, 4) for batch in (1, 2)]
    found.append(Piece("start-up", {"size": 24}, 14))
    found.append(_memory(32, 1, "float32", 6))
    found.append(Piece("largest", {"precision": "float32", "most": 64}, 12))
    return found


def _correct(precision: str, seconds: float, every: bool = True) -> Piece:
    return Piece("correctness", {"precision": precision, "every": every}, seconds)


def _step(size: int, precision: str, engine: str, seconds: float, steps: int = 20) -> Piece:
    asked = {"size": size, "precision": precision, "engine": engine, "batch": 1}
    return Piece("step", asked | {"steps": steps, "repeats": 3}, seconds)


def _lanes(size: int, precision: str, batch: int, steps: int, seconds: float) -> Piece:
    asked = {"size": size, "precision": precision, "engine": "nst", "batch": batch}
    return Piece("lanes", asked | {"steps": steps, "repeats": 3}, seconds)


def _memory(size: int, batch: int, precision: str, seconds: float) -> Piece:
    return Piece("memory", {"size": size, "batch": batch, "precision": precision}, seconds)
