"""The listing of Postfix: real ones of 3.7 and 3.10, and those of somebody who means harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_delivery.postfix_queue import QUEUES, PostfixReader
from check_smtp_delivery.tally import Tally
from tests.listed import read, told

NOW = 1795879200
REAL = """\
{"queue_name": "deferred", "queue_id": "7B3502302B0", "arrival_time": 1795879083, "message_size": \
266, "forced_expire": false, "sender": "s3@example.net", "recipients": [{"address": \
"b@example.com", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:9: Connection refused"}, \
{"address": "a3@example.org", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:9: Connection \
refused"}]}
{"queue_name": "hold", "queue_id": "763E42302AF", "arrival_time": 1795870000, "message_size": \
270, "forced_expire": false, "sender": "", "recipients": [{"address": "a1@example.org"}]}
{"queue_name": "active", "queue_id": "4bXyZ12Q3kz1A", "arrival_time": 1795879190, \
"message_size": 1000, "forced_expire": true, "sender": "s2@example.net", "recipients": \
[{"address": "a2@example.org"}]}
"""


def listed(text: str) -> Tally:
    return read(QUEUES, lambda tally: PostfixReader(tally, NOW), text)


def line(**members: Any) -> str:
    message = {"queue_name": "active", "queue_id": "4X", "arrival_time": NOW, "message_size": 5}
    return json.dumps(message | members)


def test_a_real_listing() -> None:
    tally = listed(REAL)
    assert told(tally) == ({"deferred": 1, "hold": 1, "active": 1}, 117, 1536, [])
    assert tally.oldest["hold"] == 9200
    assert tally.domains.most(5) == [("example.org", 3), ("example.com", 1)]
    assert tally.reasons.most(5) == [("connect to [IP][IP]:9: Connection refused", 2)]


def test_an_empty_queue_is_an_empty_listing() -> None:
    assert told(listed("")) == ({}, 0, 0, [])


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (line(new_member={"a": [1]}, recipients=[{"address": "x@y", "orig_address": "z"}]), 1),
        (line(recipients=None), 1),
        (line(recipients=[1, None, {}, {"address": 5, "delay_reason": {}}]), 1),
        (line(sender="\x1b[31m\u202e|\n"), 1),
        (f"{line()}\n{line(queue_name='deferred')}", 1),
        (f"{line()}\n{line(queue_id='5Y')}", 2),
        # a clock that was set back
        (line(arrival_time=NOW + 1000), 1),
    ],
)
def test_members_that_are_new_or_wrong_do_no_harm(text: str, counts: int) -> None:
    tally = listed(text)
    assert (tally.messages, tally.age, tally.strange) == (counts, 0, [])


@pytest.mark.parametrize(
    "text",
    [
        "Mail queue is empty",
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------",
        line()[:-1],
        "[]",
        "5",
        "null",
        "[" * 60000,
        line(queue_name="elsewhere"),
        line(queue_name=["active"]),
        line(queue_id=7),
        line(arrival_time="soon"),
        line(arrival_time=True),
        line(arrival_time=-1),
        line(arrival_time=1e300),
        line(arrival_time=10**20),
        line(message_size=None),
        line().replace(str(NOW), "NaN"),
        line().replace(str(NOW), "9" * 5000),
    ],
)
def test_what_is_no_message_is_not_understood(text: str) -> None:
    tally = listed(text)
    assert (tally.messages, tally.strange) == (0, [text[:200]])


def test_a_line_that_was_cut_counts_without_its_recipients() -> None:
    tally = Tally(QUEUES)
    cut = line(recipients=[{"address": f"u{number}@example.net"} for number in range(9)])[:-70]
    PostfixReader(tally, NOW).hear(cut, cut=True)
    assert told(tally) == ({"active": 1}, 0, 5, [])
    assert tally.domains.most(5) == []


def test_a_sender_cannot_begin_the_recipients() -> None:
    tally = Tally(QUEUES)
    cut = line(sender='"recipients": [', recipients=[{"address": "x"}])[:-5]
    PostfixReader(tally, NOW).hear(cut, cut=True)
    assert told(tally) == ({"active": 1}, 0, 5, [])


@given(st.text())
def test_any_line_is_a_message_or_not_understood(text: str) -> None:
    listed(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_a_message_or_not_understood(value: Any) -> None:
    for member in ("queue_name", "queue_id", "arrival_time", "message_size", "recipients"):
        listed(line(**{member: value}))
    listed(json.dumps(value))
