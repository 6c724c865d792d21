"""The study in a sweep's folder: Optuna's journal, one line a change, whole after a kill."""

import json
from contextlib import ExitStack
from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from nst.base import locks
from nst.base.errors import UserError


def journal(file: Path) -> JournalStorage:
    """Return the storage in a file, which is made if missing.

    Raises:
      UserError: the file is none of Optuna's.
    """
    lock = _Lock(file)
    lock.acquire()
    try:
        _mend(file)
    finally:
        lock.release()
    backend = JournalFileBackend(str(file), lock)  # type: ignore[arg-type]
    return JournalStorage(backend)


def _mend(file: Path) -> None:
    """Cut off what a kill left of a line; Optuna would append to it.

    Raises:
      UserError: the file is no study.
    """
    text = file.read_bytes() if file.exists() else b""
    whole = text[: text.rfind(b"\n") + 1]
    try:
        ours = all("op_code" in json.loads(line) for line in whole.splitlines()[:1])
    except (ValueError, TypeError):
        ours = False
    if not ours or (text and not whole and not text.startswith(b'{"')):
        raise UserError(f"{file} is no study of a search: take another folder")
    if len(whole) < len(text):
        with file.open("r+b") as opened:
            opened.truncate(len(whole))


class _Lock:
    """A lock that ends with its process; Optuna's own makes those after a kill wait for 30 s."""

    def __init__(self, file: Path):
        self._file, self._held = file, ExitStack()

    def acquire(self) -> bool:
        self._held.enter_context(locks.file_lock(self._file))
        return True

    def release(self) -> None:
        self._held.close()
