"""A record as the overrides of a command line that runs it again.

They are made from the recorded *configuration*, not from the recorded overrides. What was typed
has a meaning only on top of what it was typed on: the defaults of that version, the variables and
the experiment files of that day, the folder it was typed in. The configuration is what ran, whole
and resolved, and its hash is of it. What it says is written as overrides all the same, those that
say more than the defaults do: Hydra composes and checks them as it does any command line, a group
that is chosen anew (``style=scream``) takes its own values along, and the new record shows what a
person would have typed.
"""

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import hydra
from omegaconf import OmegaConf

from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.command import grammar
from nst.command.options import options
from nst.command.written import written
from nst.config import blend
from nst.config.groups import Source
from nst.config.layers import weights
from nst.config.schema import entries, keys
from nst.optimizers.table import readers
from nst.rerun.files import KEYS, Files
from nst.rundir.values import mapping
from nst.version import __version__

#: Groups that are chosen by the name that stands under this key.
CHOSEN = {
    "content": "content.name",
    "style": "style.name",
    "network": "network.name",
    "init": "init.name",
    "optimizer": "optimizer.name",
    "tracking": "tracking.mode",
    "preset": "preset",
}
#: Keys that a group's option sets, whatever else it sets: another option wins over all of them.
_SOURCE = tuple(field.name for field in dataclasses.fields(Source))
_SOURCES_OF = {
    group: tuple(f"{group}.{one}" for one in _SOURCE) for group in ("content", "style", "network")
}
_OF_A_GROUP = {
    "content": (*_SOURCES_OF["content"], "content.path"),
    "style": (*_SOURCES_OF["style"], "style.path", "style.blend"),
    "network": (*_SOURCES_OF["network"], "network.weights"),
    "init": ("init.name", "init.path"),
    "tracking": ("tracking.mode",),
}
#: Of two keys that give a picture, the later takes the place of the other.
_INSTEAD = {"style.path": ("style.blend",), "style.blend": ("style.path",)}
#: What steers a sweep or a search, and says nothing of one run.
_LEFT = ("sweep", "search", "assets")
#: What a name is called and what it is fetched as may change with nst; the file is the same.
_CALLED = ("title", "fallback")


def overrides(
    fields: Mapping[str, Any], changes: Sequence[str], files: Files, where: str
) -> list[str]:
    """Return the overrides that a recorded run is run again with; the changes are not in them.

    Args:
      fields: of its run.json.
      changes: overrides that are to win over these.
      files: finds the record's own pictures.
      where: what to call the record in a message.

    Raises:
      UserError: the record has a key that there is no more, or a picture has moved or changed.
    """
    values = dict(_flat(fields["config"], fields, where))
    changed = _changed(changes)
    chosen = _choices(values, fields)
    replaced = any(_fell_back(fields, f"style/{name}") for name in mapping(values, "style.blend"))
    for group in ("content", "style", "network"):
        if _fell_back(fields, group):  # what was used is chosen by its name
            values = {k: v for k, v in values.items() if k not in _SOURCES_OF[group]}
    choices, base = _composed(chosen)
    given = {group: one for group, one in chosen.items() if choices.get(group) != one}
    found = [f"{group}={option}" for group, option in given.items() if group not in changed]
    for key in _own_keys(values, chosen):
        if key in changed:
            continue
        spelt_out = any(one.lstrip("+~").startswith(f"{key}.") for one in changes)
        if values[key] != _checked(key, base[key], chosen.get("network")) or spelt_out:
            found.append(f"{key}={_written(key, values[key], files, spelt_out)}")
    if not changed & {"content", "style", "network", "assets.fallback"} and not replaced:
        # In place of what can't be fetched another picture would be made, and none is asked for.
        found.append("assets.fallback=false")
    return found


def _flat(
    config: Mapping[str, Any], fields: Mapping[str, Any], where: str, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a recorded configuration with their values."""
    known = set(keys())
    for name, value in config.items():
        key = f"{prefix}{name}"
        if key in known:
            yield key, value
        elif key in entries() and isinstance(value, dict):
            yield from _flat(value, fields, where, f"{key}.")
        else:
            version = mapping(dict(fields), "versions").get("nst", "of another version")
            raise UserError(
                f"{where} has {key}={value!r}, a key that nst {__version__} doesn't know: nst "
                f"{version}, which made the record, runs it again"
            )


def _changed(changes: Sequence[str]) -> set[str]:
    """Return the keys whose recorded values give way to the changes."""
    found: set[str] = set()
    for change in changes:
        key, _, option = change.lstrip("+~").partition("=")
        found |= {key, *_OF_A_GROUP.get(key, ()), *_INSTEAD.get(key, ())}
        if key == "optimizer":
            # The record's, where the other optimizer doesn't read them.
            found |= {
                one
                for one in keys()
                if one.startswith("optimizer.")
                and (those := readers(one.partition(".")[2]))
                and option not in those
            }
        if key == "scales":
            found.add("size")
    return found


def _choices(values: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of groups that the record has by name, those that were used."""
    found = {}
    for group, key in CHOSEN.items():
        name = _fell_back(fields, group) or values.get(key)
        if name in options()[group]:
            found[group] = str(name)
    return found


def _fell_back(fields: Mapping[str, Any], name: str) -> Any:
    """Return what a source's fallback was called, None where the source itself was used."""
    source = mapping(mapping(dict(fields), "sources"), name)
    return source.get("used") if source.get("fallback") else None


def _composed(chosen: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what the preset alone would choose, and the values under all of the choices."""
    preset = [f"preset={chosen['preset']}"] if "preset" in chosen else []
    several = [f"{group}={option}" for group, option in chosen.items()]
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        alone = hydra.compose("config", preset, return_hydra_config=True)
        choices = {key: one for key, one in alone.hydra.runtime.choices.items() if key in CHOSEN}
        whole = hydra.compose("config", several)
    values: Any = OmegaConf.to_container(whole, resolve=True)
    found: dict[str, Any] = {}
    for key in keys():
        group, _, name = key.rpartition(".")
        found[key] = values.get(group, {}).get(name) if group else values.get(name)
    return choices | {"preset": None}, found


def _own_keys(values: Mapping[str, Any], chosen: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys of a record that may have to be said."""
    for key in keys():
        group, _, name = key.partition(".")
        if key not in values or group in _LEFT or key == "preset":
            continue
        if group in chosen and key == CHOSEN[group]:
            continue
        if group in chosen and name in _CALLED:
            continue
        if key == "size" and values.get("scales"):
            continue  # the last of them
        yield key


def _checked(key: str, value: Any, network: str | None) -> Any:
    """Return the value that a key has by the choices alone, as a record would have it."""
    if key.endswith(".layers") and network:
        with contextlib.suppress(UserError):  # the preset's, of another network
            return weights(key, value, network, None)
    return value


def _written(key: str, value: Any, files: Files, spelt_out: bool) -> str:
    if key == blend.KEY and isinstance(value, dict):
        return _blend(
            {
                files.own(key, name): files.place(name, one) if isinstance(one, str) else one
                for name, one in value.items()
            }
        )
    layers = key.endswith(".layers") and isinstance(value, dict)
    if layers and not spelt_out and _equal(value.values()):
        return f"[{','.join(value)}]"
    if isinstance(value, str) and key in KEYS:
        return grammar.literal(files.own(key, value))
    return written(key, value, inside=True)


def _equal(several: Collection[float]) -> bool:
    return all(one == 1 / len(several) for one in several)


def _blend(weights: Mapping[str, float | str]) -> str:
    """Return the text of a blend: Hydra's grammar has no form for a path as a mapping's key."""
    texts = {k: _marked(v) if isinstance(v, str) else repr(v) for k, v in weights.items()}
    parts = [f"{_marked(name)}: {text}" for name, text in texts.items()]
    return grammar.quoted("{" + ", ".join(parts) + "}")


def _marked(name: str) -> str:
    if not blend.is_file(name):
        return name
    mark = "'" if "'" not in name else '"'
    return f"{mark}{name}{mark}"
