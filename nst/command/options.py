"""The options of the configuration's groups, and the sentence for one that is not there.

Imports no Hydra, since nst.sweep reads its file before.
"""

import functools
import os
import re
from collections.abc import Iterable

from nst.base.errors import did_you_mean
from nst.base.files import conf_dir
from nst.base.own_files import own_path

#: How a file of the user's own is given in place of an option of a group.
OWN_FILES = {
    "content": "content.path",
    "style": "style.path",
    "network": "network.weights",
    "init": "init=file init.path",
}


@functools.cache
def options() -> dict[str, list[str]]:
    """Return the options of every configuration group."""
    return {
        group.name: sorted(path.stem for path in group.glob("*.yaml"))
        for group in conf_dir().iterdir()
        if group.is_dir() and group.name != "hydra"
    }


def unknown_option(group: str, option: str, found: Iterable[str]) -> str:
    """Return the sentence for an option that a group doesn't have.

    Args:
      group: of the configuration.
      option: what was asked for.
      found: the options that it has.
    """
    allowed = sorted(found)
    if option.endswith((".yaml", ".yml")):
        return (
            f"{group} has no option {option!r}: a file of your own lies in a folder {group}/ and "
            f"is given without its ending, --config-dir=FOLDER {group}=NAME, FOLDER being the one "
            "above"
        )
    a_file = (
        "/" in option or re.search(r"\.[a-zA-Z]\w*$", option) or os.path.isfile(own_path(option))
    )
    if group in OWN_FILES and a_file:
        return (
            f"{group} has no option {option!r}: a file of your own is given as "
            f"{OWN_FILES[group]}={option}"
        )
    hint = did_you_mean(option, allowed)
    return f"{group} has no option {option!r}{hint}; it has {', '.join(allowed)}"
