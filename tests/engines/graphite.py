"""A Graphite that only notes what it is sent.

Rule: what Icinga 2 could not parse as perfdata never arrives here; that is what it proves.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Graphite(socketserver.ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1 and keeps the path and the value of each metric."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Lines)
        self.metrics: dict[str, float] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.socket.getsockname()[1]
        return port


class _Lines(socketserver.StreamRequestHandler):
    server: Graphite

    def handle(self) -> None:
        for line in self.rfile:
            path, value, _ = line.decode("utf-8").split()
            self.server.metrics[path] = float(value)


@contextmanager
def graphite() -> Iterator[Graphite]:
    """A running Graphite, until the end of the block."""
    with Graphite() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
