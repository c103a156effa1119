"""Dovecot's submission and LMTP services, behind a proxy too. Its log names no commands."""

from typing import NamedTuple

from tests.lab.cases import (
    CLEAR,
    WARNING,
    Case,
    Commands,
    Offer,
    implicit,
    logins,
    offer,
    recipients,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="dovecot",
        release=release,
        packages=("dovecot-core", "dovecot-submissiond", "dovecot-lmtpd"),
        users=("dovecot", "dovenull", "vmail"),
        ports=("submission", "submissions", "behind_proxy", "lmtp", "lmtp_behind_proxy"),
        ended=r"Disconnected: |Login aborted: |Disconnect from ",
        told=r"[Ll]ogg(?:ing|ed) (out)",
        left="Connection closed (no auth attempts",
    )
    for release in ("bookworm", "trixie")
)

_WRONG = "535 5.7.8 Authentication failed."
_COMMANDS = Commands(*4 * ["out"])
_TAIL = "BURL imap, CHUNKING, ENHANCEDSTATUSCODES, SIZE 204800"
_CLEAR = offer(f"8BITMIME, AUTH LOGIN PLAIN SCRAM-SHA-256, {_TAIL}, STARTTLS, PIPELINING")
_INSIDE = offer(f"8BITMIME, AUTH LOGIN PLAIN SCRAM-SHA-256, {_TAIL}, PIPELINING")
_LMTP_CLEAR = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING, STARTTLS")
_LMTP_INSIDE = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING")


class _Version(NamedTuple):
    """What differs: behind a proxy 2.3 takes no client for a local one, which needs no TLS."""

    greeting: str
    clear_behind_proxy: Offer


_VERSIONS = {
    "bookworm": _Version(
        "220 mail.example.com Dovecot (Debian) ready.",
        offer(f"8BITMIME, AUTH SCRAM-SHA-256, {_TAIL}, STARTTLS, PIPELINING"),
    ),
    "trixie": _Version(
        "220 mail.example.com Dovecot ready.",
        _CLEAR,
    ),
}


def cases(server: Server) -> tuple[Case, ...]:
    """Both services, with each version of the PROXY protocol and without."""
    version = _VERSIONS[server.release]
    submission = (_COMMANDS, version.greeting)
    lmtp = (_COMMANDS, version.greeting, _LMTP_CLEAR, _LMTP_INSIDE)
    direct = (
        *with_starttls("submission", *submission, _CLEAR, _INSIDE),
        *implicit("submissions", *submission, _INSIDE),
        *with_starttls("lmtp", *lmtp, options="--lmtp"),
        # its users are whoever is asked for
        recipients(
            "lmtp",
            "--lmtp --accept good@example.com --control-probe",
            WARNING,
            "catch-all: check-smtp-RANDOM@example.com is accepted too, so that acceptance proves "
            'nothing: "250 2.1.5 OK"; takes mail for good@example.com in T s: "250 2.1.5 OK"',
            (1, 0, 0),
            "out",
        ),
    )
    behind_proxy = (
        case
        for proxy in ("--proxy-protocol v1", "--proxy-protocol v2")
        for case in (
            *with_starttls(
                "behind_proxy", *submission, version.clear_behind_proxy, _INSIDE, options=proxy
            ),
            *with_starttls("lmtp_behind_proxy", *lmtp, options=f"--lmtp {proxy}"),
        )
    )
    entering = (
        case
        for port, options, mechanism, clear in (
            ("submission", "", "SCRAM-SHA-256", CLEAR),
            ("submission", "--mechanism PLAIN", "PLAIN", CLEAR),
            ("submissions", "--mechanism LOGIN --tls", "LOGIN", ""),
        )
        # A login opens a session with the relay, which is the server itself here.
        for case in logins(port, ("out out", "out"), _WRONG, options, mechanism, clear, sessions=2)
    )
    return (*direct, *behind_proxy, *entering)
