"""Foreign text made fit to print."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_smtp_core.text import (
    QUOTE_LIMIT,
    decoded,
    defused,
    printable,
    quoted,
    shortened,
    visible,
)

ANY_TEXT = st.text(st.characters(), max_size=200)
"""Surrogates included: undecodable arguments hold them."""


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"", ""),
        (b"mail.example.com", "mail.example.com"),
        ("grüße".encode(), "grüße"),
        (b"caf\xe9", "caf\\xe9"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"a\x00b", "a\x00b"),
    ],
)
def test_octets_that_are_no_utf8_are_shown_as_escapes(octets: bytes, text: str) -> None:
    assert decoded(octets) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("grüße 日本", "grüße 日本"),
        ("two\r\nlines", "two  lines"),
        ("a\tb\x0bc\x0cd", "a b c d"),
        ("a\u00a0b\u2028c\u2029d\u3000e", "a b c d e"),
        ("a\x00b\x1b[31mc\x7fd", "ab[31mcd"),
        ("a\x85b\x9bc", "a bc"),
        ("left\u202eright\u2066x\u200fy", "leftrightxy"),
        ("zero\u200bwidth\ufeff\u00ad", "zerowidth"),
        ("\ud800\udcff", ""),
        ("selected\ufe0f joined\u034f filled\u3164\u115f", "selected joined filled"),
        ("\U000e0100\U000e01ef", ""),
        ("a|b", "a/b"),
        ("<script>", "(script)"),
        ("$(id) `id`", "?(id) 'id'"),
    ],
)
def test_what_leaves_is_one_line_without_control_characters_or_markup(
    text: str, shown: str
) -> None:
    assert printable(text) == shown


def test_what_is_foreign_neither_ends_a_quotation_nor_begins_a_command() -> None:
    """Bug: "& touch x &" ran where Nagios' illegal_macro_output_chars was not set."""
    assert defused('no" & touch x; $(touch y) | "') == "no' + touch x, ?(touch y) / '"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text | <b>", "plain text | <b>"),
        ("grüße 日本", "grüße 日本"),
        ("two\r\nlines", "two\\r\\nlines"),
        ("220\tmail", "220\\tmail"),
        ("\x00\x05\x1b[31m\x7f", "\\x00\\x05\\x1b[31m\\x7f"),
        ("a\u00a0b\x9bc", "a\\xa0b\\x9bc"),
        ("left\u202eright\u200b", "left\\u202eright\\u200b"),
        ("\U000e0001", "\\U000e0001"),
        ("no\u3164text\ufe0f", "no\\u3164text\\ufe0f"),
        ("\ud800", "\\ud800"),
        ("ü\x00", "ü\\x00"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape_where_it_is_the_very_fault(
    text: str, shown: str
) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("", 5, ""),
        ("12345", 5, "12345"),
        ("123456", 5, "12..."),
        ("ü" * 6, 5, "üü..."),
        ("x" * QUOTE_LIMIT, QUOTE_LIMIT, "x" * 120),
        ("x" * (QUOTE_LIMIT + 1), QUOTE_LIMIT, "x" * 117 + "..."),
    ],
)
def test_text_over_the_limit_ends_in_dots(text: str, limit: int, shown: str) -> None:
    assert shortened(text, limit) == shown


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("", '""'),
        ("220 mail ESMTP", '"220 mail ESMTP"'),
        ('says "hello"', "\"says 'hello'\""),
        ('"; OK | time=0', '"\', OK / time=0"'),
        ("a\r\nb", '"a  b"'),
        ("x" * 200, '"' + "x" * 117 + '..."'),
    ],
)
def test_only_the_quotation_itself_opens_and_closes(text: str, quote: str) -> None:
    assert quoted(text) == quote


def test_a_quotation_may_be_shorter_than_usual() -> None:
    assert quoted("abcdefghij", 8) == '"abcde..."'


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_whatever_comes_in_can_be_printed_and_holds_no_markup(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not set(shown) & set("|<>$`")
    assert printable(shown) == shown


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_whatever_is_made_visible_can_be_printed_and_is_then_left_alone(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_a_quotation_has_its_two_quotes_and_no_other(text: str) -> None:
    quote = quoted(text)
    assert quote[0] == quote[-1] == '"'
    assert '"' not in quote[1:-1]
    assert len(quote) <= QUOTE_LIMIT + 2


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_octets_can_be_quoted(octets: bytes) -> None:
    assert quoted(decoded(octets)).isprintable()
