"""The command that ran a sweep, from Hydra's record of it."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from nst.base import home
from nst.base.files import sweep_files
from nst.rundir.values import mapping

_MOST_BYTES = 1_000_000  # of a multirun.yaml
#: What nst adds by itself, and where the sweep lay.
_BESIDE = ("hydra.mode=", "hydra.job.chdir=", "hydra.output_subdir=", "hydra.sweep.dir=")
_SWEEP_FILE = "hydra/sweeper=sweep_file"
_FILE = "hydra.sweeper.file="
#: May hold the password of a database.
_SECRET = "search.storage="


def ran(sweep: Path) -> str | None:
    """Return the command that ran a sweep, as a shell takes it; None without a record.

    It tells neither the home folder nor a study's storage.

    Args:
      sweep: folder of the sweep.
    """
    given = mapping(mapping(_record(sweep), "hydra"), "overrides")
    own, task = _texts(given.get("hydra")), _texts(given.get("task"))
    if not own and not task:
        return None
    own = [one for one in own if not one.startswith(_BESIDE)]
    task = [one for one in task if not one.lstrip("+").startswith(_SECRET)]
    command = _of_file(own, task) if _SWEEP_FILE in own else ["nst", "-m", *task, *own]
    return home.without(shlex.join(command))


def _of_file(own: list[str], task: list[str]) -> list[str]:
    """Return the command of a sweep file; one that nst brings along is run by its name."""
    named = next((one for one in own if one.startswith(_FILE)), "")
    path = Path(named.removeprefix(_FILE).strip("'\""))
    shipped = path.stem in sweep_files() and path.parent.name == "sweeps"
    task = [one for one in task if one != f"name={path.stem}"]
    kept = [one for one in own if one not in (_SWEEP_FILE, named)]
    return ["nst", "sweep", path.stem if shipped else str(path), *task, *kept]


def _record(sweep: Path) -> dict[str, Any]:
    try:
        with (sweep / "multirun.yaml").open("rb") as file:
            found = yaml.safe_load(file.read(_MOST_BYTES))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
