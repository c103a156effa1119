"""One TCP connection, in clear text or through a TLS engine: the only place for a socket.

Rule: the clock is looked at before every recv(), and every wait gets what is left of the one
deadline; so nothing that a server sends, or does not send, outlasts it.
"""

import select
import socket
from collections.abc import Callable
from errno import EAFNOSUPPORT, ECONNRESET, EINPROGRESS
from typing import TYPE_CHECKING, TypeVar

from check_smtp_core import verdicts
from check_smtp_core.address import Address
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import SessionEnded

if TYPE_CHECKING:
    from check_smtp_core.engine import Agreed, Engine

Outcome = TypeVar("Outcome")

_CHUNK = 65536
# change_cipher_spec, alert, handshake, application_data: RFC 8446 5.1
_TLS_RECORDS = range(20, 24)
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class ConnectionLost(Exception):
    """The connection is gone; `reset` tells a reset from an orderly end."""

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class Connection:
    """One TCP connection to one address.

    `deadline` limits every wait; `engine` is the TLS engine once a handshake has begun, `agreed`
    what it agreed on; `usable` is false before the connection and after TLS has failed.
    """

    def __init__(self, address: Address, source_address: str, deadline: Deadline) -> None:
        self.address = address
        self.deadline = deadline
        self.engine: Engine | None = None
        self.agreed: Agreed | None = None
        self.usable = False
        self._was_reset = False
        self._fed = b""
        self._heard_clear_text = False
        self._socket = _new_socket(address, source_address)

    def connect(self, deadline: Deadline) -> str:
        """Connect before this deadline; our own address.

        SessionEnded with `connect` or `no-route`; OutOfTime when nobody answered.
        """
        number = self._socket.connect_ex(self.address.sockaddr)
        if number == EINPROGRESS:
            self._wait(select.POLLOUT, deadline)
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # A refusal would be ECONNREFUSED: this connection stood, and was reset since. What the
        # server said before may still be read.
        self._was_reset = number == ECONNRESET
        if number and not self._was_reset:
            raise SessionEnded(verdicts.unreached(number, str(self.address)))
        self.usable = True
        return str(self._socket.getsockname()[0])

    def send_proxy_header(self, version: int) -> None:
        """Open with a PROXY protocol header that names both ends of this connection."""
        from check_smtp_core.proxy_protocol import Endpoints, header

        source, source_port = self._socket.getsockname()[:2]
        destination, port = self.address.sockaddr[:2]
        ends = Endpoints(
            family=self.address.family,
            source=str(source).partition("%")[0],
            source_port=int(source_port),
            destination=str(destination).partition("%")[0],
            destination_port=int(port),
        )
        self._send(header(version, ends))

    def start_tls(self, engine: "Engine") -> "Agreed":
        """Shake hands. SessionEnded, OutOfTime or ConnectionLost when that fails."""
        self.engine = engine
        while not self._step(engine.handshake):
            octets = self._receive()
            self._fed = (self._fed + octets)[:_CHUNK]
            engine.feed(octets)
        self.agreed = engine.agreed()
        return self.agreed

    def read(self) -> bytes:
        """The next octets from the server. OutOfTime, or ConnectionLost at its end."""
        if self.engine is None:
            return self._receive()
        while (octets := self._step(self.engine.read)) is None:
            self._fed = self._receive()
            self.engine.feed(self._fed)
        if not octets:
            raise ConnectionLost(reset=False)
        return octets

    def read_now(self) -> bytes:
        """What has come by now, without waiting for more; a lost connection shows later."""
        octets = b""
        try:
            if self.engine is not None:
                octets += self._step(self.engine.read) or b""
            if _ready(self._socket):
                received = self._receive()
                if self.engine is not None:
                    self._fed = received
                    self.engine.feed(received)
                    received = self._step(self.engine.read) or b""
                octets += received
        except (ConnectionLost, OutOfTime):
            pass
        return octets

    def write(self, octets: bytes) -> None:
        """Send octets, in one piece. A lost connection shows when the reply is read."""
        if self.engine is not None:
            self.engine.write(octets)
            octets = self.engine.drain()
        self._send(octets)

    def close(self) -> None:
        """Close, with close_notify where there is TLS."""
        try:
            if self.engine is not None and self.agreed and self.usable:
                self.engine.close()
                self._send(self.engine.drain())
        except OutOfTime:
            pass
        finally:
            self._socket.close()

    def _step(self, step: Callable[[], Outcome]) -> Outcome:
        """Take one step of the engine; what it has to say goes out, an alert of ours as well."""
        assert self.engine is not None
        try:
            return step()
        except SessionEnded as ended:
            self.usable = False
            if self._came_in_clear() and " alert " not in ended.finding.text:
                implicit = self.agreed is None and not self._heard_clear_text
                finding = verdicts.plain_text_for_tls(self._fed, implicit)
                raise SessionEnded(finding) from None
            raise
        finally:
            self._send(self.engine.drain())

    def _came_in_clear(self) -> bool:
        """Whether what the engine stumbled over was no TLS at all.

        In a handshake its first octet tells; later a piece may begin within a record.
        """
        if self.agreed is None:
            return bool(self._fed) and self._fed[0] not in _TLS_RECORDS
        return _is_text(self._fed)

    def _receive(self) -> bytes:
        while True:
            self.deadline.left()
            try:
                # Linux forgets it; without it the server's Nagle waits 40 ms for our ACK.
                if _QUICKACK is not None:
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                octets = self._socket.recv(_CHUNK)
            except BlockingIOError:
                self._wait(select.POLLIN, self.deadline)
                continue
            except OSError:
                # The kernel tells it once; a later recv() would see an orderly end.
                self._was_reset = True
                raise ConnectionLost(reset=True) from None
            if not octets:
                raise ConnectionLost(reset=self._was_reset)
            self._heard_clear_text = self._heard_clear_text or self.engine is None
            return octets

    def _send(self, octets: bytes) -> None:
        rest = memoryview(octets)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, self.deadline)
            except OSError as error:
                # Told once only, like the one in _receive().
                self._was_reset = self._was_reset or error.errno == ECONNRESET
                return

    def _wait(self, event: int, deadline: Deadline) -> None:
        if not _poll(self._socket, event, int(deadline.left() * 1000) + 1):
            raise OutOfTime


def _new_socket(address: Address, source_address: str) -> socket.socket:
    """A socket that never blocks, bound to the source address. SessionEnded with `local`."""
    try:
        new = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno == EAFNOSUPPORT:
            raise SessionEnded(verdicts.unreached(EAFNOSUPPORT, str(address))) from None
        raise SessionEnded(verdicts.local("a socket could not be made", error)) from None
    new.setblocking(False)
    new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if source_address:
        try:
            new.bind((source_address, 0))
        except OSError as error:
            new.close()
            what = f"cannot connect from the source address {source_address}"
            raise SessionEnded(verdicts.local(what, error)) from None
    return new


def _is_text(octets: bytes) -> bool:
    """Whether octets begin as a line of text does, and no TLS record."""
    head = octets[:8]
    return bool(head) and all(32 <= octet < 127 or octet in b"\t\r\n" for octet in head)


def _ready(waiting: socket.socket) -> bool:
    return _poll(waiting, select.POLLIN, 0)


def _poll(waiting: socket.socket, event: int, milliseconds: int) -> bool:
    poll = select.poll()
    poll.register(waiting, event)
    return bool(poll.poll(milliseconds))
