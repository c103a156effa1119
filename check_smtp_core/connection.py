"""One TCP connection, in clear text or through a TLS engine: the only place for a socket.

Rule: nothing blocks; what has to wait is awaited (see tasks.py). The clock is looked at before
every recv(), and every wait gets what is left of the one deadline; so nothing that a server sends,
or does not send, outlasts it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from errno import EAFNOSUPPORT, ECONNRESET, EINPROGRESS

from check_smtp_core import verdicts
from check_smtp_core.address import Address
from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.findings import SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.tasks import READABLE, WRITABLE, is_ready, ready

if TYPE_CHECKING:
    from typing import TypeVar

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
        self._unwaited = 0
        self._fed = b""
        self._heard_clear_text = False
        self._socket = _new_socket(address, source_address)

    async def connect(self, deadline: Deadline) -> str:
        """Connect before this deadline; our own address.

        SessionEnded with `connect` or `no-route`; OutOfTime when nobody answered.
        """
        number = self._socket.connect_ex(self.address.sockaddr)
        if number == EINPROGRESS:
            await ready(self._socket.fileno(), WRITABLE, deadline)
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # A refusal would be ECONNREFUSED: this connection stood, and was reset since. What the
        # server said before may still be read.
        self._was_reset = number == ECONNRESET
        if number and not self._was_reset:
            raise SessionEnded(verdicts.unreached(number, str(self.address)))
        self.usable = True
        return str(self._socket.getsockname()[0])

    async def send_proxy_header(self, version: int) -> None:
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
        await self._send(header(version, ends))

    async def start_tls(self, engine: Engine) -> Agreed:
        """Shake hands. SessionEnded, OutOfTime or ConnectionLost when that fails."""
        self.engine = engine
        while not await self._step(engine.handshake):
            octets = await self._receive()
            self._fed = (self._fed + octets)[:_CHUNK]
            engine.feed(octets)
        self.agreed = engine.agreed()
        return self.agreed

    async def read(self) -> bytes:
        """The next octets from the server. OutOfTime, or ConnectionLost at its end."""
        if self.engine is None:
            return await self._receive()
        while (octets := await self._step(self.engine.read)) is None:
            self._fed = await self._receive()
            self.engine.feed(self._fed)
        if not octets:
            raise ConnectionLost(reset=False)
        return octets

    async def read_now(self) -> bytes:
        """What has come by now, without waiting for more; a lost connection shows later."""
        octets = b""
        try:
            if self.engine is not None:
                decrypted = await self._step(self.engine.read)
                octets += decrypted or b""
            if is_ready(self._socket.fileno(), READABLE):
                received = await self._receive()
                if self.engine is not None:
                    self._fed = received
                    self.engine.feed(received)
                    decrypted = await self._step(self.engine.read)
                    received = decrypted or b""
                octets += received
        except (ConnectionLost, OutOfTime):
            pass
        return octets

    async def write(self, octets: bytes) -> None:
        """Send octets, in one piece. A lost connection shows when the reply is read."""
        if self.engine is not None:
            self.engine.write(octets)
            octets = self.engine.drain()
        await self._send(octets)

    async def close(self) -> None:
        """Close, with close_notify where there is TLS."""
        try:
            if self.engine is not None and self.agreed and self.usable:
                self.engine.close()
                await self._send(self.engine.drain())
        except OutOfTime:
            pass
        finally:
            self._socket.close()

    async def _step(self, step: Callable[[], Outcome]) -> Outcome:
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
            await self._send(self.engine.drain())

    def _came_in_clear(self) -> bool:
        """Whether what the engine stumbled over was no TLS at all.

        In a handshake its first octet tells; later a piece may begin within a record.
        """
        if self.agreed is None:
            return bool(self._fed) and self._fed[0] not in _TLS_RECORDS
        return _is_text(self._fed)

    async def _receive(self) -> bytes:
        if self._unwaited >= _CHUNK:  # who sends without end must not keep the others waiting
            self._unwaited = 0
            await ready(self._socket.fileno(), READABLE, self.deadline)
        while True:
            self.deadline.left()
            try:
                # Linux forgets it; without it the server's Nagle waits 40 ms for our ACK.
                if _QUICKACK is not None:
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                octets = self._socket.recv(_CHUNK)
            except BlockingIOError:
                self._unwaited = 0
                await ready(self._socket.fileno(), READABLE, self.deadline)
                continue
            except OSError:
                # The kernel tells it once; a later recv() would see an orderly end.
                self._was_reset = True
                raise ConnectionLost(reset=True) from None
            if not octets:
                raise ConnectionLost(reset=self._was_reset)
            self._unwaited += len(octets)
            self._heard_clear_text = self._heard_clear_text or self.engine is None
            return octets

    async def _send(self, octets: bytes) -> None:
        rest = memoryview(octets)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await ready(self._socket.fileno(), WRITABLE, self.deadline)
            except OSError as error:
                # Told once only, like the one in _receive().
                self._was_reset = self._was_reset or error.errno == ECONNRESET
                return


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
