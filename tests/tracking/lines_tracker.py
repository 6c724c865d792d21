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

    def finish(
        self, status: str, best: Any, sources: Any, picture: Path | None, metrics: Any
    ) -> None:
        used = {key: asset.name for key, asset in sources.items()}
        self.write(status=status, best=best["step"], sources=used, metrics=metrics)


@contextlib.contextmanager
def track(
    config: Any, settings: Any, folder: Path, group: str | None, name: str, known: Any
) -> Iterator[Lines]:
    lines = Lines(folder / "lines.jsonl")
    lines.known = {"id": "7", "times": (known or {}).get("times", 0) + 1}
    lines.write(overrides=settings["overrides"], group=group)
    yield lines
    lines.write(closed=True)


def log_cells(cells: Any, grid: Path, tracking: Any, folder: Path) -> None:
    cells = [{key: str(value) for key, value in cell.items()} for cell in cells]
    Lines(folder / "lines.jsonl").write(cells=cells, grid=grid.name)
