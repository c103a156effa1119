"""A server that takes one client after the other, and what it does with each is its heir's."""

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Listener:
    """A context manager: it listens on a free port of 127.0.0.1.

    `patience` is how many seconds a client may keep silent.
    """

    patience = 10.0

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(self.patience)
            # a client that has waited long enough, or gave up on TLS, may be gone at any time
            with suppress(OSError), connection:
                self.answer(connection)

    def answer(self, connection: socket.socket) -> None:
        """Talk to one client. An OSError ends that."""
        raise NotImplementedError
