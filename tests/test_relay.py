"""check_smtp_relay: verdicts without a network, and whole lines against transcripts."""

import pytest

from check_smtp_core.findings import Finding, State
from check_smtp_core.options import Options
from check_smtp_core.reply import Reply
from check_smtp_delivery.relay import Attempt, judge
from check_smtp_delivery.relay import _trusted as trusted
from tests.conftest import Stage, run_check

ORIGIN = "(we came from 192.0.2.10 as monitor.example.net)"
HOW = "it does not say whether it relays"


def reply(text: str) -> Reply:
    return Reply(int(text[:3]), (text[4:],))


def findings(mail: str, rcpt: str = "", trusted: str = "") -> list[str]:
    """What is found in the replies to MAIL and RCPT."""
    told = reply(rcpt) if rcpt else None
    facts = Attempt("a@b.example", "c@d.example", reply(mail), told, ORIGIN[1:-1], trusted)
    return list(map(str, judge(facts, Options())))


@pytest.mark.parametrize(
    "text",
    [
        "554 5.7.1 <c@d.example>: Relay access denied",
        "454 4.7.1 <c@d.example>: Relay access denied",
        "550 relay not permitted",
        "550 5.7.1 <c@d.example>... Relaying denied. IP name lookup failed [192.0.2.10]",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "530 5.7.0 Authentication required",
        "530 SMTP authentication is required.",
        "550 Invalid recipient: <c@d.example>",
        "550 I cannot deliver mail for c@d.example",
        "551 User not local",
    ],
)
def test_a_refusal_to_relay_is_well(text: str) -> None:
    assert findings("250 ok", text) == []
    facts = Attempt("a@b.example", "c@d.example", reply("250 ok"), reply(text), "", "")
    assert facts.sentence(1.0).startswith('refuses to relay in 1.000 s: "')


@pytest.mark.parametrize(
    "text", ["530 5.7.0 Authentication required", "550 5.7.1 we do not relay: relaying denied"]
)
def test_mail_may_be_refused_for_it_too(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (
            "504 5.5.2 (nagios01): Helo command rejected: need fully-qualified hostname",
            "policy",
            " for our EHLO name",
        ),
        (
            "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.10]",
            "policy",
            " for our address or its reverse DNS",
        ),
        (
            "554 5.7.1 Service unavailable, Client host [192.0.2.10] blocked using bl.example",
            "policy",
            " for a blocklist or our reputation",
        ),
        ("550 5.1.8 Domain of sender does not exist", "policy", " for the sender"),
        ("530 5.7.0 Must issue a STARTTLS command first", "policy", " for missing TLS"),
        ("550 5.7.1 Access denied", "policy", " for who we are"),
        ("450 4.2.0 Greylisted", "greylisted", ""),
        ("451 4.3.0 Temporary lookup failure", "tempfail", ""),
        ("450 4.1.2 Domain not found", "tempfail", ""),
        ("452 4.3.1 Insufficient system storage", "full", " for a lack of room"),
        ("503 5.5.1 Error: need MAIL command", "reject", " for the command itself"),
    ],
)
def test_a_refusal_for_another_reason_is_no_answer(text: str, name: str, reason: str) -> None:
    assert findings("250 ok", text) == [
        f'{name}: {HOW}: RCPT is refused{reason}: "{text}" {ORIGIN}'
    ]


@pytest.mark.parametrize(
    ("text", "name", "how", "domain"),
    [
        (
            "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table",
            "unknown-user",
            "as an unknown user",
            "a domain that is foreign to it",
        ),
        (
            "550 5.1.1 unknown user",
            "unknown-user",
            "as an unknown user",
            "a domain that is foreign to it",
        ),
        (
            "550 No such user here",
            "unknown-user",
            "as an unknown user",
            "a domain that is foreign to it",
        ),
        (
            "550 Recipient address rejected: unverified address: unknown",
            "unknown-user",
            "as an unknown user",
            "a domain that is foreign to it",
        ),
        (
            "550 invalid recipient",
            "unknown-user",
            "as an unknown user",
            "a domain that is foreign to it",
        ),
        (
            "550 5.7.1 Mailbox disabled",
            "reject",
            "for its mailbox",
            "a domain that is foreign to it",
        ),
        (
            "550 5.2.1 mailbox disabled",
            "reject",
            "for its mailbox",
            "a domain that is foreign to it",
        ),
        (
            "550 Unrouteable address",
            "unknown-user",
            "for the domain of the recipient",
            "one that takes mail",
        ),
        (
            "556 5.1.10 Domain example.com does not accept mail (nullMX)",
            "unknown-user",
            "for the domain of the recipient",
            "one that takes mail",
        ),
    ],
)
def test_a_recipient_that_is_refused_proves_nothing(
    text: str, name: str, how: str, domain: str
) -> None:
    told = Attempt("a@b.example", "c@d.example", reply("250 ok"), reply(text), ORIGIN[1:-1], "")
    words = f'{HOW}: RCPT is refused {how}: "{text}" {ORIGIN}; ask with --recipient for'
    finding = Finding(name, f"{words} {domain}", State.UNKNOWN, ends_session=True)
    assert judge(told, Options()) == [finding]


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("553 5.1.8 Domain of sender does not exist", "policy", " for the sender"),
        ("550 5.1.1 unknown user", "policy", " for the sender"),
        ("554 no", "reject", ""),
        ("451 4.3.0 later", "tempfail", ""),
        ("552 5.3.4 too big", "size", " for the size of the message"),
    ],
)
def test_who_refuses_mail_was_not_asked_to_relay(text: str, name: str, reason: str) -> None:
    assert findings(text) == [f'{name}: {HOW}: MAIL is refused{reason}: "{text}" {ORIGIN}']


def test_an_open_relay() -> None:
    assert findings("250 ok", "250 2.1.5 Ok") == [
        'open-relay: mail from a@b.example for c@d.example is accepted: "250 2.1.5 Ok" '
        f"{ORIGIN}; if only we may relay, ask with --xclient"
    ]


def test_a_trusted_client_proves_nothing() -> None:
    assert findings("250 ok", "250 2.1.5 Ok", "a private address") == [
        'trusted: mail from a@b.example for c@d.example is accepted: "250 2.1.5 Ok", but servers '
        f"trust clients with a private address, so it proves nothing {ORIGIN}"
    ]


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("127.0.0.1", "a loopback address"),
        ("127.9.9.9", "a loopback address"),
        ("::1", "a loopback address"),
        ("10.1.2.3", "a private address"),
        ("172.31.0.1", "a private address"),
        ("192.168.1.1", "a private address"),
        ("100.64.0.1", "a private address"),
        ("169.254.1.1", "a private address"),
        ("fe80::1%eth0", "a private address"),
        ("fd00::1", "a private address"),
        ("198.51.100.25", "their own address"),
        ("172.32.0.1", ""),
        ("192.0.2.10", ""),
        ("203.0.113.7", ""),
        ("8.8.8.8", ""),
        ("2001:db8::1", ""),
        ("2001:4860:4860::8888", ""),
    ],
)
def test_whom_servers_usually_trust(client: str, words: str) -> None:
    assert trusted(client, "198.51.100.25") == words


OFFER = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250-mail.example
    S: 250 XCLIENT NAME ADDR PROTO HELO
"""
MAIL = "\nC: MAIL FROM:<relay-test@example.net>\nS: 250 2.1.0 Ok"
RCPT = "\nC: RCPT TO:<relay-test@example.com>"
DENIED = "\nS: 554 5.7.1 Relay access denied"
BYE = "\nC: QUIT\nS: 221 2.0.0 Bye"
RESET = f"\nC: RSET\nS: 250 2.0.0 Ok{BYE}"
CAME = "we came from 127.0.0.1 as client.example"
BEFORE = "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0"
ASKED = f"{BEFORE} time_mail=Ts;;;0 time_rcpt=Ts;;;0"
DISGUISED = f"{BEFORE} time_xclient=Ts;;;0"
XCLIENT = "\nC: XCLIENT ADDR=203.0.113.7 NAME=[UNAVAILABLE]"
AGAIN = "\nS: 220 mail.example ESMTP\nC: EHLO client.example\nS: 250 mail.example"
OF_XCLIENT = f"{DISGUISED} time_mail=Ts;;;0 time_rcpt=Ts;;;0"


@pytest.mark.parametrize(
    ("transcript", "arguments", "line"),
    [
        (
            OFFER + MAIL + RCPT + DENIED + RESET,
            "",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + ASKED,
        ),
        (
            OFFER
            + "\nC: MAIL FROM:<a@b.example>\nS: 250 ok\nC: RCPT TO:<c@d.example>"
            + DENIED
            + RESET,
            "-f a@b.example --recipient c@d.example",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + ASKED,
        ),
        (
            OFFER + MAIL + RCPT + "\nS: 250 2.1.5 Ok" + RESET,
            "",
            "UNKNOWN - 127.0.0.1:PORT trusted: mail from relay-test@example.net for "
            'relay-test@example.com is accepted: "250 2.1.5 Ok", but servers trust clients with '
            f"a loopback address, so it proves nothing ({CAME}) | {ASKED}",
        ),
        (
            OFFER + MAIL + RCPT + "\nS: 550 5.1.1 unknown user" + RESET,
            "",
            f"UNKNOWN - 127.0.0.1:PORT unknown-user: {HOW}: RCPT is refused as an unknown user: "
            f'"550 5.1.1 unknown user" ({CAME}); ask with --recipient for a domain that is '
            f"foreign to it | {ASKED}",
        ),
        # a sender that is not liked is no answer, and the null sender is liked everywhere
        (
            OFFER
            + "\nC: MAIL FROM:<relay-test@example.net>\nS: 550 5.7.27 sender is nullMX"
            + "\nC: MAIL FROM:<>\nS: 250 ok"
            + RCPT
            + DENIED
            + RESET,
            "",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + ASKED,
        ),
        (
            OFFER
            + MAIL
            + RCPT
            + "\nS: 550 5.7.27 Sender address rejected: nullMX"
            + "\nC: RSET\nS: 250 ok\nC: MAIL FROM:<>\nS: 250 ok"
            + RCPT
            + "\nS: 550 5.7.1 Access denied"
            + RESET,
            "",
            f"CRITICAL - 127.0.0.1:PORT policy: {HOW}: RCPT is refused for who we are: "
            f'"550 5.7.1 Access denied" ({CAME}) | {ASKED}',
        ),
        (
            OFFER + "\nC: MAIL FROM:<a@b.example>\nS: 550 5.1.8 no such sender domain" + BYE,
            "--mail-from a@b.example",
            f"CRITICAL - 127.0.0.1:PORT policy: {HOW}: MAIL is refused for the sender: "
            f'"550 5.1.8 no such sender domain" ({CAME}) | {BEFORE} time_mail=Ts;;;0',
        ),
        (
            OFFER + XCLIENT + AGAIN + MAIL + RCPT + DENIED + RESET,
            "--xclient 203.0.113.7",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + OF_XCLIENT,
        ),
        (
            OFFER + XCLIENT + AGAIN + MAIL + RCPT + "\nS: 250 ok" + RESET,
            "--xclient 203.0.113.7",
            "CRITICAL - 127.0.0.1:PORT open-relay: mail from relay-test@example.net for "
            f'relay-test@example.com is accepted: "250 ok" ({CAME}, by XCLIENT from 203.0.113.7) '
            f"| {OF_XCLIENT}",
        ),
        (
            OFFER
            + "\nC: XCLIENT ADDR=IPV6:2001:db8::7 NAME=dsl.example.org"
            + AGAIN
            + MAIL
            + RCPT
            + DENIED
            + RESET,
            "--xclient 2001:db8::7 --xclient-name dsl.example.org",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + OF_XCLIENT,
        ),
        (
            OFFER.replace("NAME ADDR", "ADDR")
            + "\nC: XCLIENT ADDR=203.0.113.7"
            + AGAIN
            + MAIL
            + RCPT
            + DENIED
            + RESET,
            "--xclient 203.0.113.7",
            'OK - 127.0.0.1:PORT refuses to relay in T s: "554 5.7.1 Relay access denied" | '
            + OF_XCLIENT,
        ),
        (
            OFFER.replace("XCLIENT", "XFORWARD") + BYE,
            "--xclient 203.0.113.7",
            "CRITICAL - 127.0.0.1:PORT missing: XCLIENT is not offered to us, so that we can only "
            f"ask as ourselves ({CAME}) | {BEFORE}",
        ),
        (
            OFFER + XCLIENT + "\nS: 550 5.7.0 Error: insufficient authorization" + BYE,
            "--xclient 203.0.113.7",
            'CRITICAL - 127.0.0.1:PORT reject: XCLIENT answered with "550 5.7.0 Error: '
            f'insufficient authorization" ({CAME}) | {DISGUISED}',
        ),
        (
            OFFER + XCLIENT + "\nS: 421 4.7.0 not you" + BYE,
            "--xclient 203.0.113.7",
            'CRITICAL - 127.0.0.1:PORT unavailable: XCLIENT answered with "421 4.7.0 not you" '
            f"({CAME}) | {DISGUISED}",
        ),
        (
            OFFER + BYE,
            "--mail-from büro@b.example",
            "CRITICAL - 127.0.0.1:PORT missing: SMTPUTF8 is not offered, which the sender or "
            f"recipient needs | {BEFORE}",
        ),
    ],
)
def test_lines(stage: Stage, transcript: str, arguments: str, line: str) -> None:
    outcome = stage("relay", transcript, *arguments.split())
    assert outcome.lines == [f"SMTP_RELAY {line}"]


def test_inside_tls_and_in_one_write(stage: Stage) -> None:
    transcript = (
        OFFER.replace("XCLIENT NAME ADDR PROTO HELO", "STARTTLS")
        + "\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO client.example\nS: 250-x\nS: 250 PIPELINING"
        + "\nC+ MAIL FROM:<relay-test@example.net>"
        + RCPT
        + "\nS: 250 ok\nS: 550 5.7.1 relaying denied"
        + RESET
    )
    outcome = stage("relay", transcript, "--starttls", "-v")
    assert outcome.text == (
        'SMTP_RELAY OK - 127.0.0.1:PORT refuses to relay in T s: "550 5.7.1 relaying denied"'
    )
    assert outcome.lines[1:] == [
        "offered: mail from relay-test@example.net for relay-test@example.com"
    ]


@pytest.mark.parametrize("reply", ["250 2.1.0 Ok", "554 5.7.1 Relay access denied"])
def test_no_answer_counts_where_replies_are_out_of_step(stage: Stage, reply: str) -> None:
    transcript = f"{OFFER}{MAIL}{RCPT}\nS: {reply}\nC: RSET\nS: 550 5.1.1 unknown user{BYE}"
    assert stage("relay", transcript).lines == [
        'SMTP_RELAY CRITICAL - 127.0.0.1:PORT protocol: RSET answered with "550 5.1.1 unknown '
        f'user", so that replies and commands are out of step | {ASKED}'
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--xclient-name dsl.example.org", "--xclient-name needs --xclient"),
        ("--xclient dsl.example.org", 'argument --xclient: "dsl.example.org" is not an address'),
        (
            "--recipient nobody",
            'argument --recipient: "nobody" is not an address such as user@example.com',
        ),
    ],
)
def test_usage(arguments: str, words: str) -> None:
    code, output = run_check("relay", "-H", "mail.example", *arguments.split())
    expected = f"SMTP_RELAY UNKNOWN - usage: {words} (see check_smtp_relay --help)"
    assert (code, output) == (3, expected)
