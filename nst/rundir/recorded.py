"""The sources of a recorded run: the pictures and the network that it used, and their names."""

import re
from pathlib import Path
from typing import Any

from nst.config import blend, named
from nst.images import shapes
from nst.rundir.runs import RecordedSource
from nst.rundir.values import MOST_KEYS, mapping, plain, text

GROUPS = ("content", "style", "network")


def sources(fields: dict[str, Any]) -> dict[str, RecordedSource]:
    """Return content, style and network; each style image of a blend, and masks, as well.

    Args:
      fields: of a run.json.
    """
    used = {key: _used(key, fields) for key in GROUPS} | _masks(fields)
    parts = [key for key in mapping(fields, "sources") if key.startswith("style/")][:MOST_KEYS]
    each = {text(key): _of_blend(key, text(key.partition("/")[2]), fields) for key in parts}
    if each:
        names = " + ".join(source.name for source in each.values())
        return used | {"style": RecordedSource(names, names, "", None, None)} | each
    only = list(mapping(mapping(fields["config"], "style"), "blend"))
    return used | ({"style": _of_blend("style", text(only[0]), fields)} if len(only) == 1 else {})


def names(config: dict[str, Any], used: dict[str, RecordedSource]) -> dict[str, Any]:
    """Return the names of what was used as values; a blend has weights instead of one name.

    Args:
      config: of a run.json.
      used: the run's `sources`.
    """
    found = {key: used[key].name for key in GROUPS}
    own = mapping(mapping(config, "style"), "blend")
    weights = plain(own or mapping(config, "style").get("blend"))
    if not weights:
        return found
    del found["style"]
    if any(isinstance(one, str) for one in own.values()):
        parts = [f"{_painting(name, used)} {text(place)}" for name, place in own.items()]
        return found | {"style.blend": text(" + ".join(parts[:MOST_KEYS]))}
    return found | {"style.blend": _by_name(weights, used)}


def _painting(name: Any, used: dict[str, RecordedSource]) -> str:
    return used.get(f"style/{name}", used["style"]).name


def _by_name(weights: Any, used: dict[str, RecordedSource]) -> Any:
    """Return the weights of a blend by the names of what was used, a fallback for two added up."""
    if not isinstance(weights, dict):
        return weights
    parts = [used.get(f"style/{name}", used["style"]) for name in weights]
    sums = {source.name: source.sha256 for source in parts}
    if any(sums[source.name] != source.sha256 for source in parts):
        return weights  # a/cat.jpg and b/cat.jpg
    found = dict.fromkeys(sums, 0.0)
    for source, weight in zip(parts, weights.values(), strict=True):
        found[source.name] += weight
    return found


def _used(key: str, fields: dict[str, Any]) -> RecordedSource:
    config = mapping(fields["config"], key)
    own = config.get("weights" if key == "network" else "path")
    own = own if isinstance(own, str) and own else None
    return _source(key, fields, config.get("name"), own, config.get("file"))


def _masks(fields: dict[str, Any]) -> dict[str, RecordedSource]:
    """Return the files of a run's regions, "content_mask" and "style_mask", where it has any."""
    found = {}
    for group in ("content", "style"):
        own, key = mapping(fields["config"], group).get("mask"), f"{group}_mask"
        if isinstance(own, str) and own:
            file = None if shapes.is_shape(own) else own
            found[key] = _source(key, fields, own, file, None)
    return found


def _of_blend(key: str, name: str, fields: dict[str, Any]) -> RecordedSource:
    """Return a style image of a blend; `name` is in conf/style/ or the path of a user's own."""
    known = named.source("style", name)
    style = mapping(fields["config"], "style")
    file = style.get("file") if name == style.get("name") else known and known.file
    return _source(key, fields, name, name if blend.is_file(name) else None, file)


def _source(
    key: str, fields: dict[str, Any], name: Any, own: str | None, file: Any
) -> RecordedSource:
    source = mapping(mapping(fields, "sources"), key)
    used = text(source.get("used") or name or "?")
    return RecordedSource(
        name=(Path(used).stem or used) if own else used,
        title=text(source.get("title") or used),
        sha256=text(source.get("sha256") or ""),
        path=own,
        file=file if isinstance(file, str) and re.fullmatch(r"\w[\w. -]*", file) else None,
        instead_of=text(source.get("requested")) if source.get("fallback") else None,
    )
