"""A run's folder to a `Run`, whatever its run.json holds: nothing in it can stop a report."""

from pathlib import Path
from typing import Any

from nst.base import locks
from nst.config.schema import role
from nst.rundir import recorded, run_json
from nst.rundir.run_json import BadRecordError
from nst.rundir.runs import Broken, Run
from nst.rundir.values import MOST_KEYS, mapping, number, plain, text, whole

_CUT = "its process was killed; the same command continues it"
#: Roles of keys that no report shows; a source's stand as one value, the name of what was used.
_UNSHOWN = ("source", "beside")


def read(folder: Path, name: str) -> Run | Broken:
    """Return the run of a folder, or why it can't be read; whatever the folder holds.

    Args:
      folder: with or without a run.json.
      name: of the run.
    """
    try:
        missing = _missing(folder)
        return Broken(folder, missing) if missing else _run(folder, name, run_json.read(folder))
    except BadRecordError as error:
        return Broken(folder, f"run.json {error}")
    except (OSError, ValueError, RecursionError, OverflowError) as error:
        what = getattr(error, "strerror", None) or text(str(error)) or type(error).__name__
        return Broken(folder, f"run.json can't be read ({what})")


def _missing(folder: Path) -> str | None:
    if (folder / "run.json").exists():
        return None
    if (folder / "history.csv").exists():
        return "there is no run.json, though there is a history.csv"
    return "there is no run.json: the run never started"


def _run(folder: Path, name: str, fields: dict[str, Any]) -> Run:
    config, best, timings = fields["config"], mapping(fields, "best"), mapping(fields, "timings")
    sources = recorded.sources(fields)
    size, picture = mapping(fields, "picture"), folder / "result.png"
    cut = fields["status"] == "running" and not locks.is_at_work(folder)
    error = _CUT if cut else fields["error"]
    return Run(
        folder=folder,
        name=name,
        status="interrupted" if cut else fields["status"],
        error=None if error is None else text(error),
        values=_values(config) | recorded.names(config, sources),
        metrics={text(key): number(value) for key, value in mapping(fields, "metrics").items()},
        losses={key: number(best.get(key)) for key in ("total", "content", "style", "tv")},
        best_step=whole(best.get("step")),
        steps_s=number(timings.get("steps_s")),
        s_per_step=number(timings.get("s_per_step")),
        started=text(timings.get("started") or ""),
        width=whole(size.get("width")),
        height=whole(size.get("height")),
        picture=picture if picture.is_file() else None,
        sources=sources,
        config_hash=text(fields["config_hash"]) if fields["config_hash"] else None,
        same_as=text(fields["same_as"]) if fields["same_as"] else None,
        reused_from=text(fields["reused_from"]) if fields["reused_from"] else None,
        objective=_texts(mapping(config, "search").get("objective")),
        checks={
            key: {text(name): number(value) for name, value in mapping(fields, key).items()}
            for key in ("best", "last")
        },
        overrides=_texts(fields["overrides"]),
    )


def _texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts, or one text, as texts; whatever else it is has none."""
    several = value if isinstance(value, list) else [value]
    return tuple(text(one) for one in several[:MOST_KEYS] if isinstance(one, str))


def _values(config: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a configuration that can tell two runs apart, in dotted form."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        if role(key) in _UNSHOWN:
            continue
        if not isinstance(value, dict):
            values[text(key)] = plain(value)
            continue
        for inner, part in value.items():
            if key in ("init", "optimizer") and inner == "name":
                values[text(key)] = plain(part)  # as it is typed: init=noise
            elif role(f"{key}.{inner}") not in _UNSHOWN:
                values[f"{text(key)}.{text(inner)}"] = plain(part)
    if len(values) > MOST_KEYS:
        raise BadRecordError(f"has {len(values)} keys, and at most {MOST_KEYS} are read")
    return values
