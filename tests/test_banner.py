"""check_smtp_banner: verdicts without a network, and whole lines against transcripts."""

from argparse import Namespace
from typing import Any

import pytest

from check_smtp_core.findings import Finding
from check_smtp_core.reply import Reply
from check_smtp_handshake.banner import Greeting, _pattern, judge
from tests.conftest import Stage

ORIGIN = "we came from 192.0.2.10"
PERFDATA = "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0"


def findings(reply: Reply, **wanted: Any) -> list[Finding]:
    options = {"expect": "", "expect_code": 220, "expect_host": "", **wanted}
    return judge(Greeting(reply, ORIGIN), Namespace(**options))  # type: ignore[arg-type]


GOOD = Reply(220, ("mail.example ESMTP Postfix", "no spam, please"))


@pytest.mark.parametrize(
    ("reply", "wanted", "expected"),
    [
        (GOOD, {}, []),
        (GOOD, {"expect": _pattern("^no spam")}, []),
        (GOOD, {"expect": _pattern("Postfix$")}, []),
        (GOOD, {"expect_host": "MAIL.example."}, []),
        (Reply(220, ("[192.0.2.25] ESMTP",)), {"expect_host": "192.0.2.25"}, []),
        (Reply(220, ("192.0.2.25 ESMTP",)), {"expect_host": "192.0.2.25"}, []),
        (Reply(220, ("[IPv6:2001:DB8::19] ESMTP",)), {"expect_host": "2001:db8::19"}, []),
        (Reply(220, ("[ipv6:2001:db8::19]",)), {"expect_host": "2001:db8::19"}, []),
        (
            Reply(220, ("[192.0.2.26] ESMTP",)),
            {"expect_host": "192.0.2.25"},
            [Finding("banner-host", 'the greeting names "[192.0.2.26]", not 192.0.2.25')],
        ),
        (
            GOOD,
            {"expect": _pattern("Exim"), "expect_host": "mx.example"},
            [
                Finding("banner-host", 'the greeting names "mail.example", not mx.example'),
                Finding("banner-text", 'the greeting does not match the pattern "Exim"'),
            ],
        ),
        (
            GOOD,
            {"expect": _pattern("220")},
            [Finding("banner-text", 'the greeting does not match the pattern "220"')],
        ),
        (
            Reply(220, ("",)),
            {"expect_host": "mx.example"},
            [Finding("banner-host", 'the greeting names "", not mx.example')],
        ),
        (Reply(520, ("no service",)), {"expect_code": 520}, []),
        (
            Reply(421, ("4.3.2 closing",)),
            {"expect_code": 554},
            [
                Finding(
                    "banner-code",
                    f'greeted with "421 4.3.2 closing" instead of 554 ({ORIGIN})',
                    ends_session=True,
                )
            ],
        ),
        (
            Reply(521, ("no mail here",)),
            {"expect_code": 554},
            [
                Finding(
                    "banner-code",
                    f'greeted with "521 no mail here" instead of 554 ({ORIGIN})',
                    ends_session=True,
                )
            ],
        ),
        (
            GOOD,
            {"expect_code": 554},
            [
                Finding(
                    "banner-code",
                    'greeted with "220 mail.example ESMTP Postfix / no spam, please" '
                    f"instead of 554 ({ORIGIN})",
                    ends_session=True,
                )
            ],
        ),
        (
            Reply(554, ("no SMTP service here",)),
            {"expect": _pattern("x")},
            [
                Finding(
                    "reject",
                    f'greeted with "554 no SMTP service here" ({ORIGIN})',
                    ends_session=True,
                )
            ],
        ),
    ],
)
def test_the_greeting_is_judged_by_code_first_then_by_host_and_text(
    reply: Reply, wanted: dict[str, Any], expected: list[Finding]
) -> None:
    assert findings(reply, **wanted) == expected


@pytest.mark.parametrize("pattern", ["[[E]SMTP", "E[S||x]MTP", "[[:alpha:]]*"])
def test_a_pattern_that_python_has_doubts_about_is_taken_without_a_warning(
    stage: Stage, pattern: str
) -> None:
    """Python warns of a "possible nested set"; here, as in all these tests, that is an error."""
    seen = stage("banner", "S: 220 mail ESMTP\nC: QUIT\nS: 221 Bye", "--expect", pattern)
    assert seen.text == 'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail ESMTP"'


@pytest.mark.parametrize(
    ("greeting", "code", "text"),
    [
        ("554 no SMTP here", 0, 'OK - 127.0.0.1:PORT greeted in T s: "554 no SMTP here"'),
        (
            "220 mail.example",
            2,
            'CRITICAL - 127.0.0.1:PORT banner-code: greeted with "220 mail.example" '
            "instead of 554 (we came from 127.0.0.1)",
        ),
        (
            "421 4.3.2 closing",
            2,
            'CRITICAL - 127.0.0.1:PORT banner-code: greeted with "421 4.3.2 closing" '
            "instead of 554 (we came from 127.0.0.1)",
        ),
    ],
)
def test_a_host_that_has_to_refuse_is_held_to_its_code(
    stage: Stage, greeting: str, code: int, text: str
) -> None:
    seen = stage("banner", f"S: {greeting}\nC: QUIT\nS: 221 Bye", "--expect-code", "554")
    assert (seen.code, seen.text) == (code, f"SMTP_BANNER {text}")


@pytest.mark.parametrize("expected", ["127.0.0.1", "[127.0.0.1]"])
def test_an_address_literal_may_be_expected_with_brackets_or_without(
    stage: Stage, expected: str
) -> None:
    seen = stage(
        "banner", "S: 220 [127.0.0.1] ESMTP\nC: QUIT\nS: 221 Bye", "--expect-host", expected
    )
    assert seen.text == ('SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 [127.0.0.1] ESMTP"')


def test_starttls_comes_later_and_is_said_not_to_be_tried(stage: Stage) -> None:
    seen = stage("banner", "S: 220 mail.example\nC: QUIT\nS: 221 Bye", "--starttls")
    assert seen.text == (
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example"; '
        "STARTTLS is not tried here"
    )


def test_a_healthy_greeting_is_quoted(stage: Stage) -> None:
    seen = stage("banner", "S: 220 mail.example ESMTP Postfix\nC: QUIT\nS: 221 Bye")
    assert seen.code == 0
    assert seen.lines == [
        f'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example ESMTP Postfix"'
        f" | {PERFDATA}"
    ]


@pytest.mark.parametrize(
    ("greeting", "state", "code", "text"),
    [
        (
            "S: 421 4.7.0 too many connections from 192.0.2.10",
            "CRITICAL",
            2,
            'unavailable: greeted with "421 4.7.0 too many connections from 192.0.2.10" '
            "(we came from 127.0.0.1)",
        ),
        (
            "S: 451 4.3.5 Server configuration error",
            "CRITICAL",
            2,
            'unavailable: greeted with "451 4.3.5 Server configuration error" '
            "(we came from 127.0.0.1)",
        ),
        (
            "S: 554 mx220.example no",
            "CRITICAL",
            2,
            'reject: greeted with "554 mx220.example no" (we came from 127.0.0.1)',
        ),
        (
            "S: 200 news.example",
            "CRITICAL",
            2,
            'banner-code: greeted with "200 news.example" instead of 220',
        ),
        (
            "S: 220-hi\nS: 554 no",
            "CRITICAL",
            2,
            'protocol: the reply mixes the codes 220 and 554 (in place of the greeting): "554 no"',
        ),
        (
            "S: SSH-2.0-OpenSSH_9.2",
            "CRITICAL",
            2,
            'protocol: this is SSH, not SMTP (in place of the greeting): "SSH-2.0-OpenSSH_9.2"',
        ),
        (
            "S: * OK IMAP4rev1 ready",
            "CRITICAL",
            2,
            'protocol: this is IMAP, not SMTP (in place of the greeting): "* OK IMAP4rev1 ready"',
        ),
        (
            "S: 220 ***************0*2****** **",
            "WARNING",
            1,
            "masked: the greeting was overwritten on the way: "
            '"220 ***************0*2****** **"; '
            'greeted in T s: "220 ***************0*2****** **"',
        ),
        (
            r"S> <html>\r\n<title>400</title>\r\n",
            "CRITICAL",
            2,
            "protocol: this is HTTP, not SMTP (in place of the greeting): "
            r'"(html)\r\n(title)400(/title)"',
        ),
        (
            "S: +OK ready",
            "CRITICAL",
            2,
            'protocol: this is POP3, not SMTP (in place of the greeting): "+OK ready"',
        ),
        (
            "S: -ERR unknown command",
            "CRITICAL",
            2,
            "protocol: this is POP3 or Redis, not SMTP (in place of the greeting): "
            '"-ERR unknown command"',
        ),
        (
            r"S> \x1b[2J\x00login\r\n",
            "CRITICAL",
            2,
            "protocol: this is no SMTP reply (in place of the greeting): "
            r'"\x1b[2J\x00login"',
        ),
        (
            "S: 220 **** mail.example ****",
            "OK",
            0,
            'greeted in T s: "220 **** mail.example ****"',
        ),
        (
            "S: 220 XXXXXXXX",
            "WARNING",
            1,
            'masked: the greeting was overwritten on the way: "220 XXXXXXXX"; '
            'greeted in T s: "220 XXXXXXXX"',
        ),
        (
            "S: 22000 weird",
            "CRITICAL",
            2,
            'protocol: this is no SMTP reply (in place of the greeting): "22000 weird"',
        ),
    ],
)
def test_a_greeting_that_is_none_says_why(
    stage: Stage, greeting: str, state: str, code: int, text: str
) -> None:
    seen = stage("banner", f"{greeting}\nC: QUIT\nS: 221 Bye")
    assert (seen.code, seen.text) == (code, f"SMTP_BANNER {state} - 127.0.0.1:PORT {text}")


def test_a_teaser_is_waited_out_and_nothing_is_said_before_its_end(stage: Stage) -> None:
    seen = stage(
        "banner",
        """
        S: 220-mail.example -- please wait to be seated
        PAUSE
        S: 220 mail.example ESMTP
        C: QUIT
        S: 221 Bye
        """,
    )
    assert seen.text == (
        "SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "
        '"220 mail.example -- please wait to be seated / mail.example ESMTP"'
    )


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        ("CLOSE", "closed: the server closed the connection before the greeting"),
        ("RESET", "closed: the connection was reset before the greeting"),
        ("HALF-CLOSE\nSILENCE", "closed: the server closed the connection before the greeting"),
        (
            "S> 220-mail.exam\nCLOSE",
            'closed: the server closed the connection within the greeting: "220-mail.exam"',
        ),
        (
            r"S> \x15\x03\x01\x00\x02\x02\x0a" "\nCLOSE",
            "protocol: the server speaks TLS from the first octet: use --tls "
            "(in place of the greeting)",
        ),
    ],
)
def test_a_connection_that_ends_before_the_greeting_is_critical(
    stage: Stage, transcript: str, text: str
) -> None:
    seen = stage("banner", transcript)
    assert (seen.code, seen.text) == (2, f"SMTP_BANNER CRITICAL - 127.0.0.1:PORT {text}")
    assert seen.perfdata == "time=Ts;;;0 time_connect=Ts;;;0"


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        (
            "SILENCE",
            "timeout: the greeting did not come within 0.3 s "
            "(overloaded, delaying its greeting, or a port for implicit TLS or HTTP?)",
        ),
        ("S> 220-mail\nSILENCE", 'timeout: the greeting had not ended within 0.3 s: "220-mail"'),
        (
            r"S> \x05\x00\x01garbage" "\nSILENCE",
            "protocol: this is no SMTP reply (in place of the greeting): "
            r'"\x05\x00\x01garbage"',
        ),
    ],
)
def test_silence_is_named_and_never_answered(stage: Stage, transcript: str, text: str) -> None:
    seen = stage("banner", transcript, "-t", "0.3")
    assert (seen.code, seen.text) == (2, f"SMTP_BANNER CRITICAL - 127.0.0.1:PORT {text}")
    assert stage.player is not None
    assert stage.player.heard == []


def test_what_happens_at_quit_changes_nothing(stage: Stage) -> None:
    for ending in ("CLOSE", "RESET", "C: QUIT\nRESET", "C: QUIT\nS: 500 what?", "C: QUIT\nCLOSE"):
        seen = stage("banner", f"S: 220 mail.example\n{ending}")
        assert seen.text == ('SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example"')


def test_thresholds_are_shown_and_judged(stage: Stage) -> None:
    seen = stage(
        "banner",
        "PAUSE\nS: 220 mail.example\nC: QUIT\nS: 221 Bye",
        *("-w", "0.001", "-c", "9", "--phase-critical", "greeting=0.002"),
    )
    assert seen.code == 2
    assert seen.lines == [
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT "
        "slow: phase greeting took T s (wanted: at most T s); "
        "slow: the session took T s (wanted: at most T s); "
        'greeted in T s: "220 mail.example"'
        " | time=Ts;0.001;9;0 time_connect=Ts;;;0 time_greeting=Ts;;0.002;0"
    ]


@pytest.mark.parametrize(("limit", "code"), [(":5", 0), (":0", 1), ("@:5", 1)])
def test_a_range_without_a_start_begins_at_zero(stage: Stage, limit: str, code: int) -> None:
    seen = stage("banner", "S: 220 mail.example\nC: QUIT\nS: 221 Bye", "-w", limit)
    assert seen.code == code
    assert seen.perfdata.startswith(f"time=Ts;{limit};;0 ")


def test_a_pattern_that_runs_away_is_stopped(stage: Stage) -> None:
    seen = stage(
        "banner", f"S: 220 {'a' * 48}!\nC: QUIT\nS: 221 Bye", "--expect", "(a+)+$", "-t", "0.4"
    )
    assert (seen.code, seen.text) == (
        2,
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT "
        "timeout: judging what the server said took more than 0.4 s (a pattern?)",
    )
    assert seen.perfdata == PERFDATA


def test_implicit_tls_comes_before_the_greeting(stage: Stage) -> None:
    seen = stage("banner", "TLS\nS: 220 mail.example ESMTP\nC: QUIT\nS: 221 Bye", "--tls", "-vv")
    assert seen.lines == [
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example ESMTP" | '
        "time=Ts;;;0 time_connect=Ts;;;0 time_tls=Ts;;;0 time_greeting=Ts;;;0",
        "connected to 127.0.0.1; we came from 127.0.0.1",
        "TLSv1.3 with TLS_AES_256_GCM_SHA384, 256 bits",
        "times: connect T s, tls T s, greeting T s",
        "greeting 220: mail.example ESMTP",
    ]


def test_the_dialogue_is_told_at_the_third_v(stage: Stage) -> None:
    seen = stage("banner", "S: 220-mail.example\nS: 220 hi\nC: QUIT\nS: 221 Bye", "-vvv")
    assert seen.lines[-4:] == [
        "T S: 220-mail.example",
        "T S: 220 hi",
        "T C: QUIT",
        "T S: 221 Bye",
    ]
