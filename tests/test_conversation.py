"""A conversation: octets in, replies out, in pieces of any size."""

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_smtp_core.conversation import Conversation
from check_smtp_core.reply import (
    LINE_LIMIT,
    REPLY_LIMIT,
    REPLY_LINES,
    ProtocolError,
    Reply,
    read_capabilities,
)
from tests.strategies import UNHURRIED, spoken

Error = tuple[str, str, bool]
"""Reason, quote, and whether the reply has ended."""


def heard(pieces: Iterable[bytes]) -> list[Reply | Error]:
    """All replies in these pieces, up to the first error."""
    conversation = Conversation()
    outcomes: list[Reply | Error] = []
    for piece in pieces:
        conversation.receive_data(piece)
        try:
            while (reply := conversation.next_reply()) is not None:
                outcomes.append(reply)
        except ProtocolError as error:
            return [*outcomes, (error.reason, error.quote, error.ended)]
    return outcomes


def single_octets(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


BARE_LF = "a line ends in a bare LF"
CR_CR_LF = "a line ends in CR CR LF"
EIGHT_BIT = "octets outside ASCII"
NO_TEXT = "no text after the code"
BLANK = "blank lines"
KILOBYTES = 20_000

REPLIES = [
    (b"220 mail.example.com ESMTP\r\n", Reply(220, ("mail.example.com ESMTP",))),
    (
        b"220-mail.example.com ESMTP\r\n220-\r\n220 no spam\r\n",
        Reply(220, ("mail.example.com ESMTP", "", "no spam")),
    ),
    (b"220\r\n", Reply(220, ("",), (NO_TEXT,))),
    (b"220 \r\n", Reply(220, ("",), (NO_TEXT,))),
    (b"220-\r\n220\r\n", Reply(220, ("", ""), (NO_TEXT,))),
    (b"250-mail\r\n250\r\n", Reply(250, ("mail", ""))),
    (b"250-mail\r\n250-SIZE\r\n250 \r\n", Reply(250, ("mail", "SIZE", ""))),
    (b"220 mail\n", Reply(220, ("mail",), (BARE_LF,))),
    (b"250-mail\n250-SIZE\r\n250 DSN\n", Reply(250, ("mail", "SIZE", "DSN"), (BARE_LF,))),
    (b"\r\n220 mail\r\n", Reply(220, ("mail",), (BLANK,))),
    (b"\n\r\n\n220 mail\r\n", Reply(220, ("mail",), (BLANK,))),
    (b"250-mail\r\n\r\n250 DSN\r\n", Reply(250, ("mail", "DSN"), (BLANK,))),
    (b"220 mail\r\r\n", Reply(220, ("mail",), (CR_CR_LF,))),
    (b"250-mail\r\r\n250-SIZE\r\n250 DSN\r\r\n", Reply(250, ("mail", "SIZE", "DSN"), (CR_CR_LF,))),
    (b"220\r\r\n", Reply(220, ("",), (CR_CR_LF, NO_TEXT))),
    (b"220 mail\r\r\r\n", Reply(220, ("mail",), (CR_CR_LF,))),
    (b"\r\r\n220 mail\r\n", Reply(220, ("mail",), (BLANK,))),
    (b"250-mail\r\r\r\n\r\r\n250 DSN\r\n", Reply(250, ("mail", "DSN"), (CR_CR_LF, BLANK))),
    (
        b"250-mail\r\n240-SIZE\r\n250 DSN\r\n",
        Reply(250, ("mail", "SIZE", "DSN"), ("different codes in one reply: 250, 240",)),
    ),
    (
        b"250-mail\r\n251 DSN\r\n",
        Reply(251, ("mail", "DSN"), ("different codes in one reply: 250, 251",)),
    ),
    (
        b"298 mail\r\n",
        Reply(298, ("mail",), ("the code 298, which RFC 5321 does not know",)),
    ),
    (b"220 a\x00b\r\n", Reply(220, ("a\x00b",))),
    (b"220 a\rb\r\n", Reply(220, ("a\rb",))),
    (b"220 caf\xe9\r\n", Reply(220, ("caf\\xe9",), (EIGHT_BIT,))),
    ("220 grüße\r\n".encode(), Reply(220, ("grüße",), (EIGHT_BIT,))),
    (
        b"220 " + b"x" * 600 + b"\r\n",
        Reply(220, ("x" * 600,), ("a line of 606 octets (RFC 5321 allows 512)",)),
    ),
    (b"554 no service here\r\n", Reply(554, ("no service here",))),
    (b"421-4.3.2\r\n421 closing\r\n", Reply(421, ("4.3.2", "closing"))),
]


@pytest.mark.parametrize(("octets", "reply"), REPLIES)
def test_a_reply_is_read_by_its_structure(octets: bytes, reply: Reply) -> None:
    assert heard([octets]) == [reply]


@pytest.mark.parametrize(("octets", "reply"), REPLIES)
def test_a_reply_may_be_split_anywhere(octets: bytes, reply: Reply) -> None:
    assert heard(single_octets(octets)) == [reply]
    for at in range(1, len(octets)):
        assert heard([octets[:at], octets[at:]]) == [reply]


@pytest.mark.parametrize(("octets", "reply"), REPLIES)
def test_a_reply_is_not_complete_before_its_last_octet(octets: bytes, reply: Reply) -> None:
    conversation = Conversation()
    conversation.receive_data(octets[:-1])
    assert conversation.next_reply() is None
    assert conversation.reply_due


@pytest.mark.parametrize(("octets", "reply"), REPLIES)
def test_what_follows_a_reply_is_left_for_the_next(octets: bytes, reply: Reply) -> None:
    conversation = Conversation()
    conversation.receive_data(octets + b"354 go on\r\n25")
    assert conversation.next_reply() == reply
    assert conversation.next_reply() == Reply(354, ("go on",))
    assert conversation.next_reply() is None
    assert conversation.unfinished() == b"25"


NO_REPLY = "this is no SMTP reply"
SPEAKS_TLS = "the server speaks TLS from the first octet: use --tls"
LINE_TOO_LONG = "a reply line is too long (limit 8192 octets)"
REPLY_TOO_LONG = "a reply is too long (limit 65536 octets)"
TOO_MANY_LINES = "a reply has too many lines (limit 500)"

ERRORS: list[tuple[bytes, Error]] = [
    (b"22000 weird\r\n", (NO_REPLY, "22000 weird", True)),
    (b"650 odd\r\n", (NO_REPLY, "650 odd", True)),
    (b"150 odd\r\n", (NO_REPLY, "150 odd", True)),
    (b"hello\n", (NO_REPLY, "hello", True)),
    (b"hello\r\r\n", (NO_REPLY, "hello", True)),
    (b"a\x00\tb\r\n", (NO_REPLY, "a\\x00\\tb", True)),
    (b"220-mail\r\nhello\r\n", (NO_REPLY, "hello", True)),
    (b"220-mail\r\n 220 mail\r\n", (NO_REPLY, " 220 mail", True)),
    (
        b"250-mail\r\n550 no\r\n",
        ("the reply mixes the codes 250 and 550", "550 no", True),
    ),
    (
        b"250-mail\r\n421-wait\r\n250 DSN\r\n",
        ("the reply mixes the codes 250 and 421", "250 DSN", True),
    ),
    (b"SSH-2.0-OpenSSH_9.2\r\n", ("this is SSH, not SMTP", "SSH-2.0-OpenSSH_9.2", True)),
    (b"* OK ready\r\n", ("this is IMAP, not SMTP", "* OK ready", True)),
    (b"+OK ready\r\n", ("this is POP3, not SMTP", "+OK ready", True)),
    (b"-ERR unknown\r\n", ("this is POP3 or Redis, not SMTP", "-ERR unknown", True)),
    (b"HTTP/1.1 400 Bad\r\n", ("this is HTTP, not SMTP", "HTTP/1.1 400 Bad", True)),
    (b"\x15\x03\x03\x00\x02\x02\x0a", (SPEAKS_TLS, "", True)),
    (b"x" * KILOBYTES + b"\r\n", (LINE_TOO_LONG, "x" * 200, False)),
    (b"220 " + b"x" * KILOBYTES, (LINE_TOO_LONG, "220 " + "x" * 196, False)),
    (b"220-mail\r\n" * (REPLY_LINES + 1), (TOO_MANY_LINES, "", False)),
    (b"\r\n" * (REPLY_LINES + 1), (TOO_MANY_LINES, "", False)),
    ((b"220-" + b"x" * 994 + b"\r\n") * 66, (REPLY_TOO_LONG, "", False)),
]


@pytest.mark.parametrize(("octets", "error"), ERRORS)
def test_what_is_no_reply_is_an_error_however_it_is_split(octets: bytes, error: Error) -> None:
    assert heard([octets]) == [error]
    assert heard(single_octets(octets)) == [error]


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([b"220-mail\r\nhello\r\n220 mail\r\n"], (NO_REPLY, "hello\\r\\n220 mail", True)),
        ([b"220-mail\r\nhello\r\n", b"220 mail\r\n"], (NO_REPLY, "hello", True)),
        ([b"hel", b"lo\n22"], (NO_REPLY, "hello\\n22", True)),
        (
            [b"HTTP/1.1 400 Bad\r\nServer: x\r\n\r\n"],
            ("this is HTTP, not SMTP", "HTTP/1.1 400 Bad\\r\\nServer: x", True),
        ),
        pytest.param(
            [b"hello\n" + b"x" * 201 + b"\n"], (NO_REPLY, "hello\\n" + "x" * 200, True), id="200"
        ),
        ([b"\x15\x03\x03\x00\x02\x02\x0a\x15\x03"], (SPEAKS_TLS, "", True)),
    ],
)
def test_a_line_that_is_no_reply_is_quoted_with_what_came_with_it(
    pieces: list[bytes], error: Error
) -> None:
    assert heard(pieces) == [error]


@pytest.mark.parametrize(
    ("octets", "lines", "text_octets"),
    [
        pytest.param(b"220 " + b"x" * (LINE_LIMIT - 6) + b"\r\n", 1, 8186, id="longest line"),
        pytest.param(
            b"220-\r\n" * (REPLY_LINES - 1) + b"220 x\r\n", REPLY_LINES, 1, id="most lines"
        ),
        pytest.param(
            (b"220-" + b"x" * 1018 + b"\r\n") * 63 + b"220 " + b"x" * 1018 + b"\r\n",
            64,
            64 * 1018,
            id="longest reply",
        ),
    ],
)
def test_what_just_keeps_the_limits_is_a_reply(
    octets: bytes, lines: int, text_octets: int
) -> None:
    (reply,) = heard([octets])
    assert isinstance(reply, Reply)
    assert (len(reply.lines), sum(map(len, reply.lines))) == (lines, text_octets)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"220 " + b"x" * (LINE_LIMIT - 5) + b"\r\n", id="line"),
        pytest.param(b"220-\r\n" * REPLY_LINES + b"220 x\r\n", id="lines"),
        pytest.param(
            (b"220-" + b"x" * 1018 + b"\r\n") * 63 + b"220 " + b"x" * 1019 + b"\r\n", id="reply"
        ),
    ],
)
def test_one_more_than_the_limits_is_an_error(octets: bytes) -> None:
    (error,) = heard([octets])
    assert not isinstance(error, Reply)


def test_the_limits_hold_for_each_reply_and_not_for_all_together() -> None:
    long_reply = b"250-x\r\n" * (REPLY_LINES - 1) + b"250 x\r\n"
    assert heard([long_reply * 20]) == [Reply(250, ("x",) * REPLY_LINES)] * 20


# -- what has not ended


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"2", None),
        (b"220", None),
        (b"220\r", None),
        (b"220\r\r", None),
        (b"\r\r\n22", None),
        (b"220-mail\r\n", None),
        (b"220-mail\r\n22", None),
        (b"220 mail.exam", None),
        (b"login: ", (NO_REPLY, "login: ", False)),
        (b"\x05\x00\x01", (NO_REPLY, "\\x05\\x00\\x01", False)),
        (b"2200", (NO_REPLY, "2200", False)),
        (b"220-mail\r\nlogin: ", (NO_REPLY, "login: ", False)),
        (b"SSH-2.0-dropbear", ("this is SSH, not SMTP", "SSH-2.0-dropbear", False)),
        (b"RFB 003.008", ("this is VNC, not SMTP", "RFB 003.008", False)),
        (b"\x16\x03\x01\x00\x05hello", (SPEAKS_TLS, "", False)),
        (b"\x15\x03\x01\x00\x02\x02\x46", (SPEAKS_TLS, "", False)),
    ],
)
def test_an_unfinished_line_tells_whether_it_can_become_a_reply(
    octets: bytes, error: Error | None
) -> None:
    conversation = Conversation()
    conversation.receive_data(octets)
    assert conversation.next_reply() is None
    found = conversation.cut_short()
    assert (found and (found.reason, found.quote, found.ended)) == error


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", ""),
        (b"\r\n", ""),
        (b"22", "22"),
        (b"220 mail.exam", "220 mail.exam"),
        (b"220-mail\r\n", "220-mail"),
        (b"220-mail\r\n220-no spam\r\n22", "220-mail / 220-no spam / 22"),
        (b"220-caf\xe9\r\n\xff", "220-caf\\xe9 / \\xff"),
    ],
)
def test_what_a_server_said_before_it_fell_silent_is_kept(octets: bytes, said: str) -> None:
    conversation = Conversation()
    conversation.receive_data(octets)
    assert conversation.next_reply() is None
    assert conversation.said_so_far() == said


def test_a_finished_reply_is_no_part_of_what_was_said_so_far() -> None:
    conversation = Conversation()
    conversation.receive_data(b"220 mail\r\n250-ma")
    assert conversation.next_reply() == Reply(220, ("mail",))
    assert conversation.said_so_far() == "250-ma"


# -- one command, one reply


def greeted() -> Conversation:
    """A conversation after its greeting."""
    conversation = Conversation()
    conversation.receive_data(b"220 mail\r\n")
    conversation.next_reply()
    return conversation


@pytest.mark.parametrize(
    ("octets", "unsolicited"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"250 more\r\n", b"250 more\r\n"),
        (b"25", b"25"),
        (b"\x00", b"\x00"),
        (b"250 a\r\n250 b\r\n", b"250 a\r\n250 b\r\n"),
    ],
)
def test_what_comes_when_no_reply_is_due_is_unsolicited_and_taken_as_it_came(
    octets: bytes, unsolicited: bytes
) -> None:
    conversation = greeted()
    conversation.receive_data(octets)
    assert conversation.take_unsolicited() == unsolicited
    assert conversation.take_unsolicited() == b""


def test_nothing_is_unsolicited_while_a_reply_is_due() -> None:
    conversation = Conversation()
    conversation.receive_data(b"220 mail\r\n")
    assert conversation.take_unsolicited() == b""
    assert conversation.next_reply() == Reply(220, ("mail",))


def test_taken_octets_are_no_part_of_the_next_reply() -> None:
    """Left alone, they would pass for the reply to the next command (CVE-2011-0411)."""
    conversation = greeted()
    conversation.receive_data(b"250 too early\r\n")
    conversation.take_unsolicited()
    conversation.command("EHLO", "probe")
    conversation.receive_data(b"550 no\r\n")
    assert conversation.next_reply() == Reply(550, ("no",))


def test_a_blank_line_after_a_reply_does_not_disturb_the_next() -> None:
    conversation = greeted()
    conversation.receive_data(b"\r\n")
    conversation.command("EHLO", "probe")
    conversation.receive_data(b"250 mail\r\n")
    reply = conversation.next_reply()
    assert reply is not None
    assert (reply.code, reply.lines) == (250, ("mail",))


def test_the_greeting_is_due_first_and_inside_tls_nothing_is() -> None:
    assert Conversation().reply_due
    assert not Conversation(greeting_due=False).reply_due


@pytest.mark.parametrize(
    ("octets", "due"),
    [
        (b"220 mail\r\n", False),
        (b"220-mail\r\n", True),
        (b"hello\r\n", False),
        (b"220-mail\r\n550 no\r\n", False),
        (b"220 " + b"x" * KILOBYTES, True),
    ],
)
def test_a_reply_is_due_until_its_end_even_if_it_is_none(octets: bytes, due: bool) -> None:
    conversation = Conversation()
    conversation.receive_data(octets)
    try:
        conversation.next_reply()
    except ProtocolError:
        pass
    assert conversation.reply_due is due


def test_a_command_that_follows_a_broken_reply_gets_its_own_reply() -> None:
    conversation = Conversation()
    conversation.receive_data(b"220-mail\r\nhello\r\n")
    with pytest.raises(ProtocolError):
        conversation.next_reply()
    conversation.command("QUIT")
    conversation.receive_data(b"221 bye\r\n")
    assert conversation.next_reply() == Reply(221, ("bye",))


@pytest.mark.parametrize(
    ("verb", "argument", "octets"),
    [
        ("QUIT", "", b"QUIT\r\n"),
        ("EHLO", "probe.example.net", b"EHLO probe.example.net\r\n"),
        ("EHLO", "[IPv6:2001:db8::1]", b"EHLO [IPv6:2001:db8::1]\r\n"),
        ("MAIL", "FROM:<>", b"MAIL FROM:<>\r\n"),
        ("RCPT", "TO:<grüße@example.com>", "RCPT TO:<grüße@example.com>\r\n".encode()),
    ],
)
def test_a_command_is_one_line_and_makes_a_reply_due(
    verb: str, argument: str, octets: bytes
) -> None:
    conversation = greeted()
    assert not conversation.reply_due
    assert conversation.command(verb, argument) == octets
    assert conversation.reply_due


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("EHLO", "a\r\nMAIL FROM:<>"),
        ("EHLO", "a\nb"),
        ("EHLO", "a\rb"),
        ("EHLO", "a\x00b"),
        ("EHLO", "a\x7fb"),
        ("QUIT\r\nRSET", ""),
        ("EHLO", "a\udcffb"),
    ],
)
def test_a_command_with_control_characters_never_goes_out(verb: str, argument: str) -> None:
    conversation = greeted()
    with pytest.raises(ValueError):
        conversation.command(verb, argument)
    assert not conversation.reply_due


def test_each_command_of_a_group_is_owed_a_reply() -> None:
    conversation = greeted()
    conversation.command("MAIL", "FROM:<>")
    conversation.command("RCPT", "TO:<a@example.com>")
    conversation.receive_data(b"250 fine\r\n550 no\r\n")
    assert conversation.next_reply() == Reply(250, ("fine",))
    assert conversation.reply_due
    assert conversation.next_reply() == Reply(550, ("no",))
    assert not conversation.reply_due


@pytest.mark.parametrize(
    ("message", "octets"),
    [
        (b"", b".\r\n"),
        (b"To: a\r\n\r\nHello\r\n", b"To: a\r\n\r\nHello\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n..b\r\n.\r\nc.\r\n", b"a\r\n...b\r\n..\r\nc.\r\n.\r\n"),
    ],
)
def test_a_message_ends_in_a_dot_that_none_of_its_lines_is(message: bytes, octets: bytes) -> None:
    conversation = greeted()
    assert conversation.message(message) == octets
    assert conversation.reply_due


# -- whatever comes


def on_one_line(outcome: Reply | Error) -> Reply | Error:
    """The outcome; of an error's quote no more than the line, for the rest may come later."""
    if isinstance(outcome, Reply):
        return outcome
    reason, quote, ended = outcome
    return reason, re.sub(r"(\\r)*(\\n.*)?$", "", quote, count=1, flags=re.DOTALL), ended


@given(spoken, st.lists(st.integers(0, 20_000), max_size=8))
@settings(UNHURRIED, max_examples=200)
def test_the_whole_is_heard_as_its_pieces(octets: bytes, cuts: list[int]) -> None:
    edges = sorted(min(cut, len(octets)) for cut in (0, *cuts, len(octets)))
    pieces = [octets[start:end] for start, end in pairwise(edges)]
    assert [*map(on_one_line, heard(pieces))] == [*map(on_one_line, heard([octets]))]


@given(spoken)
@settings(UNHURRIED, max_examples=200)
def test_whatever_comes_is_a_reply_within_the_limits_or_a_protocol_error(octets: bytes) -> None:
    conversation = Conversation()
    conversation.receive_data(octets)
    try:
        while (reply := conversation.next_reply()) is not None:
            assert 200 <= reply.code <= 599
            assert 0 < len(reply.lines) <= REPLY_LINES
            assert len(reply.text.encode()) <= 4 * REPLY_LIMIT
            read_capabilities(reply)
        assert len(conversation.unfinished()) <= LINE_LIMIT
        conversation.cut_short()
        conversation.said_so_far()
    except ProtocolError as error:
        assert error.reason
