"""The session with one server: STARTTLS, TLS, addresses, manners and time, in transcripts."""

import re
import socket
from collections.abc import Awaitable, Callable, Iterator
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from check_smtp_core.address import Address
from check_smtp_core.deadline import Deadline, Stopwatch
from check_smtp_core.dialogue import Command, Interrupted
from check_smtp_core.findings import SessionEnded
from check_smtp_core.options import parse_options, parser_of
from check_smtp_core.reply import Reply
from check_smtp_core.session import Session
from check_smtp_core.tasks import finish
from check_smtp_handshake import banner
from tests.conftest import Stage, outcome, run_check, unhurried
from tests.player import Player

if TYPE_CHECKING:
    from check_smtp_core.check import Check

HELLO = """
    S: 220 mail.example
    C: EHLO client.example
    S: 250-mail.example
    S: 250 STARTTLS
    C: STARTTLS
"""
GOODBYE = "\nC: QUIT\nS: 221 Bye"
ORIGIN = "(we came from 127.0.0.1 as client.example)"


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        (
            "S: 220 x\nC: EHLO client.example\nS: 250-x\nS: 250 DSN" + GOODBYE,
            "no-starttls: STARTTLS is not offered",
        ),
        (
            "S: 220 x\nC: EHLO client.example\nS: 250-STARTTLS\nS: 250 DSN" + GOODBYE,
            "no-starttls: not offered: STARTTLS stands on the first line, "
            "where the server's name belongs",
        ),
        (
            HELLO + "S: 454 TLS not available" + GOODBYE,
            f'unavailable: STARTTLS answered with "454 TLS not available" {ORIGIN}',
        ),
        (
            HELLO + "S: 502 no TLS here" + GOODBYE,
            f'reject: STARTTLS answered with "502 no TLS here" {ORIGIN}',
        ),
        (
            HELLO + "S: 250 fine" + GOODBYE,
            'protocol: STARTTLS answered with "250 fine" instead of 220',
        ),
        (
            HELLO + r"S> 220 go\r\n250-STARTTLS\r\n" + "\nSILENCE",
            'injection: clear text between the reply to STARTTLS and TLS: "250-STARTTLS"',
        ),
        (
            HELLO + r"S> 220 go\r\n\n" + "\nSILENCE",
            "injection: clear text between the reply to STARTTLS and TLS: an empty line",
        ),
        (
            HELLO + "S: 220 go\nAWAIT\nCLOSE",
            "closed: the server closed the connection in the TLS handshake",
        ),
        (
            HELLO + "S: 220 go\nAWAIT\nRESET",
            "closed: the connection was reset in the TLS handshake",
        ),
        (
            HELLO + "CLOSE",
            "closed: the server closed the connection before the reply to STARTTLS",
        ),
        (
            HELLO + "S: hello" + GOODBYE,
            'protocol: this is no SMTP reply (in place of the reply to STARTTLS): "hello"',
        ),
        (
            HELLO + "S: 220 go\nTLS\nC: EHLO client.example\nCLOSE",
            "closed: the server closed the connection before the reply to EHLO inside TLS",
        ),
        (
            HELLO + "S: 220 go\nTLS\nC: EHLO client.example\nS: 421 no" + GOODBYE,
            f'unavailable: EHLO inside TLS answered with "421 no" {ORIGIN}',
        ),
        (
            HELLO + "S: 220 go\nTLS\nC: EHLO client.example\nS: 220 x" + GOODBYE,
            'protocol: EHLO inside TLS answered with "220 x" instead of 250',
        ),
        (
            HELLO
            + "S: 220 go\nTLS\nC: EHLO client.example\nS: 500 what?\n"
            + "C: HELO client.example\nCLOSE",
            "closed: the server closed the connection before the reply to HELO inside TLS; "
            'no-esmtp: EHLO answered with "500 what?", HELO tried',
        ),
    ],
)
def test_starttls_that_does_not_lead_to_a_session_says_where_it_ended(
    stage: Stage, transcript: str, text: str
) -> None:
    seen = stage("ehlo", transcript, "--starttls")
    assert (seen.code, seen.text) == (2, f"SMTP_EHLO CRITICAL - 127.0.0.1:PORT {text}")


@pytest.mark.parametrize(
    ("transcript", "told"),
    [
        ("S: 220 mail.example ESMTP", ': "220 mail.example ESMTP" (a port for --starttls?)'),
        ("S: SSH-2.0-OpenSSH_9.2", ' (SSH): "SSH-2.0-OpenSSH_9.2"'),
        ("S: +OK ready", ' (POP3): "+OK ready"'),
        (
            r"S> HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
            r' (HTTP): "HTTP/1.1 400 Bad Request\r\nServer: x"',
        ),
        (r"S> \x05\x00\x1b[2J\xff\r\n", r': "\x05\x00\x1b[2J\xff"'),
    ],
)
def test_a_server_that_answers_tls_in_clear_text_is_quoted(
    stage: Stage, transcript: str, told: str
) -> None:
    seen = stage("banner", transcript + "\nSILENCE", "--tls")
    assert seen.text == (
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT tls-handshake: "
        f"the server answered TLS in clear text{told}"
    )


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        ("CLOSE", "closed: the server closed the connection before the greeting inside TLS"),
        (
            "S> 220-mail\nCLOSE",
            'closed: the server closed the connection within the greeting inside TLS: "220-mail"',
        ),
        ("SILENCE", "timeout: the greeting inside TLS did not come within 0.4 s"),
        (
            "S: * OK ready" + GOODBYE,
            'protocol: this is IMAP, not SMTP (in place of the greeting inside TLS): "* OK ready"',
        ),
        (
            "S: 220 x\nC: EHLO client.example\nCLOSE",
            "closed: the server closed the connection before the reply to EHLO inside TLS",
        ),
    ],
)
def test_what_is_awaited_inside_implicit_tls_is_named_so(
    stage: Stage, transcript: str, text: str
) -> None:
    limit = ("-t", "0.4") if transcript == "SILENCE" else ()
    seen = stage("ehlo", "TLS\n" + transcript, "--tls", *limit)
    assert unhurried(seen.text) == f"SMTP_EHLO CRITICAL - 127.0.0.1:PORT {text}"


def test_a_phase_that_had_only_what_was_left_of_the_time_says_so(stage: Stage) -> None:
    transcript = "PAUSE\nPAUSE\nPAUSE\nS: 220 x\nC: EHLO client.example\nSILENCE"
    seen = stage("ehlo", transcript, "-t", "0.5")
    assert re.sub(r"within 0\.[0-3]\d* s", "within T s", seen.text) == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT timeout: "
        "the reply to EHLO did not come within T s, which was left of 0.5 s"
    )


def test_clear_text_inside_a_tls_session_is_quoted_as_well(stage: Stage) -> None:
    """Exim says its farewell after a timeout in clear text."""
    seen = stage("ehlo", "TLS\nS: 220 x\nC: EHLO client.example\nPLAIN 421 x: timeout", "--tls")
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT tls-handshake: "
        'the server answered TLS in clear text: "421 x: timeout"'
    )


def test_silence_in_the_handshake_is_a_timeout_of_that_phase(stage: Stage) -> None:
    seen = stage("banner", "SILENCE", "--tls", "-t", "0.3")
    assert seen.text == (
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT timeout: "
        "the TLS handshake was not over within 0.3 s"
    )


def test_the_server_name_is_the_host_or_what_servername_says(stage: Stage) -> None:
    transcript = "TLS\nS: 220 x" + GOODBYE
    for arguments, expected in (
        ((), None),
        (("--servername", "mail.example."), "mail.example"),
        (("--servername", "mail.bücher.example"), "mail.xn--bcher-kva.example"),
        (("--servername", "mail.example", "--no-sni"), None),
    ):
        assert stage("banner", transcript, "--tls", *arguments).code == 0
        assert stage.player is not None
        assert stage.player.sni == expected


@pytest.mark.parametrize(
    ("transcript", "arguments"),
    [
        ("DRIP 220-mail.example ", ()),
        ("FLOOD 220-x", ()),
        ("FLOOD ", ()),
        ("S: 220 x\nC: EHLO client.example\nDRIP 250-mail.example ", ()),
        ("S: 220 x\nC: EHLO client.example\nFLOOD 250-x", ()),
        (r"DRIP \x16\x03\x03\x01\x00", ("--tls",)),
        ("TLS\nDRIP 220-mail.example", ("--tls",)),
        ("TLS\nFLOOD 220-mail.example", ("--tls",)),
        (HELLO + "S: 220 go\nSILENCE", ("--starttls",)),
    ],
)
def test_no_server_outlasts_the_deadline(
    stage: Stage, transcript: str, arguments: tuple[str, ...]
) -> None:
    started = monotonic()
    seen = stage("ehlo", transcript, "-t", "0.4", *arguments)
    assert monotonic() - started < 0.4 + 0.5
    assert seen.code == 2
    assert seen.text.startswith("SMTP_EHLO CRITICAL - 127.0.0.1:PORT ")


def test_endless_replies_pass_a_limit_long_before_the_deadline(stage: Stage) -> None:
    assert stage("banner", "FLOOD 220-x").text == (
        "SMTP_BANNER CRITICAL - 127.0.0.1:PORT "
        "protocol: a reply has too many lines (limit 500) (in place of the greeting)"
    )


def test_an_early_421_ends_the_session_and_is_quoted(stage: Stage) -> None:
    seen = stage("ehlo", r"S> 220 x\r\n421 4.3.2 shutting down\r\n" + GOODBYE)
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT unavailable: after the greeting: "
        '"421 4.3.2 shutting down" (we came from 127.0.0.1)'
    )
    seen = stage("ehlo", r"S> 220 x\r\n421-4.3.2 shutting\r\n421 down\r\n" + GOODBYE)
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT unavailable: after the greeting: "
        '"421-4.3.2 shutting / 421 down" (we came from 127.0.0.1)'
    )


def test_a_greeting_with_another_2yz_code_is_named_but_the_session_goes_on(stage: Stage) -> None:
    seen = stage("ehlo", "S: 250 x\nC: EHLO client.example\nS: 250 x" + GOODBYE)
    assert seen.text == (
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT banner-code: "
        'greeted with "250 x" instead of 220; offers nothing in T s'
    )


def test_blank_lines_after_a_reply_are_no_data(stage: Stage) -> None:
    transcript = r"S> 220 x\r\n\r\n" + "\nC: EHLO client.example\n" + r"S> 250 x\r\n\n" + GOODBYE
    seen = stage("ehlo", transcript, "-v")
    assert seen.lines[0].startswith("SMTP_EHLO OK - 127.0.0.1:PORT offers nothing in T s | ")


@pytest.mark.parametrize(
    "transcript",
    [
        "S: 220 x\nRESET",
        "S: 220 x\nC: EHLO client.example\nRESET",
        "S: 220-x\nS: 220 x\nC: EHLO client.example\nS> 250-\nRESET",
    ],
)
def test_a_reset_is_never_told_as_an_orderly_end(stage: Stage, transcript: str) -> None:
    """It may be noticed in passing, before EHLO goes out, or in the wait for the reply."""
    seen = stage("ehlo", transcript)
    assert seen.code == 2
    assert seen.text.startswith(
        "SMTP_EHLO CRITICAL - 127.0.0.1:PORT closed: the connection was reset "
    )


def test_lines_of_nothing_but_cr_are_blank_and_cr_cr_lf_ends_a_line(stage: Stage) -> None:
    transcript = r"S> \r\r\n220-mail.example\r\r\n220 hi\r\r\n" + GOODBYE
    seen = stage("banner", transcript, "-v")
    assert [seen.text, *seen.lines[1:]] == [
        'SMTP_BANNER OK - 127.0.0.1:PORT greeted in T s: "220 mail.example / hi"',
        "OK nonstandard: the greeting: a line ends in CR CR LF; blank lines",
    ]


def test_oddities_are_listed_with_v_only(stage: Stage) -> None:
    transcript = r"S> 220 (vsFTPd 3.0.5)\n" + GOODBYE
    assert stage("banner", transcript, "-v").lines[1:] == [
        "OK nonstandard: the greeting: a line ends in a bare LF; it names FTP, not SMTP"
    ]


@pytest.mark.parametrize(
    ("version", "opening"),
    [
        ("v1", "PROXY TCP4 127.0.0.1 127.0.0.1 "),
        ("2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01"),
    ],
)
def test_the_proxy_header_comes_first_and_names_the_real_addresses(
    stage: Stage, version: str, opening: str
) -> None:
    seen = stage("banner", "AWAIT\nS: 220 x" + GOODBYE, "--proxy-protocol", version)
    assert seen.code == 0
    assert stage.player is not None
    assert stage.player.heard[0].startswith(opening)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A port of 127.0.0.2 that never answers: its accept queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield str(listener.getsockname()[1])
        for filler in fillers:
            filler.close()


def resolver(*addresses: str) -> Any:
    def getaddrinfo(host: bytes, port: int, *_: object) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    return getaddrinfo


def test_an_address_that_refuses_yields_to_the_next_and_is_said(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver("127.0.0.3", "127.0.0.1", "127.0.0.1"))
    seen = stage("banner", "S: 220 x" + GOODBYE, "-H", "mail.example")
    assert seen.lines == [
        'SMTP_BANNER OK - mail.example:PORT [127.0.0.1] greeted in T s: "220 x"; '
        "fallback: connection refused (127.0.0.3) | time=Ts;;;0 time_dns=Ts;;;0 "
        "time_connect=Ts;;;0 time_greeting=Ts;;;0"
    ]


def test_a_missing_route_to_one_address_is_no_finding(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is no TCP to a broadcast address: the kernel says ENETUNREACH at once.
    monkeypatch.setattr(socket, "getaddrinfo", resolver("255.255.255.255", "127.0.0.1"))
    seen = stage("banner", "S: 220 x" + GOODBYE, "-H", "mail.example")
    assert seen.text == 'SMTP_BANNER OK - mail.example:PORT [127.0.0.1] greeted in T s: "220 x"'


def test_a_missing_route_is_unknown_where_it_is_all_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver("255.255.255.255"))
    code, output = run_check("banner", "-H", "mail.example")
    assert (code, output.partition(" | ")[0]) == (
        3,
        "SMTP_BANNER UNKNOWN - mail.example:25 "
        "no-route: this machine has no IPv4 route to 255.255.255.255",
    )


def test_a_silent_address_gets_only_its_share_of_the_time(
    black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver("127.0.0.2", "127.0.0.1"))
    started = monotonic()
    code, output = run_check("banner", "-H", "mail.example", "-p", black_hole, "-t", "1")
    assert 0.5 <= monotonic() - started < 1.0 + 0.5
    text = outcome(code, output, int(black_hole)).text
    assert re.sub(r"within 0\.[5-9]\d? s", "within T s", text) == (
        "SMTP_BANNER CRITICAL - mail.example:PORT "
        "timeout: no answer to connect from 127.0.0.2 within T s; "
        "connect: connection refused (127.0.0.1)"
    )
    assert code == 2


def test_where_nobody_answers_the_time_that_was_really_waited_is_told(
    black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*question: Any) -> list[Any]:
        Event().wait(0.2)
        return list(resolver("127.0.0.2")(*question))

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    code, output = run_check("banner", "-H", "mail.example", "-p", black_hole, "-t", "0.5")
    text = outcome(code, output, int(black_hole)).text
    assert re.sub(r"within 0\.[0-3]\d? s", "within T s", text) == (
        "SMTP_BANNER CRITICAL - mail.example:PORT "
        "timeout: no answer to connect from 127.0.0.2 within T s"
    )
    assert code == 2


def test_an_interface_that_is_not_here_is_our_own_fault() -> None:
    code, output = run_check("banner", "-H", "fe80::1%nosuch0")
    assert (code, output.partition(" | ")[0]) == (
        3,
        "SMTP_BANNER UNKNOWN - [fe80::1%nosuch0]:25 "
        "local: this machine has no such interface: fe80::1%nosuch0",
    )


def test_an_address_that_is_not_ours_is_our_own_fault() -> None:
    code, output = run_check("banner", "-H", "127.0.0.1", "--source-address", "192.0.2.1")
    assert (code, output.partition(" | ")[0]) == (
        3,
        "SMTP_BANNER UNKNOWN - 127.0.0.1:25 local: "
        "cannot connect from the source address 192.0.2.1: cannot assign requested address",
    )


def test_the_source_address_is_the_one_the_server_sees(stage: Stage) -> None:
    seen = stage("banner", "S: 554 no" + GOODBYE, "--source-address", "127.0.0.9")
    assert seen.text.endswith('greeted with "554 no" (we came from 127.0.0.9)')


# -- commands after EHLO

INTRODUCED = """
    S: 220 mail.example
    C: EHLO client.example
    S: 250-mail.example
    S: 250 PIPELINING
"""
GROUP = (
    Command("mail", "MAIL", "FROM:<>"),
    Command("rcpt", "RCPT", "TO:<a@example.com>"),
    Command("rcpt", "RCPT", "TO:<b@example.com>"),
)


class Seen(NamedTuple):
    """What a session saw: codes, or why it ended; phases, findings and dialogue."""

    codes: list[int]
    ended: str
    phases: list[str]
    notes: list[str]
    dialogue: list[str]


def session_with(
    transcript: str, talk: Callable[[Session], Awaitable[Reply | list[Reply]]]
) -> Seen:
    """A session against a transcript, as far as EHLO and then as `talk` has it."""
    codes: list[int] = []
    ended = []

    async def run(session: Session, deadline: Deadline) -> None:
        try:
            await session.connect(deadline)
            await session.welcome()
            await session.hello()
            said = await talk(session)
            codes.extend(reply.code for reply in (said if isinstance(said, list) else [said]))
        except SessionEnded as end:
            ended.append(str(end.finding))
        finally:
            await session.quit()

    with Player(transcript) as player:
        options = parse_options(
            parser_of(cast("Check", banner)), ["-H", "127.0.0.1", "--ehlo-name", "client.example"]
        )
        address = Address(socket.AF_INET, ("127.0.0.1", player.port))
        stopwatch = Stopwatch()
        deadline = Deadline.after(5.0)
        session = Session(address, options, deadline, stopwatch)
        finish(run(session, deadline))
    assert player.faults == []
    dialogue = [f"{each.speaker}: {each.line}" for each in session.dialogue]
    notes = [str(note) for note in session.notes]
    return Seen(codes, "".join(ended), list(stopwatch.phases)[2:], notes, dialogue[4:])


def test_commands_are_one_write_where_there_is_pipelining() -> None:
    seen = session_with(
        INTRODUCED
        + """
        C+ MAIL FROM:<>
        C+ RCPT TO:<a@example.com>
        C: RCPT TO:<b@example.com>
        S: 250 fine
        S: 250 fine
        S: 550 5.1.1 who?
        """
        + GOODBYE,
        lambda session: session.commands(GROUP, pipelining=True),
    )
    assert (seen.codes, seen.phases) == ([250, 250, 550], ["mail", "rcpt"])


def test_a_transaction_that_goes_no_further_ends_with_rset() -> None:
    async def begun(session: Session) -> list[Reply]:
        session.in_transaction = True
        return [await session.command("mail", "MAIL", "FROM:<>")]

    before = INTRODUCED + "C: MAIL FROM:<>\n"
    seen = session_with(before + "S: 250 fine\nC: RSET\nS: 250 fine" + GOODBYE, begun)
    assert seen.dialogue[-4:] == ["C: RSET", "S: 250 fine", "C: QUIT", "S: 221 Bye"]
    seen = session_with(before + "S: 421 4.3.2 shutting down" + GOODBYE, begun)
    assert seen.dialogue[-2:] == ["C: QUIT", "S: 221 Bye"]


@pytest.mark.parametrize(
    ("replies", "codes", "last"),
    [
        ("S: 250 fine" + GOODBYE, [250], "S: 221 Bye"),
        ("S: 550 who?" + GOODBYE, [550], "S: 221 Bye"),
        ("CLOSE", [], "C: RSET"),
    ],
)
def test_the_last_rset_is_in_no_time_and_has_a_reply_if_one_comes(
    replies: str, codes: list[int], last: str
) -> None:
    async def begun(session: Session) -> list[Reply]:
        session.in_transaction = True
        reply = await session.reset()
        return [reply] if reply else []

    seen = session_with(f"{INTRODUCED}C: RSET\n{replies}", begun)
    assert (seen.codes, seen.phases, seen.notes) == (codes, [], [])
    assert seen.dialogue[-1] == last


XCLIENT = INTRODUCED + "C: XCLIENT ADDR=203.0.113.1\n"


@pytest.mark.parametrize(
    ("transcript", "ended"),
    [
        ("S: 220 mail.example\nC: EHLO client.example\nS: 250 mail.example", ""),
        ("S: 250 fine", 'protocol: XCLIENT answered with "250 fine" instead of 220'),
        (
            "S: 550 5.7.0 not you",
            f'reject: XCLIENT answered with "550 5.7.0 not you" {ORIGIN}',
        ),
        ("S: 451 4.3.0 later", f'tempfail: XCLIENT answered with "451 4.3.0 later" {ORIGIN}'),
    ],
)
def test_xclient_begins_anew(transcript: str, ended: str) -> None:
    async def disguised(session: Session) -> list[Reply]:
        await session.xclient("ADDR=203.0.113.1")
        await session.hello()
        return []

    seen = session_with(XCLIENT + transcript + GOODBYE, disguised)
    assert (seen.ended, seen.phases) == (ended, ["xclient"])


def test_commands_are_in_lock_step_where_there_is_none() -> None:
    seen = session_with(
        INTRODUCED
        + """
        C: MAIL FROM:<>
        PAUSE
        S: 250 fine
        C: RCPT TO:<a@example.com>
        PAUSE
        S: 450 4.2.0 later
        C: RCPT TO:<b@example.com>
        S: 550 5.1.1 who?
        """
        + GOODBYE,
        lambda session: session.commands(GROUP, pipelining=False),
    )
    assert (seen.codes, seen.phases) == ([250, 450, 550], ["mail", "rcpt"])


def test_421_within_a_group_ends_the_session_and_no_quit_goes_behind_it() -> None:
    seen = session_with(
        INTRODUCED
        + """
        C+ MAIL FROM:<>
        C+ RCPT TO:<a@example.com>
        C: RCPT TO:<b@example.com>
        S: 250 fine
        S: 421 4.7.0 too many
        """,
        lambda session: session.commands(GROUP, pipelining=True),
    )
    assert seen.ended == f'unavailable: RCPT answered with "421 4.7.0 too many" {ORIGIN}'
    assert seen.dialogue[-1] == "S: 421 4.7.0 too many"


def test_the_replies_before_the_end_of_a_group_are_kept() -> None:
    async def interrupted(session: Session) -> list[Reply]:
        with pytest.raises(Interrupted) as end:
            await session.commands(GROUP, pipelining=True)
        return list(end.value.replies)

    seen = session_with(
        INTRODUCED
        + """
        C+ MAIL FROM:<>
        C+ RCPT TO:<a@example.com>
        C: RCPT TO:<b@example.com>
        S: 250 fine
        S: 550 5.1.1 who?
        CLOSE
        """,
        interrupted,
    )
    assert (seen.codes, seen.ended) == ([250, 550], "")


def test_421_to_a_single_command_is_followed_by_quit() -> None:
    seen = session_with(
        INTRODUCED + "C: RSET\nS: 421 bye\nC: QUIT\nS: 221 Bye",
        lambda session: session.command("rcpt", "RSET"),
    )
    assert seen.ended == f'unavailable: RCPT answered with "421 bye" {ORIGIN}'


async def sent(session: Session) -> list[Reply]:
    """The reply to a message, and whether it was sent, in place of a code."""
    reply = await session.data(b"To: a\r\n\r\n.\r\n")
    return [reply, Reply(int(session.handed_over), ("",))]


@pytest.mark.parametrize(
    ("replies", "code", "messages"),
    [
        ("S: 354 go on\nMESSAGE\nS: 250 queued", 250, 1),
        ("S: 354 go on\nMESSAGE\nS: 451 4.3.0 sick", 451, 1),
        ("S: 554 no valid recipients", 554, 0),
    ],
)
def test_a_message_goes_out_only_after_354(replies: str, code: int, messages: int) -> None:
    seen = session_with(
        INTRODUCED + "C: DATA\n" + replies + GOODBYE,
        sent,
    )
    assert (seen.codes, seen.phases) == ([code, messages], ["data"])
    assert seen.dialogue.count("C: (12 octets)") == messages


def test_a_session_that_breaks_within_a_message_says_so() -> None:
    seen = session_with(
        INTRODUCED + "C: DATA\nS: 354 go on\nMESSAGE\nCLOSE",
        lambda session: session.data(b"To: a\r\n\r\n.\r\n"),
    )
    assert seen.ended == (
        "closed: the server closed the connection before the reply to the message"
    )


@pytest.mark.parametrize(
    "answer",
    [
        "S: 535 bad: c2VjcmV0 c2VjcmV0",
        "S: c2VjcmV0 is no password",
        "S> 535-c2VjcmV0\nCLOSE",
        "S: 334 c2VjcmV0\nS: 250 c2VjcmV0",
        # what is cut off must not show its beginning either
        "S> 535 c2Vjcm\nCLOSE",
        "S> 535-c2VjcmV0\\r\\n535 c2V\nCLOSE",
        f"S: {'x' * 195} c2VjcmV0",
    ],
)
def test_what_is_concealed_shows_nowhere(answer: str) -> None:
    async def talk(session: Session) -> Reply:
        session.concealment.add("c2VjcmV0", "")
        return await session.command("auth", "AUTH", "PLAIN c2VjcmV0")

    seen = session_with(INTRODUCED + "C: AUTH PLAIN c2VjcmV0\n" + answer + "\nCLOSE", talk)
    assert "C: AUTH PLAIN ***" in seen.dialogue
    assert "c2V" not in repr(seen)


def test_a_challenge_is_handed_on_as_it_came_and_answered() -> None:
    replies: list[Reply] = []

    async def talk(session: Session) -> list[Reply]:
        session.concealment.add("c2VjcmV0", "Zm9v")
        replies.append(await session.command("auth", "AUTH", "LOGIN"))
        replies.append(await session.respond("auth", "c2VjcmV0", "AUTH"))
        replies.append(await session.respond("auth", "", "AUTH"))
        replies.append(await session.command("mail", "MAIL", "FROM:<>"))
        return replies

    seen = session_with(
        INTRODUCED
        + """
        C: AUTH LOGIN
        S: 334 Zm9v
        C: c2VjcmV0
        S: 334
        C:
        S: 235 Zm9v
        C: MAIL FROM:<>
        S: 334 Zm9v
        """
        + GOODBYE,
        talk,
    )
    assert [reply.text for reply in replies] == ["Zm9v", "", "***", "***"]
    assert seen.phases == ["auth", "mail"]
    assert seen.dialogue[:6] == [
        "C: AUTH LOGIN",
        "S: 334 ***",
        "C: ***",
        "S: 334 ",
        "C: ",
        "S: 235 ***",
    ]


def test_what_answers_a_challenge_is_not_named_when_the_reply_does_not_come() -> None:
    async def talk(session: Session) -> list[Reply]:
        await session.command("auth", "AUTH", "LOGIN")
        return [await session.respond("auth", "c2VjcmV0", "AUTH")]

    seen = session_with(INTRODUCED + "C: AUTH LOGIN\nS: 334\nC: c2VjcmV0\nCLOSE", talk)
    assert seen.ended == "closed: the server closed the connection before the reply to AUTH"
