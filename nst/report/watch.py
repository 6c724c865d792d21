"""``nst report DIR --watch``: the report's page, kept up to date while a sweep runs."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from nst.base import locks
from nst.base.errors import UserError
from nst.report import voted
from nst.report.loopback import Loopback
from nst.rundir import planned, runs, votes

#: Served here where it is free, so that the page's address stays the same from day to day.
PORT = 8642

#: Seconds between looks at the folders.
PAUSE = 2.0


def watch(
    folders: Iterable[Path],
    root: Path,
    write: Callable[[], object],
    say: Callable[[str], None],
    ended: Callable[[], bool] = lambda: False,
    opened: Callable[[str], None] | None = None,
) -> None:
    """Serve a report on this machine alone, and write it anew whenever a run has changed.

    Args:
      folders: with runs.
      root: the folder that the report has been written to; nothing outside it is served.
      write: writes the report.
      say: tells the user something, a line at a time.
      ended: asked again and again; true ends it. By default Ctrl-C does.
      opened: is called once with the page's address; none: nothing opens it.
    """
    written, took = stamp(folders), 0.0
    server = Server(root, written)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    say(f"{address}  (Ctrl-C ends it)")
    if opened:
        opened(address)
    try:
        while not ended():
            # A large report is written less often, or it would take the sweep's cores.
            time.sleep(max(PAUSE, 3 * took))
            now = stamp(folders)
            if now == written:
                continue
            began = time.monotonic()
            try:
                write()
                server.version = now
            except UserError as error:
                say(f"nst: {error}")
            written, took = now, time.monotonic() - began
    finally:
        server.shutdown()
        server.server_close()


def wait_for_a_run(folders: Iterable[Path], say: Callable[[str], None]) -> None:
    """Wait until there is a run below one of the folders, which need not exist yet.

    Args:
      folders: with runs, or where they will be.
      say: tells the user something, a line at a time.
    """
    several = list(folders)
    told = False
    while next(runs.folders(one for one in several if one.is_dir()), None) is None:
        if not told:
            say(f"waiting for the first run in {', '.join(map(str, several))}  (Ctrl-C ends it)")
            told = True
        time.sleep(PAUSE)


def stamp(folders: Iterable[Path]) -> str:
    """Return a text that changes when a run below `folders` begins, goes on, ends or goes, or is
    voted on.

    Args:
      folders: with runs, some of them perhaps at work.
    """
    several, digest = list(folders), hashlib.sha256()
    found = sorted(runs.folders(several))
    for folder in found:
        digest.update(f"{folder}\0{_looks(folder / 'run.json')}".encode("utf-8", "replace"))
        if (folder / locks.LOCK).exists():
            looks = _looks(folder / "history.csv"), locks.is_at_work(folder)
            digest.update(repr(looks).encode())
    digest.update(f"{planned.waiting(several, found)}".encode())
    base = Path(os.path.commonpath([os.path.abspath(folder) for folder in several]))
    for folder in voted.holding([*several, *found], base):
        digest.update(repr(_looks(folder / votes.FILE)).encode())
    return digest.hexdigest()


def _looks(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class Server(Loopback):
    """Serves the files of a folder to browsers on this machine."""

    def __init__(self, root: Path, version: str):
        """Listen on the loopback address.

        Args:
          root: the folder; nothing outside it is served, also where a link leads there.
          version: of the report; the page asks for it and loads itself anew when it changes.
        """
        self.root = root.resolve()
        self.version = version
        super().__init__(PORT, partial(_Handler, directory=str(self.root)))


class _Handler(SimpleHTTPRequestHandler):
    server: Server

    def send_head(self) -> Any:
        if not self.server.is_meant(self):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if self.path == "/version.txt":
            return self._version()
        try:
            found = Path(self.translate_path(self.path)).resolve()
            inside = found.is_relative_to(self.server.root)
        except (OSError, ValueError, RuntimeError):  # a NUL, or a loop of links
            inside = False
        if not inside or (found.is_dir() and found != self.server.root):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _version(self) -> None:
        text = self.server.version.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(text)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *values: Any) -> None:
        pass
