"""An SMTP server to measure against, in a process of its own.

Rule: it ends when its standard input does, so that it never outlives the one who started it, and
it imports nothing from beside it, so that it can be started by its path.
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import trustme
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session

NAME = "mail.example.test"

_SECONDS_TO_LEAVE = 5.0


class _Recipients(Sink):
    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if not address.endswith(NAME):
            return "554 5.7.1 Relay access denied"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"


class Ports(NamedTuple):
    """Where the server listens: for plain SMTP with STARTTLS, and for implicit TLS."""

    plain: int
    implicit_tls: int


@contextmanager
def running(address: str, prefix: Sequence[str] = ()) -> Iterator[Ports]:
    """Run the server on this address; `prefix` is a command that starts commands (nsenter).

    RuntimeError if it does not start.
    """
    command = [*prefix, sys.executable, __file__, address]
    with subprocess.Popen(  # noqa: S603 - the command is ours
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the one who started us
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ports = process.stdout.readline().split()
            if len(ports) != 2:
                raise RuntimeError(f"the SMTP server did not start: {' '.join(command)}")
            yield Ports(int(ports[0]), int(ports[1]))
        finally:
            process.stdin.close()
            try:
                process.wait(_SECONDS_TO_LEAVE)
            except subprocess.TimeoutExpired:
                process.kill()


async def _serve(address: str) -> None:
    """Listen on two free ports, print them, and serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(NAME).configure_cert(context)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(
        lambda: SMTP(_Recipients(), hostname=NAME, tls_context=context), address, 0
    )
    implicit = await loop.create_server(
        lambda: SMTP(_Recipients(), hostname=NAME), address, 0, ssl=context
    )
    print(*(server.sockets[0].getsockname()[1] for server in (plain, implicit)), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
