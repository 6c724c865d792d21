"""Which run a configuration is: the same picture, the same hash; and what sets two runs apart."""

import dataclasses
import hashlib
import json
from typing import Any

from nst.assets import Asset
from nst.config import Config, Init

#: Raised whenever the same configuration gives another picture than before.
NUMERICS = 1

#: Keys that came later: left out where they are at their default, so that old runs keep their hash.
LATER = (
    "optimizer.schedule",
    "optimizer.decay",
    "optimizer.memory",
    "optimizer.clamp",
    "optimizer.average",
)

#: Keys of the configuration that don't change the picture.
BESIDE = ("name", "tracking", "assets", "sweep")


def config_hash(config: Config, network: str, sources: dict[str, Asset]) -> str:
    """Return 16 hex digits that are equal for runs that give the same picture.

    Args:
      config: validated.
      network: the network that serves, "vgg16" or "vgg19".
      sources: the pictures and the network as they serve; their bytes count, not their paths.
    """
    settings, defaults = dataclasses.asdict(config), dataclasses.asdict(Config())
    for group, _, key in (later.partition(".") for later in LATER):
        if settings[group][key] == defaults[group][key]:
            del settings[group][key]
    for key in (*BESIDE, "content", "style", "network"):
        del settings[key]
    settings["init"] = _init(config)
    if config.color == "none":
        del settings["color"]
    settings["content.layers"] = config.content.layers
    settings["style.layers"] = config.style.layers
    settings["network"] = network
    settings["sha256"] = {
        key: asset.sha256 for key, asset in sources.items() if not key.startswith("style/")
    }
    settings |= _beyond_gram(config, sources)
    settings["numerics"] = NUMERICS
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _init(config: Config) -> dict[str, Any]:
    # What is as it was before there were these keys leaves the hash as it was.
    default = dataclasses.asdict(Init())
    given = dataclasses.asdict(config.init)
    return {key: value for key, value in given.items() if key != "path" and value != default[key]}


def _beyond_gram(config: Config, sources: dict[str, Asset]) -> dict[str, Any]:
    """Return what a run has beyond the loss of one painting's Gram matrices, if anything."""
    style = config.style
    found: dict[str, Any] = {}
    if style.statistic != "gram":
        found["style.statistic"] = style.statistic
    if style.normalize != "none":
        found["style.normalize"] = style.normalize
    if style.size not in (None, config.size):
        found["style.size"] = style.size
    if style.blend and len(style.blend) > 1:
        found["style.blend"] = sorted(
            (sources[f"style/{name}"].sha256, weight) for name, weight in style.blend.items()
        )
    return found


def differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> list[str]:
    """Return what differs between two configurations, as "tv.gamma (0.0, not 10.0)"."""
    found = []
    for key in one | other:
        mine, theirs = one.get(key), other.get(key)
        if prefix == "" and key in BESIDE:
            continue
        if isinstance(mine, dict) and isinstance(theirs, dict) and key != "layers":
            found += differences(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            found.append(f"{prefix}{key} ({mine}, not {theirs})")
    return found
