"""OpenSMTPD: that of bookworm cannot do TLS, so there are the ones before and after."""

from tests.lab.cases import Case, Commands, implicit, logins, offer, turned_away, with_starttls
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
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
