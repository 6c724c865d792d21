"""The server of ``nst choose``: it answers this machine alone, and needs the address's token.

A request names no path of the disk: pictures are asked for by names that say nothing, and only
those names are looked up.
"""

import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from nst.base.errors import UserError, one_line
from nst.choose import page
from nst.choose.ranking import ranking
from nst.choose.session import Session, StaleError
from nst.report.loopback import ADDRESS, Loopback
from nst.rundir import votes

#: Served here where it is free; `nst report --watch` is at the number before it.
PORT = 8643
#: Bytes of a request.
_MOST = 4096
_NAME = 64  # letters of what a browser calls itself and its ballots


class Server(Loopback):
    """Serves the page and the pictures, and takes votes."""

    def __init__(self, session: Session, port: int | None = None):
        """Listen on the loopback address.

        Args:
          session: what is chosen between.
          port: to listen at; none: `PORT`, or another one where it is taken.

        Raises:
          UserError: the port can't be had.
        """
        self.session = session
        self.token = secrets.token_urlsafe(16)
        self.page = page.text(session).encode("utf-8", "replace")
        try:
            super().__init__(PORT if port is None else port, _Handler, exactly=port is not None)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise UserError(
                f"--port {port} can't be had ({why}): name another, or none for one that is free"
            ) from error

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 60  # seconds, so that a silent connection ends
    server_version, sys_version = "nst", ""

    def do_GET(self) -> None:
        self._answer(self._got)

    def do_HEAD(self) -> None:
        self._answer(self._got)

    def do_POST(self) -> None:
        self._answer(self._posted)

    def _answer(self, found: Callable[[str], None]) -> None:
        if not self.server.is_meant(self):
            names = " or ".join(sorted(self.server.names()))
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"This page is at {names} alone.")
        token, slash, rest = urlsplit(self.path).path.lstrip("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            text = "This is not the address that nst choose prints: open that one."
            return self._refuse(HTTPStatus.FORBIDDEN, text)
        return found(rest if slash else "/")

    def _got(self, rest: str) -> None:
        kind, _, name = rest.partition("/")
        if rest == "/":  # without its last slash, from which the page's own addresses go on
            return self._send(HTTPStatus.PERMANENT_REDIRECT, "text/plain", b"", self.server.address)
        if rest == "":
            return self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        data = self.server.session.picture(name) if kind == "picture" else None
        if data is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "There is no such picture any more.")
        png = data.startswith(b"\x89PNG")
        return self._send(HTTPStatus.OK, f"image/{'png' if png else 'jpeg'}", data)

    def _posted(self, rest: str) -> None:
        # A page of elsewhere would have to guess the token; its browser says where it is from, too.
        origin = self.headers.get("Origin")
        if origin and urlsplit(origin).netloc not in self.server.names():
            return self._refuse(HTTPStatus.FORBIDDEN, "Votes are taken from this page alone.")
        session = self.server.session
        try:
            asked = self._asked()
            browser = _name(asked, "browser")
            if rest == "pair":
                found = session.show(browser)
            elif rest == "vote" and asked.get("answer") in votes.ANSWERS:
                found = session.vote(browser, _name(asked, "ballot"), asked["answer"])
            elif rest == "undo":
                found = session.undo(browser)
            elif rest == "ranking":
                found = ranking(session, everyone=asked.get("everyone") is True)
            else:
                raise ValueError
        except StaleError:
            text = "This pair was answered already, or belongs to another visit."
            return self._refuse(HTTPStatus.CONFLICT, text)
        except UserError as error:
            return self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, one_line(str(error)))
        except (ValueError, RecursionError):
            return self._refuse(HTTPStatus.BAD_REQUEST, "This is nothing that the page asks for.")
        data = json.dumps(found, allow_nan=False).encode()
        return self._send(HTTPStatus.OK, "application/json", data)

    def _asked(self) -> dict[str, Any]:
        size = self.headers.get("Content-Length") or ""
        if not size.isascii() or not size.isdigit() or int(size) > _MOST:
            raise ValueError
        found = json.loads(self.rfile.read(int(size)))
        if not isinstance(found, dict):
            raise ValueError
        return found

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain; charset=utf-8", text.encode("utf-8", "replace"))

    def _send(self, status: HTTPStatus, kind: str, data: bytes, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *values: Any) -> None:
        pass


def _name(asked: dict[str, Any], key: str) -> str:
    found = asked.get(key)
    if not isinstance(found, str) or not 0 < len(found) <= _NAME:
        raise ValueError
    return found
