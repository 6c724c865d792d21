"""Fetches a source's file over https, and tells by its checksum whether a file is the right one.

Imports nothing heavy until a file is really fetched.
"""

import contextlib
import functools
import hashlib
import logging
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from nst.base import interrupt, locks
from nst.base.errors import UserError
from nst.config.groups import Source

#: Longest wait in seconds for a connection, and for the next bytes of an answer.
TIMEOUT = 10.0
#: Bytes written at a time.
CHUNK = 2**14
#: A host that took longer than this many seconds to fail isn't asked again by this process: a sweep
#: of hundreds of runs behind a silent firewall would spend hours waiting otherwise.
SLOW = 2.0

_silent: dict[str, str] = {}  # host -> why it can't be reached


class UnreachableError(Exception):
    """Why a source can't be fetched, as the end of a sentence."""


def checked_file_name(source: Source, wanted: str) -> str:
    """Return the file name of a source with a url, once all that fetching needs is in order.

    Args:
      source: from the configuration.
      wanted: how the user asked for it, "style=starry" say; messages begin with it.

    Raises:
      UserError: the source's checksum, file name or url is not allowed.
    """
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


def download(source: Source, target: Path, wanted: str) -> None:
    """Fetch a file by way of a temporary one beside it, so that nobody ever sees half of it.

    Args:
      source: with a url, as `checked_file_name` has found it to be in order.
      target: where the file goes; its folder is made where it is missing.
      wanted: how the user asked for it, "style=starry" say; messages begin with it.

    Raises:
      UnreachableError: there is no such file to be had, or no place for it.
      UserError: the checksum of what came is wrong.
      KeyboardInterrupt: Ctrl-C was pressed.
    """
    import pooch

    def fetch(url: str, temporary: str, _: Any) -> None:
        file = Path(temporary)
        _fetch(url, file, source.name)
        remedy = f"it was deleted, so download the right file to {target}"
        verified(file, source.checksum, f"{wanted}: what {url} serves", remedy)
        file.chmod(0o644)  # temporary files are their owner's, but a cache may be shared

    _check_writable(target.parent)
    host = urlsplit(source.url or "").netloc
    if host in _silent:
        raise UnreachableError(_silent[host])
    pooch.get_logger().setLevel(logging.WARNING)  # the bar already says what is being fetched
    began = time.monotonic()
    try:
        with locks.file_lock(target), interrupt.at_once():
            # Leaves a file alone that another process has fetched meanwhile.
            pooch.retrieve(source.url, source.checksum, target.name, target.parent, None, fetch)
    except (OSError, ValueError) as error:  # ValueError: redirected to what is no url
        why = _reason(error)
        if time.monotonic() - began > SLOW:
            _silent[host] = why
        raise UnreachableError(why) from error


def verified(path: Path, checksum: str | None, what: str, remedy: str) -> str:
    """Return the SHA-256 of a file, or refuse the file where its checksum is another one.

    Args:
      path: of the file.
      checksum: "sha256:" or "md5:" and hex digits; none: every file will do.
      what: the file in words; the message begins with it.
      remedy: what to do about a wrong file; the message ends with it.

    Raises:
      UserError: the checksum is another one.
    """
    sha256 = digest(path, "sha256")
    if checksum is not None:
        kind, _, expected = checksum.lower().partition(":")
        found = sha256 if kind == "sha256" else digest(path, kind)
        if found != expected:
            raise UserError(
                f"{what} has a wrong checksum, expected {kind}:{expected} but found "
                f"{kind}:{found}; {remedy}"
            )
    return sha256


def digest(path: Path, kind: str) -> str:
    """Return the hex digits of a file's checksum; `kind` is "sha256" or "md5"."""
    status = path.stat()
    return _digest(path, kind, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _digest(path: Path, kind: str, changed: int, size: int) -> str:
    # Each run of a sweep asks anew; a file that has not changed is read once.
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"the cache folder {folder} can't be written: {error.strerror or error}"
        raise UnreachableError(why) from error


def _fetch(url: str, file: Path, name: str) -> None:
    """Write what `url` serves to `file`, with a bar in a terminal as soon as there is an answer."""
    import pooch

    bar = _bar(name)
    fetch = pooch.HTTPDownloader(
        progressbar=bar,
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        headers={"Accept-Encoding": "identity"},  # so that Content-Length counts what is written
        hooks={"response": _refuse_downgrade},
    )
    with contextlib.closing(bar) if bar else contextlib.nullcontext():
        fetch(url, str(file), None)


def _bar(name: str) -> Any:
    """Return a progress bar as pooch calls it, None where no terminal shows it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    screen = Console(stderr=True)
    # Without the first, FORCE_COLOR counts as a terminal; a dumb one isn't interactive.
    if not (sys.stderr.isatty() and screen.is_interactive):
        return None
    columns = "{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn()
    return _Bar(name, Progress(*columns, console=screen, transient=True))


class _Bar:
    """Rich's bar under the names that `pooch.HTTPDownloader` calls."""

    def __init__(self, name: str, shown: Any):
        self._shown = shown
        self._task = shown.add_task(f"fetching {name}", total=None)

    @property
    def total(self) -> float | None:
        """Bytes to come, 0 where the server doesn't say; pooch sets it once there is an answer."""
        return self._shown.tasks[0].total

    @total.setter
    def total(self, count: int) -> None:
        self._shown.update(self._task, total=count or None)
        self._shown.start()

    def update(self, count: int) -> None:
        self._shown.advance(self._task, count)

    def reset(self) -> None:
        self._shown.reset(self._task)

    def close(self) -> None:
        self._shown.stop()


def _refuse_downgrade(answer: Any, **_: Any) -> None:
    """Let a redirect lead to https or to the same server; requests asks before it follows one."""
    if answer.is_redirect:
        here, there = answer.url, urljoin(answer.url, answer.headers["location"])
        if urlsplit(there).scheme != "https" and urlsplit(there)[:2] != urlsplit(here)[:2]:
            raise OSError(f"it redirects to {there}, but only https:// is allowed")


def _reason(error: Exception) -> str:
    """Return what went wrong underneath the layers of the network libraries."""
    answer = getattr(error, "response", None)  # the server's answer, where there was one
    if answer is not None and not answer.ok:
        return f"the server answered {answer.status_code} {answer.reason}"
    cause: BaseException = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    return " ".join(str(getattr(cause, "strerror", None) or cause or type(cause).__name__).split())
