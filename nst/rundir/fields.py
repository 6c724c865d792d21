"""What a run writes into its run.json: nst/rundir/run_json.py has the layout."""

import functools
import json
import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from nst.base import home
from nst.base.files import write_whole
from nst.config.identity import config_hash
from nst.config.schema import Config, to_mapping
from nst.engine.check import Check
from nst.rundir.run_json import SCHEMA
from nst.sources.resolve import ResolvedSource
from nst.version import __version__

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "pillow")


def asked(config: Config, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a run that may not have begun.

    Args:
      config: validated.
      overrides: what the user asked for on top of the defaults.
    """
    return {
        "schema": SCHEMA,
        "config": to_mapping(config),
        "overrides": list(overrides),
        "same_as": None,
        "reused_from": None,
        "tracked": None,
        "versions": _versions(),
        "device": _device(),
    }


def began(
    network: str, config: Config, sources: dict[str, ResolvedSource], overrides: Sequence[str]
) -> dict[str, Any]:
    """Return the fields of a run that has begun.

    Args:
      network: the network that is used.
      config: validated.
      sources: the pictures and the network, as they are used.
      overrides: what the user asked for on top of the defaults.
    """
    return asked(config, overrides) | {
        "config_hash": config_hash(config, network, sources),
        "sources": {key: _source(asset) for key, asset in sources.items()},
    }


def losses(check: Check | None) -> dict[str, Any] | None:
    """Return step and losses of a check; JSON has no NaN, so a total that diverged is None."""
    if check is None:
        return None
    finite = {name: value if math.isfinite(value) else None for name, value in check.losses.items()}
    return {"step": check.step, **finite}


def size(check: Check | None) -> dict[str, int] | None:
    """Return width and height of a check's picture in pixels."""
    if check is None:
        return None
    return {"width": check.picture.shape[1], "height": check.picture.shape[0]}


def write(folder: Path, fields: Mapping[str, Any]) -> None:
    """Write a run's run.json, whole or not at all.

    Args:
      folder: of the run, which is there.
      fields: what it says.

    Raises:
      OSError: it can't be written.
    """
    data = (json.dumps(home.without_in(fields), indent=2, allow_nan=False) + "\n").encode()
    write_whole(folder / "run.json", data, folder=False)


@functools.cache
def _versions() -> dict[str, str]:
    return {
        "nst": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _source(asset: ResolvedSource) -> dict[str, Any]:
    return {
        "requested": asset.requested,
        "used": asset.name,
        "fallback": asset.fallback,
        "reason": asset.reason,
        "title": asset.title,
        "url": asset.url,
        "sha256": asset.sha256,
    }


def _device() -> dict[str, Any]:
    device = jax.devices()[0]
    return {
        "platform": device.platform,
        "kind": device.device_kind,
        "count": jax.device_count(),
    }
