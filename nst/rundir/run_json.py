"""run.json: its layout, and the one reader of it.

Imports nothing heavy, so that a refused folder answers at once and a report needs no JAX.
docs/run.schema.json is its JSON Schema.
"""

import json
from pathlib import Path
from typing import Any

from nst.base.errors import UserError, one_line
from nst.rundir.values import text

#: Version of the layout.
SCHEMA = 1

STATUSES = ("finished", "diverged", "pruned", "interrupted", "failed", "running")

#: Every field but `schema`, and its type.
FIELDS: dict[str, Any] = {
    "status": str,  # one of STATUSES
    "error": str | None,
    "config": dict,
    "config_hash": str | None,
    "overrides": list,
    "same_as": str | None,
    "reused_from": str | None,
    "tracked": dict | None,  # what the tracker knows the run by; missing in a record of old
    "versions": dict,
    "device": dict,
    "sources": dict,
    "picture": dict | None,
    "best": dict | None,
    "last": dict | None,
    "timings": dict,
    "metrics": dict,
}
#: What a resumed run reads of its earlier record, and of its best check.
NEEDED = ("config", "config_hash", "status", "best", "error")
OF_BEST: dict[str, Any] = {"step": int, "total": float | None}

#: No record of ours comes near it, so that an odd file costs no memory.
MOST_BYTES = 4_000_000


class BadRecordError(Exception):
    """What is wrong with a run.json, as a sentence whose subject is the file."""


def read(folder: Path) -> dict[str, Any]:
    """Return every field of a run's record; one that is missing or of another type is None.

    For what looks at runs; what resumes one takes `earlier`.

    Args:
      folder: with a run.json.

    Raises:
      BadRecordError: it is no record, or one of another layout.
    """
    return _typed(_parsed(folder / "run.json"))


def earlier(folder: Path) -> dict[str, Any] | None:
    """Return every field of the record that something resumes from, None where there is none.

    Args:
      folder: of the run; need not exist.

    Raises:
      UserError: it is there but can't be read, has another layout than this version's, or lacks
        what is needed.
    """
    path = folder / "run.json"
    if not path.exists():
        return None
    try:
        fields = _parsed(path)
        if wrong := _wrong(fields):
            raise BadRecordError(f"can't be read ({', '.join(wrong)})")
    except BadRecordError as error:
        raise UserError(f"{path} {error}: take another folder") from error
    return _typed(fields)


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    found = {name: fields.get(name) for name in FIELDS}
    return {name: one if isinstance(one, FIELDS[name]) else None for name, one in found.items()}


def _parsed(path: Path) -> dict[str, Any]:
    """Return what a run.json holds, which is a record: its layout, configuration and status."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise BadRecordError(f"is no file of at most {MOST_BYTES} bytes")
        fields = json.loads(path.read_bytes(), parse_constant=lambda name: None)
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        what = getattr(error, "strerror", None) or " ".join(text(str(error)).split())
        raise BadRecordError(f"can't be read ({what or type(error).__name__})") from error
    if not isinstance(fields, dict):
        raise BadRecordError("holds no run")
    if fields.get("schema") != SCHEMA:
        found = one_line(text(fields.get("schema"))[:40])
        raise BadRecordError(f"has layout {found}, and this version reads layout {SCHEMA}")
    if not isinstance(fields.get("config"), dict):
        raise BadRecordError("has no config")
    if fields.get("status") not in STATUSES:
        found = text(fields.get("status"))[:40]
        raise BadRecordError(f"has the status {found!r}, and {', '.join(STATUSES)} are known")
    return fields


def _wrong(fields: dict[str, Any]) -> list[str]:
    """Return the names of what is missing or of another type than is needed."""
    missing = object()
    wrong = [name for name in NEEDED if not isinstance(fields.get(name, missing), FIELDS[name])]
    if wrong or not fields["best"]:
        return wrong
    best = fields["best"]
    return [
        f"best.{name}"
        for name, kind in OF_BEST.items()
        if not isinstance(best.get(name, missing), kind)
    ]
