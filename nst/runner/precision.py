"""``precision=auto`` of a run: what its folder's record says, or what its device does best."""

from pathlib import Path

from nst.config.precision import fastest_alike
from nst.rundir import run_json


def auto(folder: Path | None = None) -> str:
    """Return the precision that ``precision=auto`` stands for.

    A run that goes on keeps the one of its record, whatever has been measured since, and wherever
    it goes on.

    Args:
      folder: of the run; none: it has none yet.

    Raises:
      UserError: JAX can't start a device that a variable of the environment names.
    """
    if folder and (recorded := _recorded(folder)):
        return recorded
    # JAX takes a second to load.
    from nst.engine import jax_settings, memory

    jax_settings.load()
    return fastest_alike(memory.local_devices()[0].device_kind)


def _recorded(folder: Path) -> str | None:
    fields = run_json.earlier(folder) or {}
    # Of a run that was refused there may be no more than its settings.
    precision = (fields.get("config") or {}).get("precision")
    return precision if precision != "auto" else None
