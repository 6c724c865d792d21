"""A tracker in a file of its own: lines of JSON in lines.jsonl."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Lines:
    known: Mapping[str, Any] = {}

    def __init__(self, file: Path):
        self.file = file

    def write(self, **line: Any) -> None:
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def log(self, check: Any, picture: Path | None) -> None:
        self.write(step=check.step, total=check.losses["total"], picture=picture and picture.name)

    def restore(self, rows: Any, pictures: Path) -> None:
        for row in rows:
            picture = pictures / f"step_{int(row['step']):05d}.png"
            name = picture.name if picture.exists() else None
            self.write(step=row["step"], total=row["total"], picture=name)

    def finish(self, end: Any, sources: Any, originals: Any) -> None:
        used = {key: asset.name for key, asset in sources.items()}
        shapes = {key: one.image.shape for key, one in originals.items()}
        best, metrics = end.best["step"], end.metrics
        self.write(status=end.status, best=best, sources=used, metrics=metrics, originals=shapes)


@contextlib.contextmanager
def track(
    config: Any, settings: Any, folder: Path, group: str | None, name: str, known: Any
) -> Iterator[Lines]:
    lines = Lines(folder / "lines.jsonl")
    lines.known = {"id": "7", "times": (known or {}).get("times", 0) + 1}
    lines.write(overrides=settings["overrides"], group=group)
    yield lines
    lines.write(closed=True)


def log_cells(cells: Any, tracking: Any, folder: Path) -> None:
    rows = [{key: str(value) for key, value in row.items()} for row in cells.rows]
    Lines(folder / "lines.jsonl").write(cells=rows, grid=cells.grid.image.name)
