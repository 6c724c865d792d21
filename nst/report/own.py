"""Which files a report may replace: those that a record of nst's proves to be its own.

The record, .report/written.json, has the sha256 of each file as nst wrote it. A report older than
the record is known by what its files begin with.
"""

import hashlib
import json
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nst.base import locks
from nst.base.errors import UserError
from nst.base.files import part_of, write_whole

#: Of a report's own: thumbnails and the record.
FOLDER = ".report"
RECORD = "written.json"
#: What a report writes beside it.
FILES = ("grid.png", "metrics.csv", "index.html")
ELSEWHERE = "name another folder with --out"

#: What only a file of nst's begins with, from before there was a record.
_MARKS = {
    "grid.png": rb"\x89PNG.{0,64}tEXtnst:sheet\0",
    "index.html": rb'<!doctype html>.{0,600}<meta name="generator" content="nst\.report '
    rb'|<!doctype html>.*<p class="kicker">Neural style transfer: a sweep, side by side</p>',
    "metrics.csv": rb"run,status,[^\n]*best_step,loss/total,loss/content,loss/style,loss/tv,"
    rb"steps_s,s_per_step,started,width,height,(fallback,same_as,(reused_from,)?)?folder,error\n",
    "statements.md": rb"### Average pooling gives a lower style distance at equal content",
}
_BEGINNING = 250_000  # bytes: an older page's styles come first
_MOST_BYTES = 4_000_000  # of a record
_HEADING = "sha256 of files as nst wrote them"


def check(folder: Path, files: Sequence[str] = FILES, remedy: str = ELSEWHERE) -> None:
    """Refuse to write a report where that would replace what is not nst's.

    Args:
      folder: that the report goes into; it need not be there.
      files: names of what will be written.
      remedy: what else the user can do, beside moving the files away.

    Raises:
      UserError: some of the files are there, and nothing proves that nst wrote them as they are.
    """
    known = _recorded(folder, remedy)
    wrong = [(name, why) for name in files if (why := _foreign(folder / name, known.get(name)))]
    if wrong:
        said = ", ".join(f"{folder / name} {why}" for name, why in wrong)
        raise UserError(
            f"{said}: only what nst wrote is replaced, so move "
            f"{'it' if len(wrong) == 1 else 'them'} away, or {remedy}"
        )


def put(path: Path, data: bytes) -> None:
    """Write a file of a report, unless these very bytes are there.

    Args:
      path: of the file.
      data: its bytes.

    Raises:
      UserError: there is a file, and nothing proves that nst wrote it as it is.
      OSError: the file can't be written; it is as it was.
    """
    record = path.parent / FOLDER / RECORD
    record.parent.mkdir(parents=True, exist_ok=True)
    with locks.file_lock(record):  # two reports at once would forget each other's sums
        check(path.parent, [path.name])
        for part in path.parent.glob(f".{path.name}.*"):  # of a report that was killed
            if part_of(part) == path:
                part.unlink(missing_ok=True)
        known = _recorded(path.parent, ELSEWHERE)
        new = hashlib.sha256(data).hexdigest()
        there = _digest(path) if path.exists() else new
        # Before the file is replaced: whichever of the two a kill leaves is then known.
        sums = sorted({there, new})
        if known.get(path.name) != sums:
            fields = {_HEADING: known | {path.name: sums}}
            write_whole(record, json.dumps(fields, indent=1, sort_keys=True).encode())
        if not path.exists() or there != new:
            write_whole(path, data)


def _foreign(path: Path, sums: Any) -> str | None:
    """Return why a file may not be replaced, None where it may be or is not there.

    Args:
      path: of the file.
      sums: that the record has for it; none: it has none.
    """
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            kinds = {stat.S_IFDIR: "is a folder", stat.S_IFLNK: "is a link"}
            return kinds.get(stat.S_IFMT(mode), "is no file")
        if sums is None:
            return None if _marked(path) else "was not written by nst"
        return None if _digest(path) in sums else "was changed since nst wrote it"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"can't be read ({error.strerror})"


def _marked(path: Path) -> bool:
    if path.name not in _MARKS:
        return False
    with path.open("rb") as file:
        return bool(re.match(_MARKS[path.name], file.read(_BEGINNING), re.DOTALL))


def _recorded(folder: Path, remedy: str) -> dict[str, list[str]]:
    """Return the sums by the names of the files; none where there is no record.

    Raises:
      UserError: what lies in the record's place is something else.
    """
    for path in (folder / FOLDER, folder / FOLDER / RECORD):
        try:
            mode = path.stat().st_mode if path.exists() else path.lstat().st_mode
            if path.name == FOLDER and stat.S_ISDIR(mode):
                continue
            if path.name == RECORD and stat.S_ISREG(mode):
                return _sums(path.read_bytes()[:_MOST_BYTES])
            problem = "is something else"
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            problem = f"can't be read ({error.strerror})"
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            problem = "is something else"
        raise UserError(
            f"{path} {problem}, and nst keeps a record of its files under that name: "
            f"move it away, or {remedy}"
        )
    return {}


def _sums(record: bytes) -> dict[str, list[str]]:
    files = json.loads(record)[_HEADING]
    return {str(name): [str(one) for one in sums] for name, sums in files.items()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
