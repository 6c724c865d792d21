"""history.csv: the losses of a run, a row a check, each appended whole."""

import contextlib
import csv
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

from nst.base.errors import UserError
from nst.base.files import naming, write_whole
from nst.engine.loop import Check
from nst.losses.total import Terms

#: Columns without which it is no history, and those of whole numbers.
NEEDED = {"step", "seconds", "evaluations", "total", "content", "style", "tv"}
WHOLE = ("step", "evaluations", "size")


class History:
    """history.csv: one row a check, each appended whole."""

    def __init__(self, path: Path, upto: int, sizes: bool = False):
        """Go on at `path` after the row of step `upto`; below 0: begin anew.

        Args:
          path: of the file.
          upto: the step of the last row to keep.
          sizes: whether the picture goes through several, so that a row says which.

        Raises:
          UserError: the rows so far can't be read.
        """
        self.path = path
        self._sizes = sizes
        self._size = 0  # bytes of the file as this process left it
        if upto < 0:
            path.unlink(missing_ok=True)
            return
        with _reading(path):
            # What ends without a line's end is no row: a disk may have been full, or power lost.
            *whole, _ = path.read_text().split("\n")
            kept = [row for row in whole[1:] if int(row.partition(",")[0]) <= upto]
        data = "\n".join([*whole[:1], *kept, ""]).encode()
        if data:
            write_whole(path, data, folder=False)
        else:
            path.unlink()
        self._size = len(data)

    def add(self, check: Check) -> None:
        """Append the check's row, after the header if it is the first.

        Raises:
          OSError: it can't be written, and the file has no part of it; or the file has gone.
          UserError: another program has changed the file.
        """
        row = {
            "step": check.step,
            "seconds": round(check.seconds, 3),
            "evaluations": check.evaluations,
            **({"size": check.size} if self._sizes else {}),
            **flat(check.terms),
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, row, lineterminator="\n")
        with naming(self.path), open(self.path, "ab", buffering=0, opener=self._opener) as file:
            self._check(file.fileno())
            if not self._size:
                writer.writeheader()
            writer.writerow(row)
            data = text.getvalue().encode()
            # One write call: a kill comes before it or after it, not in the middle of a row.
            if file.write(data) < len(data):
                # The disk took a part and no more.
                file.truncate(self._size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._size += len(data)

    def check(self) -> None:
        """Look whether the file is there as it was written.

        Raises:
          OSError: it has gone.
          UserError: another program has changed it.
        """
        if self._size:
            with naming(self.path), open(self.path, "rb") as file:
                self._check(file.fileno())

    def _opener(self, path: str, flags: int) -> int:
        # Only the first row makes the file: one that was removed since would begin anew in silence.
        return os.open(path, flags | os.O_EXCL if not self._size else flags & ~os.O_CREAT, 0o666)

    def _check(self, file: int) -> None:
        if (size := os.fstat(file).st_size) != self._size:
            raise UserError(
                f"{self.path} has {size} bytes, but this run left it with {self._size}: another "
                "program changed it while the run was in it"
            )


def rows(path: Path) -> list[dict[str, float]]:
    """Return the rows of a history.csv: step, seconds, evaluations, losses by their names.

    Raises:
      UserError: it can't be read.
    """
    with _reading(path), open(path, newline="") as file:
        reader = csv.DictReader(file)
        if missing := NEEDED - set(reader.fieldnames or ()):
            raise ValueError(f"no column {min(missing)}")
        return [
            {name: int(value) if name in WHOLE else float(value) for name, value in row.items()}
            for row in reader
        ]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, csv.Error) as error:
        what = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise UserError(
            f"{path} can't be read ({what}), and the run in {path.parent} goes on after it: "
            "delete the folder to run anew"
        ) from error


def flat(terms: Terms[float]) -> dict[str, float]:
    """Return the terms by name: total, content, style, tv, content/LAYER..., style/LAYER..."""
    return {
        "total": terms.total,
        "content": terms.content,
        "style": terms.style,
        "tv": terms.tv,
        **{f"content/{layer}": value for layer, value in terms.content_layers.items()},
        **{f"style/{layer}": value for layer, value in terms.style_layers.items()},
    }
