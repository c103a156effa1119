"""An SMTP server for demo and tests: aiosmtpd with STARTTLS and a certificate of its own.

Rule: it listens on free ports of 127.0.0.1 only, and its certificate is made on the spot.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import trustme
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

HOST_NAME = "mail.example.com"
SIZE_LIMIT = 52428800
"""Octets of a message; what the server offers as SIZE."""

_START_SECONDS = 30


class DemoServer(NamedTuple):
    """The ports of a running demo server.

    `smtp` offers STARTTLS, `smtps` is implicit TLS, `busy` turns everybody away with 421.
    """

    smtp: int
    smtps: int
    busy: int


@contextmanager
def running() -> Iterator[DemoServer]:
    """The demo server, until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        servers = asyncio.run_coroutine_threadsafe(_start(), loop).result(_START_SECONDS)
        yield DemoServer(*(server.sockets[0].getsockname()[1] for server in servers))
        asyncio.run_coroutine_threadsafe(_stop(servers), loop).result(_START_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start() -> list[asyncio.Server]:
    loop = asyncio.get_running_loop()
    context = _server_context()

    def smtp() -> SMTP:
        return _smtp(loop, context)

    def smtps() -> SMTP:
        return _smtp(loop, None)

    return [
        await loop.create_server(smtp, "127.0.0.1", 0),
        await loop.create_server(smtps, "127.0.0.1", 0, ssl=context),
        await asyncio.start_server(_turn_away, "127.0.0.1", 0),
    ]


async def _stop(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for session in sessions:
        session.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)


def _smtp(loop: asyncio.AbstractEventLoop, context: ssl.SSLContext | None) -> SMTP:
    return SMTP(
        Sink(),
        loop=loop,
        hostname=HOST_NAME,
        ident="ESMTP demo",
        tls_context=context,
        data_size_limit=SIZE_LIMIT,
    )


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(HOST_NAME, "localhost", "127.0.0.1").configure_cert(context)
    return context


async def _turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reply = f"421 4.7.0 {HOST_NAME} Error: too many connections from 127.0.0.1\r\n"
    writer.write(reply.encode("ascii"))
    writer.close()
