"""A proxy between a check and a server that lets the server's stream through up to an octet, and
then does harm.

Rule: faults are counted in octets of what the server says, so that one can lie anywhere, within a
line or a TLS record; what the client says is carried as it is. One connection at a time.
"""

import socket
import struct
import threading
from enum import Enum
from select import select
from sys import maxsize
from time import monotonic
from typing import NamedTuple

_PATIENCE = 30.0
_CHUNK = 65536


class Kind(Enum):
    """What happens after the octets that go through."""

    NONE = "none"
    CUT = "cut"  # an orderly end; the server sees one as well
    RESET = "reset"
    HALF_CLOSE = "half-close"  # the server says no more, but still hears
    SILENCE = "silence"
    DRIP = "drip"  # one octet at a time, with a pause after each
    DELAY = "delay"  # one pause


class Fault(NamedTuple):
    """One fault after `at` octets of the server's; `seconds` is the length of its pauses."""

    kind: Kind = Kind.NONE
    at: int = 0
    seconds: float = 0.0


class _ClientLeft(Exception):
    """The client closed or reset its connection."""


class FaultProxy:
    """Carries connections from a free port of 127.0.0.1 to a port there.

    `fault` is what the next connection meets. `said` is what the server said in the last one,
    `passed` how many octets of that reached the client; `complaints` holds what must not happen.
    """

    def __init__(self, server: int) -> None:
        self.fault = Fault()
        self.said = b""
        self.passed = 0
        self.complaints: list[str] = []
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "a connection did not end"

    def stream(self) -> bytes:
        """What the server said in the last connection, which is over then."""
        assert self._idle.wait(_PATIENCE), "a connection did not end"
        return self.said

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server), _PATIENCE)
            for each in (client, server):
                each.settimeout(_PATIENCE)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.said, self.passed = b"", 0
            self._idle.clear()
            with client, server:
                _Carriage(self, client, server).carry()
            self._idle.set()


class _Carriage:
    """One connection, from accept to the end of both sides."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._fault = proxy.fault
        self._client = client
        self._server = server
        self._held = b""
        self._server_ended = False

    def carry(self) -> None:
        try:
            self._let_through(self._fault.at if self._fault.kind is not Kind.NONE else maxsize)
            self._harm()
        except _ClientLeft:
            self._leave_server()
        except TimeoutError:
            self._proxy.complaints.append(f"nobody said or ended anything within {_PATIENCE} s")

    def _harm(self) -> None:
        match self._fault.kind:
            case Kind.CUT:
                self._end_client()
                self._leave_server()
                self._ignore_client()
            case Kind.RESET:
                linger = struct.pack("ii", 1, 0)
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._client.close()
                self._leave_server()
            case Kind.HALF_CLOSE:
                self._end_client()
                self._hear_client()
            case Kind.SILENCE:
                self._hear_client()
            case Kind.DRIP:
                while not (self._server_ended and not self._held):
                    self._let_through(self._proxy.passed + 1)
                    self._pause()
                self._let_through(maxsize)
            case Kind.DELAY:
                self._pause()
                self._let_through(maxsize)

    def _let_through(self, limit: int) -> None:
        """Carry both ways until so many octets of the server's have gone through in all."""
        while self._proxy.passed < limit:
            octets = self._held[: limit - self._proxy.passed]
            if octets:
                self._held = self._held[len(octets) :]
                self._send(self._client, octets)
                self._proxy.passed += len(octets)
            elif self._server_ended:
                self._end_client()
                self._hear_client()
            else:
                self._listen(_PATIENCE)

    def _pause(self) -> None:
        """Let the time of a pause pass, in which the client is heard."""
        end = monotonic() + self._fault.seconds
        while (left := end - monotonic()) > 0:
            self._listen(left)

    def _hear_client(self) -> None:
        """Let nothing through any more until the client leaves, which is heard to the end."""
        while True:
            self._listen(_PATIENCE)

    def _ignore_client(self) -> None:
        try:
            while self._client.recv(_CHUNK):
                pass
        except ConnectionResetError:
            pass

    def _listen(self, seconds: float) -> None:
        """Take what either side says within so many seconds.

        _ClientLeft when the client ended; TimeoutError when nothing came in all our patience.
        """
        sides = [self._client] if self._server_ended else [self._client, self._server]
        ready, _, _ = select(sides, [], [], seconds)
        if not ready and seconds >= _PATIENCE:
            raise TimeoutError
        if self._server in ready:
            octets = self._heard(self._server)
            self._held += octets
            self._proxy.said += octets
            self._server_ended = not octets
        if self._client in ready:
            octets = self._heard(self._client)
            if not octets:
                raise _ClientLeft
            self._send(self._server, octets)

    @staticmethod
    def _heard(side: socket.socket) -> bytes:
        try:
            return side.recv(_CHUNK)
        except ConnectionResetError:
            return b""

    def _send(self, side: socket.socket, octets: bytes) -> None:
        try:
            side.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            if side is self._client:
                raise _ClientLeft from None

    def _end_client(self) -> None:
        try:
            self._client.shutdown(socket.SHUT_WR)
        except OSError:
            raise _ClientLeft from None

    def _leave_server(self) -> None:
        """End our side, and hear the server out: it is to see an orderly end, and no reset."""
        try:
            self._server.shutdown(socket.SHUT_WR)
            while octets := self._server.recv(_CHUNK):
                self._proxy.said += octets
        except OSError:
            pass
