"""The files of a recorded run: where they are now, and whether they are still the same."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nst.base import home
from nst.base.errors import UserError
from nst.base.own_files import own_path
from nst.config import blend, places
from nst.images import shapes
from nst.rundir.values import mapping
from nst.sources.download import digest

#: Keys that take one, and what the record calls it.
KEYS = {
    "content.path": "content",
    "style.path": "style",
    "network.weights": "network",
    "init.path": "init",
    "content.mask": "content_mask",
    "style.mask": "style_mask",
}
#: Of these the ones that take a part of a picture as well.
MASKS = ("content.mask", "style.mask")


class Files:
    """The pictures and weights that a recorded run was given by their paths."""

    def __init__(self, folder: Path, fields: Mapping[str, Any]):
        """Look into a record.

        Args:
          folder: of the run.
          fields: of its run.json.
        """
        self._folder = folder
        self._sources = mapping(dict(fields), "sources")

    def own(self, key: str, path: str) -> str:
        """Return the path of a file as it is to be given here and now.

        A relative path is meant from this folder, or from the one that the run was started in.

        Args:
          key: of `KEYS`, or that of a blend.
          path: as the record has it; a name of a blend and a part of a picture stay as they are.

        Raises:
          UserError: the file has moved or changed.
        """
        if key == blend.KEY and not blend.is_file(path):
            return path
        if key in MASKS and shapes.is_shape(path):
            return path
        return self._found(key, path, self._sha256(key, path))

    def place(self, painting: str, place: str) -> str:
        """Return the place of a painting of a blend as it is to be given here and now.

        Raises:
          UserError: it is a file that has moved or changed.
        """
        if not places.is_file(place):
            return place
        known = mapping(self._sources, f"place/{painting}").get("sha256")
        return self._found(blend.KEY, place, known if isinstance(known, str) else None)

    def _found(self, key: str, path: str, known: str | None) -> str:
        tried = [path]
        if not os.path.isabs(os.path.expanduser(path)) and (started := self._started_in()):
            tried.append(os.path.join(started, path))
        there = [one for one in tried if own_path(one).is_file()]
        for one in there:
            if known is None or digest(own_path(one), "sha256") == known:
                return one if one == path else home.short(one) or one
        remedy = f"{key}=FILE gives it anew" if key != blend.KEY else f"{key}=... gives it anew"
        if there:
            raise UserError(
                f"{key}: {there[0]!r} is no longer what {self._folder} was run with, its bytes "
                f"have changed: {remedy}"
            )
        raise UserError(f"{key}: {tried[-1]!r}, which {self._folder} was run with, is no longer "
                        f"there: {remedy}")  # fmt: skip

    def _sha256(self, key: str, path: str) -> str | None:
        name = "style" if key == blend.KEY else KEYS[key]
        source = mapping(self._sources, f"style/{path}") or mapping(self._sources, name)
        found = source.get("sha256")
        return found if isinstance(found, str) and found else None

    def _started_in(self) -> str | None:
        """Return the folder that the run was started in, as Hydra's record has it."""
        import yaml

        try:
            text = (self._folder / ".hydra" / "hydra.yaml").read_bytes()
            folder = yaml.safe_load(text)["hydra"]["runtime"]["cwd"]
            return folder if isinstance(folder, str) else None
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            return None
