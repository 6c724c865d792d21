"""Which run a configuration is: the same picture, the same hash; and what sets two runs apart."""

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from nst.config import look, places
from nst.config.keys import Role
from nst.config.schema import Config, role, to_mapping
from nst.losses.statistics import STATISTICS
from nst.optimizers.table import OPTIMIZERS

#: Raised whenever the same configuration gives another picture than before; what concerns one
#: optimizer or style statistic alone raises that one's in nst/optimizers/table.py or
#: nst/losses/statistics.py.
NUMERICS = 2

#: Keys of a source that don't say which file it is.
_BESIDE_A_NAME = ("title", "fallback")


class Checksummed(Protocol):
    """A file that was found, as `nst.sources.resolve` has it."""

    @property
    def sha256(self) -> str:
        """Of the file's bytes, 64 hex digits."""


def config_hash(config: Config, network: str, sources: Mapping[str, Checksummed]) -> str:
    """Return 16 hex digits that are equal for runs that give the same picture.

    Args:
      config: validated.
      network: the resolved network, "vgg16" or "vgg19".
      sources: the pictures and the network as they serve; their bytes count, not their paths.
    """
    settings = {
        # What is at its default is left out: a key that comes later leaves the hash as it was.
        "config": _other_than(_defaults(), _settings(config)),
        "network": network,
        "sha256": {
            key: asset.sha256
            for key, asset in sources.items()
            if not key.startswith(("style/", "place/"))
        },
        "blend": _blend(config, sources),
        "numerics": NUMERICS
        + OPTIMIZERS[config.optimizer.name].numerics
        + STATISTICS[config.style.statistic].numerics,
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def by_names(values: dict[str, Any]) -> str:
    """Return 16 hex digits that are equal for configurations of the same run, by names of files.

    For what must be told apart before a file is read; `config_hash` then looks at the bytes.

    Args:
      values: nested plain values, of `nst.config.schema.to_mapping` or of a record.
    """
    settings = _of_the_picture(values, roles=("picture", "source", "file"))
    style: Any = settings.get("style")
    if not settings.get("scales") and settings.get("same_look") == settings.get("size"):
        settings["same_look"] = None
    if isinstance(style, dict) and not settings.get("scales"):
        as_large = settings.get("same_look") or settings.get("size")
        style["size"] = None if style.get("size") == as_large else style.get("size")
    for key in ("content", "style", "network"):
        # What people call a file, and what is used in its place, are no part of its name.
        if isinstance(settings.get(key), dict):
            settings[key] = {k: v for k, v in settings[key].items() if k not in _BESIDE_A_NAME}
    other = _other_than(_defaults(), settings)
    return hashlib.sha256(json.dumps(other, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _defaults() -> dict[str, Any]:
    return to_mapping(Config())


def _settings(config: Config) -> dict[str, Any]:
    """Return what of a configuration changes the picture, its sources apart."""
    settings = _of_the_picture(to_mapping(config))
    # Through several sizes a style image without a size of its own takes each of them.
    if not look.own_style_size(config):
        settings["style"]["size"] = None
    if config.same_look == config.size and config.scales is None:
        settings["same_look"] = None
    return settings


def _of_the_picture(
    values: dict[str, Any], prefix: str = "", roles: tuple[Role, ...] = ("picture",)
) -> dict[str, Any]:
    return {
        key: _of_the_picture(value, f"{prefix}{key}.", roles) if isinstance(value, dict) else value
        for key, value in values.items()
        if role(prefix + key) in roles
    }


def _other_than(defaults: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in settings.items():
        if isinstance(defaults.get(key), dict) and isinstance(value, dict):
            value = _other_than(defaults[key], value)
        if value not in (defaults.get(key), {}):
            found[key] = value
    return found


def _blend(config: Config, sources: Mapping[str, Checksummed]) -> list[tuple[str, float | str]]:
    blend = config.style.blend
    # A blend of one style image is that style image.
    if not blend or len(blend) == 1:
        return []
    if places.of(blend):
        blend = {name: sources[f"place/{name}"].sha256 for name in blend}
    return sorted((sources[f"style/{name}"].sha256, weight) for name, weight in blend.items())


def differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> list[str]:
    """Return what differs between two configurations, as "tv.gamma (0.0, not 10.0)"."""
    found = []
    for key in one | other:
        mine, theirs = one.get(key), other.get(key)
        if role(prefix + key) in ("note", "beside"):
            continue
        if isinstance(mine, dict) and isinstance(theirs, dict) and key != "layers":
            found += differences(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            found.append(f"{prefix}{key} ({mine}, not {theirs})")
    return found
