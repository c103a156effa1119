"""Courier with GnuTLS: extensions with an equals sign. Its log tells of beginnings only."""

from tests.lab.cases import Case, Commands, implicit, offer, with_starttls
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
)


def cases(_: Server) -> tuple[Case, ...]:
    """There is one version."""
    return _CASES
