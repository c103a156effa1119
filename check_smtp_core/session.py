"""One SMTP session with one address: the only module that touches a connection's socket.

Rule: the clock is looked at before every recv(), and every wait gets what is left of the one
deadline; a command is one write, followed by one full reply; QUIT goes out whenever no reply is
owed. What goes wrong leaves as SessionEnded, and the stopwatch knows the phase.
"""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EAFNOSUPPORT, ECONNRESET, EINPROGRESS
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from check_smtp_core import verdicts
from check_smtp_core.address import Address, ehlo_name
from check_smtp_core.conversation import Conversation
from check_smtp_core.deadline import Deadline, OutOfTime, Stopwatch
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.missing import missing_module
from check_smtp_core.reply import Capabilities, ProtocolError, Reply, read_capabilities
from check_smtp_core.text import decoded, printable

if TYPE_CHECKING:
    from check_smtp_core.engine import Agreed, Engine
    from check_smtp_core.options import Options

QUIT_SECONDS = 1.0
"""How long the reply to QUIT is waited for, at most."""

Outcome = TypeVar("Outcome")

_CHUNK = 65536
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_HELLO = ("EHLO", "LHLO", "HELO")
_EHLO_UNKNOWN = (500, 502, 504)


class _Lost(Exception):
    """The connection is gone; `reset` tells a reset from an orderly end."""

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class Hello(NamedTuple):
    """The answer to EHLO (or LHLO); `refused` is its refusal when only HELO was accepted."""

    capabilities: Capabilities
    refused: Reply | None = None


class Spoken(NamedTuple):
    """One line of the dialogue: seconds since the start, `S` or `C`, and the line itself."""

    seconds: float
    speaker: str
    line: str


class Session:
    """One SMTP session with one address, from connect() to quit().

    `notes` are the findings that every check reports, `dialogue` is what was said, `engine` is
    the TLS engine once a handshake has begun, `agreed` what it agreed on; `local` and `ehlo_name`
    are who we were.
    """

    def __init__(
        self,
        address: Address,
        options: "Options",
        deadline: Deadline,
        stopwatch: Stopwatch,
        new_engine: "Callable[[], Engine] | None" = None,
    ) -> None:
        self.address = address
        self.local = ""
        self.ehlo_name = options.ehlo_name
        self.agreed: Agreed | None = None
        self.notes: list[Finding] = []
        self.dialogue: list[Spoken] = []
        self._options = options
        self._deadline = deadline
        self._stopwatch = stopwatch
        self.engine: Engine | None = None
        self._new_engine = new_engine
        self._socket: socket.socket | None = None
        self._conversation = Conversation()
        self._said_hello = False
        self._usable = False
        self._was_reset = False
        self._misunderstood = False
        self._fed = b""

    @property
    def origin(self) -> str:
        """Who we were for the server: our address and, once it was said, our EHLO name."""
        by_name = f" as {self.ehlo_name}" if self._said_hello else ""
        return f"we came from {self.local}{by_name}"

    # -- the phases, in their order

    def connect(self, deadline: Deadline) -> None:
        """Connect before this deadline, which is the address's share of the run's.

        SessionEnded with `connect`, `no-route` or `local`; OutOfTime when nobody answered.
        """
        self._socket = self._new_socket()
        number = self._socket.connect_ex(self.address.sockaddr)
        if number == EINPROGRESS:
            self._wait(select.POLLOUT, deadline)
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # A refusal would be ECONNREFUSED: this connection stood, and was reset since. What the
        # server said before may still be read.
        self._was_reset = number == ECONNRESET
        if number and not self._was_reset:
            raise SessionEnded(verdicts.unreached(number, str(self.address)))
        self.local = str(self._socket.getsockname()[0])
        self.ehlo_name = self.ehlo_name or ehlo_name(self.local)
        self._usable = True
        if self._options.proxy_protocol:
            self._send(self._proxy_header(self._options.proxy_protocol))

    def greeting(self) -> Reply:
        """The greeting, whatever its code; under implicit TLS after the handshake."""
        if self._options.tls_mode == "implicit":
            self._handshake(greeting_due=True)
        with self._phase("greeting"):
            reply = self._reply()
        self.notes += verdicts.about_greeting(reply)
        return reply

    def welcome(self) -> Reply:
        """The greeting of a server that lets us in. SessionEnded for any code but 2yz.

        A 2yz code other than 220 is a finding, but no reason not to go on.
        """
        reply = self.greeting()
        if reply.code != 220:
            finding = verdicts.refused("greeting", reply, 220, self.origin)
            if reply.code // 100 != 2:
                raise SessionEnded(finding)
            self.notes.append(finding)
        return reply

    def hello(self) -> Hello:
        """Say EHLO (LHLO); HELO where EHLO is unknown. SessionEnded when we are turned away."""
        phase = "ehlo_tls" if self.agreed and self._options.tls_mode == "starttls" else "ehlo"
        refused = None
        with self._phase(phase):
            verb = "LHLO" if self._options.lmtp else "EHLO"
            reply = self._command(verb, self.ehlo_name)
            if reply.code in _EHLO_UNKNOWN and verb == "EHLO":
                refused, verb = reply, "HELO"
                reply = self._command(verb, self.ehlo_name)
        if reply.code // 100 != 2:
            place = phase if verb == "EHLO" else verb.lower()
            raise SessionEnded(verdicts.refused(place, reply, 250, self.origin))
        self.notes += verdicts.about_reply(phase, reply)
        if refused:
            self.notes.append(verdicts.helo_only(refused))
            return Hello(Capabilities(reply.lines[0]), refused)
        capabilities = read_capabilities(reply)
        self.notes += verdicts.about_capabilities(phase, capabilities)
        return Hello(capabilities)

    def starttls(self, hello: Hello) -> "Agreed":
        """Start TLS (RFC 3207), as far as the handshake; everything learnt before is void.

        SessionEnded with `no-starttls`, `injection`, or what the refusal or handshake was.
        """
        if not hello.capabilities.offers("STARTTLS"):
            raise SessionEnded(verdicts.no_starttls(hello.capabilities))
        with self._phase("starttls"):
            reply = self._command("STARTTLS")
        if reply.code != 220:
            raise SessionEnded(verdicts.refused("starttls", reply, 220, self.origin))
        self.notes += verdicts.about_reply("starttls", reply)
        return self._handshake(greeting_due=False)

    def quit(self) -> None:
        """Leave with QUIT where the server listens, and close. Nothing here changes a verdict."""
        if self._socket is None:
            return
        deadline = self._deadline
        try:
            if self._usable and not self._conversation.reply_due:
                if (finding := self._unsolicited()) is not None:
                    self.notes.append(finding)
                self._deadline = deadline.within(QUIT_SECONDS)
                self._exchange("QUIT")
                if self.engine and self.agreed:
                    self.engine.close()
                    self._send(self.engine.drain())
        except (OutOfTime, ProtocolError, SessionEnded, _Lost):
            pass
        finally:
            self._deadline = deadline
            self._socket.close()
            self._socket = None

    def again(self, new_engine: "Callable[[], Engine]") -> "Session":
        """A further session with the same address, connected; this one must be over.

        Its times are in no perfdata, its dialogue is added to this one's. SessionEnded where it
        cannot be made.
        """
        stopwatch = Stopwatch()
        stopwatch.start = self._stopwatch.start
        session = Session(self.address, self._options, self._deadline, stopwatch, new_engine)
        session.dialogue = self.dialogue
        try:
            session.connect(self._deadline)
        except OutOfTime:
            session.quit()
            silent = [str(self.address)]
            raise SessionEnded(verdicts.unanswered(silent, self._options.timeout)) from None
        return session

    # -- commands and replies

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        """Time a phase, and give what goes wrong in it its finding."""
        try:
            with self._stopwatch.time(name):
                yield
        except ProtocolError as error:
            # What follows is the rest of the same garbage.
            self._misunderstood = True
            raise SessionEnded(verdicts.not_understood(name, error)) from None
        except (OutOfTime, _Lost) as end:
            if (garbage := self._conversation.cut_short()) is not None:
                raise SessionEnded(verdicts.not_understood(name, garbage)) from None
            said = self._conversation.said_so_far()
            if isinstance(end, _Lost):
                raise SessionEnded(verdicts.lost(name, end.reset, said)) from None
            raise SessionEnded(verdicts.silence(name, self._options.timeout, said)) from None

    def _command(self, verb: str, argument: str = "") -> Reply:
        if (finding := self._unsolicited()) is not None:
            if finding.name == "unavailable":
                raise SessionEnded(finding)
            self.notes.append(finding)
        return self._exchange(verb, argument)

    def _exchange(self, verb: str, argument: str = "") -> Reply:
        octets = self._conversation.command(verb, argument)
        self._said_hello = self._said_hello or verb in _HELLO
        self._spoken("C", decoded(octets))
        self._write(octets)
        return self._reply()

    def _reply(self) -> Reply:
        while (reply := self._conversation.next_reply()) is None:
            self._conversation.receive_data(self._read())
        for line in reply.lines[:-1]:
            self._spoken("S", f"{reply.code}-{line}")
        self._spoken("S", f"{reply.code} {reply.lines[-1]}")
        return reply

    def _unsolicited(self) -> Finding | None:
        """What arrived though no reply was due; left alone, it would pass for the next reply."""
        octets = self._arrived().strip(b"\r\n")
        if not octets or self._misunderstood:
            return None
        self._spoken("S", decoded(octets))
        return verdicts.unsolicited(octets, self._stopwatch.last_completed(), self.origin)

    def _arrived(self) -> bytes:
        """Take what has come by now and belongs to no reply; never wait for more."""
        try:
            if self.engine and self.agreed:
                self._conversation.receive_data(self._tls_step(self.engine.read) or b"")
            if self._ready():
                octets = self._receive()
                if self.engine and self.agreed:
                    self.engine.feed(octets)
                    octets = self._tls_step(self.engine.read) or b""
                self._conversation.receive_data(octets)
        except (_Lost, OutOfTime):
            pass  # whoever waits for the next reply will meet it again
        return self._conversation.take_unsolicited()

    def _spoken(self, speaker: str, line: str) -> None:
        seconds = self._stopwatch.since_start()
        self.dialogue.append(Spoken(seconds, speaker, line.rstrip("\r\n")))

    # -- octets, in clear text or through the TLS engine

    def _read(self) -> bytes:
        if self.engine is None or self.agreed is None:
            return self._receive()
        while (octets := self._tls_step(self.engine.read)) is None:
            self._fed = self._receive()
            self.engine.feed(self._fed)
        if not octets:
            raise _Lost(reset=False)
        return octets

    def _write(self, octets: bytes) -> None:
        if self.engine and self.agreed:
            self.engine.write(octets)
            octets = self.engine.drain()
        self._send(octets)

    def _handshake(self, greeting_due: bool) -> "Agreed":
        engine = self._made_engine()
        if not greeting_due and (injected := self._arrived()):
            self._usable = False
            raise SessionEnded(verdicts.injection(injected))
        self.engine = engine
        with self._phase("tls"):
            while not self._tls_step(engine.handshake):
                octets = self._receive()
                self._fed = (self._fed + octets)[:_CHUNK]
                engine.feed(octets)
        self.agreed = engine.agreed()
        self._conversation = Conversation(greeting_due)
        return self.agreed

    def _made_engine(self) -> "Engine":
        """The engine, made when it is needed: a server that turns us away costs no TLS library."""
        assert self._new_engine is not None, "TLS was asked for without an engine"
        try:
            with self._stopwatch.paused():
                return self._new_engine()
        except ImportError as error:
            self._usable = False
            raise SessionEnded(Finding("local", printable(missing_module(error)))) from None

    def _tls_step(self, step: Callable[[], Outcome]) -> Outcome:
        """Take one step of the engine; what it has to say goes out, an alert of ours as well."""
        assert self.engine is not None
        try:
            return step()
        except SessionEnded as ended:
            self._usable = False
            if self._fed[:3].isdigit():
                text = decoded(self._fed)
                raise SessionEnded(verdicts.plain_text_for_tls(text)) from None
            raise ended
        finally:
            self._send(self.engine.drain())

    # -- the socket

    def _new_socket(self) -> socket.socket:
        source = self._options.source_address
        try:
            new = socket.socket(self.address.family, socket.SOCK_STREAM)
        except OSError as error:
            if error.errno == EAFNOSUPPORT:
                raise SessionEnded(verdicts.unreached(EAFNOSUPPORT, str(self.address))) from None
            raise SessionEnded(verdicts.local("a socket could not be made", error)) from None
        new.setblocking(False)
        new.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            try:
                new.bind((source, 0))
            except OSError as error:
                new.close()
                what = f"cannot connect from the source address {source}"
                raise SessionEnded(verdicts.local(what, error)) from None
        return new

    def _proxy_header(self, version: int) -> bytes:
        from check_smtp_core.proxy_protocol import Connection, header

        assert self._socket is not None
        source, source_port = self._socket.getsockname()[:2]
        destination, port = self.address.sockaddr[:2]
        connection = Connection(
            family=self.address.family,
            source=str(source).partition("%")[0],
            source_port=int(source_port),
            destination=str(destination).partition("%")[0],
            destination_port=int(port),
        )
        return header(version, connection)

    def _receive(self) -> bytes:
        """The next octets of the connection. OutOfTime, or _Lost at its end."""
        assert self._socket is not None
        while True:
            self._deadline.left()
            try:
                # Linux forgets it; without it the server's Nagle waits 40 ms for our ACK.
                if _QUICKACK is not None:
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                octets = self._socket.recv(_CHUNK)
            except BlockingIOError:
                self._wait(select.POLLIN, self._deadline)
                continue
            except OSError:
                raise _Lost(reset=True) from None
            if not octets:
                raise _Lost(reset=self._was_reset)
            return octets

    def _send(self, octets: bytes) -> None:
        """Send all octets. A lost connection shows when the reply is read, if not before."""
        assert self._socket is not None
        rest = memoryview(octets)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, self._deadline)
            except OSError:
                return

    def _ready(self) -> bool:
        """Whether there is something to read at this moment."""
        assert self._socket is not None
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def _wait(self, event: int, deadline: Deadline) -> None:
        """Wait until the socket is ready for the event. OutOfTime when it was not."""
        assert self._socket is not None
        poll = select.poll()
        poll.register(self._socket, event)
        if not poll.poll(int(deadline.left() * 1000) + 1):
            raise OutOfTime
