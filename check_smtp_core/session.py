"""One SMTP session with one address: its phases, what was said, and QUIT.

Rule: a command is one write, followed by one full reply; a group of commands is one write only
where the server offers PIPELINING. QUIT goes out whenever no reply is owed. What goes wrong leaves
as SessionEnded, and the stopwatch knows the phase.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from check_smtp_core import verdicts
from check_smtp_core.address import Address, ehlo_name
from check_smtp_core.concealment import Concealment
from check_smtp_core.connection import Connection, ConnectionLost
from check_smtp_core.conversation import Conversation
from check_smtp_core.deadline import Deadline, OutOfTime, Pause, Stopwatch
from check_smtp_core.dialogue import Command, Hello, Interrupted, Spoken
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.missing import missing_module
from check_smtp_core.phase import Phase
from check_smtp_core.reply import Capabilities, ProtocolError, Reply, read_capabilities
from check_smtp_core.text import decoded, printable

if TYPE_CHECKING:
    from check_smtp_core.engine import Agreed, Engine
    from check_smtp_core.options import Options

QUIT_SECONDS = 1.0
"""How long the reply to QUIT is waited for, at most."""

_HELLO = ("EHLO", "LHLO", "HELO")
_EHLO_UNKNOWN = (500, 502, 504)
_CHALLENGE = 334


class Session:
    """One SMTP session with one address, from connect() to quit().

    `notes` are the findings that every check reports, `dialogue` is what was said; `local` and
    `ehlo_name` are who we were, `handed_over` whether a message was sent, taken or not. A check
    that began a transaction and will not end it with DATA sets `in_transaction`: then RSET goes
    out before QUIT.
    """

    def __init__(
        self,
        address: Address,
        options: Options,
        deadline: Deadline,
        stopwatch: Stopwatch,
        new_engine: Callable[[], Engine] | None = None,
    ) -> None:
        self.address = address
        self.local = ""
        self.ehlo_name = options.ehlo_name
        self.notes: list[Finding] = []
        self.dialogue: list[Spoken] = []
        self.in_transaction = False
        self.handed_over = False
        self._options = options
        self._deadline = deadline
        self._stopwatch = stopwatch
        self._new_engine = new_engine
        self._connection: Connection | None = None
        self._conversation = Conversation()
        self._said_hello = False
        self._misunderstood = False
        self._awaited = ""
        self._answered = ""
        self._left = False
        self.concealment = Concealment()

    @property
    def origin(self) -> str:
        """Who we were for the server: our address and, once it was said, our EHLO name."""
        by_name = f" as {self.ehlo_name}" if self._said_hello else ""
        return f"we came from {self.local}{by_name}"

    # -- the phases, in their order

    async def connect(self, deadline: Deadline) -> None:
        """Connect before this deadline, which is the address's share of the run's.

        SessionEnded with `connect`, `no-route` or `local`; OutOfTime when nobody answered.
        """
        options = self._options
        self._connection = Connection(self.address, options.source_address, self._deadline)
        self.local = await self._connection.connect(deadline)
        self.ehlo_name = self.ehlo_name or ehlo_name(self.local)
        if options.proxy_protocol:
            await self._connection.send_proxy_header(options.proxy_protocol)

    async def greeting(self) -> Reply:
        """The greeting, whatever its code; under implicit TLS after the handshake."""
        if self._options.tls_mode == "implicit":
            await self._handshake(greeting_due=True)
        with self._phase("greeting"):
            self._awaited = "the greeting inside TLS" if self.agreed else ""
            reply = await self._reply()
        self.notes += verdicts.about_greeting(reply)
        return reply

    async def welcome(self) -> Reply:
        """The greeting of a server that lets us in. SessionEnded for any code but 2yz.

        A 2yz code other than 220 is a finding, but no reason not to go on.
        """
        reply = await self.greeting()
        if reply.code != 220:
            finding = verdicts.refused("greeting", reply, 220, self.origin)
            if reply.code // 100 != 2:
                raise SessionEnded(finding)
            self.notes.append(finding)
        return reply

    async def hello(self) -> Hello:
        """Say EHLO (LHLO); HELO where EHLO is unknown. SessionEnded when we are turned away."""
        phase = "ehlo_tls" if self.agreed and self._options.tls_mode == "starttls" else "ehlo"
        refused = None
        with self._phase(phase):
            verb = "LHLO" if self._options.lmtp else "EHLO"
            reply = await self._command(verb, self.ehlo_name)
            if reply.code in _EHLO_UNKNOWN and verb == "EHLO":
                refused, verb = reply, "HELO"
                self.notes.append(verdicts.no_ehlo(refused, "tried"))
                reply = await self._command(verb, self.ehlo_name)
        # A second greeting in place of the reply means that all later ones are out of step.
        if reply.code // 100 != 2 or reply.code == 220:
            place = phase if verb == "EHLO" else verb.lower()
            raise SessionEnded(verdicts.refused(place, reply, 250, self.origin))
        where = phase if verb == "EHLO" else f"the reply to {verb}"
        self.notes += verdicts.about_reply(where, reply, 250)
        if refused:
            self.notes.remove(verdicts.no_ehlo(refused, "tried"))
            self.notes.append(verdicts.no_ehlo(refused, "accepted"))
            return Hello(Capabilities(reply.lines[0]), refused)
        capabilities = read_capabilities(reply)
        self.notes += verdicts.about_capabilities(where, capabilities)
        return Hello(capabilities)

    async def starttls(self, hello: Hello) -> Agreed:
        """Start TLS (RFC 3207), as far as the handshake; everything learnt before is void.

        SessionEnded with `no-starttls`, `injection`, or what the refusal or handshake was.
        """
        if not hello.capabilities.offers("STARTTLS"):
            raise SessionEnded(verdicts.no_starttls(hello.capabilities))
        with self._phase("starttls"):
            reply = await self._command("STARTTLS")
        if reply.code != 220:
            raise SessionEnded(verdicts.refused("starttls", reply, 220, self.origin))
        self.notes += verdicts.about_reply("starttls", reply, 220)
        return await self._handshake(greeting_due=False)

    async def xclient(self, attributes: str) -> None:
        """Be somebody else from here on (Postfix' XCLIENT), as far as the new greeting.

        EHLO comes next, as in a new session. SessionEnded when it is refused.
        """
        reply = await self.command("xclient", "XCLIENT", attributes)
        if reply.code != 220:
            raise SessionEnded(verdicts.refused("xclient", reply, 220, self.origin))

    async def command(self, phase: str, verb: str, argument: str = "") -> Reply:
        """One command after EHLO, in a phase, and its reply, whatever its code but 421.

        SessionEnded with `unavailable` for 421 (RFC 5321 3.8), or with what broke.
        """
        with self._phase(phase):
            reply = await self._command(verb, argument)
        return self._accepted(phase, reply)

    async def respond(self, phase: str, line: str, verb: str) -> Reply:
        """A line that goes on with a command after its 334, and the reply to it.

        SessionEnded as in command().
        """
        with self._phase(phase):
            reply = await self._command(line, goes_on=verb)
        return self._accepted(phase, reply)

    async def commands(self, group: Sequence[Command], pipelining: bool) -> list[Reply]:
        """Commands and the reply to each, in one write where there is PIPELINING (RFC 2920).

        Interrupted where command() has SessionEnded; what was sent behind a 421 has no replies.
        """
        replies: list[Reply] = []
        try:
            if pipelining:
                await self._pipelined(group, replies)
            else:
                for each in group:
                    replies.append(await self.command(*each))
        except SessionEnded as end:
            raise Interrupted(end.finding, replies) from None
        return replies

    async def _pipelined(self, group: Sequence[Command], replies: list[Reply]) -> None:
        """Send commands in one write, and add the replies as they come."""
        await self._expect_silence()
        octets = b"".join(self._said(each.verb, each.argument) for each in group)
        for number, (phase, verb, _) in enumerate(group):
            with self._phase(phase):
                if number == 0:
                    await self._open.write(octets)
                self._awaited = self._reply_to(verb)
                reply = await self._reply()
            replies.append(self._accepted(phase, reply))

    async def data(self, message: bytes) -> Reply:
        """Send a message, whose lines end in CRLF: the reply to it, or that to DATA if not 354.

        SessionEnded as in command().
        """
        with self._phase("data"):
            reply = await self._command("DATA")
            if reply.code == 354:
                self._spoken("C", f"({len(message)} octets)")
                self.handed_over = True
                await self._open.write(self._conversation.message(message))
                self._awaited = self._reply_to("the message")
                reply = await self._reply()
        return self._accepted("data", reply)

    def paused(self) -> Pause:
        """A context manager whose body is in no time: work of ours that the server waits for."""
        return self._stopwatch.paused()

    async def reset(self) -> Reply | None:
        """RSET behind the last reply that counts, in no time: the reply, if one comes soon.

        A reply other than 250 is out of step, and so is what follows.
        """
        connection = self._open
        self._stopwatch.stop()
        self.in_transaction = False
        if self._conversation.reply_due:
            return None
        try:
            if (finding := await self._unsolicited()) is not None:
                self.notes.append(finding)
            connection.deadline = self._deadline.within(QUIT_SECONDS)
            reply = await self._exchange("RSET")
        except (OutOfTime, ProtocolError, SessionEnded, ConnectionLost):
            return None
        self._misunderstood = self._misunderstood or reply.code != 250
        return reply

    async def quit(self) -> None:
        """Leave with QUIT where the server listens, and close. Nothing here changes a verdict."""
        connection = self._connection
        if connection is None or self._left:
            return
        self._left = True
        try:
            if connection.usable and not self._conversation.reply_due:
                if (finding := await self._unsolicited()) is not None:
                    self.notes.append(finding)
                connection.deadline = self._deadline.within(QUIT_SECONDS)
                if self.in_transaction:
                    await self._exchange("RSET")
                await self._exchange("QUIT")
        except (OutOfTime, ProtocolError, SessionEnded, ConnectionLost):
            pass
        finally:
            await connection.close()

    async def again(self, new_engine: Callable[[], Engine]) -> Session:
        """A further session with the same address, connected; this one must be over.

        Its times are in no perfdata, its dialogue is added to this one's. SessionEnded where it
        cannot be made.
        """
        stopwatch = Stopwatch()
        stopwatch.start = self._stopwatch.start
        session = Session(self.address, self._options, self._deadline, stopwatch, new_engine)
        session.dialogue, session.concealment = self.dialogue, self.concealment
        try:
            await session.connect(self._deadline)
        except OutOfTime:
            await session.quit()
            waited = stopwatch.in_phase()
            raise SessionEnded(verdicts.unanswered([str(self.address)], waited)) from None
        return session

    # -- commands and replies

    def _phase(self, name: str) -> Phase:
        """Time a phase, and give what goes wrong in it its finding."""
        return Phase(name, self._stopwatch.time(name), self._end_of_phase)

    def _end_of_phase(self, name: str, error: BaseException | None) -> Finding | None:
        """What an error in a phase means; None for one that is no business of the session."""
        awaited, self._awaited = self._awaited or name, ""
        if error is None:
            self._answered = awaited
            return None
        if isinstance(error, ProtocolError):
            # What follows is the rest of the same garbage.
            self._misunderstood = True
            error.quote = self.concealment.concealed(error.quote, cut=True)
            return verdicts.not_understood(awaited, error)
        if not isinstance(error, OutOfTime | ConnectionLost):
            return None
        if (garbage := self._conversation.cut_short()) is not None:
            garbage.quote = self.concealment.concealed(garbage.quote, cut=True)
            return verdicts.not_understood(awaited, garbage)
        said = self.concealment.concealed(self._conversation.said_so_far(), cut=True)
        if isinstance(error, ConnectionLost):
            return verdicts.lost(awaited, error.reset, said)
        waited, limit = self._stopwatch.in_phase(), self._options.timeout
        return verdicts.silence(awaited, waited, limit, said)

    async def _command(self, verb: str, argument: str = "", goes_on: str = "") -> Reply:
        await self._expect_silence()
        return await self._exchange(verb, argument, goes_on)

    async def _expect_silence(self) -> None:
        """Note what came though no reply was due. SessionEnded when it was a 421."""
        if (finding := await self._unsolicited()) is not None:
            if finding.name == "unavailable":
                raise SessionEnded(finding)
            self.notes.append(finding)

    async def _exchange(self, verb: str, argument: str = "", goes_on: str = "") -> Reply:
        octets = self._said(verb, argument)
        self._awaited = self._reply_to(goes_on or verb)
        await self._open.write(octets)
        return await self._reply()

    def _said(self, verb: str, argument: str) -> bytes:
        octets = self._conversation.command(verb, argument)
        self._said_hello = self._said_hello or verb in _HELLO
        self._spoken("C", decoded(octets))
        return octets

    def _reply_to(self, verb: str) -> str:
        return self.concealment.own(f"the reply to {verb}{' inside TLS' if self.agreed else ''}")

    def _accepted(self, phase: str, reply: Reply) -> Reply:
        if reply.code == 421:
            self.in_transaction = False
            raise SessionEnded(verdicts.refused(phase, reply, 250, self.origin))
        return reply

    async def _reply(self) -> Reply:
        while (reply := self._conversation.next_reply()) is None:
            self._conversation.receive_data(await self._open.read())
        shown = reply._replace(lines=self.concealment.lines(reply.lines))
        for line in shown.lines[:-1]:
            self._spoken("S", f"{shown.code}-{line}")
        self._spoken("S", f"{shown.code} {shown.lines[-1]}")
        challenged = reply.code == _CHALLENGE and self._stopwatch.phase == "auth"
        return reply if challenged else shown

    async def _unsolicited(self) -> Finding | None:
        """What arrived though no reply was due; left alone, it would pass for the next reply."""
        octets = self.concealment.concealed(
            decoded((await self._arrived()).strip(b"\r\n"))
        ).encode()
        if not octets or self._misunderstood:
            return None
        self._spoken("S", decoded(octets))
        after = self._answered or self._stopwatch.last_completed()
        return verdicts.unsolicited(octets, after, self.origin)

    async def _arrived(self) -> bytes:
        """Take what has come by now and belongs to no reply; never wait for more."""
        self._conversation.receive_data(await self._open.read_now())
        return self._conversation.take_unsolicited()

    def _spoken(self, speaker: str, line: str) -> None:
        seconds = self._stopwatch.since_start()
        self.dialogue.append(Spoken(seconds, speaker, self.concealment.own(line.rstrip("\r\n"))))

    @property
    def tried(self) -> bool:
        """Whether connecting was tried at all."""
        return self._connection is not None

    @property
    def _open(self) -> Connection:
        assert self._connection is not None, "connect() comes first"
        return self._connection

    # -- TLS

    @property
    def engine(self) -> Engine | None:
        """The TLS engine, once a handshake has begun."""
        return self._connection.engine if self._connection else None

    @property
    def agreed(self) -> Agreed | None:
        """What the handshake agreed on, once it is done."""
        return self._connection.agreed if self._connection else None

    async def _handshake(self, greeting_due: bool) -> Agreed:
        engine = self._made_engine()
        if not greeting_due and (injected := await self._arrived()):
            self._open.usable = False
            raise SessionEnded(verdicts.injection(injected))
        with self._phase("tls"):
            agreed = await self._open.start_tls(engine)
        self._conversation = Conversation(greeting_due)
        return agreed

    def _made_engine(self) -> Engine:
        """The engine, made when it is needed: a server that turns us away costs no TLS library."""
        assert self._new_engine is not None, "TLS was asked for without an engine"
        try:
            with self._stopwatch.paused():
                return self._new_engine()
        except (SessionEnded, ImportError) as error:
            self._open.usable = False
            if isinstance(error, SessionEnded):
                raise
            raise SessionEnded(Finding("local", printable(missing_module(error)))) from None
