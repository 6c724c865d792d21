"""What a user types, written so that Hydra reads it as meant: a text, a file, the home folder.

Hydra's grammar makes 20241125 of name=2024_11_25, several values of content.path=a,b.jpg, and can't
read ~/me.jpg at all. What it reads as meant stays as typed, so that records show what was typed.
"""

import fnmatch
import functools
import glob
import os
import re
from collections.abc import Iterable
from typing import Any

from nst.base import home
from nst.base.errors import UserError
from nst.base.own_files import own_path
from nst.command import grammar
from nst.command.grammar import PLAIN, literal, quoted
from nst.command.options import options
from nst.config.blend import KEY as BLEND
from nst.config.schema import entries, keys
from nst.config.weighted import names_in

#: Keys that take a file of the user's own; `nst.sources.resolve.own_file` reads ~ in them.
FILES = (
    *("content.path", "style.path", "content.mask", "style.mask", "init.path"),
    "network.weights",
)
#: Keys of Hydra's that take a path; it would make a folder named ~.
PATHS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir", "hydra.sweeper.file")
#: Options of Hydra's that take a path.
OPTIONS = ("--config-dir", "-cd", "--config-path", "-cp")

#: What may stand about values of a kind: what opens it, and what is inside.
BRACKETS = {
    "text": r"(choice\s*\()(.*)\)",
    "file": r"(choice\s*\()(.*)\)",
    "list": r"(\[)(.*)\]",
    "group": r"(\{)(.*)\}",
}


def understood(arguments: Iterable[str]) -> list[str]:
    """Return arguments of a command line as Hydra is to get them; once more changes nothing.

    Args:
      arguments: overrides, and options before them.

    Raises:
      UserError: a glob() finds no file.
    """
    found: list[str] = []
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if found and found[-1] in OPTIONS:
            argument = os.path.expanduser(argument)
        elif equals and option in OPTIONS:
            argument = f"{option}={os.path.expanduser(value)}"
        elif override := re.fullmatch(r"(\+{0,2}([^-+~=@][^=@]*)(?:@[^=]*)?=)(.*)", argument, re.S):
            argument = override[1] + _value(override[2], override[3])
        found.append(argument)
    return found


def _value(key: str, value: str) -> str:
    """Return the value of a key as Hydra is to get it."""
    kind = _kinds().get(key)
    if kind is None or PLAIN.fullmatch(value):
        return value
    if kind == "path":
        return _path(value)
    if kind == "file" and (file := _file(value)):
        return file
    return ",".join(_part(key, kind, part) for part in grammar.split(value))


def _part(key: str, kind: str, part: str) -> str:
    """Return one of several values of a key."""
    text = part.strip()
    if PLAIN.fullmatch(text):
        return part
    if kind == "blend":
        return _blend(part)
    if kind == "file" and (file := _file(text)):
        return file
    if kind == "file" and text.startswith("glob("):
        return ",".join(_matches(key, text))
    if form := re.fullmatch(BRACKETS[kind], text, re.S):
        inside = grammar.split(form[2])
        if form[1] == "{":
            return "{" + ",".join(_entry(key, entry) for entry in inside) + "}"
        parts = [_part(key, kind, one) for one in inside]
        if form[1] == "[":
            return "[" + ",".join(parts) + "]"
        # Hydra takes quotes away inside of choice(), so what needs them is a plain a,b.
        return part if parts == inside else ",".join(parts)
    number = isinstance(grammar.read(text), bool | int | float)
    return quoted(text) if number or (grammar.unread(text) and not grammar.unclosed(text)) else part


def _entry(above: str, entry: str) -> str:
    """Return one entry of a mapping of keys: content={path: my photo.jpg}."""
    key, colon, value = entry.partition(":")
    return f"{key}{colon}{_value(f'{above}.{key.strip()}', value)}" if colon else entry


def _file(value: str) -> str | None:
    """Return a value that is the path of a file as Hydra is to get it; None: it is none."""
    text = value.strip()
    read = grammar.text_of(grammar.read(text))
    if text.lower() == "null":
        return None
    for path in (text, read):
        if path is not None and os.path.exists(own_path(path)):
            return literal(home.short(path) or path)
    return None


def _path(value: str) -> str:
    """Return a path with the home folder for ~; Hydra takes one, so a comma is part of it."""
    text = value.strip()
    read = grammar.read(text)
    path = grammar.text_of(read)
    if path is None:
        several = getattr(read, "simple_form", False)
        if grammar.unclosed(text) or not (
            grammar.unread(text) or several or isinstance(read, bool | int | float)
        ):
            return value
        path = text
    expanded = os.path.expanduser(path)
    return value if expanded == grammar.text_of(read) else quoted(expanded)


def _blend(part: str) -> str:
    """Return one blend; what Hydra can't read stays a text, for nst/config/weighted.py."""
    text = part.strip()
    if files := re.fullmatch(r"\[(.*)\]", text, re.S):
        return "[" + ",".join(_part(BLEND, "file", one) for one in grammar.split(files[1])) + "]"
    if file := _file(text):
        return f"[{file}]"
    read = grammar.text_of(grammar.read(text)) or text
    if any("${" in name and os.path.exists(own_path(name)) for name in names_in(read)):
        return literal(read)
    return quoted(text) if grammar.unread(text) and not grammar.unclosed(text) else part


def _matches(key: str, call: str) -> list[str]:
    """Return the files that a glob(...) finds, sorted, as Hydra is to get them."""
    inside = re.fullmatch(r"glob\((.*)\)", call, re.S)
    asked = (
        grammar.read(f"glob({','.join(map(_pattern, grammar.split(inside[1])))})")
        if inside
        else grammar.UNREAD
    )
    if asked is grammar.UNREAD:
        raise UserError(f"{key}: can't read {call}: it must look like {key}=glob(FOLDER/*)")
    found = {
        path
        for pattern in asked.include
        for path in glob.glob(_home(pattern), recursive=True)
        if os.path.isfile(path)
    }
    for pattern in map(_home, asked.exclude):
        found -= {
            path
            for path in found
            if any(fnmatch.fnmatch(name, pattern) for name in (path, os.path.basename(path)))
        }
    if not found:
        raise UserError(f"{key}={call} finds no file: it must match one at least")
    return [literal(home.short(path) or path) for path in sorted(found)]


def _home(read: Any) -> str:
    return os.path.expanduser(grammar.text_of(read) or "")


def _pattern(part: str) -> str:
    """Return one argument of glob(), quoted where Hydra reads no text: ~/p/*."""
    name, several, text = re.fullmatch(  # type: ignore[union-attr]
        r"\s*((?:include|exclude)\s*=)?\s*(?:\[(.*)\]|(.*?))\s*", part, re.S
    ).groups()
    if several is not None:
        return f"{name or ''}[{','.join(map(_pattern, grammar.split(several)))}]"
    return (name or "") + (quoted(text) if grammar.text_of(grammar.read(text)) is None else text)


@functools.cache
def _kinds() -> dict[str, str]:
    """Return what each key takes that is not left to Hydra's grammar."""
    kinds = dict.fromkeys([*options(), "hydra"], "group")
    for key in (*keys(), *PATHS):
        above = key.split(".")[:-1]
        kinds |= {".".join(above[:end]): "group" for end in range(1, len(above) + 1)}
    for key in set(keys()) - set(kinds):
        kind: Any = entries()[key].field.type
        if kind in (str, str | None, list[str]):
            kinds[key] = "list" if kind == list[str] else "text"
    kinds |= {"sweep.reuse": "list"}  # of folders
    return kinds | dict.fromkeys(FILES, "file") | dict.fromkeys(PATHS, "path") | {BLEND: "blend"}
