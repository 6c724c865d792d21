"""The sources that have a name: those of conf/content, conf/style and conf/network."""

import dataclasses
from pathlib import Path

from nst.base.files import conf_dir
from nst.config.groups import Source


def files(group: str) -> dict[str, Path]:
    """Return the files of a group's options by their names.

    Args:
      group: "content", "style" or "network".
    """
    return {path.stem: path for path in (conf_dir() / group).glob("*.yaml")}


def source(group: str, name: str) -> Source | None:
    """Return the source of a name, or None where there is none.

    Args:
      group: "content", "style" or "network".
      name: "starry" say.
    """
    import yaml  # takes 20 ms, so not before it is needed

    path = files(group).get(name)
    if path is None:
        return None
    values = yaml.safe_load(path.read_bytes())
    parts = [field.name for field in dataclasses.fields(Source)]
    return Source(**{part: values[part] for part in parts if part in values})
