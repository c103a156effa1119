"""IMAP's texts: names of folders in both directions, and the answers to FETCH and LIST."""

from base64 import b64encode
from typing import Any

import pytest

from check_smtp_core.concealment import REPEATS
from check_smtp_delivery.credentials import Credentials
from check_smtp_delivery.imap_text import (
    Secrets,
    decoded_name,
    encoded,
    junk_folders,
    quoted_string,
    rows,
)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", "INBOX"),
        ("Tom & Jerry", "Tom &- Jerry"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("☺!", "&Jjo-!"),
        ("𝄞", "&2DTdHg-"),
        ("", ""),
    ],
)
def test_names_of_folders(name: str, wire: str) -> None:
    """The third is an example of RFC 3501 5.1.3."""
    assert encoded(name) == wire
    assert decoded_name(wire) == name


@pytest.mark.parametrize("wire", ["&", "&Jjo", "a&b", "&=-", "&\x00-"])
def test_names_that_are_none_stay_as_they_are(wire: str) -> None:
    assert decoded_name(wire) == wire


def test_quoted_strings() -> None:
    assert quoted_string('a "b" \\ c') == '"a \\"b\\" \\\\ c"'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], []),
        (
            [
                (b'1 (UID 7 INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[X] {3}', b"a\r\n"),
                b")",
            ],
            [(7, 837596665.0, b"a\r\n")],
        ),
        # the UID behind the literal, a date that begins with a blank
        (
            [(b'12 (INTERNALDATE " 7-Jul-1996 02:44:25 +0000" BODY[X] {1}', b"a"), b" UID 9)"],
            [(9, 836707465.0, b"a")],
        ),
        # headers as a quoted string hold nothing of ours
        ([b'1 (UID 7 BODY[X] "")'], [(7, 0.0, b"")]),
        # flags of another message in between, which has no UID
        (
            [(b"1 (UID 7 BODY[X] {1}", b"a"), b")", b"5 (FLAGS (\\Seen))", b"6 (UID 8)"],
            [(7, 0.0, b"a"), (8, 0.0, b"")],
        ),
        # what stands in a literal is no attribute
        ([(b"1 (BODY[X] {7}", b"UID 666"), b" UID 8)"], [(8, 0.0, b"UID 666")]),
        ([(b"1 (BODY[X] {9}", b"2 (UID 3)"), b" UID 8)"], [(8, 0.0, b"2 (UID 3)")]),
        ([b'1 (UID 7 INTERNALDATE "31-Feb-2026 02:44:25 -0700")'], [(7, 0.0, b"")]),
        ([b"nonsense"], []),
    ],
)
def test_the_answer_to_fetch(data: list[Any], expected: list[tuple[int, float, bytes]]) -> None:
    assert list(rows(data)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'(\\HasNoChildren \\Junk) "/" "Junk"', ["Junk"]),
        (b'(\\junk) "." Spam', ["Spam"]),
        (b'(\\Junk) NIL "a \\"b\\" \\\\"', ['a "b" \\']),
        ((b'(\\Junk) "/" {4}', b"Spam"), ["Spam"]),
        (b'(\\HasNoChildren) "/" "Junk"', []),
        (b'(\\JunkNot) "/" "Junk"', []),
        (b"nonsense", []),
    ],
)
def test_folders_for_junk(line: Any, expected: list[str]) -> None:
    assert list(junk_folders([line])) == expected


def test_a_password_is_hidden_in_each_form_in_which_it_may_come_back() -> None:
    secrets = Secrets(Credentials("joe", 'a "b" \\ c'))
    assert secrets.concealed('said a "b" \\ c, a \\"b\\" \\\\ c and AGpvZQBhICJiIiBcIGM=.') == (
        "said ***, *** and ***."
    )


SECRET = 'Zx"9\\qv-Tangerine'
PLAIN = b64encode(f"\0loop\0{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"* BAD what is {PLAIN[:8]}...", f"* BAD {REPEATS}"),
        (
            f"ABCD7 NO [AUTHENTICATIONFAILED] {SECRET[:9]}",
            f"ABCD7 NO [AUTHENTICATIONFAILED] {REPEATS}",
        ),
        (f"[ALERT] {b64encode(SECRET.encode()).decode()[:-4]}", f"[ALERT] {REPEATS}"),
        (f"unexpected response: {SECRET.encode()!r}", REPEATS),
        (f"+ {SECRET.lower()}", f"+ {REPEATS}"),
        ("* OK [TANGERINE] hello", REPEATS),
        ("* OK loop logged in", "* OK loop logged in"),
        (f"* OK {SECRET}", "* OK ***"),
    ],
)
def test_a_password_is_not_shown_in_pieces(text: str, shown: str) -> None:
    secrets = Secrets(Credentials("loop", SECRET))
    assert secrets.concealed(text) == shown
    assert secrets.heard(text) == shown
    assert secrets.heard("* 1 EXISTS") == "* 1 EXISTS"


def test_a_password_over_two_lines_is_not_shown_to_its_end() -> None:
    secrets = Secrets(Credentials("loop", SECRET))
    assert secrets.heard(f"* OK {SECRET[:5]}") == f"* OK {SECRET[:5]}"
    assert secrets.heard(f"* OK {SECRET[5:8]}") == f"* OK {REPEATS}"
    assert secrets.heard("* OK then") == "* OK then"
    assert secrets.own(f"LOGIN tangerine {SECRET}") == "LOGIN tangerine ***"
