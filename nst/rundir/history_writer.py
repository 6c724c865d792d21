"""Writes history.csv: each row appended whole, and no row into a file that another has changed."""

import csv
import errno
import io
import os
from collections.abc import Mapping
from pathlib import Path

from nst.base.errors import UserError
from nst.base.files import naming, write_whole
from nst.rundir.history import reading


class HistoryWriter:
    """The history.csv of a run, written as it proceeds."""

    def __init__(self, path: Path, upto: int):
        """Go on at `path` after the row of step `upto`; below 0: begin anew.

        Args:
          path: of the file.
          upto: the step of the last row to keep.

        Raises:
          UserError: the rows so far can't be read.
        """
        self.path = path
        self._size = 0  # bytes of the file as this process left it
        if upto < 0:
            path.unlink(missing_ok=True)
            return
        with reading(path):
            # What ends without a line's end is no row: a disk may have been full, or power lost.
            *whole, _ = path.read_text().split("\n")
            kept = [row for row in whole[1:] if int(row.partition(",")[0]) <= upto]
        data = "\n".join([*whole[:1], *kept, ""]).encode()
        if data:
            write_whole(path, data, folder=False)
        else:
            path.unlink()
        self._size = len(data)

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row, after the header if it is the first.

        Args:
          row: column -> value, the same columns each time.

        Raises:
          OSError: it can't be written, and the file has no part of it; or the file has gone.
          UserError: another program has changed the file.
        """
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
