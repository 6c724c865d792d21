"""The commands that run one run of a sweep by itself, again, larger, or with finer settings."""

import os
import re
import shlex
from collections.abc import Sequence

from nst.base import home
from nst.config import named
from nst.config.schema import entries
from nst.report import axes, labels
from nst.report.summary import Key
from nst.rundir.runs import Run
from nst.rundir.values import LONGEST

#: What steers a sweep, and means nothing to a single run.
_OF_SWEEPS = ("search", "sweep", "hydra")
#: Long edge in pixels of what is called larger; of a run that has it, twice its own.
_LARGE = 1024
#: Keys of a finer grid.
_MOST = 2


def again(run: Run, names: Sequence[str]) -> dict[str, str]:
    """Return what makes the commands that run a record again, as a shell takes them.

    Args:
      run: of any sweep.
      names: of keys with numbers, those that matter most first.

    Returns:
      "why" it can't be run again; or else its "path", from any folder; what makes it "larger" for
      the same look, where there is a result to start from; the keys to "refine".
    """
    if why := _unable(run):
        return {"why": why}
    few = [name for name in names if _is_number(run.values.get(name))][:_MOST]
    own = max(run.width or 0, run.height or 0)
    size = _LARGE if own < _LARGE else 2 * own
    has_result = run.status == "finished" and run.picture is not None
    return {
        "path": _path(run),
        "larger": f"size={size} --same-look" if has_result else "",
        "refine": shlex.join(few),
    }


def refinable(key: Key, runs: Sequence[Run]) -> list[str]:
    """Return the keys with numbers that a key of a report stands for.

    Args:
      key: that varies.
      runs: in which it does.
    """
    both = [name for name in ("beta", "alpha") if len({run.values.get(name) for run in runs}) > 1]
    known = [name for name in (both if key.name == axes.RATIO else [key.name]) if name in entries()]
    return [
        name
        for name in known
        if entries()[name].key.low is not None
        and entries()[name].key.role == "picture"
        and name != "seed"
    ]


def _unable(run: Run) -> str:
    """Return why a record can't be run again; whether its files are there is seen when it runs."""
    if any(_held(one) for one in run.overrides):
        return "a program held one of its pictures, so no command can name it"
    unknown = [name for name in run.values if name not in entries()]
    if unknown:
        return f"its record has {unknown[0]}, which another version of nst knows"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _path(run: Run) -> str:
    """Return a run's folder as a shell takes it from any folder: below the home folder with ~."""
    path = home.short(os.path.abspath(run.folder)) or ""
    tilde, rest = ("~/", path[2:]) if path.startswith("~/") else ("", path)
    return tilde + shlex.quote(rest) if rest else tilde


def alone(run: Run) -> str | None:
    """Return `nst beta=1e4 pooling=max`, as a shell takes it; None where the record can't tell.

    Args:
      run: of any sweep.
    """
    if any(len(one) >= LONGEST or _held(one) for one in run.overrides):
        return None
    kept = [one for one in run.overrides if not re.match(rf"[+~]*({'|'.join(_OF_SWEEPS)})\b", one)]
    return shlex.join(["nst", *(_typed(run, one) for one in kept)])


def _typed(run: Run, override: str) -> str:
    """Return an override with its number as a person would type it, 1e3 and not 1000.0."""
    key, _, value = override.partition("=")
    known = run.values.get(key)
    if not isinstance(known, float):
        return override
    try:
        return f"{key}={labels.number(known)}" if float(value) == known else override
    except ValueError:
        return override


def _held(override: str) -> bool:
    """Return whether a picture has a name that only the program knew which ran it."""
    key, _, name = override.partition("=")
    return key in ("content", "style") and not named.source(key, name)
