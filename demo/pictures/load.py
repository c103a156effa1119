"""Clients that send mail: one message after the other, each in a session with STARTTLS.

Rule: a client that is turned away tries again, so that as many ask as there are clients.
"""

import smtplib
import ssl
import threading
import time
from types import TracebackType

_MESSAGE = "Subject: load\r\n\r\n" + ("x" * 70 + "\r\n") * 300
_PAUSE = 0.05


class Load:
    """A context manager; `clients` is how many of them there are at the moment."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE
        self._threads: dict[int, threading.Thread] = {}
        self.clients = 0

    def set(self, clients: int) -> None:
        """Let there be so many clients; those that are too many finish their message."""
        self.clients = clients
        for number in range(clients):
            if number not in self._threads or not self._threads[number].is_alive():
                thread = threading.Thread(target=self._send, args=(number,), daemon=True)
                self._threads[number] = thread
                thread.start()

    def __enter__(self) -> "Load":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clients = 0
        for thread in self._threads.values():
            thread.join()

    def _send(self, number: int) -> None:
        while number < self.clients:
            try:
                with smtplib.SMTP(
                    self._address, local_hostname="client.example.net", timeout=30
                ) as server:
                    server.starttls(context=self._tls)
                    server.sendmail("a@example.net", "b@example.com", _MESSAGE)
            except (OSError, smtplib.SMTPException):
                time.sleep(_PAUSE)
