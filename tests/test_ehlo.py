"""check_smtp_ehlo: verdicts without a network, and whole lines against transcripts."""

from argparse import Namespace
from typing import Any

import pytest

from check_smtp_core.dialogue import Hello
from check_smtp_core.findings import Finding
from check_smtp_core.reply import Reply, read_capabilities
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
        "tls_mode": "",
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
            ["SIZE big"],
            {"min_size": 1000},
            [Finding("size", 'SIZE is offered with "big", so 1000 octets are not promised')],
        ),
        (
            ["SIZE 10 M", "SIZE=-1"],
            {"min_size": 11},
            [Finding("size", "messages up to 10 octets are taken, not 11")],
        ),
        (
            ["SIZE 10M or <more>"],
            {"min_size": 1},
            [
                Finding(
                    "size", 'SIZE is offered with "10M or (more)", so 1 octets are not promised'
                )
            ],
        ),
        (
            [f"SIZE {'x' * 31}"],
            {"min_size": 1},
            [
                Finding(
                    "size",
                    f'SIZE is offered with "{"x" * 27}...", so 1 octets are not promised',
                )
            ],
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
        (["DSN"], {"tls_mode": "starttls", "require": [("STARTTLS", "")]}, []),
        (
            ["DSN"],
            {"tls_mode": "starttls", "require": [("STARTTLS", ""), ("SIZE", "")]},
            [Finding("missing", "not offered: SIZE")],
        ),
        (
            ["DSN"],
            {"tls_mode": "implicit", "require": [("STARTTLS", "")]},
            [Finding("missing", "not offered: STARTTLS")],
        ),
        (
            ["STARTTLS"],
            {
                "tls": "TLSv1.3",
                "tls_mode": "starttls",
                "require": [("STARTTLS", "")],
                "forbid": [("STARTTLS", "")],
            },
            [
                Finding(
                    "starttls-reoffered", "STARTTLS is offered again inside TLS (RFC 3207 4.2)"
                ),
                Finding("forbidden", "offered: STARTTLS"),
            ],
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
    seen = stage("ehlo", TLS_SESSION, "--starttls", "--require", "DSN")
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT missing: not offered: DSN; "
        "offers 1 extension inside TLSv1.3 in T s: AUTH PLAIN"
    )


def test_to_have_used_starttls_is_to_have_been_offered_it(stage: Stage) -> None:
    """Inside TLS it must not be offered (RFC 3207 4.2)."""
    seen = stage("ehlo", TLS_SESSION, "--starttls", "--require", "starttls")
    assert seen.text == (
        "SMTP_EHLO OK - 127.0.0.1:PORT offers 1 extension inside TLSv1.3 in T s: AUTH PLAIN"
    )
    refused = "S: 220 x\nC: EHLO client.example\nS: 250 x\nC: QUIT\nS: 221 Bye"
    assert stage("ehlo", refused, "--starttls", "--require", "starttls").text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT no-starttls: STARTTLS is not offered"
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


def test_a_keyword_that_rfc_5321_does_not_allow_can_be_required_all_the_same(
    stage: Stage,
) -> None:
    """Exim 4.94 offers PIPE_CONNECT."""
    offer = "S: 220 x\nC: EHLO client.example\nS: 250-x\nS: 250 PIPE_CONNECT\nC: QUIT\nS: 221 Bye"
    seen = stage("ehlo", offer, "--require", "pipe_connect", "-v")
    assert seen.text == "SMTP_EHLO OK - 127.0.0.1:PORT offers 1 extension in T s: PIPE_CONNECT"
    assert seen.lines[1:] == [
        "OK nonstandard: the reply to EHLO: "
        "the keyword PIPE_CONNECT, which RFC 5321 does not allow"
    ]
    assert stage("ehlo", offer, "--forbid", "PIPE_CONNECT").code == 1


NO_EHLO = "S: 220 x\nC: EHLO client.example\nS: 502 unknown\nC: HELO client.example\n"
TRIED = 'no-esmtp: EHLO answered with "502 unknown", HELO tried'
GOODBYE = "\nC: QUIT\nS: 221 Bye"
ORIGIN = "(we came from 127.0.0.1 as client.example)"


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        (
            NO_EHLO + "S: 550 no" + GOODBYE,
            f'reject: HELO answered with "550 no" {ORIGIN}; {TRIED}',
        ),
        (
            NO_EHLO + "S: 421 no" + GOODBYE,
            f'unavailable: HELO answered with "421 no" {ORIGIN}; {TRIED}',
        ),
        (
            NO_EHLO + "S: 220 x" + GOODBYE,
            f'protocol: HELO answered with "220 x" instead of 250; {TRIED}',
        ),
        (
            NO_EHLO + "CLOSE",
            f"closed: the server closed the connection before the reply to HELO; {TRIED}",
        ),
        (
            NO_EHLO + "RESET",
            f"closed: the connection was reset before the reply to HELO; {TRIED}",
        ),
        (
            NO_EHLO + "S: hello" + GOODBYE,
            'protocol: this is no SMTP reply (in place of the reply to HELO): "hello"; ' + TRIED,
        ),
        (
            NO_EHLO + "S> 250-mail\nSILENCE",
            f'timeout: the reply to HELO had not ended within 0.3 s: "250-mail"; {TRIED}',
        ),
    ],
)
def test_a_helo_that_fails_as_well_leaves_the_refusal_of_ehlo_in_the_line(
    stage: Stage, transcript: str, text: str
) -> None:
    limit = ("-t", "0.3") if "SILENCE" in transcript else ()
    seen = stage("ehlo", transcript, *limit)
    assert (seen.code, seen.text) == (2, f"SMTP_EHLO CRITICAL - 127.0.0.1:PORT {text}")


def test_a_reply_to_lhlo_that_does_not_come_is_named_by_its_verb(stage: Stage) -> None:
    opening = "S: 220 x\nC: LHLO client.example\n"
    assert stage("ehlo", opening + "CLOSE", "--lmtp").text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT "
        "closed: the server closed the connection before the reply to LHLO"
    )
    assert stage("ehlo", opening + "S: hello" + GOODBYE, "--lmtp").text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT "
        'protocol: this is no SMTP reply (in place of the reply to LHLO): "hello"'
    )
    assert stage("ehlo", opening + "S: 220 x" + GOODBYE, "--lmtp").text == (
        'SMTP_EHLO CRITICAL - 127.0.0.1:PORT protocol: LHLO answered with "220 x" instead of 250'
    )


@pytest.mark.parametrize(
    ("answer", "sentence", "oddities"),
    [
        (
            "S: 251 mail.example",
            "offers nothing in T s",
            "the code 251 instead of 250",
        ),
        (
            "S: 250-mail.example\nS: 250-<none>\nS: 250 (+)",
            "offers nothing in T s",
            'a line without a keyword: "(none)"; a line without a keyword: "(+)"',
        ),
        (
            r"S> 250-mail.example\r\r\n250 DSN\r\r\n",
            "offers 1 extension in T s: DSN",
            "a line ends in CR CR LF",
        ),
    ],
)
def test_an_odd_answer_to_ehlo_is_taken_and_listed_with_v_only(
    stage: Stage, answer: str, sentence: str, oddities: str
) -> None:
    transcript = f"S: 220 x\nC: EHLO client.example\n{answer}\nC: QUIT\nS: 221 Bye"
    seen = stage("ehlo", transcript, "-v")
    assert seen.text == f"SMTP_EHLO OK - 127.0.0.1:PORT {sentence}"
    assert seen.lines[1:] == [f"OK nonstandard: the reply to EHLO: {oddities}"]


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
            "S: 220 mail.example",
            2,
            'CRITICAL - 127.0.0.1:PORT protocol: EHLO answered with "220 mail.example" '
            "instead of 250",
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
        (
            r"S> 250 hello\r\n250-SIZE\r\n250 DSN\r\n",
            1,
            "WARNING - 127.0.0.1:PORT unsolicited: data after the reply to EHLO though none was "
            'due: "250-SIZE / 250 DSN"; offers nothing in T s',
        ),
    ],
)
def test_an_answer_to_ehlo_that_is_none_says_why(
    stage: Stage, answer: str, code: int, text: str
) -> None:
    seen = stage("ehlo", f"S: 220 x\nC: EHLO client.example\n{answer}\nC: QUIT\nS: 221 Bye")
    assert (seen.code, seen.text) == (code, f"SMTP_EHLO {text}")
