"""A run's folder to a `Run`, whatever its run.json holds: nothing in it can stop a report."""

import json
import math
import re
from pathlib import Path
from typing import Any

from nst.config import blend
from nst.config.schema import role
from nst.rundir.runs import STATUSES, Broken, RecordedSource, Run

#: Version of the layout of run.json.
SCHEMA = 1

_GROUPS = ("content", "style", "network")
#: Roles of keys that no report shows; a source's stand as one value, the name of what was used.
_UNSHOWN = ("source", "beside")

#: Limits that no run of ours comes near, so that an odd file costs neither memory nor the report.
_MOST_BYTES = 4_000_000
_MOST_KEYS = 200
_LONGEST = 1000


class _BadRecordError(Exception):
    """What is wrong with a run.json, as a sentence."""


def read(folder: Path, name: str) -> Run | Broken:
    """Return the run of a folder, or why it can't be read; whatever the folder holds.

    Args:
      folder: with or without a run.json.
      name: of the run.
    """
    try:
        fields = _fields(folder)
        return _run(folder, name, fields)
    except _BadRecordError as error:
        return Broken(folder, str(error))
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        what = getattr(error, "strerror", None) or _text(str(error)) or type(error).__name__
        return Broken(folder, f"run.json can't be read ({what})")


def _fields(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    if not path.exists():
        if (folder / "history.csv").exists():
            raise _BadRecordError("there is no run.json, though there is a history.csv")
        raise _BadRecordError("there is no run.json: the run never started")
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise _BadRecordError(f"run.json is no file of at most {_MOST_BYTES} bytes")
    fields = json.loads(path.read_bytes(), parse_constant=lambda name: None)
    if not isinstance(fields, dict):
        raise _BadRecordError("run.json holds no run")
    if fields.get("schema") != SCHEMA:
        found = _text(fields.get("schema"))[:40]
        raise _BadRecordError(
            f"run.json has layout {found}, and this version reads layout {SCHEMA}"
        )
    if not isinstance(fields.get("config"), dict):
        raise _BadRecordError("run.json has no config")
    if fields.get("status") not in STATUSES:
        found = _text(fields.get("status"))[:40]
        raise _BadRecordError(
            f"run.json has the status {found!r}, and {', '.join(STATUSES)} are known"
        )
    return fields


def _run(folder: Path, name: str, fields: dict[str, Any]) -> Run:
    config, best, timings = fields["config"], _dict(fields, "best"), _dict(fields, "timings")
    sources = _sources(fields)
    size, picture = _dict(fields, "picture"), folder / "result.png"
    error = fields.get("error")
    return Run(
        folder=folder,
        name=name,
        status=fields["status"],
        error=None if error is None else _text(error),
        values=_values(config) | _names(config, sources),
        metrics={_text(key): _number(value) for key, value in _dict(fields, "metrics").items()},
        losses={key: _number(best.get(key)) for key in ("total", "content", "style", "tv")},
        best_step=_whole(best.get("step")),
        steps_s=_number(timings.get("steps_s")),
        s_per_step=_number(timings.get("s_per_step")),
        started=_text(timings.get("started") or ""),
        width=_whole(size.get("width")),
        height=_whole(size.get("height")),
        picture=picture if picture.is_file() else None,
        sources=sources,
        config_hash=_text_or_none(fields, "config_hash"),
        same_as=_text_or_none(fields, "same_as"),
    )


def _values(config: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a configuration that can tell two runs apart, in dotted form."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        if role(key) in _UNSHOWN:
            continue
        if not isinstance(value, dict):
            values[_text(key)] = _plain(value)
            continue
        for inner, part in value.items():
            if key in ("init", "optimizer") and inner == "name":
                values[_text(key)] = _plain(part)  # as it is typed: init=noise
            elif role(f"{key}.{inner}") not in _UNSHOWN:
                values[f"{_text(key)}.{_text(inner)}"] = _plain(part)
    if len(values) > _MOST_KEYS:
        raise _BadRecordError(f"run.json has {len(values)} keys, and at most {_MOST_KEYS} are read")
    return values


def _names(config: dict[str, Any], sources: dict[str, RecordedSource]) -> dict[str, Any]:
    """Return the names of what was used as values; a blend has weights instead of one name."""
    names = {key: sources[key].name for key in _GROUPS}
    weights = _plain(_dict(config, "style").get("blend"))
    if not weights:
        return names
    del names["style"]
    return names | {"style.blend": _by_name(weights, sources)}


def _by_name(weights: Any, sources: dict[str, RecordedSource]) -> Any:
    """Return the weights of a blend by the names of what was used, a fallback for two added up."""
    if not isinstance(weights, dict):
        return weights
    used = [sources.get(f"style/{name}", sources["style"]) for name in weights]
    names = {source.name: source.sha256 for source in used}
    if any(names[source.name] != source.sha256 for source in used):
        return weights  # a/cat.jpg and b/cat.jpg
    found = dict.fromkeys(names, 0.0)
    for source, weight in zip(used, weights.values(), strict=True):
        found[source.name] += weight
    return found


def _sources(fields: dict[str, Any]) -> dict[str, RecordedSource]:
    """Return content, style and network; for a blend of paintings each of them as well."""
    used = {key: _used(key, fields) for key in _GROUPS}
    parts = [key for key in _dict(fields, "sources") if key.startswith("style/")][:_MOST_KEYS]
    each = {_text(key): _of_blend(key, _text(key.partition("/")[2]), fields) for key in parts}
    if each:
        names = " + ".join(source.name for source in each.values())
        return used | {"style": RecordedSource(names, names, "", None, None)} | each
    only = list(_dict(_dict(fields["config"], "style"), "blend"))
    return used | ({"style": _of_blend("style", _text(only[0]), fields)} if len(only) == 1 else {})


def _used(key: str, fields: dict[str, Any]) -> RecordedSource:
    config = _dict(fields["config"], key)
    own = config.get("weights" if key == "network" else "path")
    own = own if isinstance(own, str) and own else None
    return _source(key, fields, config.get("name"), own, config.get("file"))


def _of_blend(key: str, name: str, fields: dict[str, Any]) -> RecordedSource:
    """Return a painting of a blend; `name` is in conf/style/ or the path of the user's own file."""
    known = blend.named(name)
    style = _dict(fields["config"], "style")
    file = style.get("file") if name == style.get("name") else known and known.file
    return _source(key, fields, name, name if blend.is_file(name) else None, file)


def _source(
    key: str, fields: dict[str, Any], name: Any, own: str | None, file: Any
) -> RecordedSource:
    source = _dict(_dict(fields, "sources"), key)
    used = _text(source.get("used") or name or "?")
    return RecordedSource(
        name=(Path(used).stem or used) if own else used,
        title=_text(source.get("title") or used),
        sha256=_text(source.get("sha256") or ""),
        path=own,
        file=file if isinstance(file, str) and re.fullmatch(r"\w[\w. -]*", file) else None,
        instead_of=_text(source.get("requested")) if source.get("fallback") else None,
    )


def _plain(value: Any) -> Any:
    """Return a value as text, number, list of texts or {layer: weight}; anything else as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict) and len(value) <= _MOST_KEYS:
        weights = {_text(name): _number(weight) for name, weight in value.items()}
        if value and None not in weights.values():
            return weights
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return _text(", ".join(value))
    return _text(value)


def _dict(fields: dict[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _text_or_none(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return _text(value) if value and isinstance(value, str) else None


def _text(value: Any) -> str:
    """Return any value as text that can be written as UTF-8."""
    text = value if isinstance(value, str) else repr(value)
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 1e9 else None
