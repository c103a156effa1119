"""Exim with GnuTLS: its log names each command of a session that brought no mail."""

from tests.lab.cases import (
    ASKED,
    CERTIFICATE,
    CRITICAL,
    INSIDE,
    OK,
    ORIGIN,
    STRONG,
    UNKNOWN,
    WARNING,
    Case,
    Commands,
    implicit,
    logins,
    no_encryption,
    offer,
    recipients,
    relay,
    turned_away,
    with_starttls,
)
from tests.lab.server import Server

SERVERS = tuple(
    Server(
        kind="exim",
        release=release,
        packages=("exim4-daemon-light",),
        users=("Debian-exim",),
        ports=(
            *("smtp", "smtps", "busy", "refusing", "chatty", "broken_tls"),
            *("greylisting", "catch_all", "open_relay"),
        ),
        ended=r"no MAIL in SMTP connection from|rejected connection in"
        r"|incomplete transaction|(?s:rejected MAIL .*? closed by QUIT)",
        told=r"(?:no MAIL in SMTP connection from .* C=|incomplete transaction \()([A-Z,]+)",
        left="SMTP connection from (client.example) [127.0.0.1] lost D=0s",
    )
    for release in ("bullseye", "bookworm", "trixie")
)

_COMMANDS = Commands("QUIT", "EHLO,QUIT", "EHLO,STARTTLS,QUIT", "EHLO,STARTTLS,EHLO,QUIT")
_GREETING = "220 mail.example.com ESMTP Exim VERSION"
_LOGINS = 2 * ("EHLO,STARTTLS,EHLO,AUTH,QUIT",)
_LOGINS_TLS = 2 * ("EHLO,AUTH,QUIT",)
_CLEAR = {
    "bullseye": offer(
        "SIZE 204800, 8BITMIME, PIPELINING, PIPE_CONNECT, CHUNKING, STARTTLS, SMTPUTF8, HELP"
    ),
    "bookworm": offer(
        "SIZE 204800, 8BITMIME, PIPELINING, PIPECONNECT, CHUNKING, STARTTLS, SMTPUTF8, HELP"
    ),
    "trixie": offer(
        "SIZE 204800, LIMITS MAILMAX=1000 RCPTMAX=50000, 8BITMIME, PIPELINING, PIPECONNECT, "
        "CHUNKING, STARTTLS, SMTPUTF8, HELP"
    ),
}
_INSIDE = {
    "bullseye": offer(
        "SIZE 204800, 8BITMIME, PIPELINING, PIPE_CONNECT, AUTH LOGIN PLAIN, CHUNKING, SMTPUTF8, "
        "HELP"
    ),
    "bookworm": offer(
        "SIZE 204800, 8BITMIME, PIPELINING, PIPECONNECT, AUTH LOGIN PLAIN, CHUNKING, SMTPUTF8, "
        "HELP"
    ),
    "trixie": offer(
        "SIZE 204800, LIMITS MAILMAX=1000 RCPTMAX=50000, 8BITMIME, PIPELINING, PIPECONNECT, "
        "AUTH LOGIN PLAIN, CHUNKING, SMTPUT...",
        number=9,
    ),
}

_GOOD = "--accept good@example.com"
_RECIPIENTS = (
    recipients(
        "smtp",
        f"{_GOOD} --control-probe",
        OK,
        'takes mail for good@example.com (no catch-all) in T s: "250 Accepted"',
        (1, 0, 0),
        "RSET",
    ),
    # which may mean the user and may mean the domain
    recipients(
        "smtp",
        "--accept nobody@example.com",
        CRITICAL,
        f'unknown-user: nobody@example.com is refused: "550 Unrouteable address" {ORIGIN}',
        (0, 0, 1),
        "RSET",
    ),
    recipients(
        "smtp",
        f"{_GOOD},postmaster --reject nobody@example.com,a@example.org",
        OK,
        "accepts 2, defers 0, refuses 2 of 4 recipients in T s",
        (2, 0, 2),
        "RSET",
    ),
    recipients(
        "smtp",
        f"{_GOOD} --size 300000",
        WARNING,
        'size: no recipient was asked: MAIL answered with "552 Message size exceeds maximum '
        f'permitted", for the size of the message {ORIGIN}',
        (0, 0, 0),
        "",
    ),
    recipients(
        "greylisting",
        _GOOD,
        WARNING,
        'greylisted: good@example.com is refused: "451 Greylisted, please come back later" '
        f"{ORIGIN}",
        (0, 1, 0),
        "RSET",
    ),
    recipients(
        "catch_all",
        f"{_GOOD} --control-probe",
        WARNING,
        "catch-all: check-smtp-RANDOM@example.com is accepted too, so that acceptance proves "
        'nothing: "250 Accepted"; takes mail for good@example.com in T s: "250 Accepted"',
        (1, 0, 0),
        "RSET",
    ),
    relay("smtp", "", OK, 'refuses to relay in T s: "550 relay not permitted"', "RSET"),
    relay(
        "open_relay",
        "",
        UNKNOWN,
        "trusted: mail from relay-test@example.net for relay-test@example.org is accepted: "
        '"250 Accepted", but servers trust clients with a loopback address, so it proves nothing '
        f"{ORIGIN}",
        "RSET",
    ),
)


def cases(server: Server) -> tuple[Case, ...]:
    """The versions differ in what they offer."""
    clear, inside = _CLEAR[server.release], _INSIDE[server.release]
    return (
        *with_starttls("smtp", _COMMANDS, _GREETING, clear, inside),
        *implicit("smtps", _COMMANDS, _GREETING, inside),
        *with_starttls(
            "chatty",
            _COMMANDS,
            "220 mail.example.com speaks / of many things / before it listens",
            clear,
            inside,
        ),
        *turned_away("busy", "unavailable", "451 too many of your kind", ""),
        *turned_away("refusing", "reject", "550 no mail from you / second line of the reason", ""),
        *no_encryption(
            "broken_tls",
            'unavailable: STARTTLS answered with "454 TLS currently unavailable" (we came from '
            "127.0.0.1 as client.example)",
            ASKED,
            "EHLO,STARTTLS,QUIT",
            (
                "TLS error on connection from (client.example) [127.0.0.1] (cert/key setup: "
                "cert=/tls/none.pem key=/tls/ecdsa.key): Error while reading file.",
            ),
        ),
        Case(
            "smtp",
            "starttls",
            "--refuse-version TLSv1,TLSv1.1",
            CRITICAL,
            "tls-version: TLSv1 is accepted; tls-version: TLSv1.1 is accepted; encrypts with "
            f"{STRONG}",
            f"{INSIDE} bits=256;128:;;0",
            "EHLO,STARTTLS,EHLO,QUIT EHLO,STARTTLS,QUIT EHLO,STARTTLS,QUIT",
            sessions=3,
        ),
        *_RECIPIENTS,
        *logins("smtp", _LOGINS, "535 Incorrect authentication data"),
        *logins(
            "smtp", _LOGINS, "535 Incorrect authentication data", "--mechanism LOGIN", "LOGIN"
        ),
        *logins("smtps", _LOGINS_TLS, "535 Incorrect authentication data", "--tls"),
        Case(
            "smtp",
            "auth",
            f"{CERTIFICATE} -U sick --password-file /tls/password",
            WARNING,
            'tempfail: AUTH answered with "435 Unable to authenticate at present" (we came from '
            "127.0.0.1 as client.example)",
            f"{INSIDE} time_auth=Ts;;;0",
            _LOGINS[0],
        ),
    )
