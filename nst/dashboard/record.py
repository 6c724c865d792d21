"""dashboard.json in a sweep's folder: the views and reports that nst made of it at W&B."""

import json
from pathlib import Path
from typing import Any

from nst.base.errors import UserError
from nst.report import own

FILE = "dashboard.json"
#: What proves that the file is nst's, beside its checksum.
_HEADING = "views and reports of this sweep at W&B, made by nst dashboard"
_REMEDY = "look with --dry-run, which keeps no record"
_MOST_BYTES = 1_000_000

#: "ENTITY/PROJECT" -> "view" or "report" -> its address.
Made = dict[str, dict[str, str]]


def read(sweep: Path) -> Made:
    """Return what was made of a sweep so far; nothing without a record.

    Args:
      sweep: its folder.

    Raises:
      UserError: what has the record's name is something else, or was changed.
      OSError: it can't be read.
    """
    path = sweep / FILE
    own.check(sweep, [FILE], _REMEDY)
    try:
        found: Any = json.loads(path.read_bytes()[:_MOST_BYTES])[_HEADING]
        return {
            str(place): {str(kind): str(url) for kind, url in made.items()}
            for place, made in found.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} is no record of nst's: move it away, or {_REMEDY}") from error


def keep(sweep: Path, made: Made) -> None:
    """Write down what was made of a sweep.

    Args:
      sweep: its folder.
      made: all of it.

    Raises:
      UserError: the file was changed meanwhile.
      OSError: the folder can't be written.
    """
    own.put(sweep / FILE, json.dumps({_HEADING: made}, indent=1, sort_keys=True).encode())
