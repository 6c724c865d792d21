"""A user's own file, by the path that they gave: which one is meant, and whether it can be read."""

import difflib
import os
import unicodedata
from pathlib import Path

from nst.base.errors import UserError


def readable(path: Path, *, key: str) -> None:
    """Refuse a path that is not a file which can be opened for reading.

    Args:
      path: of the file.
      key: the configuration key to name, "style.path" say.

    Raises:
      UserError: the path is missing, a folder, a device, or may not be read.
    """
    try:
        if path.is_dir():
            raise UserError(f"{key}: {str(path)!r} is a folder, but must be a file")
        # A pipe or a device could block or never end.
        if path.exists() and not path.is_file():
            raise UserError(f"{key}: {str(path)!r} is not a regular file, but must be one")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise UserError(
            f"{key}: {str(path)!r} does not exist{_near(path)}, but must be a file"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        what = getattr(error, "strerror", None) or error
        raise UserError(f"{key}: {str(path)!r} must be readable, but is not ({what})") from error


def own_path(path: str) -> Path:
    """Return the whole path that a user means, whether or not there is such a file.

    A name that is there in another Unicode form alone is meant: macOS writes and keeps "é" as two
    characters, most keyboards as one.

    Args:
      path: as the user gave it, perhaps with ~.
    """
    whole = Path(os.path.expanduser(path)).absolute()
    if os.path.exists(whole) or path.isascii():
        return whole
    found = Path(whole.anchor)
    for name in whole.parts[1:]:
        there = [name] if os.path.lexists(found / name) else _names(found)
        same = (one for one in there if _composed(one) == _composed(name))
        found /= next(same, name)
    return found


def _near(path: Path) -> str:
    """Return a hint at what is there in place of the first part of a path that is not."""
    missing = path
    while not os.path.exists(missing.parent):
        missing = missing.parent
    # Alike to a reader: capitals, and a screenshot's narrow space before PM.
    alike = {_folded(name): name for name in _names(missing.parent)}
    near = difflib.get_close_matches(_folded(missing.name), alike, n=1, cutoff=0.6)
    return f" (did you mean {alike[near[0]]!r}?)" if near else ""


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):
        return []
