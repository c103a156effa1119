"""Sendmail: it greets after a pause, and logs the whole dialogue."""

from tests.lab.cases import (
    CRITICAL,
    OK,
    ORIGIN,
    UNKNOWN,
    WARNING,
    Case,
    Commands,
    implicit,
    offer,
    recipients,
    relay,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="sendmail",
        release=release,
        packages=("sendmail-bin", "sendmail-cf", "libsasl2-modules"),
        users=("smmta", "smmsp"),
        ports=("smtp", "smtps", "submission"),
        ended=r"did not issue MAIL/EXPN/VRFY/ETRN|(?s:<-- MAIL .*?--- 221 )",
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

_ROOT = "--accept root@example.com"
_OFFERED = f"{_EHLO} MAIL FROM:<relay-test@example.net> RCPT TO:<relay-test@example.org>"


def _asked(*names: str, size: str = "") -> str:
    group = " ".join(f"RCPT TO:<{name}>" for name in names)
    return f"{_EHLO} MAIL FROM:<>{size} {group} {'' if size else 'RSET '}QUIT"


_RECIPIENTS = (
    recipients(
        "smtp",
        f"{_ROOT} --reject nosuchuser@example.com",
        OK,
        "accepts 1, defers 0, refuses 1 of 2 recipients in T s",
        (1, 0, 1),
        _asked("root@example.com", "nosuchuser@example.com"),
    ),
    recipients(
        "smtp",
        "--accept nosuchuser@example.com",
        CRITICAL,
        'unknown-user: nosuchuser@example.com is refused: "550 5.1.1 (nosuchuser@example.com)... '
        f'User unknown" {ORIGIN}',
        (0, 0, 1),
        _asked("nosuchuser@example.com"),
    ),
    recipients(
        "smtp",
        f"{_ROOT} --size 300000",
        WARNING,
        'size: no recipient was asked: MAIL answered with "552 5.2.3 Message size exceeds fixed '
        f'maximum message size (204800)", for the size of the message {ORIGIN}',
        (0, 0, 0),
        _asked("root@example.com", size=" SIZE=300000"),
    ),
    recipients(
        "submission",
        _ROOT,
        CRITICAL,
        'policy: no recipient was asked: MAIL answered with "530 5.7.0 Authentication required", '
        f"for a missing login {ORIGIN}",
        (0, 0, 0),
        _asked("root@example.com").replace(" RSET", ""),
    ),
    relay(
        "smtp",
        "",
        UNKNOWN,
        "trusted: mail from relay-test@example.net for relay-test@example.org is accepted: "
        '"250 2.1.5 (relay-test@example.org)... Recipient ok", but servers trust clients with a '
        f"loopback address, so it proves nothing {ORIGIN}",
        f"{_OFFERED} RSET QUIT",
    ),
    relay(
        "submission",
        "",
        OK,
        'refuses to relay in T s: "530 5.7.0 Authentication required"',
        f"{_OFFERED} QUIT",
    ),
)

_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    *implicit("smtps", _COMMANDS, _GREETING, _INSIDE),
    *with_starttls("submission", _COMMANDS, _GREETING, _SUBMISSION, _SUBMISSION_INSIDE),
    *_RECIPIENTS,
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
