"""A syslog of a jail's own: a socket that becomes its /dev/log, and the file that it fills.

Rule: one line for each message, without priority and time.
"""

import re
import socket
import threading
from pathlib import Path

_HEAD = re.compile(rb"<\d+>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?")


class Syslog:
    """Writes what comes to a socket to the end of a log, until close()."""

    def __init__(self, path: Path, log: Path) -> None:
        self._log = log
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        while message := self._socket.recv(65536):
            with self._log.open("ab") as log:
                log.write(_HEAD.sub(b"", message, count=1).rstrip(b"\n\0") + b"\n")

    def close(self) -> None:
        """End it, after all messages that came before."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.connect(self._socket.getsockname())
            last.send(b"")
        self._thread.join()
        self._socket.close()
