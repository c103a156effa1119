"""check_smtp_rcpt: verdicts without a network, and whole lines against transcripts."""

import re
import secrets

import pytest

from check_smtp_core.findings import Finding
from check_smtp_core.options import Options
from check_smtp_core.reply import Reply
from check_smtp_delivery.rcpt import (
    ACCEPT,
    PROBE,
    REJECT,
    TEMPFAIL,
    Answer,
    Asked,
    Recipient,
    judge,
)
from tests.conftest import Stage, run_check

ORIGIN = "we came from 192.0.2.10 as monitor.example.net"
OK = Reply(250, ("2.1.0 Ok",))

ACCEPTED = "250 2.1.5 Ok"
UNKNOWN = "550 5.1.1 <x@example.com>: Recipient address rejected: User unknown"
UNROUTABLE = "550 Unrouteable address"
RELAY = "554 5.7.1 <x@example.com>: Relay access denied"
REFUSED = "554 5.2.1 mailbox disabled"
GREY = "450 4.2.0 <x@example.com>: Recipient address rejected: Greylisted"
SICK = "451 4.3.0 <x@example.com>: Temporary lookup failure"
FULL = "452 4.2.2 <x@example.com> Mailbox is full"
FULL_552 = "552 5.2.2 <x@example.com> Mailbox is full"
HELO = "504 5.5.2 <nagios01>: Helo command rejected: need fully-qualified hostname"
HOST = "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.10]"
MANY = "452 4.5.3 Error: too many recipients"
MOVED = "251 2.1.5 will forward"
UNVERIFIED = "252 2.0.0 will try"
COMMAND = "503 5.5.1 Error: need MAIL command"
OUT_OF_STEP = "220 mail.example.com ESMTP"


def defused(text: str) -> str:
    return text.replace("<", "(").replace(">", ")")


def asked(wish: str, text: str, **more: object) -> Asked:
    """One recipient and what was said to it."""
    answer = Answer(Recipient("x@example.com", wish), Reply(int(text[:3]), (text[4:],)))
    facts = Asked(OK, (answer,), (), (), "", ORIGIN)
    return facts._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "text", "name", "words"),
    [
        (ACCEPT, ACCEPTED, "", ""),
        (ACCEPT, MOVED, "", ""),
        (ACCEPT, UNVERIFIED, "", ""),
        (ACCEPT, UNKNOWN, "unknown-user", "x@example.com is refused"),
        (ACCEPT, UNROUTABLE, "unknown-user", "x@example.com is refused"),
        (ACCEPT, RELAY, "reject", "x@example.com is refused for relaying"),
        (ACCEPT, REFUSED, "reject", "x@example.com is refused"),
        (ACCEPT, GREY, "greylisted", "x@example.com is refused"),
        (ACCEPT, SICK, "tempfail", "x@example.com is refused"),
        (ACCEPT, FULL, "full", "x@example.com is refused for a lack of room"),
        (ACCEPT, FULL_552, "full", "x@example.com is refused for a lack of room"),
        (ACCEPT, HELO, "policy", "x@example.com is refused for our EHLO name"),
        (ACCEPT, HOST, "policy", "x@example.com is refused for our address or its reverse DNS"),
        (ACCEPT, MANY, "tempfail", "x@example.com is refused for the number of recipients"),
        (REJECT, UNKNOWN, "", ""),
        (REJECT, RELAY, "", ""),
        (REJECT, REFUSED, "", ""),
        (
            REJECT,
            GREY,
            "greylisted",
            "x@example.com is refused only for now, which proves nothing",
        ),
        (REJECT, SICK, "tempfail", "x@example.com is refused only for now, which proves nothing"),
        (REJECT, FULL, "full", "x@example.com is refused only for now, which proves nothing"),
        (REJECT, FULL_552, "full", "x@example.com is refused only for now, which proves nothing"),
        (REJECT, MANY, "tempfail", "x@example.com is refused only for now, which proves nothing"),
        (
            REJECT,
            HELO,
            "policy",
            "x@example.com is refused for our EHLO name, which proves nothing",
        ),
        (
            REJECT,
            HOST,
            "policy",
            "x@example.com is refused for our address or its reverse DNS, which proves nothing",
        ),
        (
            REJECT,
            COMMAND,
            "reject",
            "x@example.com is refused for the command itself, which proves nothing",
        ),
        (TEMPFAIL, GREY, "", ""),
        (TEMPFAIL, SICK, "", ""),
        (TEMPFAIL, FULL, "", ""),
        (TEMPFAIL, FULL_552, "", ""),
        (
            TEMPFAIL,
            MANY,
            "tempfail",
            "x@example.com is refused only for now, which proves nothing",
        ),
        (TEMPFAIL, UNKNOWN, "unknown-user", "x@example.com is refused for good, not for now"),
        (TEMPFAIL, RELAY, "reject", "x@example.com is refused for good, not for now"),
        (TEMPFAIL, REFUSED, "reject", "x@example.com is refused for good, not for now"),
        (
            TEMPFAIL,
            HOST,
            "policy",
            "x@example.com is refused for our address or its reverse DNS, which proves nothing",
        ),
        (
            TEMPFAIL,
            HELO,
            "policy",
            "x@example.com is refused for our EHLO name, which proves nothing",
        ),
        (PROBE, UNKNOWN, "", ""),
        (PROBE, RELAY, "", ""),
        (
            PROBE,
            GREY,
            "greylisted",
            "the control probe is refused only for now, which proves nothing",
        ),
        (
            PROBE,
            HELO,
            "policy",
            "the control probe is refused for our EHLO name, which proves nothing",
        ),
    ],
)
def test_a_refusal_is_held_against_the_wish(wish: str, text: str, name: str, words: str) -> None:
    expected = [Finding(name, f'{words}: "{defused(text)}" ({ORIGIN})', said=True)] if name else []
    assert judge(asked(wish, text), Options()) == expected


@pytest.mark.parametrize(
    ("wish", "text", "finding"),
    [
        (REJECT, ACCEPTED, "not-refused: x@example.com should be refused and is accepted: "),
        (
            TEMPFAIL,
            ACCEPTED,
            "not-refused: x@example.com should be refused for now and is accepted: ",
        ),
        (
            PROBE,
            ACCEPTED,
            "catch-all: x@example.com is accepted too, so that acceptance proves nothing: ",
        ),
        (ACCEPT, OUT_OF_STEP, "protocol: RCPT of x@example.com answered with "),
        (REJECT, OUT_OF_STEP, "protocol: RCPT of x@example.com answered with "),
        (PROBE, OUT_OF_STEP, "protocol: RCPT of the control probe answered with "),
    ],
)
def test_what_should_not_be_accepted(wish: str, text: str, finding: str) -> None:
    assert list(map(str, judge(asked(wish, text), Options()))) == [f'{finding}"{text}"']


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "452 4.3.1 Insufficient system storage",
            'full: no recipient was asked: MAIL answered with "452 4.3.1 Insufficient system '
            f'storage", for a lack of room ({ORIGIN})',
        ),
        (
            "552 5.3.4 Message size exceeds fixed limit",
            'size: no recipient was asked: MAIL answered with "552 5.3.4 Message size exceeds '
            f'fixed limit", for the size of the message ({ORIGIN})',
        ),
        (
            "450 4.3.2 Service currently unavailable",
            'tempfail: no recipient was asked: MAIL answered with "450 4.3.2 Service currently '
            f'unavailable" ({ORIGIN})',
        ),
        (
            "354 what?",
            f'protocol: no recipient was asked: MAIL answered with "354 what?" ({ORIGIN})',
        ),
    ],
)
def test_where_mail_is_refused_nobody_was_asked(text: str, finding: str) -> None:
    refusal = Reply(int(text[:3]), (text[4:],))
    recipient = Recipient("x@example.com", ACCEPT)
    facts = Asked(refusal, (), (recipient,), (), "", ORIGIN)
    assert list(map(str, judge(facts, Options()))) == [finding]
    assert facts.sentence(1.0) == ""


OFFER = """
    S: 220 mail.example ESMTP
    C: EHLO client.example
    S: 250-mail.example
    S: 250 SIZE 1000
"""
PIPELINING = OFFER.replace("250 SIZE 1000", "250 PIPELINING")
MAIL = "\nC: MAIL FROM:<>\nS: 250 2.1.0 Ok"
BYE = "\nC: QUIT\nS: 221 2.0.0 Bye"
RESET = f"\nC: RSET\nS: 250 2.0.0 Ok{BYE}"
CAME = "(we came from 127.0.0.1 as client.example)"
PHASES = "time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 time_ehlo=Ts;;;0 time_mail=Ts;;;0"


def rcpt(name: str, reply: str) -> str:
    return f"\nC: RCPT TO:<{name}>\nS: {reply}"


def counts(accepted: int, deferred: int, refused: int) -> str:
    return (
        f"{PHASES} time_rcpt=Ts;;;0 accepted={accepted};;;0 deferred={deferred};;;0 "
        f"refused={refused};;;0"
    )


@pytest.mark.parametrize(
    ("transcript", "arguments", "line"),
    [
        (
            OFFER + MAIL + rcpt("a@b.example", "250 2.1.5 Ok") + RESET,
            "--accept a@b.example",
            'OK - 127.0.0.1:PORT takes mail for a@b.example in T s: "250 2.1.5 Ok" | '
            + counts(1, 0, 0),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "550 5.1.1 unknown user") + RESET,
            "--reject a@b.example",
            'OK - 127.0.0.1:PORT refuses a@b.example in T s: "550 5.1.1 unknown user" | '
            + counts(0, 0, 1),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "450 4.2.0 greylisted") + RESET,
            "--tempfail a@b.example",
            'OK - 127.0.0.1:PORT defers a@b.example in T s: "450 4.2.0 greylisted" | '
            + counts(0, 1, 0),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "550 5.1.1 unknown user") + RESET,
            "--accept a@b.example",
            "CRITICAL - 127.0.0.1:PORT unknown-user: a@b.example is refused: "
            f'"550 5.1.1 unknown user" {CAME} | ' + counts(0, 0, 1),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "450 4.2.0 greylisted") + RESET,
            "--accept a@b.example --state greylisted=ok",
            'OK - 127.0.0.1:PORT greylisted: a@b.example is refused: "450 4.2.0 greylisted" '
            f"{CAME} | " + counts(0, 1, 0),
        ),
        (
            OFFER
            + MAIL
            + rcpt("postmaster", "250 ok")
            + rcpt("a@b.example", "251 ok")
            + rcpt("no@b.example", "550 5.1.1 no")
            + rcpt("later@b.example", "451 4.3.0 later")
            + RESET,
            "--accept postmaster --reject no@b.example --accept a@b.example "
            "--tempfail later@b.example",
            "OK - 127.0.0.1:PORT accepts 2, defers 1, refuses 1 of 4 recipients in T s | "
            + counts(2, 1, 1),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "250 ok") + rcpt("no@b.example", "250 ok") + RESET,
            "--accept a@b.example --reject no@b.example",
            "CRITICAL - 127.0.0.1:PORT not-refused: no@b.example should be refused and is "
            'accepted: "250 ok"; accepts 2, defers 0, refuses 0 of 2 recipients in T s | '
            + counts(2, 0, 0),
        ),
        (
            OFFER + "\nC: MAIL FROM:<>\nS: 452 4.3.1 Insufficient system storage" + BYE,
            "--accept a@b.example",
            "CRITICAL - 127.0.0.1:PORT full: no recipient was asked: MAIL answered with "
            f'"452 4.3.1 Insufficient system storage", for a lack of room {CAME} | '
            f"{PHASES} accepted=0;;;0 deferred=0;;;0 refused=0;;;0",
        ),
        (
            OFFER
            + "\nC: MAIL FROM:<me@c.example> SIZE=500\nS: 250 ok"
            + rcpt("a@b.example", "552 5.3.4 too big")
            + RESET,
            "--accept a@b.example -f me@c.example --size 500",
            "WARNING - 127.0.0.1:PORT size: a@b.example is refused for the size of the message: "
            f'"552 5.3.4 too big" {CAME} | ' + counts(0, 0, 1),
        ),
        (
            OFFER
            + "\nC: MAIL FROM:<> SIZE=2000\nS: 250 ok"
            + rcpt("a@b.example", "250 ok")
            + RESET,
            "--accept a@b.example --size 2000",
            "WARNING - 127.0.0.1:PORT size: messages up to 1000 octets are taken, not 2000; takes "
            'mail for a@b.example in T s: "250 ok" | ' + counts(1, 0, 0),
        ),
        (
            OFFER.replace("SIZE 1000", "SIZE 0")
            + "\nC: MAIL FROM:<> SIZE=2000\nS: 250 ok"
            + rcpt("a@b.example", "250 ok")
            + RESET,
            "--accept a@b.example --size 2000",
            'OK - 127.0.0.1:PORT takes mail for a@b.example in T s: "250 ok" | ' + counts(1, 0, 0),
        ),
        (
            OFFER.replace("SIZE 1000", "DSN") + MAIL + rcpt("a@b.example", "250 ok") + RESET,
            "--accept a@b.example --size 500",
            "WARNING - 127.0.0.1:PORT size: SIZE is not offered, so 500 octets are not promised; "
            'takes mail for a@b.example in T s: "250 ok" | ' + counts(1, 0, 0),
        ),
        (
            OFFER.replace("SIZE 1000", "SMTPUTF8")
            + "\nC: MAIL FROM:<> SMTPUTF8\nS: 250 ok"
            + rcpt("büro@b.example", "250 ok")
            + RESET,
            "--accept büro@b.example",
            'OK - 127.0.0.1:PORT takes mail for büro@b.example in T s: "250 ok" | '
            + counts(1, 0, 0),
        ),
        (
            OFFER + BYE,
            "--accept büro@b.example",
            "CRITICAL - 127.0.0.1:PORT missing: SMTPUTF8 is not offered, which the recipient "
            "büro@b.example needs | time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 "
            "time_ehlo=Ts;;;0",
        ),
        (
            OFFER + BYE,
            "--accept a@b.example -f büro@b.example",
            "CRITICAL - 127.0.0.1:PORT missing: SMTPUTF8 is not offered, which the sender "
            "büro@b.example needs | time=Ts;;;0 time_connect=Ts;;;0 time_greeting=Ts;;;0 "
            "time_ehlo=Ts;;;0",
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "250 ok") + RESET,
            "--accept a@b.example,büro@b.example",
            "CRITICAL - 127.0.0.1:PORT missing: SMTPUTF8 is not offered, which the recipient "
            'büro@b.example needs; takes mail for a@b.example in T s: "250 ok" | '
            + counts(1, 0, 0),
        ),
        (
            OFFER + MAIL + rcpt("a@xn--bcher-kva.example", "250 ok") + RESET,
            "--accept a@bücher.example",
            "OK - 127.0.0.1:PORT takes mail for a@xn--bcher-kva.example in T s: "
            '"250 ok" | ' + counts(1, 0, 0),
        ),
        (
            OFFER.replace("EHLO", "LHLO") + MAIL + rcpt("a@b.example", "250 ok") + RESET,
            "--accept a@b.example --lmtp",
            'OK - 127.0.0.1:PORT takes mail for a@b.example in T s: "250 ok" | ' + counts(1, 0, 0),
        ),
        (
            OFFER + MAIL + rcpt("a@b.example", "421 4.7.0 too many errors") + BYE,
            "--accept a@b.example",
            'CRITICAL - 127.0.0.1:PORT unavailable: RCPT answered with "421 4.7.0 too many '
            f'errors" {CAME} | {PHASES} time_rcpt=Ts;;;0',
        ),
        (
            OFFER + MAIL + "\nC: RCPT TO:<a@b.example>\nCLOSE",
            "--accept a@b.example",
            "CRITICAL - 127.0.0.1:PORT closed: the server closed the connection before the reply "
            f"to RCPT | {PHASES}",
        ),
        # nothing after the verdict changes it
        (
            OFFER + MAIL + rcpt("a@b.example", "250 2.1.5 Ok") + "\nC: RSET\nCLOSE",
            "--accept a@b.example",
            'OK - 127.0.0.1:PORT takes mail for a@b.example in T s: "250 2.1.5 Ok" | '
            + counts(1, 0, 0),
        ),
    ],
)
def test_lines(stage: Stage, transcript: str, arguments: str, line: str) -> None:
    outcome = stage("rcpt", transcript, *arguments.split())
    assert outcome.lines == [f"SMTP_RCPT {line}"]


@pytest.mark.parametrize(
    ("count", "rest"), [(5, ""), (6, " and 1 other"), (3000, " and 2995 others")]
)
def test_of_many_recipients_five_are_named(count: int, rest: str) -> None:
    utf8 = tuple(Recipient(f"ü{number}@b.example", ACCEPT) for number in range(count))
    facts = Asked(OK, (), (), utf8, "", ORIGIN)
    named = "ü0@b.example, ü1@b.example, ü2@b.example, ü3@b.example, ü4@b.example"
    assert list(map(str, judge(facts, Options()))) == [
        f"missing: SMTPUTF8 is not offered, which the recipient {named}{rest} needs"
    ]


def test_inside_tls_everything_is_asked_inside(stage: Stage) -> None:
    transcript = (
        OFFER.replace("SIZE 1000", "STARTTLS")
        + "\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO client.example\nS: 250-x\nS: 250 SMTPUTF8"
        + "\nC: MAIL FROM:<> SMTPUTF8\nS: 250 ok"
        + rcpt("büro@b.example", "250 ok")
        + RESET
    )
    outcome = stage("rcpt", transcript, "--starttls", "--accept", "büro@b.example")
    text = 'SMTP_RCPT OK - 127.0.0.1:PORT takes mail for büro@b.example in T s: "250 ok"'
    assert outcome.text == text


def test_a_server_with_pipelining_gets_all_in_one_write(stage: Stage) -> None:
    transcript = (
        PIPELINING
        + """
        C+ MAIL FROM:<>
        C+ RCPT TO:<a@b.example>
        C: RCPT TO:<no@b.example>
        S> 250 2.1.0 Ok\\r\\n250 2.1.5 Ok\\r\\n550 5.1.1 unknown user\\r\\n
        """
        + RESET
    )
    outcome = stage("rcpt", transcript, "--accept", "a@b.example", "--reject", "no@b.example")
    assert outcome.text == (
        "SMTP_RCPT OK - 127.0.0.1:PORT accepts 1, defers 0, refuses 1 of 2 recipients in T s"
    )


def test_what_was_sent_behind_a_refused_mail_counts_for_nothing(stage: Stage) -> None:
    transcript = (
        PIPELINING
        + """
        C+ MAIL FROM:<>
        C: RCPT TO:<no@b.example>
        S: 550 5.7.1 Access denied
        S: 503 5.5.1 Error: need MAIL command
        """
        + BYE
    )
    outcome = stage("rcpt", transcript, "--reject", "no@b.example")
    assert outcome.text == (
        "SMTP_RCPT CRITICAL - 127.0.0.1:PORT policy: no recipient was asked: MAIL answered with "
        f'"550 5.7.1 Access denied", for who we are {CAME}'
    )
    assert outcome.perfdata.endswith("accepted=0;;;0 deferred=0;;;0 refused=0;;;0")


MAIL_AGAIN = "\nC: RSET\nS: 250 ok" + MAIL


@pytest.mark.parametrize(
    "transcript",
    [
        # RFC 9422
        OFFER.replace("SIZE 1000", "LIMITS RCPTMAX=2")
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + rcpt("c@b.example", "250 ok")
        + MAIL_AGAIN
        + rcpt("d@b.example", "250 ok")
        + RESET,
        # RFC 5321 4.5.3.1.10
        OFFER
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + rcpt("c@b.example", "250 ok")
        + rcpt("d@b.example", "452 4.5.3 Error: too many recipients")
        + MAIL_AGAIN
        + rcpt("d@b.example", "250 ok")
        + RESET,
        # bounces have one recipient
        OFFER
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + rcpt("c@b.example", "550 5.5.3 Recipient address rejected: Multi-recipient bounce")
        + rcpt("d@b.example", "550 only one recipient accepted for the null sender")
        + MAIL_AGAIN
        + rcpt("c@b.example", "250 ok")
        + rcpt("d@b.example", "550 only one recipient accepted for the null sender")
        + MAIL_AGAIN
        + rcpt("d@b.example", "250 ok")
        + RESET,
        # Gmail
        OFFER
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + rcpt("c@b.example", "451 4.3.0 Multiple destination domains are unsupported")
        + rcpt("d@b.example", "451 4.3.0 Multiple destination domains are unsupported")
        + MAIL_AGAIN
        + rcpt("c@b.example", "250 ok")
        + rcpt("d@b.example", "250 ok")
        + RESET,
    ],
    ids=["LIMITS", "452", "bounce", "Gmail"],
)
def test_more_recipients_than_a_transaction_takes(stage: Stage, transcript: str) -> None:
    given = ("--accept", "a@b.example,c@b.example,d@b.example")
    outcome = stage("rcpt", transcript, *given)
    assert outcome.text == (
        "SMTP_RCPT OK - 127.0.0.1:PORT accepts 3, defers 0, refuses 0 of 3 recipients in T s"
    )


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (
            "S: 421 4.7.0 too many errors",
            f'unavailable: RCPT answered with "421 4.7.0 too many errors" {CAME}',
        ),
        (
            "CLOSE",
            "closed: the server closed the connection before the reply to RCPT",
        ),
        (
            "SILENCE",
            "timeout: the reply to RCPT did not come within 0.5 s",
        ),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_answers_before_the_end_of_the_session_are_judged(
    stage: Stage, end: str, found: str, pipelining: bool
) -> None:
    group = PIPELINING + "\nC+ MAIL FROM:<>\nC+ RCPT TO:<a@b.example>\nC+ RCPT TO:<c@b.example>"
    group += "\nC: RCPT TO:<d@b.example>\nS: 250 ok\nS: 550 5.1.1 unknown user\n"
    lock_step = f"{OFFER}{MAIL}{rcpt('a@b.example', '550 5.1.1 unknown user')}"
    lock_step += "\nC: RCPT TO:<c@b.example>\n"
    goodbye = BYE if end.startswith("S:") and not pipelining else ""
    transcript = (group if pipelining else lock_step) + end + goodbye
    given = "--accept a@b.example,c@b.example,d@b.example -t 0.5"
    name = found.partition(":")[0]
    state = "" if name == "timeout" else f" --state {name}=ok"
    outcome = stage("rcpt", transcript, *(given + state).split())
    refused = f'unknown-user: a@b.example is refused: "550 5.1.1 unknown user" {CAME}'
    # Of two that are as bad, the end of the session comes first.
    both = f"{refused}; {found}" if state else f"{found}; {refused}"
    line = f"SMTP_RCPT CRITICAL - 127.0.0.1:PORT {both} | {counts(0, 0, 1)}"
    assert outcome.lines == [line]


OUT_OF_STEP_LINE = (
    "CRITICAL - 127.0.0.1:PORT protocol: RSET answered with {}, so that replies and commands are "
    f"out of step | {PHASES} time_rcpt=Ts;;;0"
)


def test_an_acceptance_does_not_count_where_replies_are_out_of_step(stage: Stage) -> None:
    transcript = (
        PIPELINING
        + """
        C+ MAIL FROM:<>
        C: RCPT TO:<nobody@b.example>
        S: 250 2.1.0 Ok
        S: 250 2.1.0 Ok
        C: RSET
        S: 550 5.1.1 unknown user
        S: 250 2.0.0 Ok
        """
        + BYE
    )
    outcome = stage("rcpt", transcript, "--accept", "nobody@b.example")
    line = OUT_OF_STEP_LINE.format('"550 5.1.1 unknown user"')
    assert outcome.lines == [f"SMTP_RCPT {line}"]


def test_replies_are_in_step_between_two_transactions_too(stage: Stage) -> None:
    transcript = (
        OFFER.replace("SIZE 1000", "LIMITS RCPTMAX=1")
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + "\nC: RSET\nS: 550 unknown user"
        + BYE
    )
    outcome = stage("rcpt", transcript, "--accept", "a@b.example,c@b.example")
    line = OUT_OF_STEP_LINE.format('"550 unknown user"')
    assert outcome.lines == [f"SMTP_RCPT {line}"]


@pytest.mark.parametrize("reply", ["421 too many errors", "500 what?", "502 never heard"])
def test_a_server_that_closes_or_knows_no_rset_is_in_step(stage: Stage, reply: str) -> None:
    transcript = OFFER + MAIL + rcpt("a@b.example", "250 ok") + f"\nC: RSET\nS: {reply}" + BYE
    assert stage("rcpt", transcript, "--accept", "a@b.example").code == 0


def test_a_second_mail_that_is_refused_is_told_beside_the_answers(stage: Stage) -> None:
    transcript = (
        OFFER.replace("SIZE 1000", "LIMITS RCPTMAX=1")
        + MAIL
        + rcpt("a@b.example", "550 5.1.1 unknown user")
        + "\nC: RSET\nS: 250 ok\nC: MAIL FROM:<>\nS: 451 4.3.0 not again"
        + BYE
    )
    outcome = stage("rcpt", transcript, "--accept", "a@b.example,c@b.example")
    assert outcome.text == (
        "SMTP_RCPT CRITICAL - 127.0.0.1:PORT unknown-user: a@b.example is refused: "
        f'"550 5.1.1 unknown user" {CAME}; tempfail: 1 recipient not asked: MAIL answered with '
        f'"451 4.3.0 not again" {CAME}'
    )


def test_who_takes_no_second_recipient_is_not_asked_for_ever(stage: Stage) -> None:
    transcript = OFFER + MAIL + rcpt("a@b.example", "452 4.5.3 too many recipients") + RESET
    outcome = stage("rcpt", transcript, "--accept", "a@b.example")
    assert outcome.text == (
        "SMTP_RCPT WARNING - 127.0.0.1:PORT tempfail: a@b.example is refused for the number of "
        f'recipients: "452 4.5.3 too many recipients" {CAME}'
    )


PROBED = "check-smtp-0123456789abcdef@b.example"


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (
            "550 5.1.1 unknown user",
            'OK - 127.0.0.1:PORT takes mail for a@b.example (no catch-all) in T s: "250 ok"',
        ),
        (
            "250 2.1.5 Ok",
            f"WARNING - 127.0.0.1:PORT catch-all: {PROBED} is accepted too, so that acceptance "
            'proves nothing: "250 2.1.5 Ok"; takes mail for a@b.example in T s: "250 ok"',
        ),
        (
            "450 4.2.0 Greylisted",
            "WARNING - 127.0.0.1:PORT greylisted: the control probe is refused only for now, "
            f'which proves nothing: "450 4.2.0 Greylisted" {CAME}; takes mail for a@b.example '
            'in T s: "250 ok"',
        ),
    ],
)
def test_a_control_probe_unmasks_a_catch_all(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, reply: str, text: str
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0123456789abcdef")
    transcript = OFFER + MAIL + rcpt("a@b.example", "250 ok") + rcpt(PROBED, reply) + RESET
    outcome = stage("rcpt", transcript, "--accept", "a@b.example", "--control-probe")
    assert outcome.text == f"SMTP_RCPT {text}"
    assert outcome.perfdata == counts(1, 0, 0)


def test_each_probe_has_another_name(stage: Stage) -> None:
    names = set()
    for _ in range(2):
        transcript = OFFER + MAIL + rcpt("a@b.example", "250 ok") + "\nAWAIT\nS: 550 no" + RESET
        stage("rcpt", transcript, "--accept", "a@b.example", "--control-probe")
        assert stage.player is not None
        names |= {each for each in stage.player.heard if "check-smtp-" in each}
    assert len(names) == 2
    assert all(
        re.fullmatch(r"RCPT TO:<check-smtp-[0-9a-f]{16}@b\.example>\r\n", each) for each in names
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "no recipient is given (--accept, --reject or --tempfail)"),
        ("--control-probe", "no recipient is given (--accept, --reject or --tempfail)"),
        (
            "--control-probe --accept postmaster",
            "--control-probe needs an --accept with a domain",
        ),
        ("--accept a@b.example --reject a@b.example", "two wishes for a@b.example"),
        (
            "--accept a@b.example,b",
            'argument --accept: "b" is not an address such as user@example.com',
        ),
        (
            "--accept a@b.example --size big",
            'argument --size: "big" is not a number of octets',
        ),
        (
            "--accept a@b.example -f me",
            'argument -f/--mail-from: "me" is not an address such as user@example.com',
        ),
    ],
)
def test_usage(arguments: str, words: str) -> None:
    code, output = run_check("rcpt", "-H", "mail.example", *arguments.split())
    expected = f"SMTP_RCPT UNKNOWN - usage: {words} (see check_smtp_rcpt --help)"
    assert (code, output) == (3, expected)


def test_verbose_lines_tell_of_every_recipient(stage: Stage) -> None:
    transcript = (
        OFFER
        + MAIL
        + rcpt("a@b.example", "250 ok")
        + rcpt("no@b.example", "550 5.1.1 unknown user")
        + RESET
    )
    given = ("--accept", "a@b.example", "--reject", "no@b.example", "-v")
    outcome = stage("rcpt", transcript, *given)
    assert outcome.lines[1:] == [
        'accept a@b.example: "250 ok"',
        'reject no@b.example: "550 5.1.1 unknown user"',
    ]


def test_verbose_lines_tell_who_was_not_asked(stage: Stage) -> None:
    transcript = OFFER + "\nC: MAIL FROM:<>\nS: 451 4.3.0 later" + BYE
    outcome = stage("rcpt", transcript, "--accept", "a@b.example,büro@b.example", "-v")
    assert outcome.lines[-2:] == [
        "accept a@b.example: not asked",
        "accept büro@b.example: not asked",
    ]


def test_odd_replies_are_noted_once(stage: Stage) -> None:
    transcript = (
        OFFER
        + "\nC: MAIL FROM:<>\nS> 250 ok\\n"
        + "\nC: RCPT TO:<a@b.example>\nS> 250 ok\\n"
        + "\nC: RCPT TO:<c@b.example>\nS> 250 ok\\n"
        + RESET
    )
    outcome = stage("rcpt", transcript, "--accept", "a@b.example,c@b.example", "-v")
    assert outcome.lines[1:3] == [
        "OK nonstandard: the reply to MAIL: a line ends in a bare LF",
        "OK nonstandard: the reply to RCPT: a line ends in a bare LF",
    ]
