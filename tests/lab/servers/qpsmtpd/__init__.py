"""qpsmtpd: it listens for early talkers, and names login mechanisms in random order."""

from tests.lab.cases import CLEAR, Case, Commands, logins, offer, with_starttls
from tests.lab.server import Server

SERVERS = (
    Server(
        kind="qpsmtpd",
        release="bookworm",
        packages=("qpsmtpd",),
        users=("qpsmtpd",),
        ports=("smtp",),
        ended=r"click, disconnecting",
        told=r"dispatching (.*)",
        left="",
    ),
)

_EHLO = "EHLO client.example"
_COMMANDS = Commands(
    "QUIT", f"{_EHLO} QUIT", f"{_EHLO} STARTTLS QUIT", f"{_EHLO} STARTTLS {_EHLO} QUIT"
)

_ENTERED = f"{_EHLO} STARTTLS {_EHLO} AUTH PLAIN {{}} QUIT"
_LOGINS = (
    _ENTERED.format("AHVzZXJAZXhhbXBsZS5jb20AcGFzc3dvcmQ="),
    _ENTERED.format("AHVzZXJAZXhhbXBsZS5jb20AbWlzdGFrZW4="),
)
_CASES = (
    *logins(
        "smtp",
        _LOGINS,
        "535 PLAIN authentication failed for user@example.com - auth_flat_file - wrong password",
        "--mechanism PLAIN",
        clear=CLEAR,
    ),
    *with_starttls(
        "smtp",
        _COMMANDS,
        "220 mail.example.com ESMTP qpsmtpd 0.94 ready, send us your mail, but not your spam.",
        offer("PIPELINING, 8BITMIME, STARTTLS, AUTH CRAM-MD5 LOGIN PLAIN"),
        offer("PIPELINING, 8BITMIME, AUTH CRAM-MD5 LOGIN PLAIN"),
    ),
)


def cases(_: Server) -> tuple[Case, ...]:
    """There is one version."""
    return _CASES
