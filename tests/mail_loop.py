"""A mail system for the tests of the loop: SMTP in, IMAP or a Maildir out, and what may go wrong.

Rule: aiosmtpd takes the messages; `deliver` is what happens to each before the server's reply.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.conftest import Outcome, outcome, run_check
from tests.imap_server import PASSWORD, USER, ImapServer, Ways

Deliver = Callable[[bytes], str | None]
"""Takes a message and gives the reply; None for the usual one."""


class MailLoop:
    """A running mail system; `run` is one run of the check against it.

    `hears` is called for RCPT and QUIT, before the reply.
    """

    def __init__(self, folder: Path, imap: ImapServer) -> None:
        self.imap = imap
        self.inbox = imap.folders["INBOX"]
        self.junk = imap.folders["Junk"]
        self.messages: list[bytes] = []
        self.deliver: Deliver = self.into_inbox
        self.folder = folder
        self.state = folder / "state"
        self.password = folder / "password"
        self.password.write_text(PASSWORD + "\n", encoding="utf-8")
        self.password.chmod(0o600)
        self.smtp = 0
        self.hears: Callable[[str], None] = lambda _: None

    def into_inbox(self, message: bytes) -> None:
        """Deliver at once."""
        self.inbox.add(message)

    def into_junk(self, message: bytes) -> None:
        """Deliver into the folder for junk."""
        self.junk.add(message)

    def nowhere(self, message: bytes) -> None:
        """Take it and drop it."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope
    ) -> str:
        """What aiosmtpd calls for each message."""
        assert isinstance(envelope.content, bytes)
        head = b"Return-Path: <sender>\r\n"
        message = head + envelope.content
        self.messages.append(message)
        return self.deliver(message) or "250 2.0.0 Ok: queued"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """What aiosmtpd calls for each recipient."""
        envelope.rcpt_tos.append(address)
        self.hears("RCPT")
        return "250 2.1.5 Ok"

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802
        """What aiosmtpd calls at the end."""
        self.hears("QUIT")
        return "221 2.0.0 Bye"

    def arguments(self, *more: str) -> list[str]:
        """The command line of a run, with the state file where `more` begins with `state`."""
        words = ["-H", "127.0.0.1", "-p", str(self.smtp), "--ehlo-name", "client.example"]
        words += ["--recipient", "loop@example.com", "--mail-from", "monitor@example.net"]
        words += ["--imap-host", "127.0.0.1", "--imap-port", str(self.imap.port)]
        words += ["--imap-security", "none", "--imap-user", USER]
        words += ["--imap-password-file", str(self.password)]
        if more[:1] == ("state",):
            more = ("--state-file", str(self.state), *more[1:])
        for each in more:  # what is given replaces what stands there
            if each in words:
                at = words.index(each)
                del words[at : at + 2]
        words += more
        return words if "-t" in words else [*words, "-t", "5"]

    def run(self, *more: str) -> Outcome:
        """One run of the check in this process."""
        code, output = run_check("loop", *self.arguments(*more))
        return outcome(code, output.replace(str(self.folder), "FOLDER"), self.smtp)


@contextmanager
def mail_loop(
    folder: Path,
    ways: Ways | None = None,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
) -> Iterator[MailLoop]:
    """The mail system, until the end of the block."""
    with ExitStack() as stack:
        imap = stack.enter_context(ImapServer(tls, implicit, ways))
        loop = MailLoop(folder, imap)
        loop.smtp = stack.enter_context(_smtp_server(loop))
        yield loop


@contextmanager
def _smtp_server(handler: MailLoop) -> Iterator[int]:
    events = asyncio.new_event_loop()
    thread = threading.Thread(target=events.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        def session() -> SMTP:
            return SMTP(handler, loop=events, hostname="mail.example.com", ident="ESMTP")

        return await events.create_server(session, "127.0.0.1", 0)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for each in sessions:
            each.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    try:
        server = asyncio.run_coroutine_threadsafe(start(), events).result(30)
        yield server.sockets[0].getsockname()[1]
        asyncio.run_coroutine_threadsafe(stop(server), events).result(30)
    finally:
        events.call_soon_threadsafe(events.stop)
        thread.join()
        events.close()
