"""Sendmail: it greets after a pause, and logs the whole dialogue."""

from tests.lab.cases import Case, Commands, implicit, offer, with_starttls
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="sendmail",
        release=release,
        packages=("sendmail-bin", "sendmail-cf", "libsasl2-modules"),
        users=("smmta", "smmsp"),
        ports=("smtp", "smtps", "submission"),
        ended=r"did not issue MAIL/EXPN/VRFY/ETRN",
        told=r"<-- (.*)",
        left="--- 421 4.4.1 mail.example.com Lost input channel from localhost [127.0.0.1]",
    )
    for release in ("bullseye", "bookworm", "trixie")
)

_EHLO = "EHLO client.example"
_COMMANDS = Commands(
    "QUIT", f"{_EHLO} QUIT", f"{_EHLO} STARTTLS QUIT", f"{_EHLO} STARTTLS {_EHLO} QUIT"
)
_GREETING = "220 mail.example.com ESMTP Sendmail VERSION, DATE ..."
_HEAD = "ENHANCEDSTATUSCODES, PIPELINING, EXPN, VERB, 8BITMIME, SIZE 204800, DSN"
_CLEAR = offer(f"{_HEAD}, ETRN, AUTH CRAM-MD5, STARTTLS, DELIVERBY, HELP")
_INSIDE = offer(f"{_HEAD}, ETRN, AUTH CRAM-MD5 LOGIN PLAIN, DELIVERBY, ...", number=11)
_SUBMISSION = offer(f"{_HEAD}, AUTH CRAM-MD5, STARTTLS, DELIVERBY, HELP")
_SUBMISSION_INSIDE = offer(f"{_HEAD}, AUTH CRAM-MD5 LOGIN PLAIN, DELIVERBY, HELP")

_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    *implicit("smtps", _COMMANDS, _GREETING, _INSIDE),
    *with_starttls("submission", _COMMANDS, _GREETING, _SUBMISSION, _SUBMISSION_INSIDE),
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
