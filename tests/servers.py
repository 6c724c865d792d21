"""Servers on this machine whose handlers misbehave."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import TypeVar

BYTES = b"a picture, as far as a checksum can tell" * 5000
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Server(ThreadingHTTPServer):
    """A server that remembers what it was asked for."""

    def __init__(self, handler: type["Quiet"], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.over = threading.Event()  # what ends a handler that waits
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        pass  # the client is gone

    def die(self) -> None:
        """Answer nobody any more: connections are refused from now on."""
        self.over.set()
        self.shutdown()
        self.server_close()


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing, and serves BYTES."""

    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.head()
        self.wfile.write(BYTES)

    def head(self, size: int = len(BYTES)) -> None:
        """Promise so many bytes."""
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()


S = TypeVar("S", bound=HTTPServer)


@contextlib.contextmanager
def running(server: S) -> Iterator[S]:
    """Let a server answer until the block ends."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def serving(handler: type[Quiet], port: int = 0) -> Iterator[Server]:
    """Serve until the end of the block, or until the server dies."""
    server = Server(handler, port)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.die()
