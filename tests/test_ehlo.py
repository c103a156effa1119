"""check_smtp_ehlo: verdicts without a network, and whole lines against transcripts."""

from argparse import Namespace
from typing import Any

import pytest

from check_smtp_core.findings import Finding
from check_smtp_core.reply import Reply, read_capabilities
from check_smtp_core.session import Hello
from check_smtp_handshake.ehlo import Offer, judge
from tests.conftest import Stage

CAPABILITIES = read_capabilities(
    Reply(250, ("mail.example", "SIZE 1000", "STARTTLS", "AUTH PLAIN LOGIN", "AUTH=CRAM-MD5"))
)


def findings(*lines: str, refused: str = "", tls: str = "", **wanted: Any) -> list[Finding]:
    options = {
        "require": (),
        "forbid": (),
        "min_size": 0,
        "require_auth": (),
        "forbid_auth": (),
        **wanted,
    }
    capabilities = read_capabilities(Reply(250, ("mail.example", *lines)))
    hello = Hello(capabilities, Reply(500, (refused,)) if refused else None)
    return judge(Offer(hello, tls, 0), Namespace(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "wanted", "expected"),
    [
        (["STARTTLS"], {"require": [("STARTTLS", "")]}, []),
        (["StartTLS"], {"require": [("STARTTLS", "")]}, []),
        (
            ["XSTARTTLS", "STARTTLSX", "X-A STARTTLS"],
            {"require": [("STARTTLS", "")]},
            [Finding("missing", "not offered: STARTTLS")],
        ),
        (
            ["AUTH PLAIN"],
            {"require": [("AUTH", "LOGIN"), ("DSN", "")], "require_auth": [("AUTH", "XOAUTH2")]},
            [Finding("missing", "not offered: AUTH=LOGIN, DSN, AUTH=XOAUTH2")],
        ),
        (
            ["AUTH PLAIN login", "VRFY"],
            {"forbid": [("VRFY", "")], "forbid_auth": [("AUTH", "LOGIN")]},
            [Finding("forbidden", "offered: VRFY, AUTH=LOGIN")],
        ),
        (["SIZE 1000"], {"min_size": 1000}, []),
        (["SIZE 0"], {"min_size": 1000}, []),
        (
            ["SIZE 999"],
            {"min_size": 1000},
            [Finding("size", "messages up to 999 octets are taken, not 1000")],
        ),
        (
            ["SIZE"],
            {"min_size": 1000},
            [Finding("size", "SIZE is offered without a number, so 1000 octets are not promised")],
        ),
        (
            ["DSN"],
            {"min_size": 1000},
            [Finding("size", "SIZE is not offered, so 1000 octets are not promised")],
        ),
        (
            ["STARTTLS"],
            {"tls": "TLSv1.3"},
            [Finding("starttls-reoffered", "STARTTLS is offered again inside TLS (RFC 3207 4.2)")],
        ),
        (
            [],
            {"refused": "what?", "require": [("DSN", "")]},
            [Finding("missing", "not offered: DSN")],
        ),
    ],
)
def test_the_offer_is_held_against_what_is_wanted(
    lines: list[str], wanted: dict[str, Any], expected: list[Finding]
) -> None:
    assert findings(*lines, **wanted) == expected


SESSION = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250-mail.example
    S: 250-SIZE 1000
    S: 250-STARTTLS
    S: 250 AUTH PLAIN
    C: QUIT
    S: 221 Bye
"""

TLS_SESSION = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250-mail.example
    S: 250 STARTTLS
    C: STARTTLS
    S: 220 go
    TLS
    C: EHLO client.example
    S: 250-mail.example
    S: 250 AUTH PLAIN
    C: QUIT
    S: 221 Bye
"""


def test_a_healthy_offer_is_listed_and_counted(stage: Stage) -> None:
    seen = stage("ehlo", SESSION)
    assert seen == (
        0,
        [
            "SMTP_EHLO OK - 127.0.0.1:PORT offers 3 extensions in T s: "
            "SIZE 1000, STARTTLS, AUTH PLAIN | time=Ts;;;0 time_connect=Ts;;;0 "
            "time_greeting=Ts;;;0 time_ehlo=Ts;;;0 extensions=3;;;0 size=1000B;;;0"
        ],
    )


def test_everything_that_is_wrong_is_named_the_worst_first(stage: Stage) -> None:
    seen = stage(
        "ehlo", SESSION, "--forbid", "auth=plain", "--require", "dsn", "--min-size", "2000"
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT missing: not offered: DSN; "
        "forbidden: offered: AUTH=plain; size: messages up to 1000 octets are taken, not 2000; "
        "offers 3 extensions in T s: SIZE 1000, STARTTLS, AUTH PLAIN",
    )
    assert seen.perfdata.endswith("extensions=3;;;0 size=1000B;2000:;;0")


def test_inside_tls_only_the_second_offer_counts(stage: Stage) -> None:
    seen = stage("ehlo", TLS_SESSION, "--starttls", "--require", "auth=plain")
    assert seen == (
        0,
        [
            "SMTP_EHLO OK - 127.0.0.1:PORT offers 1 extension inside TLSv1.3 in T s: AUTH PLAIN"
            " | time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 "
            "time_starttls=Ts;;;0 time_tls=Ts;;;0 time_ehlo_tls=Ts;;;0 extensions=1;;;0"
        ],
    )
    seen = stage("ehlo", TLS_SESSION, "--starttls", "--require", "STARTTLS")
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT missing: not offered: STARTTLS; "
        "offers 1 extension inside TLSv1.3 in T s: AUTH PLAIN"
    )


def test_helo_is_the_way_out_where_ehlo_is_unknown(stage: Stage) -> None:
    seen = stage(
        "ehlo",
        """
        S: 220 mail.example
        C: EHLO client.example
        S: 502 unknown
        C: HELO client.example
        S: 250 mail.example
        C: QUIT
        S: 221 Bye
        """,
    )
    assert seen == (
        1,
        [
            'SMTP_EHLO WARNING - 127.0.0.1:PORT no-esmtp: EHLO answered with "502 unknown", '
            "HELO accepted; answered HELO in T s | time=Ts;;;0 time_connect=Ts;;;0 "
            "time_greeting=Ts;;;0 time_ehlo=Ts;;;0 extensions=0;;;0"
        ],
    )


def test_lmtp_says_lhlo_and_falls_back_on_nothing(stage: Stage) -> None:
    accepted = "S: 220 x\nC: LHLO client.example\nS: 250 x\nC: QUIT\nS: 221 Bye"
    assert stage("ehlo", accepted, "--lmtp").text == (
        "SMTP_EHLO OK - 127.0.0.1:PORT offers nothing in T s"
    )
    refused = "S: 220 x\nC: LHLO client.example\nS: 502 no\nC: QUIT\nS: 221 Bye"
    assert stage("ehlo", refused, "-L").text == (
        'SMTP_EHLO CRITICAL - 127.0.0.1:PORT reject: LHLO answered with "502 no" '
        "(we came from 127.0.0.1 as client.example)"
    )


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (
            "S: 421 4.7.1 Intrusion prevention active",
            2,
            'CRITICAL - 127.0.0.1:PORT unavailable: EHLO answered with "421 4.7.1 Intrusion '
            'prevention active" (we came from 127.0.0.1 as client.example)',
        ),
        (
            "S: 550 bad HELO",
            2,
            'CRITICAL - 127.0.0.1:PORT reject: EHLO answered with "550 bad HELO" '
            "(we came from 127.0.0.1 as client.example)",
        ),
        (
            "S: 354 go on",
            2,
            'CRITICAL - 127.0.0.1:PORT protocol: EHLO answered with "354 go on" instead of 250',
        ),
        (
            "S: 250-mail.example\nS: 250-STARTTLS\nS: 550 5.7.1 Access denied",
            2,
            "CRITICAL - 127.0.0.1:PORT protocol: the reply mixes the codes 250 and 550 "
            '(in place of the reply to EHLO): "550 5.7.1 Access denied"',
        ),
        (
            "S: 250-mail.example\nS: 250-XXXXXXXA\nS: 250 SIZE",
            1,
            "WARNING - 127.0.0.1:PORT masked: EHLO keywords were overwritten on the way "
            "(XXXXXXXA); often STARTTLS; offers 2 extensions in T s: XXXXXXXA, SIZE",
        ),
        (
            r"S> 250 hello\r\nSIZE\r\n",
            1,
            "WARNING - 127.0.0.1:PORT unsolicited: data after the reply to EHLO though none was "
            'due: "SIZE"; offers nothing in T s',
        ),
    ],
)
def test_an_answer_to_ehlo_that_is_none_says_why(
    stage: Stage, answer: str, code: int, text: str
) -> None:
    seen = stage("ehlo", f"S: 220 x\nC: EHLO client.example\n{answer}\nC: QUIT\nS: 221 Bye")
    assert (seen.code, seen.text) == (code, f"SMTP_EHLO {text}")
