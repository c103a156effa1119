"""The listing of Exim: real ones of 4.96 and 4.98, and those of somebody who means harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_smtp_delivery.exim_queue import QUEUES, EximReader
from check_smtp_delivery.tally import Tally
from tests.listed import read, told

# When 1xXKBX is: 2026-11-28 15:17:55 UTC.
BORN = 1795879075
OLD_NAMES = """\
 0m   278 1xXKBX-00000P-0V <s1@example.net>
          a1@example.org
        D b@example.com

 0m   242 1xXKBX-00000Y-0Z <> *** frozen ***
          n@example.org

"""
NEW_NAMES = """\
 0m  2.9K 1xXKBX-0000000000P-29jV <s1@example.net>
          a1@example.org
         +D a2@example.org
          b@example.com

 0m   258 1xXKBX-0000000000Y-2I47 <> *** frozen ***
          n@example.org

"""


def listed(text: str, now: float = BORN + 20) -> Tally:
    return read(QUEUES, lambda tally: EximReader(tally, now), text)


@pytest.mark.parametrize(("text", "size"), [(OLD_NAMES, 520), (NEW_NAMES, 2969 + 258)])
def test_a_real_listing(text: str, size: int) -> None:
    tally = listed(text)
    assert told(tally) == ({"waiting": 1, "frozen": 1}, 20, size, [])
    assert sum(count for _, count in tally.domains.most(9)) == (2 if text == OLD_NAMES else 3)


def test_an_empty_queue_is_an_empty_listing() -> None:
    assert told(listed("")) == ({}, 0, 0, [])


@pytest.mark.parametrize(
    ("printed", "later", "age"),
    [
        ("25m", 25 * 60 + 40, 25 * 60 + 40),
        ("90m", 90 * 60 + 59, 90 * 60 + 59),
        (" 2h", 91 * 60, 91 * 60),
        ("72h", 260640, 260640),
        (" 3d", 73 * 3600, 73 * 3600),
        # the name is of another time than the age, so that it cannot be that of base 62
        ("25m", 3 * 3600, 25 * 60),
        (" 4d", 60, 4 * 86400),
        ("99d", 0, 99 * 86400),
    ],
)
def test_an_age_is_that_of_the_name_where_the_printed_one_agrees(
    printed: str, later: float, age: float
) -> None:
    line = f"{printed}   278 1xXKBX-00000P-0V <s1@example.net>"
    assert listed(line, BORN + later).age == age


@pytest.mark.parametrize(
    "line",
    [
        " 0m       1xXKBX-00000P-0V",
        " 0m   278 1xXKBX-00000P-0V <s1@example.net> (login)",
        " 0m   12M 1xXKBX-00000P-0V <>",
        "123d  278 1xXKBX-00000P-0V <a b@x>",
        " 0m   278 1xXKBX-00000P-0V \n    *** spool format error: size=3 ***",
        " 0m   278 1xXKBX-00000P-0V \n    *** spool read error: Permission denied ***\n",
        # a sender that would like to be forgotten
        ' 0m   278 1xXKBX-00000P-0V <"*** frozen ***"@example.net>',
    ],
)
def test_a_message_is_one_whatever_else_its_line_says(line: str) -> None:
    assert listed(line).counts == {"waiting": 1, "frozen": 0}
    assert listed(line).strange == []


@pytest.mark.parametrize(
    "line",
    [
        "0 mails to deliver",
        "          a1@example.org",
        " 0m   278 1xXKBX-00000P <s1@example.net>",
        " 0m   278 1xXKBX-00000P-0V0 <s1@example.net>",
        " 0w   278 1xXKBX-00000P-0V <s1@example.net>",
        "-1m   278 1xXKBX-00000P-0V <s1@example.net>",
        "exim: permission denied",
    ],
)
def test_what_is_no_message_is_not_understood(line: str) -> None:
    assert told(listed(line)) == ({}, 0, 0, [line])


@given(st.text(alphabet=st.sampled_from(" 0mhdDK1xX-<>*frozen\n@."), max_size=200))
def test_any_line_is_a_message_or_not_understood(text: str) -> None:
    listed(text)
