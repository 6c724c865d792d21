"""Where the configuration files lie, and how a file is written."""

import os
from pathlib import Path


def conf_dir() -> Path:
    """Return the folder ``conf``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and move it there, so that `path` is never half written.

    Args:
      path: of the file; its folder is made where it is missing.
      data: the file's bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
