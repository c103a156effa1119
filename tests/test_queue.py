"""The check of the queue: what it says of listings, of programs that fail, and of limits."""

import os
from pathlib import Path

import pytest

from check_smtp_core.findings import State
from check_smtp_delivery import queue
from check_smtp_delivery.mail_systems import EXIM, POSTFIX, SENDMAIL, SYSTEMS, Found
from tests.conftest import Outcome, outcome, run_check
from tests.listed import postfix_line, program

OK, WARNING, CRITICAL, UNKNOWN = State
HOUR, DAY = 3600, 86400

REFUSED = "connect to mx.example.net[192.0.2.7]:25: Connection refused"


def checked(*arguments: str) -> Outcome:
    return outcome(*run_check("queue", *arguments), 0)


@pytest.fixture
def postfix(tmp_path: Path) -> str:
    """Nine deferred messages, the oldest 4 minutes old, three active ones and one on hold."""
    lines = [postfix_line(age=250 - n, name=f"D{n}") for n in range(9)]
    lines += [
        postfix_line("active", 5, f"A{n}", recipients=[{"address": "x@e.example"}])
        for n in range(3)
    ]
    lines += [postfix_line("hold", 9 * DAY, "H")]
    return program(tmp_path, "postqueue", "\n".join(lines) + "\n")


def lines_of(postfix: str, *messages: str) -> None:
    Path(postfix).with_name("output").write_text("".join(f"{each}\n" for each in messages))


def test_a_queue_that_moves(postfix: str) -> None:
    told = checked("--command", postfix)
    assert told.text == (
        "SMTP_QUEUE OK - Postfix: 13 messages, the oldest waits 4 min (active 3, deferred 9, "
        "hold 1)"
    )
    assert told.perfdata == (
        "time=Ts;;;0 age=250s;3600;86400;0 messages=13;;;0 maildrop=0;;;0 incoming=0;;;0 "
        "active=3;;;0 deferred=9;;;0 hold=1;;;0 queue_size=6500B;;;0"
    )
    assert told.code == OK


def test_an_empty_queue(postfix: str) -> None:
    lines_of(postfix)
    told = checked("--command", postfix)
    assert told.text == "SMTP_QUEUE OK - Postfix: the queue is empty"
    assert told.perfdata == (
        "time=Ts;;;0 age=0s;3600;86400;0 messages=0;;;0 maildrop=0;;;0 incoming=0;;;0 "
        "active=0;;;0 deferred=0;;;0 hold=0;;;0 queue_size=0B;;;0"
    )


def test_more_lines_tell_where_it_waits_and_why(postfix: str) -> None:
    told = checked("--command", postfix, "-v")
    assert told.lines[1:] == [
        "active: 3 messages, the oldest waits 5 s",
        "deferred: 9 messages, the oldest waits 4 min",
        "hold: 1 message, the oldest waits 9 d",
        "reason of 10 recipients: connect to mx.example.net[IP]:25: Connection refused",
        "domain of 10 recipients: example.net",
        "domain of 3 recipients: e.example",
    ]
    assert checked("--command", postfix, "-vv").lines[7:] == [f"listed by {postfix}"]


def test_of_many_reasons_and_domains_five_are_told(postfix: str) -> None:
    words = ("one", "two", "three", "four", "five", "six", "seven")
    lines_of(
        postfix,
        *(
            postfix_line(
                name=each, recipients=[{"address": f"a@{each}.example", "delay_reason": each}]
            )
            for each in words
        ),
    )
    lines = checked("--command", postfix, "-v").lines
    assert len([each for each in lines if each.startswith("reason of 1 recipient: ")]) == 5
    assert len([each for each in lines if each.startswith("domain of 1 recipient: ")]) == 5


@pytest.mark.parametrize(
    ("age", "arguments", "code", "text"),
    [
        (HOUR - 5, "", OK, ""),
        (
            3 * HOUR + 730,
            "",
            WARNING,
            "queue-age: the oldest message waits 3 h 12 min (wanted: at most 1 h)",
        ),
        (
            2 * DAY,
            "",
            CRITICAL,
            "queue-age: the oldest message waits 2 d (wanted: at most 1 d)",
        ),
        (
            2 * DAY,
            "-w 4h -c 6d",
            WARNING,
            "queue-age: the oldest message waits 2 d (wanted: at most 4 h)",
        ),
        (2 * DAY, "-w 3d -c 6d", OK, ""),
        (
            600,
            "-w 300",
            WARNING,
            "queue-age: the oldest message waits 10 min (wanted: at most 5 min)",
        ),
        (600, "--count-warning 0", WARNING, "queue-length: 1 message (wanted: at most 0)"),
        (600, "--count-critical 0", CRITICAL, "queue-length: 1 message (wanted: at most 0)"),
        (
            600,
            "--queue-warning deferred=0",
            WARNING,
            "queue-length: 1 message in deferred (wanted: at most 0)",
        ),
        (
            600,
            "--queue-critical active=1m,deferred=5m",
            CRITICAL,
            "queue-age: the oldest message in deferred waits 10 min (wanted: at most 5 min)",
        ),
        (
            600,
            "--queue-critical deferred=5m --state queue-age=warning",
            WARNING,
            "queue-age: the oldest message in deferred waits 10 min (wanted: at most 5 min)",
        ),
    ],
)
def test_limits(postfix: str, age: float, arguments: str, code: State, text: str) -> None:
    lines_of(postfix, postfix_line(age=age))
    told = checked("--command", postfix, *arguments.split())
    sentence = told.text.partition(" - ")[2].partition("Postfix: ")
    assert sentence[0] == (f"{text}; " if text else "")
    assert told.code == code


def test_a_limit_for_the_age_of_a_part_has_its_own_perfdata(postfix: str) -> None:
    told = checked("--command", postfix, "--queue-warning", "hold=10d,deferred=100")
    assert told.perfdata.split()[1:] == [
        "age=250s;3600;86400;0",
        "messages=13;;;0",
        "maildrop=0;;;0",
        "incoming=0;;;0",
        "active=3;;;0",
        "deferred=9;100;;0",
        "hold=1;;;0",
        "age_hold=777600s;864000;;0",
        "queue_size=6500B;;;0",
    ]
    assert told.code == OK


def test_mail_on_hold_waits_on_purpose(postfix: str) -> None:
    lines_of(postfix, postfix_line("hold", 9 * DAY))
    told = checked("--command", postfix)
    assert told.text == "SMTP_QUEUE OK - Postfix: 1 message, on hold (hold 1)"
    told = checked("--command", postfix, "--queue-warning", "hold=2d")
    assert told.text == (
        "SMTP_QUEUE WARNING - queue-age: the oldest message in hold waits 9 d (wanted: at most 2 "
        "d); "
        "Postfix: 1 message, on hold (hold 1)"
    )


def test_one_that_lists_for_too_long_is_told_so_far(postfix: str) -> None:
    path = program(
        Path(postfix).parent, "postqueue", f"{postfix_line(age=2 * HOUR)}\n", then="sleep 60"
    )
    told = checked("--command", path, "-t", "1")
    assert told.text == (
        "SMTP_QUEUE CRITICAL - timeout: postqueue was still listing after 1 s; queue-age: the "
        "oldest "
        "message waits at least 2 h (wanted: at most 1 h); Postfix: at least 1 message, the "
        "oldest "
        "waits at least 2 h (deferred 1)"
    )
    assert told.code == CRITICAL
    told = checked("--command", path, "-t", "1:warning", "-v")
    assert told.code == WARNING
    assert f"reason of about 1 recipient: {REFUSED.replace('192.0.2.7', 'IP')}" in told.lines


def test_one_that_lists_nothing_in_time_is_not_empty(tmp_path: Path) -> None:
    told = checked("--command", program(tmp_path, "postqueue", then="sleep 60"), "-t", "0.5")
    assert told.text == (
        "SMTP_QUEUE CRITICAL - timeout: postqueue was still listing after 0.5 s; Postfix: nothing "
        "listed yet"
    )
    assert told.perfdata == "time=Ts;;;0"


def test_a_warning_beside_an_empty_queue_is_no_failure(tmp_path: Path) -> None:
    path = program(tmp_path, "exim4", complaints="exim: warning: purging the environment")
    assert checked("--command", path).text == "SMTP_QUEUE OK - Exim: the queue is empty"


def test_complaints_beside_messages_do_not_hide_them(tmp_path: Path) -> None:
    path = program(tmp_path, "postqueue", f"{postfix_line()}\n", "postqueue: error: one file")
    assert checked("--command", path).text == (
        "SMTP_QUEUE OK - Postfix: 1 message, the oldest waits 1 min (deferred 1)"
    )


DOWN = (
    "postqueue: fatal: Queue report unavailable - mail system is down (Connect to the Postfix "
    "showq "
    "service: Connection refused)"
)


@pytest.mark.parametrize(
    ("name", "output", "complaints", "code", "text"),
    [
        (
            "postqueue",
            "",
            DOWN,
            69,
            f'CRITICAL - mail-system: Postfix does not run: "{DOWN[:117]}..."',
        ),
        (
            "postqueue",
            "",
            "postqueue: fatal: User nagios(900) is not allowed to view the mail queue",
            69,
            'UNKNOWN - local: ACCOUNT may not list the queue of Postfix: "postqueue: fatal: User '
            'nagios(900) is not allowed to view the mail queue" (authorized_mailq_users in '
            "main.cf "
            "says who may)",
        ),
        (
            "postqueue",
            "",
            "postqueue: fatal: Connect to the Postfix showq service: Permission denied",
            69,
            'UNKNOWN - local: ACCOUNT may not list the queue of Postfix: "postqueue: fatal: '
            "Connect "
            'to the Postfix showq service: Permission denied" (authorized_mailq_users in main.cf '
            "says who may)",
        ),
        (
            "postqueue",
            "",
            "postqueue: fatal: main.cf, line 11: missing '=' after attribute name: \"bogus\"",
            69,
            'UNKNOWN - local: postqueue failed with exit code 69 and said "postqueue: fatal: '
            "main.cf, line 11: missing '=' after attribute name: 'bogus'\"",
        ),
        (
            "postqueue",
            "",
            "",
            1,
            "UNKNOWN - local: postqueue failed with exit code 1 and said nothing",
        ),
        (
            "postqueue",
            "Mail queue is empty\n",
            "",
            0,
            'UNKNOWN - local: the listing of Postfix cannot be understood: "Mail queue is empty"',
        ),
        (
            "postqueue",
            "<b>|$(id)\x1b[31m\u202e\n",
            "",
            0,
            'UNKNOWN - local: the listing of Postfix cannot be understood: "(b)/?(id)[31m"',
        ),
        (
            "exim4",
            "",
            "exim: permission denied; not admin",
            1,
            'UNKNOWN - local: ACCOUNT may not list the queue of Exim: "exim: permission denied, '
            "not "
            'admin" (queue_list_requires_admin = false lets everybody)',
        ),
        (
            "exim4",
            "",
            "exim: failed to open spool directory /var/spool/exim4/input: Permission denied",
            0,
            'UNKNOWN - local: ACCOUNT may not list the queue of Exim: "exim: failed to open spool '
            'directory /var/spool/exim4/input: Permission denied" (queue_list_requires_admin = '
            "false lets everybody)",
        ),
        (
            "exim4",
            "",
            "exim: cannot open the spool",
            0,
            'UNKNOWN - local: exim4 listed nothing and said "exim: cannot open the spool"',
        ),
        (
            "sendmail",
            "can not chdir(/var/spool/mqueue/): Permission denied\nProgram mode requires special "
            "privileges, e.g., root or TrustedUser.\n",
            "",
            78,
            'UNKNOWN - local: ACCOUNT may not list the queue of Sendmail: "can not '
            "chdir(/var/spool/mqueue/): Permission denied Program mode requires special "
            "privileges, "
            "e.g., root or TrustedU...\" (the queue's folder and PrivacyOptions=restrictmailq "
            "say who "
            "may)",
        ),
        (
            "smtpctl",
            "",
            "smtpctl: need root privileges",
            1,
            'UNKNOWN - local: ACCOUNT may not list the queue of OpenSMTPD: "smtpctl: need root '
            'privileges" (only root may)',
        ),
    ],
)
def test_what_cannot_be_listed_is_never_empty(
    tmp_path: Path, name: str, output: str, complaints: str, code: int, text: str
) -> None:
    told = checked("--command", program(tmp_path, name, output, complaints, code))
    account = queue._account()
    assert told.lines[0] == f"SMTP_QUEUE {text.replace('ACCOUNT', account)} | time=Ts;;;0"
    assert told.code == State[text.partition(" ")[0]]


def test_root_may_see_the_queue_of_a_postfix_that_does_not_run(tmp_path: Path) -> None:
    warning = "postqueue: warning: Mail system is down -- accessing queue directly"
    path = program(tmp_path, "postqueue", f"{postfix_line()}\n", warning)
    assert checked("--command", path).text == (
        f'SMTP_QUEUE CRITICAL - mail-system: Postfix does not run: "{warning}"; Postfix: 1 '
        f"message, "
        "the oldest waits 1 min (deferred 1)"
    )


def test_one_of_whom_no_process_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found(EXIM, program(tmp_path, "exim4"), False)
    monkeypatch.setattr(queue, "find", lambda *_, **__: found)
    told = checked()
    assert told.text == (
        "SMTP_QUEUE CRITICAL - mail-system: Exim does not run: none of its processes runs here; "
        "Exim: "
        "the queue is empty"
    )
    assert checked("--state", "mail-system=ok").text == "SMTP_QUEUE OK - Exim: the queue is empty"


def test_sendmails_queues_are_listed_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path, "sendmail")
    head = "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------"
    Path(path).write_text(
        "#!/bin/sh\n"
        f"printf '\\t\\t/var/spool/mqueue (1 request)\\n{head}\\n'\n"
        "date '+6ASFINF3000075        6 %a %b %d %H:%M s2@example.net'\n"
        "printf '                 (lookup: %s)\\n\\t\\t\\t\\t\\t a@example.org\\n' \"$*\"\n"
        "printf '\\t\\tTotal requests: 1\\n'\n"
    )
    submission = tmp_path / "submit.cf"
    listings = SENDMAIL.listings
    monkeypatch.setitem(
        SYSTEMS,
        "sendmail",
        SENDMAIL._replace(listings=(*listings[:2], listings[2]._replace(needs=str(submission)))),
    )
    assert checked("--command", path).text.startswith(
        "SMTP_QUEUE OK - Sendmail: 2 messages, the oldest waits "
    )
    submission.touch()
    told = checked("--command", path, "-v")
    assert told.text.endswith("(mta 1, msp 1, quarantined 1)")
    assert [each for each in told.lines if each.startswith("reason")] == [
        "reason of 1 recipient: lookup: -bp",
        "reason of 1 recipient: lookup: -bp -Ac",
        "reason of 1 recipient: lookup: -bp -qQ",
    ]


def test_opensmtpd_tells_no_sizes(tmp_path: Path) -> None:
    told = checked("--command", program(tmp_path, "smtpctl"))
    assert told.perfdata == (
        "time=Ts;;;0 age=0s;3600;86400;0 messages=0;;;0 pending=0;;;0 inflight=0;;;0 "
        "offline=0;;;0 "
        "suspended=0;;;0"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--command postqueue", 'argument --command: "postqueue" is not an absolute path'),
        ("--command /usr/bin/mailq", 'say with --mta what "/usr/bin/mailq" belongs to'),
        ("--mta qmail", 'argument --mta: "qmail" is none of postfix, exim, sendmail, opensmtpd'),
        ("-w soon", 'argument -w/--warning: "soon" is no duration such as 90m, 1h, 3d or 3600'),
        (
            "--queue-warning defered=5",
            'argument --queue-warning: "defered=5" is not QUEUE=LIMIT; queues are maildrop, '
            "incoming, "
            "active, deferred, hold, waiting, frozen, mta, msp, quarantined, pending, inflight, "
            "offline, suspended",
        ),
        (
            "--count-warning 5m",
            'argument --count-warning: "5m" is no range such as 5, 2:5, 30:, ~:5 or @1:2',
        ),
        ("-H mail.example.com", 'unknown argument "-H"'),
    ],
)
def test_usage(arguments: str, why: str) -> None:
    told = checked(*arguments.split())
    text = f"SMTP_QUEUE UNKNOWN - usage: {why}"
    assert told.text[: len(text)] == text[: len(told.text)] or told.text.startswith(text[:200])
    assert told.code == UNKNOWN


def test_a_part_that_this_mail_system_does_not_have(postfix: str) -> None:
    told = checked("--command", postfix, "--queue-warning", "frozen=5")
    assert told.text == (
        "SMTP_QUEUE UNKNOWN - local: Postfix has no queue frozen (it has maildrop, incoming, "
        "active, "
        "deferred, hold)"
    )


def test_a_program_of_another_name_is_what_mta_says(postfix: str) -> None:
    other = Path(postfix).rename(Path(postfix).with_name("postqueue-of-outgoing"))
    assert checked("--command", str(other), "--mta", "Postfix").code == OK


def test_what_recipients_and_reasons_say_is_no_markup(postfix: str) -> None:
    recipient = {"address": 'a@<b>|$(id)"&;\x1b]0;x\x07', "delay_reason": "`id` | <i>\u202e\n\nOK"}
    lines_of(postfix, postfix_line(recipients=[recipient]))
    assert checked("--command", postfix, "-v").lines[2:] == [
        "reason of 1 recipient: 'id' / (i)  OK",
        "domain of 1 recipient: (b)/?(id)'+,]0,x",
    ]


def test_the_account_is_named_or_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 2**31 - 9)
    assert queue._account() == "user 2147483639"


def test_without_arguments_it_tells_of_this_machine() -> None:
    told = checked()
    assert told.lines[0].startswith("SMTP_QUEUE ")
    assert "internal error" not in told.text
    assert POSTFIX.key == "postfix"
