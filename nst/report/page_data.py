"""What the page of a report shows, as plain data: links, pictures, labels and numbers."""

import base64
import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nst.metrics.registry import PREFERENCE
from nst.report import (
    animate,
    axes,
    clearest,
    compared,
    effects,
    labels,
    matters,
    notes,
    recommended,
    search_words,
    thumbnails,
    vote_words,
)
from nst.report.caption import counted
from nst.report.command import again, alone, refinable
from nst.report.layout import arrange
from nst.report.summary import Key, Report
from nst.rundir.runs import Run

# Beyond this the thumbnails stay files beside the page, fetched as they are scrolled to.
EMBEDDED_BYTES = 15_000_000


def gathered(report: Report) -> dict[str, Any]:
    """Return all that the page tells of a report's runs, fit for JSON.

    Args:
      report: what the page shows.
    """
    metrics = compared.by(report)
    done = effects.of(report, metrics)
    varying = {key.name for key in report.keys}
    texts = [
        {name: _text(value) for name, value in run.values.items() if name not in varying}
        for run in report.runs
    ]
    common = _common(texts)
    twins = notes.twins(report.runs)
    named = [(run.name, report.thumbnails.get(run.name)) for run in report.runs]
    small = _pictures(report.root, named)
    order = matters.ordered(report, recommended.judged_by(metrics))
    numbers = [name for key in order for name in refinable(key, report.runs)]
    steps = [_steps(run) for run in report.runs]
    ways = list({json.dumps(way): way for way in steps}.values())  # most often one for all
    runs = [
        _run(report.root, run, metrics)
        | {"content": _used(report, run, "content"), "style": _used(report, run, "style")}
        | {"steps": ways.index(way), "again": again(run, numbers)}
        | {"progress": _progress(report, run)}
        | {"thumbnail": thumbnail, "sameAs": twins.get(run.name, run.same_as)}
        | {"others": {name: value for name, value in text.items() if name not in common}}
        for run, thumbnail, text, way in zip(report.runs, small, texts, steps, strict=True)
    ]
    return {
        "title": report.title,
        "lead": _lead(report),
        "warnings": notes.of_fallbacks(report.runs),
        "notes": notes.of_twins(report.runs) + (report.voted.notes if report.voted else []),
        "runs": runs,
        "keys": [_key(key, report.runs) for key in report.keys],
        # Such as beta where alpha/beta took its place: a filter may name them.
        "hidden": [
            _key(axes.key(name, report.runs), report.runs)
            for name in axes.differing(report.runs)
            if name not in varying
        ],
        "layout": _layout(report),
        "waiting": report.waiting,
        "metrics": metrics,
        "found": _found(report),
        "effects": done,
        "recommended": recommended.of(report, metrics, done),
        "votes": _votes(report, metrics, done),
        "common": common,
        "steps": ways,
        "sources": {
            "content": _sources(report, report.content),
            "style": _sources(report, report.style),
        },
    }


def broken(report: Report) -> list[dict[str, str | None]]:
    """Return name, link and reason of the folders that can't be read.

    Args:
      report: what the page shows.
    """
    rows: list[dict[str, str | None]] = []
    for one in report.broken:
        way = relative(report.root, one.folder)
        name = os.path.relpath(one.folder, report.root) if way else one.folder.name
        rows.append({"name": name, "folder": way and way + "/", "reason": one.reason})
    return rows


def relative(root: Path, target: Path | None) -> str | None:
    """Return the link from a folder to what lies in it, None where it lies elsewhere.

    Args:
      root: the folder of the page.
      target: a file or a folder.
    """
    if target is None:
        return None
    # As the paths read, not as links on the disk resolve: a browser goes by the former.
    way = os.path.relpath(os.path.abspath(target), os.path.abspath(root))
    if way.split(os.sep)[0] == os.pardir or os.path.isabs(way):
        return None
    # With the dot before it no name can pass for a scheme ("javascript:").
    return "./" + quote(os.fsencode(way.replace(os.sep, "/")))


def _run(root: Path, run: Run, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    way = relative(root, run.folder)
    return {
        "name": run.name,
        "folder": way and way.rstrip("/") + "/",
        "picture": relative(root, run.picture),
        "animation": relative(root, animate.find(run.folder)),
        "status": run.status,
        "error": run.error,
        "reusedFrom": run.reused_from,
        "fallbacks": notes.fallbacks(run),
        "command": alone(run),
        "metrics": [compared.value(run, metric["group"], metric["name"]) for metric in metrics],
        "bestStep": run.best_step,
        "started": run.started,
        "ratio": [run.width, run.height] if run.width and run.height else None,
    }


def _steps(run: Run) -> list[int]:
    """Return the steps whose pictures a run kept, under the names that nst gives them."""
    steps = [int(path.stem[5:]) for path in animate.on_the_way(run.folder / "images")]
    return [step for step in steps if (run.folder / "images" / f"step_{step:05d}.png").is_file()]


def _used(report: Report, run: Run, group: str) -> list[int]:
    """Return the places of a run's pictures among those that the report shows."""
    shown = [path for _, path in getattr(report, group)]
    paths = [
        thumbnails.of_source(source, report.root)
        for key, source in run.sources.items()
        if key.partition("/")[0] == group
    ]
    return [shown.index(path) for path in paths if path in shown]


def _sources(report: Report, served: list[tuple[str, Path]]) -> list[dict[str, str | None]]:
    pictures = zip(served, _pictures(report.root, served), strict=True)
    return [
        {"title": title, "src": src, "large": relative(report.root, report.large.get(path))}
        for (title, path), src in pictures
    ]


def _progress(report: Report, run: Run) -> dict[str, Any] | None:
    found = report.progress.get(run.name)
    return {"step": found.step, "steps": found.steps, "left": found.left} if found else None


def _lead(report: Report) -> str:
    """Return "18 runs (16 finished, 2 diverged). 1 folder can't be read."."""
    count = len(report.broken)
    unread = f" {count} folder{'s' * (count != 1)} can't be read." if count else ""
    return f"{counted(report.runs, report.waiting)}.{unread}"


def _found(report: Report) -> dict[str, Any] | None:
    """Return what a search found, None where the runs are of none."""
    if report.found is None:
        return None
    places = {run.name: place for place, run in enumerate(report.runs)}
    return {
        "objectives": [".".join(compared.place(one)) for one in report.found.objectives],
        "result": search_words.result(report.found),
        "volume": search_words.volume(report.found),
        "pairs": search_words.pairs(report.found),
        "front": [places[one.name] for one in report.found.front],
        "matters": [
            {"objective": one.title, "shares": [[_titles(key), part] for key, part in all.items()]}
            for one, all in zip(report.found.objectives, report.found.importance, strict=True)
            if all
        ],
        "told": search_words.told(report.found),
    }


def _votes(
    report: Report, metrics: list[dict[str, Any]], found: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what the voters said, and what the clearest settings do to it."""
    asked = [one for one in metrics if one["name"] == PREFERENCE.name and one["group"] == "metrics"]
    # What a search is by, and where one depends on another, is told elsewhere.
    alone, apart = dataclasses.replace(report, found=None), {**found, "pairs": []}
    lines = clearest.lines(alone, metrics, asked, apart) if asked else []
    return vote_words.data(report, lines)


def _titles(keys: str) -> str:
    return " with ".join(map(labels.title, keys.split(" with ")))


def _layout(report: Report) -> dict[str, Any]:
    """Return which keys are rows, columns and panels of the grid, as on the contact sheet."""
    chosen = report.chosen or arrange(report.runs).chosen
    return {
        "rows": chosen.rows,
        "columns": chosen.cols,
        "panels": chosen.panels,
        "gallery": chosen.plain,
        "asked": chosen.asked,
    }


def _key(key: Key, runs: list[Run]) -> dict[str, Any]:
    places = {label: place for place, label in enumerate(key.values)}
    numbers = key.numbers
    if numbers is not None and not all(math.isfinite(value) for value in numbers):
        numbers = None
    return {
        "name": key.name,
        "title": key.title,
        "values": key.values,
        "typed": key.typed or key.values,
        "asked": [notes.in_place_of(runs, key.name, value) for value in key.values],
        "numbers": numbers,
        "of": [places.get(key.of.get(run.name, ""), -1) for run in runs],
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:  # it holds itself
        return str(value)


def _common(texts: list[dict[str, str]]) -> dict[str, str]:
    """Return what all runs have alike, so that it is told once."""
    if not texts:
        return {}
    first, *rest = texts
    return {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in rest)
    }


def _pictures(root: Path, named: list[tuple[str, Any]]) -> list[str | None]:
    """Return what to show for each picture: its bytes as a data URI, or a link if all are many."""
    paths = [path if path is not None and path.is_file() else None for _, path in named]
    if sum(path.stat().st_size for path in paths if path) * 4 / 3 > EMBEDDED_BYTES:
        return [relative(root, path) for path in paths]
    return [path and _embedded(path.read_bytes()) for path in paths]


def _embedded(data: bytes) -> str | None:
    kinds = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"RIFF", "webp"))
    kind = next((kind for magic, kind in kinds if data.startswith(magic)), None)
    return kind and f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
