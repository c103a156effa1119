"""Postfix: everything it can be, from postscreen to a server without a certificate."""

from tests.lab.cases import (
    ASKED,
    CERTIFICATE,
    CLEAR,
    CRITICAL,
    DAYS,
    ENCRYPTED,
    INSIDE,
    INTRODUCED,
    LOGIN,
    OK,
    STRONG,
    WARNING,
    WELL,
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
        kind="postfix",
        release=release,
        packages=("postfix", "libsasl2-modules", "sasl2-bin"),
        users=("postfix", "postdrop"),
        ports=(
            *("smtp", "smtps", "submission", "postscreen", "busy", "refusing", "misconfigured"),
            *("no_certificate", "no_tls", "old_tls", "modern_tls", "client_certificate"),
            *("expired", "incomplete", "behind_proxy", "postscreen_behind_proxy"),
            *("sick_logins", "clear_logins"),
        ),
        ended=r"smtpd\[\d+\]: disconnect from|postscreen\[\d+\]: DISCONNECT",
        told=r"disconnect from \S+ (.*)",
        left="lost connection after EHLO from unknown[127.0.0.1]",
    )
    for release in ("bullseye", "bookworm", "trixie")
)

_COMMANDS = Commands(
    quit="quit=1 commands=1",
    ehlo_quit="ehlo=1 quit=1 commands=2",
    starttls_quit="ehlo=1 starttls=1 quit=1 commands=3",
    starttls_ehlo_quit="ehlo=2 starttls=1 quit=1 commands=4",
)
_FAILED = "ehlo=1 starttls=0/1 commands=1/2"
_ALL_ACCEPTED = " ".join((_COMMANDS.starttls_ehlo_quit, *2 * (_COMMANDS.starttls_quit,)))
_TWO_REFUSED = f"{_COMMANDS.starttls_ehlo_quit} {_FAILED} {_FAILED}"
_LOGINS = (
    "ehlo=2 starttls=1 auth=1 quit=1 commands=5",
    "ehlo=2 starttls=1 auth=0/1 quit=1 commands=4/5",
)
_LOGINS_TLS = ("ehlo=1 auth=1 quit=1 commands=3", "ehlo=1 auth=0/1 quit=1 commands=2/3")
_WRONG = "535 5.7.8 Error: authentication failed: authentication failure"
_NOTHING = Commands("", "", "", "")
_GREETING = "220 mail.example.com ESMTP Postfix"
_TAIL = "ENHANCEDSTATUSCODES, 8BITMIME, DSN, SMTPUTF8, CHUNKING"
_CLEAR = offer(f"PIPELINING, SIZE 204800, VRFY, ETRN, STARTTLS, {_TAIL}")
_INSIDE = offer(f"PIPELINING, SIZE 204800, VRFY, ETRN, {_TAIL}")
_SCREEN = (
    "220 mail.example.com takes a look at you / mail.example.com ESMTP Postfix",
    offer(f"SIZE 204800, VRFY, ETRN, STARTTLS, {_TAIL}"),
    offer(f"SIZE 204800, VRFY, ETRN, {_TAIL}"),
)
_NO_CIPHER = "tls-handshake: the server finds no common cipher, or wants a client certificate"
_OLD = "TLSv1.1, ECDHE-ECDSA-AES256-SHA, 256 bits"


def _no_certificate(check: str, options: str, alert: str) -> Case:
    return Case(
        "no_certificate",
        check,
        options,
        CRITICAL,
        f"{_NO_CIPHER} ({alert} alert handshake failure)",
        ASKED,
        _FAILED,
        (
            "SSL_accept error from unknown[127.0.0.1]: -1",
            "warning: TLS library problem: no shared cipher",
            "lost connection after STARTTLS from unknown[127.0.0.1]",
        ),
    )


_CASES = (
    *with_starttls("smtp", _COMMANDS, _GREETING, _CLEAR, _INSIDE),
    *with_starttls("postscreen", _NOTHING, *_SCREEN),
    # postscreen does not repeat its tests, nor its first line, to a client that passed just now.
    *(
        case
        for version in ("v1", "v2")
        for case in (
            *with_starttls(
                "behind_proxy",
                _COMMANDS,
                _GREETING,
                _CLEAR,
                _INSIDE,
                options=f"--proxy-protocol {version}",
            ),
            *with_starttls(
                "postscreen_behind_proxy",
                _NOTHING,
                *_SCREEN,
                options=f"--proxy-protocol {version}",
            )[1:4],
        )
    ),
    *turned_away(
        "busy",
        "unavailable",
        "421 4.7.0 (unknown[127.0.0.1]): Client host rejected: too busy, come back later",
        "commands=0/0",
    ),
    *turned_away(
        "refusing",
        "reject",
        "554 5.7.1 (unknown[127.0.0.1]): Client host rejected: no SMTP service here",
        _COMMANDS.quit,
    ),
    *turned_away(
        "misconfigured",
        "unavailable",
        "451 4.3.5 Server configuration error",
        _COMMANDS.quit,
    ),
    *no_encryption(
        "no_tls",
        "no-starttls: STARTTLS is not offered",
        INTRODUCED,
        _COMMANDS.ehlo_quit,
    ),
    _no_certificate("ehlo", "--starttls", "sslv3"),
    _no_certificate("starttls", "", "sslv3"),
    _no_certificate("cert", CERTIFICATE, "tls"),
    Case(
        "old_tls",
        "starttls",
        "",
        CRITICAL,
        f"tls-version: no more than TLSv1.1; wanted: TLSv1.2; encrypts with {_OLD} in T s",
        f"{INSIDE} bits=256;128:;;0",
        _COMMANDS.starttls_ehlo_quit,
    ),
    Case(
        "old_tls",
        "starttls",
        "--min-version TLSv1.1",
        OK,
        f"encrypts with {_OLD} in T s",
        f"{INSIDE} bits=256;128:;;0",
        _COMMANDS.starttls_ehlo_quit,
    ),
    Case(
        "old_tls",
        "cert",
        CERTIFICATE,
        CRITICAL,
        f"tls-version: the server speaks no more than TLSv1.1 (RFC 8996 forbids it); {WELL}",
        f"{ENCRYPTED} {DAYS}",
        _COMMANDS.starttls_quit,
    ),
    Case(
        "smtp",
        "starttls",
        "--refuse-version TLSv1,TLSv1.1",
        CRITICAL,
        "tls-version: TLSv1 is accepted; tls-version: TLSv1.1 is accepted; encrypts with "
        f"{STRONG}",
        f"{INSIDE} bits=256;128:;;0",
        _ALL_ACCEPTED,
        sessions=3,
    ),
    Case(
        "modern_tls",
        "starttls",
        "--refuse-version TLSv1,TLSv1.1",
        OK,
        f"encrypts with {STRONG}, TLSv1 and TLSv1.1 refused",
        f"{INSIDE} bits=256;128:;;0",
        _TWO_REFUSED,
        2
        * (
            "SSL_accept error from unknown[127.0.0.1]: -1",
            "warning: TLS library problem: unsupported protocol",
            "lost connection after STARTTLS from unknown[127.0.0.1]",
        ),
        sessions=3,
    ),
    Case(
        "client_certificate",
        "starttls",
        "",
        CRITICAL,
        'unavailable: EHLO inside TLS answered with "421 4.7.1 mail.example.com Error: No client '
        'certificate presented" (we came from 127.0.0.1 as client.example)',
        INSIDE,
        "ehlo=1 starttls=1 commands=2",
    ),
    Case(
        "expired",
        "cert",
        CERTIFICATE,
        CRITICAL,
        "expired: the certificate expired 3 days ago (DATE); it ended on DATE for "
        "mail.example.com, issued by Example Issuing CA",
        f"{ENCRYPTED} days_left=-3;21:;7: days_left_leaf=-3",
        _COMMANDS.starttls_quit,
    ),
    Case(
        "incomplete",
        "cert",
        CERTIFICATE,
        CRITICAL,
        "incomplete-chain: its issuer Example Issuing CA is neither sent nor trusted here; "
        f"{WELL}",
        f"{ENCRYPTED} {DAYS}",
        _COMMANDS.starttls_quit,
    ),
    *(
        Case(
            "smtp",
            "cert",
            f"{CERTIFICATE} --key-type {kind} --file /tls/{kind}.pem",
            OK,
            WELL,
            f"{ENCRYPTED} {DAYS}",
            _COMMANDS.starttls_quit,
        )
        for kind in ("rsa", "ecdsa")
    ),
    *logins("submission", _LOGINS, _WRONG, "--mechanism PLAIN"),
    *logins("smtps", _LOGINS_TLS, _WRONG, "--mechanism LOGIN --tls", "LOGIN"),
    *logins("clear_logins", _LOGINS, _WRONG, "--mechanism PLAIN", clear=CLEAR),
    *(
        Case(
            "sick_logins",
            "auth",
            f"{LOGIN} --password-file /tls/password {refuse}".strip(),
            WARNING,
            'tempfail: AUTH answered with "454 4.7.0 Temporary authentication failure: generic '
            f'failure" (we came from 127.0.0.1 as client.example){not_judged}',
            f"{INSIDE} time_auth=Ts;;;0",
            _LOGINS[1],
        )
        for refuse, not_judged in (
            ("", ""),
            ("--refuse", "; the credentials were not judged"),
        )
    ),
    Case(
        "submission",
        "auth",
        "--servername imap.example.com -U user@example.com --password-file /tls/password",
        CRITICAL,
        "untrusted: Example Root CA is not trusted here (or another intermediate is not sent); no "
        "credentials were sent; name-mismatch: valid for mail.example.com, which does not match "
        "imap.example.com",
        INSIDE,
        _COMMANDS.starttls_ehlo_quit,
    ),
    Case(
        "smtp",
        "cert",
        "--servername imap.example.com --ca-file /tls/root.pem",
        CRITICAL,
        "name-mismatch: valid for mail.example.com, which does not match imap.example.com; "
        "60 days left (until DATE), issued by Example Issuing CA",
        f"{ENCRYPTED} {DAYS}",
        _COMMANDS.starttls_quit,
    ),
)


def cases(server: Server) -> tuple[Case, ...]:
    """The versions differ in what their Cyrus SASL can do."""
    scram, tail, number = " SCRAM-SHA-256", "ENHANCEDSTATUSCODES, 8BITMIME, DSN, SMT...", 10
    if server.release == "bullseye":
        scram, tail, number = "", _TAIL, 0
    printed = f"PIPELINING, SIZE 204800, VRFY, ETRN, AUTH CRAM-MD5 LOGIN PLAIN{scram}, {tail}"
    login = offer(printed, number)
    return (
        *_CASES,
        *implicit("smtps", _COMMANDS, _GREETING, login),
        *with_starttls("submission", _COMMANDS, _GREETING, _CLEAR, login),
        *logins("submission", _LOGINS, _WRONG, mechanism=scram.strip() or "PLAIN"),
    )
