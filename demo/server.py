"""An SMTP server for demo and tests: aiosmtpd with STARTTLS and certificates made on the spot.

Rule: it listens on free ports of 127.0.0.1 only; its files are in a folder of its own that goes
with it.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import trustme
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST_NAME = "mail.example.com"
DOMAIN = "example.com"
KNOWN = ("postmaster", "alice", "loop")
LATER = "bob"
"""The users of the domain; bob is greylisted."""
SIZE_LIMIT = 52428800
"""Octets of a message; what the server offers as SIZE."""
USER, PASSWORD = "monitor@example.com", "correct horse battery staple"
"""The one login that works."""

_START_SECONDS = 30


class DemoServer(NamedTuple):
    """The ports of a running demo server, and the files with its authority and its password.

    What is sent to it arrives in `maildir`, whoever it is for.

    `smtp` offers STARTTLS, `smtps` is implicit TLS, `busy` turns everybody away with 421;
    `expired` and `unchained` offer STARTTLS with a certificate that has expired, and without the
    intermediate certificate that leads to the authority.
    """

    smtp: int
    smtps: int
    busy: int
    expired: int
    unchained: int
    ca_file: str
    password_file: str
    maildir: str


@contextmanager
def running() -> Iterator[DemoServer]:
    """The demo server, until the end of the block."""
    # aiosmtpd tells at length of handshakes that fail, which is what some checks are for.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        with TemporaryDirectory() as folder:
            contexts = _Contexts(Path(folder))
            maildir = str(Path(folder) / "Maildir")
            start = asyncio.run_coroutine_threadsafe(_start(contexts, maildir), loop)
            servers = start.result(_START_SECONDS)
            smtp, smtps, busy, expired, unchained = (
                server.sockets[0].getsockname()[1] for server in servers
            )
            password = Path(folder) / "password"
            password.touch(0o600)
            password.write_text(f"{PASSWORD}\n", encoding="utf-8")
            files = contexts.ca_file, str(password), maildir
            yield DemoServer(smtp, smtps, busy, expired, unchained, *files)
            asyncio.run_coroutine_threadsafe(_stop(servers), loop).result(_START_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Recipients(Mailbox):
    """Takes mail for those who are known, into one mailbox, and tells others to come later."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """The reply to RCPT."""
        name, _domain, domain = address.partition("@")
        if domain not in ("", DOMAIN):
            return f"554 5.7.1 <{address}>: Relay access denied"
        if name == LATER:
            return f"450 4.2.0 <{address}>: Recipient address rejected: Greylisted"
        if name.lower() not in KNOWN:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"


class _Contexts:
    """The server's TLS contexts: one that is well, and two that are not."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        issuing = authority.create_child_ca()
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        names = (HOST_NAME, "localhost", "127.0.0.1")
        until = datetime.now(timezone.utc) + timedelta(days=60, hours=1)
        well = issuing.issue_cert(*names, not_after=until)
        self.well = _context()
        well.configure_cert(self.well)
        self.expired = _context()
        issuing.issue_cert(*names, not_after=yesterday).configure_cert(self.expired)
        self.unchained = _context()
        leaf = folder / "leaf.pem"
        well.cert_chain_pems[0].write_to_path(str(leaf))
        well.private_key_pem.write_to_path(str(leaf), append=True)
        self.unchained.load_cert_chain(leaf)


def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


async def _start(contexts: _Contexts, maildir: str) -> list[asyncio.Server]:
    loop = asyncio.get_running_loop()
    mailbox = _Recipients(Path(maildir))

    def smtp(context: ssl.SSLContext | None) -> SMTP:
        return SMTP(
            mailbox,
            loop=loop,
            hostname=HOST_NAME,
            ident="ESMTP demo",
            tls_context=context,
            auth_require_tls=context is not None,  # without one it is inside TLS from the start
            data_size_limit=SIZE_LIMIT,
            authenticator=_login,
        )

    async def starttls(context: ssl.SSLContext) -> asyncio.Server:
        return await loop.create_server(lambda: smtp(context), "127.0.0.1", 0)

    return [
        await starttls(contexts.well),
        await loop.create_server(lambda: smtp(None), "127.0.0.1", 0, ssl=contexts.well),
        await asyncio.start_server(_turn_away, "127.0.0.1", 0),
        await starttls(contexts.expired),
        await starttls(contexts.unchained),
    ]


def _login(_: object, __: object, ___: object, ____: str, data: object) -> AuthResult:
    right = data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


async def _stop(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for session in sessions:
        session.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)


async def _turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reply = f"421 4.7.0 {HOST_NAME} Error: too many connections from 127.0.0.1\r\n"
    writer.write(reply.encode("ascii"))
    writer.close()
