"""Reasons: what differs from message to message is left out, and few of them are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_delivery.reasons import Top, grouped


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("host map: lookup (example.net): deferred", "host map: lookup (example.net): deferred"),
        (
            "connect to mx.example.net[192.0.2.7]:25: Connection refused",
            "connect to mx.example.net[IP]:25: Connection refused",
        ),
        (
            "connect to mx2.example.net[2001:db8::7]:25: No route to host",
            "connect to mxN.example.net[IP]:25: No route to host",
        ),
        (
            "host mx.example.net[192.0.2.7] said: 450 4.2.0 <bob@example.net>: Recipient address "
            "rejected: Greylisted, try again in 450 seconds (in reply to RCPT TO command)",
            "host mx.example.net[IP] said: 450 4.2.0 <ADDRESS>: Recipient address rejected: "
            "Greylisted, try again in N seconds (in reply to RCPT TO command)",
        ),
        (
            "host mx.example.net[192.0.2.7] said: 451-4.7.1 try later, id 4bXyZ12Q3kz1A",
            "host mx.example.net[IP] said: 451-4.7.1 try later, id ID",
        ),
        ("451 4.3.0 queue file write error", "451 4.3.0 queue file write error"),
        ("Deferred: 10.1.2.3 timed out", "Deferred: [IP] timed out"),
    ],
)
def test_a_reason_is_told_without_what_differs(reason: str, group: str) -> None:
    assert grouped(reason) == group


@given(st.text(max_size=700))
def test_any_reason_has_a_short_group(reason: str) -> None:
    assert len(grouped(reason)) <= 500 * 7


def test_a_long_reason_takes_no_time() -> None:
    for piece in ("1", "a", "@", "1.", "a@", "[1:", "é1", "x1 "):
        assert grouped(piece * 100_000)


def test_the_most_frequent_come_first_and_ties_by_their_words() -> None:
    top = Top()
    for text in "bacabca":
        top.add(text)
    assert top.most(2) == [("a", 3), ("b", 2)]
    assert top.exact


def test_of_very_many_the_rare_ones_are_forgotten() -> None:
    top = Top(limit=100)
    for number in range(10_000):
        top.add("the one")
        top.add(str(number))
    assert top.most(1) == [("the one", 10_000)]
    assert len(top.most(1000)) <= 100
    assert not top.exact


def test_one_may_stand_for_several_that_nobody_looked_at() -> None:
    top = Top()
    top.add("a", 10)
    assert top.most(5) == [("a", 10)]
    assert not top.exact
