"""Where the configuration files lie, and how a file is written."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def conf_dir() -> Path:
    """Return the folder ``conf``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of writing name the file `path`: a full disk's names none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def remove_parts(folder: Path) -> None:
    """Remove what a process that was killed inside `write_whole` left in `folder` and below."""
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and move it there, so that `path` is never half written.

    Args:
      path: of the file; its folder is made where it is missing.
      data: the file's bytes.

    Raises:
      OSError: the file can't be written; it is as it was, and named.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data)
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
