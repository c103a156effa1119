"""Dovecot's submission and LMTP services, behind a proxy too. Its log names no commands."""

from tests.lab.cases import Case, Commands, implicit, offer, with_starttls
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="dovecot",
        release=release,
        packages=("dovecot-core", "dovecot-submissiond", "dovecot-lmtpd"),
        users=("dovecot", "dovenull", "vmail"),
        ports=("submission", "submissions", "behind_proxy", "lmtp", "lmtp_behind_proxy"),
        ended=r"Disconnected: |Disconnect from ",
        told=r"(Aborted login by logging out \(no auth attempts|Logged out)",
        left="Disconnected: Connection closed (no auth attempts",
    )
    for release in ("bookworm", "trixie")
)

_LOGIN = Commands(*4 * ["Aborted login by logging out (no auth attempts"])
_LMTP = Commands(*4 * ["Logged out"])
_GREETING = "220 mail.example.com Dovecot (Debian) ready."
_TAIL = "BURL imap, CHUNKING, ENHANCEDSTATUSCODES, SIZE 204800"
_INSIDE = offer(f"8BITMIME, AUTH LOGIN PLAIN, {_TAIL}, PIPELINING")
_LMTP_CLEAR = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING, STARTTLS")
_LMTP_INSIDE = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING")

_CASES = (
    *with_starttls(
        "submission",
        _LOGIN,
        _GREETING,
        offer(f"8BITMIME, AUTH LOGIN PLAIN, {_TAIL}, STARTTLS, PIPELINING"),
        _INSIDE,
    ),
    *implicit("submissions", _LOGIN, _GREETING, _INSIDE),
    *with_starttls("lmtp", _LMTP, _GREETING, _LMTP_CLEAR, _LMTP_INSIDE, options="--lmtp"),
    *(
        case
        for version in ("v1", "v2")
        for case in (
            *with_starttls(
                "behind_proxy",
                _LOGIN,
                _GREETING,
                offer(f"8BITMIME, AUTH, {_TAIL}, STARTTLS, PIPELINING"),
                _INSIDE,
                options=f"--proxy-protocol {version}",
            ),
            *with_starttls(
                "lmtp_behind_proxy",
                _LMTP,
                _GREETING,
                _LMTP_CLEAR,
                _LMTP_INSIDE,
                options=f"--lmtp --proxy-protocol {version}",
            ),
        )
    ),
)


def cases(_: Server) -> tuple[Case, ...]:
    """The same ones for all versions."""
    return _CASES
