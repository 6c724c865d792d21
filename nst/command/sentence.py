"""From what Hydra, OmegaConf and the system raise to one sentence for the user.

Beside run.py and the plugins nothing imports it, since it imports Hydra.
"""

import errno
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from nst.base.errors import UserError, of_file, one_line
from nst.command.hydra_private import composing, of_options
from nst.command.options import options, unknown_option
from nst.config.schema import entries, first_of, keys, unknown_key

#: What a user can mend, and is told in a sentence.
REFUSALS = (UserError, HydraException, OmegaConfBaseException, OSError)

#: What Hydra says of +style=night where there is a style.
TWICE = (
    r"Multiple values for ([\w/]+)|([\w/]+) appears more than once|"
    r"force-add of config groups is not supported: '\+\+([\w/]+)"
)


def sentence(error: BaseException, arguments: Sequence[str] | None = None) -> str:
    """Return one line that says what is wrong and what is allowed.

    Args:
      error: one of `REFUSALS`, or one of Hydra's that has no type of its own.
      arguments: that were given; none: those of the command line.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG and composing(error):
        # Hydra looks for it among its files.
        long = os.path.basename(error.filename or "").removesuffix(".yaml")
        return one_line(f"there is no key or option {long!r}: --help lists them")
    if isinstance(error, OSError) and error.strerror:
        return one_line(of_file(error))
    if isinstance(error, UserError):
        return one_line(str(error))
    if of_options(error):
        return one_line(f"{_first_line(str(error)).rstrip('!')}; --hydra-help shows the options")
    return one_line(
        _of_choices(error, arguments) or _of_overrides(error, arguments) or _of_value(error)
    )


def _of_choices(error: BaseException, arguments: Sequence[str]) -> str | None:
    """Return what is wrong with the option of a group, if that is it."""
    text = str(error)
    if isinstance(error, MissingConfigException):
        asked = str(error.missing_cfg_file or "")
        group = asked.partition("/")[0]
        if group not in options():  # hydra/launcher
            group = asked.rpartition("/")[0]
        option = asked[len(group) + 1 :]
        found = error.options or options().get(group)
        if group == "tracking" and option == os.environ.get("WANDB_MODE"):
            return f"WANDB_MODE must be one of {', '.join(sorted(found or ()))}, not {option!r}"
        return unknown_option(group, option, found) if found else None
    if text.startswith("Config group override"):
        return _option_that_is_no_text(arguments)
    if twice := re.match(TWICE, text):
        group = twice[1] or twice[2] or twice[3]
        return f"a run has its {group} already: {group}=OPTION, without a +, takes another one"
    return None


def _of_overrides(error: BaseException, arguments: Sequence[str]) -> str | None:
    """Return what is wrong with an override's form or key, if that is it."""
    text = str(error)
    if isinstance(error, RecursionError):
        deepest = max(arguments, key=lambda argument: argument.count("[") + argument.count("{"))
        return f"can't read the override {deepest!r}: its brackets nest too deeply"
    if isinstance(error, OverrideParseException):
        return _unreadable(str(error.override))
    if text.startswith(("Could not override ''", "Could not delete ''")) or not (
        isinstance(error, REFUSALS) or "full_key: " in text
    ):
        return _unreadable(_first_unread(arguments))
    if unknown := re.match(r"Could not override '([^']+)'", text):
        # Of tv={gama: 1} the cause names tv.gama.
        deeper = getattr(error.__cause__ or error.__context__, "full_key", None) or ""
        key = deeper if deeper.startswith(f"{unknown[1]}.") else unknown[1]
        return str(unknown_key(key, options()))
    if away := re.match("Could not delete from config. '([^']+)' does not exist", text):
        if away[1] in keys():
            return f"~{away[1]} takes away what is not there: {away[1]} has no value"
        return str(unknown_key(away[1], options()))
    if there := re.match("Could not append to config. An item is already at '([^']+)'", text):
        return f"there is a key {there[1]} already: {there[1]}=..., without a +, sets it"
    line = _first_line(text)
    if line.startswith(("Ambiguous value", "Sweep parameters")):
        found = line.partition("'")[2].rpartition("'")[0]
        return f"{found} gives several values, and one run takes one: -m runs each in turn"
    return None


def _of_value(error: BaseException) -> str:
    """Return what is wrong with the value of a key."""
    cause = error.__cause__ or (error.__context__ if isinstance(error, HydraException) else None)
    reason = cause if isinstance(cause, OmegaConfBaseException) else error
    line = _first_line(str(reason))
    found = re.search(r"full_key: (\S+)", str(reason))
    key = getattr(reason, "full_key", None) or (found and found[1])
    if key in (None, "_dummy_"):  # the latter is OmegaConf's
        return line
    if isinstance(reason, ConfigKeyError | ConfigAttributeError) and " not in " in line:
        return str(unknown_key(key, options()))
    if key in ("hydra.run.dir", "hydra.sweep.dir"):
        return f"name gives the folder of a run ({key}), which can't be made out: {line}"
    expected = _expected(key)
    if expected and (value := re.match(r"Value ('.*') (of type|is not a valid)", line)):
        return f"{key}{expected}, not {value[1]}"
    return f"{key}{expected}: {line}"


def _first_line(text: str) -> str:
    line = " ".join(text.split("\n")[0].split())
    return re.sub(r"`?<class '([\w.]+)'>`?", r"\1", line)


def _expected(key: str) -> str:
    """Return what the schema says a key takes."""
    if first := first_of(key):
        return f" is a group of keys, set as {first}=..."
    name = key
    while name not in keys() and "." in name:
        name = name.rpartition(".")[0]
    kind: Any = entries()[name].field.type if name in keys() else str
    kinds: dict[Any, str] = {
        float: "a number",
        bool: "true or false",
        str: "text",
        str | None: "text",
        list[str]: "a list of texts",
    }
    return f" must be {kinds[kind]}" if kind in kinds else ""


def _option_that_is_no_text(arguments: Sequence[str]) -> str:
    # Hydra doesn't say which argument it was: the first that names no option of its group.
    for argument in arguments:
        group, _, option = argument.lstrip("+").partition("=")
        if group in options() and option not in options()[group]:
            return unknown_option(group, option, options()[group])
    return _unreadable(_first_unread(arguments))


def _unreadable(override: str) -> str:
    line = f"can't read the override {override!r}: it must look like key=value"
    key, _, value = override.partition("=")
    if not value or not re.fullmatch(r"[\w./@]+", key.lstrip("+~"), re.ASCII):
        return line
    return f"{line}, with quotes about a value that holds more than plain letters: \"{key}='...'\""


def _first_unread(arguments: Sequence[str]) -> str:
    """Return the first argument that Hydra's parser fails at, with whatever error."""
    parser = OverridesParser.create()
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            read = parser.parse_override(argument).key_or_group
        except Exception:
            read = ""
        if not read:
            return argument
    return " ".join(arguments)
