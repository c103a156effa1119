"""The listings of Sendmail: real ones of 8.17 and 8.18, and those of somebody who means harm."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_delivery.sendmail_queue import QUEUES, SendmailReader
from check_smtp_delivery.tally import Tally
from tests.listed import read, told

NOW = datetime(2026, 11, 28, 15, 20)
HEAD = "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------"
GROUPS = f"""\
Warning: Cannot use HostStatusDirectory = /var/lib/sendmail/host_status: No such file or directory
\t\t/var/spool/mqueue/q1 (1 request)
{HEAD}
6ASFINF3000075        6 Sat Nov 28 15:18 s2@example.net
                 (host map: lookup (example.net): deferred)
\t\t\t\t\t a2@example.org
\t\t\t\t\t b@example.com
\t\t/var/spool/mqueue/q2 (2 requests)
{HEAD}
6ASFIN22000077*      60 Thu Nov 26 15:20 <s3@example.net>
      8BITMIME   (Deferred: Connection refused by mx.example.net.)
\t\t\t\t\t <a3@example.org>
6ASFINtN000073  (no control file)
/var/spool/mqueue/q3 is empty
\t\tTotal requests: 3
"""
EMPTY = "/var/spool/mqueue is empty\n\t\tTotal requests: 0\n"
QUARANTINED = f"""\
\t\t/var/spool/mqueue/q1 (1 request)
{HEAD}
6ASFINF3000075        6 Sat Nov 28 15:18 s2@example.net
     QUARANTINE: testing
                 (host map: lookup (example.net): deferred)
\t\t\t\t\t (---nobody---)
\t\t\t\t\t a2@example.org
\t\tTotal requests: 1
"""


def listed(text: str, queue: str = "mta", now: datetime = NOW) -> Tally:
    return read(QUEUES, lambda tally: SendmailReader(tally, now, queue), text)


def test_a_real_listing_of_two_groups() -> None:
    tally = listed(GROUPS)
    assert told(tally) == ({"mta": 2}, 2 * 86400, 66, [])
    assert tally.domains.most(5) == [("example.org", 2), ("example.com", 1)]
    assert tally.reasons.most(5) == [
        ("host map: lookup (example.net): deferred", 2),
        ("Deferred: Connection refused by mx.example.net.", 1),
    ]


def test_an_empty_queue_says_so() -> None:
    assert told(listed(EMPTY)) == ({}, 0, 0, [])


def test_what_is_quarantined_is_on_hold() -> None:
    tally = listed(QUARANTINED, "quarantined")
    assert told(tally) == ({"quarantined": 1}, 0, 6, [])
    assert tally.held == 1


def test_two_queues_may_use_the_same_name() -> None:
    tally = Tally(QUEUES)
    for queue in ("mta", "msp"):
        reader = SendmailReader(tally, NOW, queue)
        for line in QUARANTINED.splitlines():
            reader.hear(line)
    assert tally.counts == {"mta": 1, "msp": 1, "quarantined": 0}


@pytest.mark.parametrize(
    ("now", "printed", "age"),
    [
        (NOW, "Sat Nov 28 15:20", 0),
        (NOW, "Sat Nov 28 15:00", 20 * 60),
        (NOW, "Sat Nov 28 15:30", 0),  # a clock that was set back
        (NOW, "Fri Nov 27 15:20", 86400),
        (datetime(2027, 1, 1, 0, 10), "Thu Dec 31 23:50", 20 * 60),
        (datetime(2027, 3, 1, 0, 0), "Thu Dec  3 00:00", 88 * 86400),
        (datetime(2028, 3, 1, 0, 0), "Tue Feb 29 00:00", 86400),
        (datetime(2029, 2, 28, 0, 0), "Tue Feb 29 00:00", 365 * 86400),
    ],
)
def test_a_time_is_the_latest_that_has_passed(now: datetime, printed: str, age: float) -> None:
    line = f"6ASFINF3000075        6 {printed} s2@example.net\n\t\tTotal requests: 1"
    assert told(listed(line, now=now)) == ({"mta": 1}, age, 6, [])


@pytest.mark.parametrize(
    "line",
    [
        "0 mails to deliver",
        "6ASFINF3000075        6 Sat Foo 28 15:18 s2@example.net",
        "6ASFINF3000075        6 Sat Nov 31 15:18 s2@example.net",
        "6ASFINF3000075        6 Sat Nov 28 25:18 s2@example.net",
        "                 (host map: lookup (example.net): deferred)",
        "\t\t\t\t\t a2@example.org",
        "can not chdir(/var/spool/mqueue/): Permission denied",
    ],
)
def test_what_is_no_message_is_not_understood(line: str) -> None:
    assert told(listed(f"{line}\n\t\tTotal requests: 0")) == ({}, 0, 0, [line])


def test_a_listing_that_breaks_off_is_not_understood() -> None:
    cut = GROUPS[: GROUPS.index("\t\tTotal")]
    assert listed(cut).strange == ["(a listing without a total at its end)"]


def test_a_recipient_cannot_look_like_another_line() -> None:
    hostile = GROUPS.replace("a2@example.org", '"/var/spool (1 request)"@x is empty')
    assert told(listed(hostile))[0] == {"mta": 2}
    assert listed(hostile).strange == []


@given(st.text(alphabet=st.sampled_from("\t 6ASFIN(0)*-NovSat:28Q.<>@\n"), max_size=200))
def test_any_line_is_a_message_or_not_understood(text: str) -> None:
    listed(text)
