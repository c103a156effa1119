"""The message that goes round: its lines, and what is taken for it."""

import email
import re
from datetime import datetime, timezone
from email.policy import default

import pytest

from check_smtp_core.parser import InvalidValue
from check_smtp_delivery.message import (
    Envelope,
    address,
    message_id,
    new_token,
    token_of,
    written,
)

TOKEN = "0123456789abcdef" * 2
ENVELOPE = Envelope(
    "monitor@example.net", "loop@example.com", "mail.example.com port 25", "monitor.example.net"
)
DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_the_whole_message() -> None:
    assert written(TOKEN, ENVELOPE, DATE).decode("ascii").split("\r\n") == [
        "From: SMTP check <monitor@example.net>",
        "To: loop@example.com",
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
        f"Message-ID: <loop.{TOKEN}@example.net>",
        "Subject: Mail loop check through mail.example.com port 25",
        f"X-SMTP-Check-Loop: {TOKEN}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        'Content-Type: text/plain; charset="us-ascii"',
        "Content-Transfer-Encoding: 7bit",
        "MIME-Version: 1.0",
        "",
        "This message was sent by check_smtp_loop, a monitoring check,",
        "from monitor.example.net through mail.example.com port 25.",
        "",
        "The check looks for it in the mailbox of loop@example.com,",
        "measures how long it took, and usually deletes it. If it stays there, or",
        "turns up anywhere else, the check could not read the mailbox, or mail goes",
        "astray. Nobody needs to answer.",
        "",
    ]


def test_a_mail_program_reads_what_was_written() -> None:
    octets = written(TOKEN, ENVELOPE, DATE)
    message = email.message_from_bytes(octets, policy=default)
    assert message["X-SMTP-Check-Loop"] == TOKEN
    assert message["Date"].datetime == DATE
    assert message.defects == []
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert token_of(octets) == TOKEN


def test_tokens_have_128_bits_and_are_all_different() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in tokens)


def test_the_message_id_is_below_the_senders_domain() -> None:
    assert message_id(TOKEN, "a@example.net") == f"<loop.{TOKEN}@example.net>"


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        (f"X-SMTP-Check-Loop: {TOKEN}\r\n", TOKEN),
        (f"x-smtp-check-loop:{TOKEN}", TOKEN),
        (f"A: b\nX-SMTP-Check-Loop:\n {TOKEN}\nC: d\n\nbody", TOKEN),
        (f"X-SMTP-Check-Loop: {TOKEN}0\r\n", ""),
        (f"X-SMTP-Check-Loop: {TOKEN[:-1]}\r\n", ""),
        (f"X-SMTP-Check-Loop: {TOKEN} x\r\n", ""),
        (f"X-SMTP-Check-Loop: {TOKEN.upper()}\r\n", ""),
        (f"X-X-SMTP-Check-Loop: {TOKEN}\r\n", ""),
        (f"Subject: X-SMTP-Check-Loop: {TOKEN}\r\n", ""),
        (f"Subject: x\r\n X-SMTP-Check-Loop: {TOKEN}\r\n", ""),
        (f"Subject: x\r\n\r\nX-SMTP-Check-Loop: {TOKEN}\r\n", ""),
        (f"In-Reply-To: <loop.{TOKEN}@example.net>\r\n", ""),
        ("", ""),
    ],
)
def test_it_is_known_by_its_own_header_alone(headers: str, token: str) -> None:
    assert token_of(headers.encode("ascii")) == token


@pytest.mark.parametrize("text", ["a@example.com", "a.b+c_d@x", "o'neill@[192.0.2.1]"])
def test_addresses(text: str) -> None:
    assert address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@example.com", "a@", "a b@example.com", "<a@example.com>", "a@b@c"),
        *("a@example.com\r\nRCPT TO:<x@y>", "a@example.com>", "ä@example.com", "a..b@example.com"),
        *(f"{'a' * 65}@example.com", f"a@{'b' * 255}", 'a@"b"', "a@b,c@d"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidValue, match="is not an address"):
        address(text)
