"""votes.jsonl: which of two pictures a person preferred, a line a vote, in the folder of a sweep.

A vote is one appended line, written at once and flushed to the disk, so that neither a kill nor a
second browser loses one. Nothing in the file is ever changed: what takes a vote back is a line too.
"""

import errno
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nst.base import locks
from nst.base.errors import UserError
from nst.base.files import naming

FILE = "votes.jsonl"
#: What a person can answer; both of the last two are ties.
ANSWERS = ("left", "right", "tie", "neither")
#: Letters of a voter's name.
LONGEST_NAME = 60
_UNDO = "undo"
#: What each line begins with: it shows that the file is nst's.
_MARK = b'{"nst": "vote", '
_SHA256 = re.compile(r"[0-9a-f]{64}")


def now() -> str:
    """Return the time as a vote has it, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Vote:
    """What a person said of two pictures."""

    left: str  # SHA-256 of the result.png that was shown on the left
    right: str
    answer: str  # of ANSWERS: "tie": equally good, "neither": both bad
    voter: str  # their name
    time: str = field(default_factory=now)

    @property
    def outcome(self) -> int:
        """1 where the left one won, -1 where the right one did, 0 for both kinds of tie."""
        return {"left": 1, "right": -1}.get(self.answer, 0)


def append(folder: Path, vote: Vote) -> None:
    """Add a vote to a folder's file; it is on the disk when this returns.

    Args:
      folder: of the sweep, which is there.
      vote: to add.

    Raises:
      UserError: the file there isn't nst's.
      OSError: it can't be written, and the file has no part of it.
    """
    path = folder / FILE
    with locks.file_lock(path):
        _append(path, asdict(vote))


def undo(folder: Path, voter: str) -> Vote | None:
    """Take back a voter's last vote that wasn't taken back.

    Args:
      folder: of the sweep.
      voter: their name.

    Returns:
      The vote; None where there is none left.

    Raises:
      UserError: the file there isn't nst's, or can't be read.
      OSError: it can't be written, and is as it was.
    """
    path = folder / FILE
    with locks.file_lock(path):
        last = next((one for one in reversed(read(folder)[0]) if one.voter == voter), None)
        if last:
            _append(path, {"answer": _UNDO, "voter": voter, "time": now()})
    return last


def read(folder: Path) -> tuple[list[Vote], str]:
    """Return a folder's votes without those taken back, and what is wrong with its file, or "".

    Args:
      folder: of the sweep; without a file there are no votes.

    Raises:
      UserError: the file isn't nst's, or can't be read.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror})") from error
    _check(path, data)
    found = [_parsed(line) for line in data.split(b"\n") if line]
    bad = found.count(None)
    kept = _without_undone([one for one in found if one])
    several = "1 line" if bad == 1 else f"{bad} lines"
    note = f"{several} of {path} can't be read and {'is' if bad == 1 else 'are'} left out"
    return kept, note if bad else ""


def _append(path: Path, fields: dict[str, Any]) -> None:
    """Append a line; one that a kill or a full disk cut short is ended first."""
    text = json.dumps({"nst": "vote"} | fields, ensure_ascii=False)
    line = text.encode("utf-8", "backslashreplace") + b"\n"
    with naming(path), open(path, "a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        _check(path, file.read(1024))
        if size:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
    if not size:
        _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Flush a folder's list of names to the disk, where the system lets it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(handle)
    except OSError:  # a network's folder
        pass
    finally:
        os.close(handle)


def _check(path: Path, data: bytes) -> None:
    """Refuse a file that doesn't begin with a line of ours, or with one that was cut short."""
    first, ended, rest = data.partition(b"\n")
    while ended and first and _MARK.startswith(first):
        first, ended, rest = rest.partition(b"\n")
    if not first.startswith(_MARK) and not (_MARK.startswith(first) and not ended):
        raise UserError(
            f"{path} holds no votes of nst's, since it begins with something else: move it away"
        )


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's fields; None where it is no vote of ours and takes none back."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("nst") != "vote":
        return None
    texts = all(isinstance(found.get(key), str) for key in ("answer", "voter", "time"))
    if not texts or len(found["voter"]) > LONGEST_NAME:
        return None
    sides = [found.get("left"), found.get("right")]
    hashes = all(isinstance(one, str) and _SHA256.fullmatch(one) for one in sides)
    return found if found["answer"] == _UNDO or (found["answer"] in ANSWERS and hashes) else None


def _without_undone(lines: Sequence[dict[str, Any]]) -> list[Vote]:
    kept: list[Vote] = []
    for one in lines:
        if one["answer"] != _UNDO:
            kept.append(Vote(*(one[key] for key in ("left", "right", "answer", "voter", "time"))))
            continue
        places = [at for at, vote in enumerate(kept) if vote.voter == one["voter"]]
        if places:
            del kept[places[-1]]
    return kept
