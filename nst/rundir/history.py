"""history.csv: the columns of a run's losses, a row a check, and the one reader of it.

Imports nothing heavy, so that a report needs no JAX.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nst.base.errors import UserError

#: Columns that are no losses.
BESIDE = ("step", "seconds", "evaluations", "size")
#: Those of whole numbers.
WHOLE = ("step", "evaluations", "size")
#: Columns that a run needs to resume.
NEEDED = {"step", "seconds", "evaluations", "total", "content", "style", "tv"}


def texts(
    path: Path, *, strict: bool = True, most: int | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns of a history.csv, and its rows as texts.

    Args:
      path: of the file.
      strict: refuse a row that has not a value for each column; else it is left out, and so is one
        without an end.
      most: rows to return at most, spread evenly, the first and the last among them; none: all.

    Raises:
      OSError: it can't be read.
      ValueError: strict, and the file is no such table.
    """
    text = path.read_text(encoding="utf-8", errors="strict" if strict else "replace")
    if not strict:
        text = text[: text.rfind("\n") + 1]
    header, *lines = text.splitlines() or [""]
    commas = header.count(",")
    cut = next((line for line in lines if line.count(",") != commas), None)
    if strict and cut is not None:
        raise ValueError(f"a row has {cut.count(',') + 1} values, not {commas + 1}")
    whole = [line for line in lines if line.count(",") == commas]
    if most is not None:
        last, count = len(whole) - 1, min(most, len(whole))
        whole = [whole[round(at * last / max(1, count - 1))] for at in range(count)]
    return header.split(","), [line.split(",") for line in whole]


def rows(path: Path, *, strict: bool = True) -> list[dict[str, float]]:
    """Return the rows of a history.csv: step, seconds, evaluations, losses by their names.

    Args:
      path: of the file.
      strict: refuse what a kill cut short; else it is left out.

    Raises:
      UserError: it can't be read.
    """
    with reading(path):
        names, found = texts(path, strict=strict)
        if missing := NEEDED - set(names):
            raise ValueError(f"no column {min(missing)}")
        return [dict(zip(names, map(_number, names, row), strict=True)) for row in found]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Refuse to go on after a history.csv that can't be read.

    Raises:
      UserError: what is read in this context is no history.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise UserError(
            f"{path} can't be read ({what}), and the run in {path.parent} goes on after it: "
            "delete the folder to run anew"
        ) from error


def _number(name: str, value: str) -> float:
    return int(value) if name in WHOLE else float(value)
