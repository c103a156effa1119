"""Authentication-Results: whose word counts, and what is a finding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_smtp_core.findings import Finding
from check_smtp_delivery.authentication_results import Results, read_results, result_findings

GMAIL = (
    "Authentication-Results: mx.google.com;\r\n"
    "       dkim=pass header.i=@example.net header.s=s1 header.b=AbC/dEf+;\r\n"
    "       spf=softfail (google.com: domain of transitioning a@example.net does not designate "
    "192.0.2.1 as permitted sender) smtp.mailfrom=a@example.net;\r\n"
    "       dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=example.net\r\n"
)
OPENDKIM = (
    "Authentication-Results: mail.example.com;\r\n\tdmarc=pass (p=reject dis=none) "
    "header.from=example.net\r\n"
    "Authentication-Results: mail.example.com;\r\n"
    '\tdkim=pass (2048-bit key; unprotected) header.d=example.net header.b="x/y";\r\n'
    "\tdkim-atps=neutral\r\n"
    "Authentication-Results: mail.example.com; spf=none smtp.mailfrom=example.net\r\n"
)
RECEIVED = "Received: from a by b;\r\n Sat, 28 Nov 2026 15:00:00 +0000\r\n"
FORGED = "Authentication-Results: mail.example.com; spf=pass; dkim=pass; dmarc=pass\r\n"
MICROSOFT = (
    "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.net; "
    "dkim=fail header.d=example.net;dmarc=pass action=none header.from=example.net\r\n"
)


@pytest.mark.parametrize(
    ("headers", "server", "expected"),
    [
        (
            GMAIL,
            "",
            Results("mx.google.com", {"dkim": "pass", "spf": "softfail", "dmarc": "fail"}),
        ),
        # those of one server may be several, one below the other
        (
            OPENDKIM + RECEIVED,
            "",
            Results("mail.example.com", {"dmarc": "pass", "dkim": "pass", "spf": "none"}),
        ),
        # what is below the next Received may be anybody's, whatever its name
        (
            "Authentication-Results: mail.example.com; spf=fail\r\n" + RECEIVED + FORGED,
            "",
            Results("mail.example.com", {"spf": "fail"}),
        ),
        (
            "Authentication-Results: mail.example.com; spf=fail\r\n" + GMAIL,
            "",
            Results("mail.example.com", {"spf": "fail"}),
        ),
        # what is above it is of somebody behind: a mail client's server
        (
            RECEIVED + "Authentication-Results: inner.example; spf=fail\r\n" + OPENDKIM,
            "MAIL.example.com",
            Results("mail.example.com", {"dmarc": "pass", "dkim": "pass", "spf": "none"}),
        ),
        (GMAIL, "mail.example.com", Results("", {})),
        (
            "Authentication-Results: mail.example.com; none\r\n",
            "",
            Results("mail.example.com", {}),
        ),
        ("Subject: none\r\n", "", Results("", {})),
        ("", "", Results("", {})),
        # two signatures: one that passes is enough
        (
            "Authentication-Results: a.example; dkim=fail header.d=x; dkim=pass header.d=y\r\n",
            "",
            Results("a.example", {"dkim": "pass"}),
        ),
        (
            "Authentication-Results: a.example 1; dkim=none; dkim=temperror (DNS)\r\n",
            "",
            Results("a.example", {"dkim": "temperror"}),
        ),
        (
            MICROSOFT,
            "",
            Results(
                "",
                {},
                '"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.n..."',
            ),
        ),
        (
            "Authentication-Results: a.example 2; spf=fail\r\n",
            "",
            Results("", {}, '"a.example 2, spf=fail"'),
        ),
    ],
)
def test_whose_word_counts(headers: str, server: str, expected: Results) -> None:
    assert read_results(headers.encode(), server) == expected


@pytest.mark.parametrize(
    ("methods", "required", "expected"),
    [
        ({"spf": "pass", "dkim": "pass", "dmarc": "pass"}, (), []),
        ({"spf": "none", "dkim": "neutral", "dmarc": "bestguesspass"}, (), []),
        ({}, (), []),
        (
            {"spf": "softfail", "dkim": "permerror", "dmarc": "fail"},
            (),
            [
                Finding("spf", "mx.example says spf=softfail"),
                Finding("dkim", "mx.example says dkim=permerror"),
                Finding("dmarc", "mx.example says dmarc=fail"),
            ],
        ),
        (
            {"spf": "none"},
            ("spf", "dmarc"),
            [
                Finding("spf", "mx.example says spf=none"),
                Finding("dmarc", "mx.example says nothing of it in Authentication-Results"),
            ],
        ),
        ({"dkim": "x|y"}, (), [Finding("dkim", "mx.example says dkim=x/y")]),
    ],
)
def test_what_is_a_finding(
    methods: dict[str, str], required: tuple[str, ...], expected: list[Finding]
) -> None:
    assert result_findings(Results("mx.example", methods), required) == expected


def test_a_header_that_is_not_understood_is_told_of_where_it_is_needed() -> None:
    results = read_results(MICROSOFT.encode(), "")
    assert result_findings(results, ()) == []
    text = (
        'Authentication-Results cannot be understood: "spf=pass (sender IP is 192.0.2.1) '
        'smtp.mailfrom=example.n..."'
    )
    assert result_findings(results, ("dkim",)) == [Finding("dkim", text)]


_WORDS = st.sampled_from(
    [
        *("a.example", ";", "=", "spf", "dkim", "pass", "fail", "(", ")", '"', "\\", ".", "/"),
        *("1", " ", "smtp", "header", "mailfrom", "reason", "\r\n ", "ü", "@", "none", "policy"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=30).map("".join))
def test_no_header_is_too_much_for_it(value: str) -> None:
    read_results(f"Authentication-Results: {value}\r\n".encode(), "")
