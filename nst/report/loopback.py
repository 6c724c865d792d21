"""What serves pages to browsers on this machine, and to no one else."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADDRESS = "127.0.0.1"


class Loopback(ThreadingHTTPServer):
    """Listens on the loopback address alone."""

    daemon_threads = True

    def __init__(self, port: int, handler: Any, *, exactly: bool = False):
        """Listen.

        Args:
          port: to listen at.
          handler: of requests, a class or what makes one.
          exactly: whether that port must be had; otherwise it is another one where it is taken.

        Raises:
          OSError: it can't be had.
        """
        try:
            super().__init__((ADDRESS, port), handler)
        except OSError:
            if exactly:
                raise
            super().__init__((ADDRESS, 0), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away in the middle."""

    def names(self) -> set[str]:
        """Return what a browser may call this server in its Host header.

        A page of elsewhere could reach it under a name of its own that leads to 127.0.0.1.
        """
        return {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}

    def is_meant(self, handler: BaseHTTPRequestHandler) -> bool:
        """Return whether a request calls this server by one of its names.

        Args:
          handler: of the request.
        """
        return handler.headers.get("Host") in self.names()
