"""chasquid, with Go's TLS: another cipher, and a log of the dialogue."""

from tests.lab.cases import (
    INSIDE,
    WARNING,
    Case,
    Commands,
    implicit,
    logins,
    offer,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="chasquid",
        release=release,
        packages=("chasquid",),
        users=(),
        ports=("smtp", "submission", "submissions"),
        ended=r"-> QUIT",
        told=r"-> (.*?) *\n",
        left="client closed the connection",
    )
    for release in ("bookworm", "trixie")
)

_EHLO = "EHLO client.example"
_COMMANDS = Commands(
    "QUIT", f"{_EHLO} QUIT", f"{_EHLO} STARTTLS QUIT", f"{_EHLO} STARTTLS {_EHLO} QUIT"
)
_GREETING = "220 mail.example.com ESMTP chasquid"
_HEAD = "8BITMIME, PIPELINING, SMTPUTF8, ENHANCEDSTATUSCODES, SIZE 1048576"
_CLEAR = offer(f"{_HEAD}, STARTTLS, HELP")
_INSIDE = offer(f"{_HEAD}, AUTH PLAIN, HELP")
_TLS = "TLSv1.3, TLS_AES_128_GCM_SHA256, 128 bits"

_LOGINS = 2 * (f"{_EHLO} STARTTLS {_EHLO} AUTH <redacted> QUIT",)

_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE, _TLS),
    *with_starttls("submission", _COMMANDS, _GREETING, _CLEAR, _INSIDE, _TLS),
    *implicit("submissions", _COMMANDS, _GREETING, _INSIDE, _TLS),
    *logins("submission", _LOGINS, "535 5.7.8 Incorrect user or password"),
    Case(
        "smtp",
        "starttls",
        "--min-bits 256",
        WARNING,
        f"cipher: TLS_AES_128_GCM_SHA256 has 128 bits, not 256; encrypts with {_TLS} in T s",
        f"{INSIDE} bits=128;256:;;0",
        _COMMANDS.starttls_ehlo_quit,
    ),
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
