"""How fast programs ran in a sweep's folder, from the records of its runs."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

from nst.base.program import Static
from nst.config.program import split
from nst.config.schema import from_mapping
from nst.engine import flops
from nst.engine.cut import cut
from nst.engine.lanes import union
from nst.images.files import scaled_shape
from nst.networks.spec import NETWORKS
from nst.rundir import history, run_json, runs
from nst.runner.measured import COMPILED, OF_A_CHECK, Speed

#: Records that are read: more would tell nothing new.
MOST = 100

#: Of runs that share a program, whatever their layers, and the long edge of their pictures.
Program = tuple[Static, int]


class _Ran(NamedTuple):
    """A run at one of its sizes."""

    static: Static
    shape: tuple[int, ...]
    steps: float  # a check counts as `OF_A_CHECK`
    seconds: float
    compile_s: float
    lanes: int
    run_s: float | None


def program(static: Static, size: int) -> Program:
    """Return what the runs of a program have in common at a size, the long edge in pixels."""
    return replace(static, content_layers=(), style_layers=()), size


def read(folder: Path) -> dict[Program, Speed]:
    """Return how fast programs ran in a folder, whatever else lies there.

    Args:
      folder: of a sweep; need not exist.
    """
    several: dict[Program, list[_Ran]] = defaultdict(list)
    for own in islice(runs.folders([folder]), MOST):
        # What can't be read tells nothing; the run that has it says why.
        with contextlib.suppress(Exception):
            for ran in _of(own):
                several[program(ran.static, max(ran.shape))].append(ran)
    return {key: _speed(them) for key, them in several.items()}


def _of(folder: Path) -> Iterator[_Ran]:
    """Yield a finished run at each of its sizes."""
    fields = run_json.read(folder)
    if fields["status"] != "finished" or fields["same_as"]:
        return
    config, times, picture = from_mapping(fields["config"]), fields["timings"], fields["picture"]
    used = fields["sources"]["network"]["used"]
    static, _ = split(config, used if used in NETWORKS else config.network.source.name)
    rows, lanes = history.rows(folder / "history.csv"), times.get("lanes", 1)
    beside = (times["total_s"] - times["steps_s"] - times["compile_s"]) / lanes
    longest = max(picture["width"], picture["height"])
    for size in dict.fromkeys(row.get("size", longest) for row in rows):
        pairs = [
            (before, row) for before, row in pairwise(rows) if row.get("size", longest) == size
        ]
        steps = sum(row["step"] - before["step"] + OF_A_CHECK for before, row in pairs)
        shape = *scaled_shape(picture["width"], picture["height"], int(size)), 3
        yield _Ran(
            cut(static, shape, config.strips, config.devices, lanes),
            shape,
            steps,
            sum(row["seconds"] - before["seconds"] for before, row in pairs),
            times["compile_s"] / len(config.stages),
            lanes,
            beside if times["compile_s"] < COMPILED else None,
        )


def _speed(several: list[_Ran]) -> Speed:
    # Each of them ran the program for the layers of all.
    static = union(ran.static for ran in several)
    works = [ran.lanes * flops.per_step(static, ran.shape) for ran in several]
    done = sum(ran.steps * work for ran, work in zip(several, works, strict=True))
    compiled = [ran.compile_s for ran in several if ran.compile_s > COMPILED]
    beside = [ran.run_s for ran in several if ran.run_s]
    return Speed(
        rate=done / max(sum(ran.seconds for ran in several), 1e-9),
        work=float(works[0]),
        compile_s=max(compiled, default=None),
        run_s=sum(beside) / len(beside) if beside else None,
    )
