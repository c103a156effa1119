"""The listing of OpenSMTPD: real ones of 6.8 and 7.6, and those of somebody who means harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_delivery.opensmtpd_queue import QUEUES, OpensmtpdReader
from check_smtp_delivery.tally import Tally
from tests.listed import read, told

NOW = 1795879300
REAL = """\
04a63c33034d7ae4|local|mta|auth,suspend|s2@example.net|a2@example.org|a2@example.org|1795879283|\
1795879283|1795879283|0|inflight|2|
22a919df2af83758|local|mta|auth|s3@example.net|b@example.com|b@example.com|1795879283|1795879283|\
1795879283|0|inflight|2|
22a919df9fdbb084|local|mta|auth|s3@example.net|a3@example.org|a3@example.org|1795879283|1795879283|\
1795879283|0|inflight|2|
90ec39ee65155d1c|inet4|mta||s1@example.net|b@example.com|b@example.com|1795879200|1796224800|\
1795879283|3|pending|-20|450 4.2.0 Greylisted
"""
OFFLINE = (
    "90ec39ee65155d1c|local|mta|auth|s1@example.net|b@example.com|b@example.com|1795879283|"
    "1795879283|0|0|offline||"
)


def listed(text: str) -> Tally:
    return read(QUEUES, lambda tally: OpensmtpdReader(tally, NOW), text)


def test_a_real_listing_has_a_line_for_each_recipient() -> None:
    tally = listed(REAL)
    assert told(tally) == ({"pending": 1, "inflight": 1, "suspended": 1}, 100, 0, [])
    assert tally.domains.most(5) == [("example.com", 2), ("example.org", 2)]
    assert tally.reasons.most(5) == [("450 4.2.0 Greylisted", 1)]


def test_a_listing_without_the_daemon() -> None:
    assert told(listed(OFFLINE)) == ({"offline": 1}, 17, 0, [])


def test_an_empty_queue_is_an_empty_listing() -> None:
    assert told(listed("")) == ({}, 0, 0, [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Greylisted", "a|b|1|2|3|4|pending|5|c"),
        ("s1@example.net", '"a|b"@example.net'),
        ("s1@example.net|b@example.com", '"1|2|3"@example.net|"x|y"@example.com'),
        ("Greylisted", "\x1b[31m"),
        ("Greylisted", ""),
    ],
)
def test_addresses_and_errors_may_hold_bars(old: str, new: str) -> None:
    tally = listed(REAL.replace(old, new))
    assert told(tally) == ({"pending": 1, "inflight": 1, "suspended": 1}, 100, 0, [])
    assert tally.domains.most(1) == [("example.com", 2)]


@pytest.mark.parametrize(
    "line",
    [
        "smtpctl: need root privileges",
        OFFLINE[1:],
        OFFLINE.replace("offline", "dreaming"),
        OFFLINE[:80],
        OFFLINE.replace("1795879283", "soon"),
        "1|" * 30000,
    ],
)
def test_what_is_no_recipient_is_not_understood(line: str) -> None:
    assert told(listed(line)) == ({}, 0, 0, [line[:200]])


@given(st.text(alphabet=st.sampled_from("0a|1inflight,-@."), max_size=200))
def test_any_line_is_a_recipient_or_not_understood(text: str) -> None:
    listed(text)
    listed(f"{'0' * 16}|local|mta||{text}|1|1|1|1|pending|1|x")
