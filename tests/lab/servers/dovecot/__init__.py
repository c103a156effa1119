"""Dovecot's submission and LMTP services, behind a proxy too. Its log names no commands."""

from typing import NamedTuple

from tests.lab.cases import (
    WARNING,
    Case,
    Commands,
    Offer,
    implicit,
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
        told=r"(Aborted login by logging out|Logged out)",
        left="Connection closed (no auth attempts",
    )
    for release in ("bookworm", "trixie")
)

_LMTP = Commands(*4 * ["Logged out"])
_TAIL = "BURL imap, CHUNKING, ENHANCEDSTATUSCODES, SIZE 204800"
_CLEAR = offer(f"8BITMIME, AUTH LOGIN PLAIN, {_TAIL}, STARTTLS, PIPELINING")
_INSIDE = offer(f"8BITMIME, AUTH LOGIN PLAIN, {_TAIL}, PIPELINING")
_LMTP_CLEAR = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING, STARTTLS")
_LMTP_INSIDE = offer("8BITMIME, CHUNKING, ENHANCEDSTATUSCODES, PIPELINING")


class _Version(NamedTuple):
    """What differs: behind a proxy 2.3 takes no client for a local one, which needs no TLS."""

    greeting: str
    submission: Commands
    clear_behind_proxy: Offer


_VERSIONS = {
    "bookworm": _Version(
        "220 mail.example.com Dovecot (Debian) ready.",
        Commands(*4 * ["Aborted login by logging out"]),
        offer(f"8BITMIME, AUTH, {_TAIL}, STARTTLS, PIPELINING"),
    ),
    "trixie": _Version("220 mail.example.com Dovecot ready.", _LMTP, _CLEAR),
}


def cases(server: Server) -> tuple[Case, ...]:
    """Both services, with each version of the PROXY protocol and without."""
    version = _VERSIONS[server.release]
    submission = (version.submission, version.greeting)
    lmtp = (_LMTP, version.greeting, _LMTP_CLEAR, _LMTP_INSIDE)
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
            "Logged out",
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
    return (*direct, *behind_proxy)
