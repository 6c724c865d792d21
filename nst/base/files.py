"""Where the files lie that nst brings along, and how a file is written."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path


def conf_dir() -> Path:
    """Return the folder ``conf``: inside the installed package, or beside it in a checkout."""
    return _own("conf")


def sweep_files() -> dict[str, Path]:
    """Return the sweep files that nst brings along, by name."""
    return {path.stem: path for path in sorted(_own("sweeps").glob("*.yaml"))}


def _own(folder: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / folder
    return installed if installed.is_dir() else package.parent / folder


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of writing name the file `path`: a full disk's names none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def part_of(part: Path) -> Path | None:
    """Return the file that a half file of `write_whole` was to become; None: it is no such file.

    Args:
      part: a file's path.
    """
    found = re.fullmatch(r"\.(.+)\.(\d+)-[0-9a-f]{8}\.part", part.name)
    whole = found and part.with_name(found[1])
    return whole if found and whole and _beside(whole, int(found[2])) == part else None


def write_whole(path: Path, data: bytes, *, folder: bool = True) -> None:
    """Write `data` beside `path` and move it there, so that `path` is never half written.

    Args:
      path: of the file.
      data: the file's bytes.
      folder: whether the file's folder is made where it is missing.

    Raises:
      OSError: the file can't be written; it is as it was, and named.
    """
    beside = _beside(path, os.getpid())
    with naming(path):
        if folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data)
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def _beside(path: Path, process: int) -> Path:
    """Return where a process writes a file; the name's checksum shows it to be nst's own."""
    name = f".{path.name}.{process}"
    return path.with_name(f"{name}-{hashlib.sha256(f'nst{name}'.encode()).hexdigest()[:8]}.part")
