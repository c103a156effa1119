"""Exim with GnuTLS: its log names each command of a session that brought no mail."""

from tests.lab.cases import (
    ASKED,
    CERTIFICATE,
    CRITICAL,
    INSIDE,
    STRONG,
    WARNING,
    Case,
    Commands,
    implicit,
    logins,
    no_encryption,
    offer,
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
        ports=("smtp", "smtps", "busy", "refusing", "chatty", "broken_tls"),
        ended=r"no MAIL in SMTP connection from|rejected connection in",
        told=r"no MAIL in SMTP connection from .* C=(\S+)",
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
