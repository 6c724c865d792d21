"""The command that runs one run of a sweep by itself."""

import re
import shlex

from nst.config import named
from nst.report import labels
from nst.rundir.runs import Run
from nst.rundir.values import LONGEST

#: What steers a sweep, and means nothing to a single run.
_OF_SWEEPS = ("search", "sweep", "hydra")


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
