"""OpenSMTPD: that of bookworm cannot do TLS, so there are the ones before and after."""

from tests.lab.cases import (
    CRITICAL,
    INSIDE,
    OK,
    ORIGIN,
    WARNING,
    Case,
    Commands,
    implicit,
    logins,
    offer,
    recipients,
    relay,
    turned_away,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="opensmtpd",
        release=release,
        packages=("opensmtpd",),
        users=("opensmtpd", "opensmtpq"),
        ports=("smtp", "smtps", "submission", "refusing"),
        ended=r"smtp disconnected",
        told=r"smtp disconnected reason=(\S+)",
        left="smtp disconnected reason=disconnect",
    )
    for release in ("bullseye", "trixie")
)

_COMMANDS = Commands("quit", "quit", "quit", "quit")
_GREETING = "220 mail.example.com ESMTP OpenSMTPD"
_CLEAR = offer("8BITMIME, ENHANCEDSTATUSCODES, SIZE 204800, DSN, STARTTLS, HELP")
_INSIDE = offer("8BITMIME, ENHANCEDSTATUSCODES, SIZE 204800, DSN, HELP")
_LOGIN = offer("8BITMIME, ENHANCEDSTATUSCODES, SIZE 204800, DSN, AUTH LOGIN PLAIN, HELP")

_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    *implicit("smtps", _COMMANDS, _GREETING, _INSIDE),
    *with_starttls("submission", _COMMANDS, _GREETING, _CLEAR, _LOGIN),
    *logins("submission", ("quit", "quit"), "535 Authentication failed"),
    *logins(
        "submission", ("quit", "quit"), "535 Authentication failed", "--mechanism LOGIN", "LOGIN"
    ),
    *turned_away("refusing", "reject", "554 5.7.1 not you", "quit"),
    recipients(
        "smtp",
        "--accept root@example.com --control-probe",
        OK,
        'takes mail for root@example.com (no catch-all) in T s: "250 2.1.5 Destination address '
        'valid: Recipient ok"',
        (1, 0, 0),
        "quit",
    ),
    recipients(
        "smtp",
        "--accept nobody1@example.com",
        CRITICAL,
        'unknown-user: nobody1@example.com is refused: "550 Invalid recipient: '
        f'(nobody1@example.com)" {ORIGIN}',
        (0, 0, 1),
        "quit",
    ),
    # It takes MAIL with any SIZE, whatever it offers.
    recipients(
        "smtp",
        "--accept root@example.com --size 300000",
        WARNING,
        "size: messages up to 204800 octets are taken, not 300000; takes mail for "
        'root@example.com in T s: "250 2.1.5 Destination address valid: Recipient ok"',
        (1, 0, 0),
        "quit",
    ),
    recipients(
        "submission",
        "--starttls --accept root@example.com",
        CRITICAL,
        'policy: no recipient was asked: MAIL answered with "530 5.5.1 Invalid command: Must '
        f'issue an AUTH command first", for a missing login {ORIGIN}',
        (0, 0, 0),
        "quit",
        f"{INSIDE} time_mail=Ts;;;0",
    ),
    # The same words as for a user that it does not know.
    relay(
        "smtp",
        "",
        OK,
        'refuses to relay in T s: "550 Invalid recipient: (relay-test@example.org)"',
        "quit",
    ),
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
