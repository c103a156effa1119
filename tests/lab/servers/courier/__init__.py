"""Courier with GnuTLS: extensions with an equals sign. Its log tells of beginnings only."""

from tests.lab.cases import (
    CRITICAL,
    OK,
    ORIGIN,
    Case,
    Commands,
    implicit,
    offer,
    recipients,
    relay,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = (
    Server(
        kind="courier",
        release="bookworm",
        packages=("courier-mta", "courier-authlib-userdb"),
        users=("courier",),
        ports=("smtp", "smtps", "submission"),
        ended=r"courieresmtpd: started",
        told="",
        left="",
    ),
)

_COMMANDS = Commands("", "", "", "")
_GREETING = "220 mail.example.com ESMTP"
_TAIL = (
    "XVERP Courier, XEXDATA, XSECURITY NONE,STARTTLS, PIPELINING, 8BITMIME, SMTPUTF8, SIZE, DSN"
)
_CLEAR = offer(f"STARTTLS, {_TAIL}")
_INSIDE = offer(f"AUTH CRAM-MD5 LOGIN PLAIN, {_TAIL}")

_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    *implicit("smtps", _COMMANDS, _GREETING, _INSIDE),
    *with_starttls("submission", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    recipients(
        "smtp",
        "--accept nobody1@mail.example.com",
        CRITICAL,
        'unknown-user: nobody1@mail.example.com is refused: "550 User (nobody1) unknown" '
        f"{ORIGIN}",
        (0, 0, 1),
        "",
    ),
    recipients(
        "submission",
        "--accept nobody1@mail.example.com",
        CRITICAL,
        'policy: no recipient was asked: MAIL answered with "535 Authentication required.", for '
        f"a missing login {ORIGIN}",
        (0, 0, 0),
        "",
    ),
    relay("smtp", "", OK, 'refuses to relay in T s: "513 Relaying denied."', ""),
)


def cases(_: Server) -> tuple[Case, ...]:
    """There is one version."""
    return _CASES
