"""Runs as nst/rundir/record.py writes them, without running anything, and reports of them."""

import contextlib
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from helpers import Command, Done
from PIL import Image
from servers import running

from nst.report.watch import Server
from nst.rundir.runs import Run

Color = tuple[int, int, int]
REPORT = (sys.executable, "-m", "nst.report")


def record(**changes: Any) -> dict[str, Any]:
    """Return a run.json; a change of "tv.gamma" or "style.layers" goes into its config."""
    config: dict[str, Any] = {
        "name": "default",
        "size": 64,
        "steps": 20,
        "check_every": 20,
        "keep": "best",
        "seed": 0,
        "pooling": "avg",
        "padding": "zeros",
        "precision": "float32",
        "alpha": 1.0,
        "beta": 1e4,
        "tv": {"gamma": 0.0},
        "content": {"name": "chelsea", "path": None, "layers": {"conv4_2": 1.0}},
        "style": {"name": "night", "path": None, "layers": {"conv1_1": 1.0}},
        "network": {"name": "vgg16", "weights": None},
        "init": {"name": "content"},
        "optimizer": {"name": "adam", "lr": 10.0, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
        "tracking": {"mode": "disabled", "project": "nst"},
        "assets": {"fallback": True},
        "sweep": {"retry": False, "save_every": 30.0},
        "search": {"objective": ["best/loss/total"]},
    }
    fields: dict[str, Any] = {
        "schema": 1,
        "config": config,
        "config_hash": "0123456789abcdef",
        "overrides": [],
        "sources": {
            key: {"used": config[key]["name"], "title": config[key]["name"], "sha256": "ab" * 32}
            for key in ("content", "style", "network")
        },
        "status": "finished",
        "error": None,
        "picture": {"width": 60, "height": 40},
        "best": {"step": 20, "total": 5.5, "content": 1.5, "style": 2.5, "tv": 3.5},
        "timings": {"started": "2026-11-22T10:00:00.000+00:00", "steps_s": 3.0, "s_per_step": 0.15},
        "metrics": {},
        "tracked": None,
    }
    for key, value in changes.items():
        group, _, name = key.partition(".")
        if key in fields:
            fields[key] = value
        elif name:
            config[group][name] = value
        elif group in ("content", "style", "network"):
            config[group]["name"] = value
            fields["sources"][group] |= {"used": value, "title": value}
        else:
            config[key] = value
    return fields


def write_run(
    folder: Path,
    color: Color | None = (200, 30, 60),
    shape: tuple[int, int] = (60, 40),
    /,
    **changes: Any,
) -> Path:
    """Write a run's folder with a picture of one color, or with none."""
    folder.mkdir(parents=True, exist_ok=True)
    # Runs with one hash are the same run, and their colors differ here.
    changes.setdefault("config_hash", hashlib.sha256(os.fsencode(folder)).hexdigest()[:16])
    changes.setdefault("picture", {"width": shape[0], "height": shape[1]})
    (folder / "run.json").write_text(json.dumps(record(**changes)))
    (folder / "history.csv").write_text("step,seconds,total\n0,0.0,9.0\n")
    if color:
        Image.new("RGB", shape, color).save(folder / "result.png")
    return folder


def as_read(name: str = "0", **changes: Any) -> Run:
    """Return a finished run as a report knows it, of no folder."""
    fields: dict[str, Any] = {
        "folder": Path(name),
        "name": name,
        "status": "finished",
        "error": None,
        "values": {},
        "metrics": {},
        "losses": {},
        "best_step": 20,
        "steps_s": 1.0,
        "s_per_step": 0.05,
        "started": "2026-11-22T10:00:00",
        "width": 60,
        "height": 40,
        "picture": Path(name) / "result.png",
    }
    return Run(**fields | changes)


def report(folder: Path, *arguments: str) -> Done:
    """Run ``python -m nst.report`` in a folder."""
    return Command(folder)(*arguments, program=REPORT)


def table(folder: Path) -> list[dict[str, str]]:
    """Return a report's metrics.csv."""
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def contains(page: np.ndarray, picture: np.ndarray) -> bool:
    """Say whether `picture` stands somewhere on `page`, pixel by pixel."""
    high, wide, _ = picture.shape
    return any(
        np.array_equal(page[y : y + high, x : x + wide], picture)
        for y, x in np.argwhere((page == picture[0, 0]).all(-1))
    )


@contextlib.contextmanager
def serving(root: Path) -> Iterator[Server]:
    """Serve a report's folder as --watch does, its version "first"."""
    with running(Server(root, "first")) as server:
        yield server
