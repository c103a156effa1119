"""Replies and capabilities, read by their structure."""

import pytest
from hypothesis import given, settings

from check_smtp_core.reply import (
    Capabilities,
    ProtocolError,
    Reply,
    ReplyLine,
    assemble,
    may_become_reply,
    names_ftp,
    other_protocol,
    parse_line,
    read_capabilities,
)
from tests.strategies import UNHURRIED, anything

BARE_LF = "a line ends in a bare LF"
CR_CR_LF = "a line ends in CR CR LF"
EIGHT_BIT = "octets outside ASCII"
NO_TEXT = "no text after the code"


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        (b"220 mail ESMTP\r\n", ReplyLine(220, True, "mail ESMTP", ())),
        (b"220-mail ESMTP\r\n", ReplyLine(220, False, "mail ESMTP", ())),
        (b"220 \r\n", ReplyLine(220, True, "", ())),
        (b"220-\r\n", ReplyLine(220, False, "", ())),
        (b"220\r\n", ReplyLine(220, True, "", ())),
        (b"220  two  blanks \r\n", ReplyLine(220, True, " two  blanks ", ())),
        (b"220--dashes\r\n", ReplyLine(220, False, "-dashes", ())),
        (b"220 mail\n", ReplyLine(220, True, "mail", (BARE_LF,))),
        (b"220 a\rb\r\n", ReplyLine(220, True, "a\rb", ())),
        (b"220 mail\r\r\n", ReplyLine(220, True, "mail", (CR_CR_LF,))),
        (b"220-mail\r\r\r\n", ReplyLine(220, False, "mail", (CR_CR_LF,))),
        (b"220\r\r\n", ReplyLine(220, True, "", (CR_CR_LF,))),
        (b"220 a\r\rb\r\n", ReplyLine(220, True, "a\r\rb", ())),
        (b"220 a\x00b\r\n", ReplyLine(220, True, "a\x00b", ())),
        (b"220 caf\xe9\r\n", ReplyLine(220, True, "caf\\xe9", (EIGHT_BIT,))),
        ("220 grüße\r\n".encode(), ReplyLine(220, True, "grüße", (EIGHT_BIT,))),
        (b"200 a\r\n", ReplyLine(200, True, "a", ())),
        (b"559 a\r\n", ReplyLine(559, True, "a", ())),
        (
            b"560 a\r\n",
            ReplyLine(560, True, "a", ("the code 560, which RFC 5321 does not know",)),
        ),
        (
            b"299-a\r\n",
            ReplyLine(299, False, "a", ("the code 299, which RFC 5321 does not know",)),
        ),
        (b"250 " + b"x" * 506 + b"\r\n", ReplyLine(250, True, "x" * 506, ())),
        (
            b"250 " + b"x" * 507 + b"\r\n",
            ReplyLine(250, True, "x" * 507, ("a line of 513 octets (RFC 5321 allows 512)",)),
        ),
    ],
)
def test_a_line_is_a_code_a_separator_and_a_text(octets: bytes, line: ReplyLine) -> None:
    assert parse_line(octets) == line


NO_REPLY = "this is no SMTP reply"


@pytest.mark.parametrize(
    ("octets", "reason", "quote"),
    [
        (b"hello\r\n", NO_REPLY, "hello"),
        (b"22\r\n", NO_REPLY, "22"),
        (b"22000 weird\r\n", NO_REPLY, "22000 weird"),
        (b"2200\r\n", NO_REPLY, "2200"),
        (b"220mail\r\n", NO_REPLY, "220mail"),
        (b"220\tmail\r\n", NO_REPLY, "220\\tmail"),
        (b"220=mail\r\n", NO_REPLY, "220=mail"),
        (b" 220 mail\r\n", NO_REPLY, " 220 mail"),
        (b"\r220 mail\r\n", NO_REPLY, "\\r220 mail"),
        (b"150 a\r\n", NO_REPLY, "150 a"),
        (b"099 a\r\n", NO_REPLY, "099 a"),
        (b"650 a\r\n", NO_REPLY, "650 a"),
        (b"2x0 a\r\n", NO_REPLY, "2x0 a"),
        ("\u0662\u0662\u0660 a\r\n".encode(), NO_REPLY, "\u0662\u0662\u0660 a"),
        (b"\x00220 a\r\n", NO_REPLY, "\\x00220 a"),
        (b"220\xc2\xa0a\r\n", NO_REPLY, "220\\xa0a"),
        ("\ufeff220 a\r\n".encode(), NO_REPLY, "\\ufeff220 a"),
        (b"\xff\xfd\x18\r\n", NO_REPLY, "\\xff\\xfd\\x18"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "this is SSH, not SMTP", "SSH-2.0-OpenSSH_9.2"),
        (b"* OK IMAP4 ready\r\n", "this is IMAP, not SMTP", "* OK IMAP4 ready"),
        (b"* BYE too many\r\n", "this is IMAP, not SMTP", "* BYE too many"),
        (b"+OK POP3 ready\r\n", "this is POP3, not SMTP", "+OK POP3 ready"),
        (b"-ERR locked\r\n", "this is POP3 or Redis, not SMTP", "-ERR locked"),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            "this is HTTP, not SMTP",
            "HTTP/1.1 400 Bad Request",
        ),
        (b"<html>\n", "this is HTTP, not SMTP", "<html>"),
        # Alert 10, unexpected_message, which happens to be a line feed.
        (
            b"\x15\x03\x03\x00\x02\x02\x0a",
            "the server speaks TLS from the first octet: use --tls",
            "",
        ),
    ],
)
def test_what_is_no_reply_line_is_named_and_quoted(octets: bytes, reason: str, quote: str) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_line(octets)
    error = raised.value
    assert (error.reason, error.quote, error.ended) == (reason, quote, True)


@pytest.mark.parametrize(
    ("octets", "protocol"),
    [
        (b"SSH-1.99-x", "SSH"),
        (b"* PREAUTH", "IMAP"),
        (b"* OKAY", ""),
        (b"* LIST", ""),
        (b"+OK", "POP3"),
        (b"-ERR unknown command", "POP3 or Redis"),
        (b"HTTP/1.0 200", "HTTP"),
        (b"<!doctype html>", "HTTP"),
        (b"RFB 003.008", "VNC"),
        (b"\x16\x03\x01\x02\x00", "TLS"),
        (b"\x15\x03\x04", "TLS"),
        (b"\x15\x02\x00", ""),
        (b"220 SSH-2.0", ""),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_other_protocols_are_known_by_their_first_octets(octets: bytes, protocol: str) -> None:
    assert other_protocol(octets) == protocol


@pytest.mark.parametrize(
    ("octets", "may"),
    [
        (b"", True),
        (b"2", True),
        (b"25", True),
        (b"250", True),
        (b"250-", True),
        (b"250 mail.exa", True),
        (b"250 mail\r", True),
        (b"250\r", True),
        (b"250\r\r", True),
        (b"250 mail\r\r", True),
        (b"\r\r\n22", True),
        (b"\r\n22", True),
        (b"1", False),
        (b"6", False),
        (b"2x", False),
        (b"2200", False),
        (b"220m", False),
        (b"SSH", False),
        (b"\x16\x03", False),
    ],
)
def test_the_beginning_of_a_line_may_become_a_reply(octets: bytes, may: bool) -> None:
    assert may_become_reply(octets) is may


def line(code: int, text: str, *oddities: str) -> ReplyLine:
    return ReplyLine(code, True, text, oddities)


@pytest.mark.parametrize(
    ("lines", "blank_lines", "reply"),
    [
        ([line(220, "a")], False, Reply(220, ("a",))),
        ([line(250, "a"), line(250, "")], False, Reply(250, ("a", ""))),
        ([line(250, ""), line(250, "")], False, Reply(250, ("", ""), (NO_TEXT,))),
        ([line(220, "a")], True, Reply(220, ("a",), ("blank lines",))),
        (
            [line(250, "a"), line(240, "b"), line(250, "c")],
            False,
            Reply(250, ("a", "b", "c"), ("different codes in one reply: 250, 240",)),
        ),
        (
            [line(250, "a", BARE_LF), line(250, "b", BARE_LF, EIGHT_BIT)],
            False,
            Reply(250, ("a", "b"), (BARE_LF, EIGHT_BIT)),
        ),
    ],
)
def test_lines_make_a_reply_with_the_code_of_the_last(
    lines: list[ReplyLine], blank_lines: bool, reply: Reply
) -> None:
    assert assemble(lines, blank_lines) == reply


@pytest.mark.parametrize(
    ("codes", "reason", "quote"),
    [
        ([250, 550], "the reply mixes the codes 250 and 550", "550 line 1"),
        ([250, 250, 421], "the reply mixes the codes 250 and 421", "421 line 2"),
        ([250, 450, 550, 354], "the reply mixes the codes 250 and 450 and 550", "354 line 3"),
    ],
)
def test_success_and_failure_at_once_is_no_reply(
    codes: list[int], reason: str, quote: str
) -> None:
    with pytest.raises(ProtocolError) as raised:
        assemble([line(code, f"line {number}") for number, code in enumerate(codes)])
    error = raised.value
    assert (error.reason, error.quote, error.ended) == (reason, quote, True)


@pytest.mark.parametrize(
    ("reply", "text", "shown"),
    [
        (Reply(220, ("mail ESMTP",)), "mail ESMTP", "220 mail ESMTP"),
        (Reply(250, ("mail", "PIPELINING")), "mail\nPIPELINING", "250 mail / PIPELINING"),
        (Reply(220, ("",)), "", "220"),
    ],
)
def test_a_reply_is_quoted_as_people_write_it(reply: Reply, text: str, shown: str) -> None:
    assert (reply.text, str(reply)) == (text, shown)


@pytest.mark.parametrize(
    ("lines", "ftp"),
    [
        (("(vsFTPd 3.0.3)",), True),
        (("ProFTPD Server ready.",), True),
        (("Microsoft FTP Service",), True),
        (("Welcome", "to our FTP server"), True),
        (("ftp.example.com ESMTP Postfix",), False),
        (("Welcome to FTP and smtp",), False),
        (("mail.example.com",), False),
        (("sftpmail.example.com",), False),
        (("giftpost.example.com",), False),
    ],
)
def test_a_greeting_that_names_ftp_and_not_smtp_is_ftps(lines: tuple[str, ...], ftp: bool) -> None:
    assert names_ftp(Reply(220, lines)) is ftp


# -- capabilities


def offered(*lines: str) -> Capabilities:
    return read_capabilities(Reply(250, ("mail.example.com", *lines)))


@pytest.mark.parametrize(
    ("lines", "extensions", "oddities"),
    [
        ((), {}, ()),
        (("PIPELINING",), {"PIPELINING": ()}, ()),
        (("pipelining", "StartTLS"), {"PIPELINING": (), "STARTTLS": ()}, ()),
        (("8BITMIME", "X-LINK2STATE"), {"8BITMIME": (), "X-LINK2STATE": ()}, ()),
        (("AUTH PLAIN login",), {"AUTH": ("PLAIN", "login")}, ()),
        (("AUTH=LOGIN PLAIN",), {"AUTH": ("LOGIN", "PLAIN")}, ()),
        (
            ("AUTH PLAIN LOGIN", "AUTH=LOGIN CRAM-MD5"),
            {"AUTH": ("PLAIN", "LOGIN", "CRAM-MD5")},
            (),
        ),
        (("AUTH", "AUTH="), {"AUTH": ()}, ()),
        (("XVERP=Courier",), {"XVERP": ("Courier",)}, ()),
        (("X-EXPS=LOGIN", "X-EXPS GSSAPI"), {"X-EXPS": ("LOGIN", "GSSAPI")}, ()),
        (("SIZE\t100",), {"SIZE": ("100",)}, ()),
        (("  ", ""), {}, ()),
        (("DSN", ""), {"DSN": ()}, ()),
        (("STARTTLS ",), {"STARTTLS": ()}, ()),
        (("XSTARTTLS", "STARTTLS-NOT"), {"XSTARTTLS": (), "STARTTLS-NOT": ()}, ()),
        (("HELP STARTTLS",), {"HELP": ("STARTTLS",)}, ()),
        (
            ("pipe_connect",),
            {"PIPE_CONNECT": ()},
            ("the keyword PIPE_CONNECT, which RFC 5321 does not allow",),
        ),
        (
            (f"X_{'y' * 39}",),
            {f"X_{'Y' * 39}": ()},
            (f"the keyword X_{'Y' * 35}..., which RFC 5321 does not allow",),
        ),
        (("_X",), {}, ('a line without a keyword: "_X"',)),
        (
            ("-DSN", "(text)", " DSN"),
            {},
            (
                'a line without a keyword: "-DSN"',
                'a line without a keyword: "(text)"',
                'a line without a keyword: " DSN"',
            ),
        ),
        (("-DSN", "-DSN"), {}, ('a line without a keyword: "-DSN"',)),
        (("STARTTLS!",), {}, ('a line without a keyword: "STARTTLS!"',)),
        (("ÜTF8",), {}, ('a line without a keyword: "ÜTF8"',)),
        (('<a|"b">',), {}, ("a line without a keyword: \"(a/'b')\"",)),
        (("-" * 41,), {}, (f'a line without a keyword: "{"-" * 37}..."',)),
    ],
)
def test_keywords_are_whole_words_in_any_case_from_the_second_line_on(
    lines: tuple[str, ...], extensions: dict[str, tuple[str, ...]], oddities: tuple[str, ...]
) -> None:
    assert offered(*lines) == Capabilities("mail.example.com", extensions, oddities)


def test_a_keyword_on_the_first_line_is_the_servers_name() -> None:
    """A server that forgets its name there offers nothing by it (RFC 5321 4.1.1.1)."""
    assert read_capabilities(Reply(250, ("STARTTLS", "DSN"))) == Capabilities(
        "STARTTLS", {"DSN": ()}
    )


@pytest.mark.parametrize(
    ("lines", "keyword", "parameter", "offers"),
    [
        (("STARTTLS",), "STARTTLS", "", True),
        (("starttls",), "StartTLS", "", True),
        (("XSTARTTLS",), "STARTTLS", "", False),
        (("HELP STARTTLS",), "STARTTLS", "", False),
        (("AUTH PLAIN",), "AUTH", "", True),
        (("AUTH PLAIN",), "AUTH", "plain", True),
        (("AUTH=plain",), "AUTH", "PLAIN", True),
        (("AUTH PLAIN",), "AUTH", "LOGIN", False),
        (("AUTH XPLAIN",), "AUTH", "PLAIN", False),
        ((), "AUTH", "PLAIN", False),
    ],
)
def test_an_extension_is_offered_with_a_parameter_or_without(
    lines: tuple[str, ...], keyword: str, parameter: str, offers: bool
) -> None:
    assert offered(*lines).offers(keyword, parameter) is offers


NO_NUMBER = ("SIZE without a number",)


@pytest.mark.parametrize(
    ("lines", "offers", "size", "oddities"),
    [
        ((), False, None, ()),
        (("SIZE",), True, None, ()),
        (("SIZE 0",), True, 0, ()),
        (("SIZE 10240000",), True, 10240000, ()),
        (("SIZE=10240000",), True, 10240000, ()),
        (("size 52428800 more",), True, 52428800, ()),
        (("SIZE 10", "SIZE 20"), True, 10, ()),
        (("SIZE 10M",), True, None, NO_NUMBER),
        (("SIZE -1",), True, None, NO_NUMBER),
        (("SIZE 1_000",), True, None, NO_NUMBER),
        (("SIZE \u0661\u0662",), True, None, NO_NUMBER),
        (("SIZE " + "9" * 20,), True, 99999999999999999999, ()),
        (("SIZE " + "9" * 21,), True, None, NO_NUMBER),
        (("SIZE " + "9" * 5000,), True, None, NO_NUMBER),
    ],
)
def test_a_size_limit_no_limit_and_no_statement_are_told_apart(
    lines: tuple[str, ...], offers: bool, size: int | None, oddities: tuple[str, ...]
) -> None:
    """RFC 1870 4."""
    capabilities = offered(*lines)
    assert (capabilities.offers("SIZE"), capabilities.size, capabilities.oddities) == (
        offers,
        size,
        oddities,
    )


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        ((), ()),
        (("AUTH",), ()),
        (("AUTH plain LOGIN Plain",), ("PLAIN", "LOGIN")),
        (("AUTH PLAIN", "AUTH=plain LOGIN"), ("PLAIN", "LOGIN")),
    ],
)
def test_mechanisms_are_named_once_and_in_upper_case(
    lines: tuple[str, ...], mechanisms: tuple[str, ...]
) -> None:
    assert offered(*lines).mechanisms == mechanisms


@pytest.mark.parametrize(
    ("lines", "limits"),
    [
        ((), {}),
        (("LIMITS",), {}),
        (
            ("LIMITS MAILMAX=100 RcptMax=10 RCPTDOMAINMAX=1",),
            {"MAILMAX": 100, "RCPTMAX": 10, "RCPTDOMAINMAX": 1},
        ),
        (("LIMITS RCPTMAX=ten RCPTMAX MAILMAX=5",), {"MAILMAX": 5}),
        (("LIMITS RCPTMAX=-1",), {}),
        pytest.param(("LIMITS RCPTMAX=" + "9" * 5000,), {}, id="more digits than int() takes"),
    ],
)
def test_limits_are_read_by_name(lines: tuple[str, ...], limits: dict[str, int]) -> None:
    """RFC 9422; a value has at most six digits there."""
    assert offered(*lines).limits == limits


def test_extensions_are_listed_in_the_servers_order() -> None:
    capabilities = offered("SIZE 100", "auth PLAIN", "DSN", "AUTH=LOGIN")
    assert capabilities.lines == ("SIZE 100", "AUTH PLAIN LOGIN", "DSN")


# -- whatever comes


@given(anything)
@settings(UNHURRIED, max_examples=100)
def test_whatever_line_is_read_had_a_beginning_that_could_become_one(octets: bytes) -> None:
    for octets_of_line in octets.splitlines(keepends=True):
        try:
            parse_line(octets_of_line)
        except ProtocolError as error:
            assert error.reason
            assert error.ended
        else:
            unended = octets_of_line.rstrip(b"\r\n")
            assert all(may_become_reply(unended[:end]) for end in range(min(len(unended), 20)))
            assert may_become_reply(unended)


@given(anything)
@settings(UNHURRIED, max_examples=100)
def test_whatever_is_offered_is_offered_by_its_name_in_any_case(octets: bytes) -> None:
    lines = ("mail.example.com", *octets.decode("utf-8", "backslashreplace").splitlines())
    capabilities = read_capabilities(Reply(250, lines))
    for keyword, words in capabilities.extensions.items():
        assert keyword == keyword.upper()
        assert capabilities.offers(keyword.lower())
        assert all(capabilities.offers(keyword, word) for word in words)
    assert capabilities.size is None or 0 <= capabilities.size < 10**20
    assert all(value < 10**6 for value in capabilities.limits.values())
    words = capabilities.extensions.get("AUTH", ())
    assert set(capabilities.mechanisms) == {word.upper() for word in words}
