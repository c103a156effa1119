"""The status line and the lines below it."""

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from check_smtp_core.dialogue import Spoken
from check_smtp_core.engine import Agreed
from check_smtp_core.findings import VOCABULARY, Finding, State
from check_smtp_core.observation import Measure, Observation
from check_smtp_core.output import (
    OUTPUT_LIMIT,
    TEXT_LIMIT,
    Judged,
    Told,
    status_line,
    subject,
    verbose_lines,
    whole_output,
)

OK, WARNING, CRITICAL, UNKNOWN = State.OK, State.WARNING, State.CRITICAL, State.UNKNOWN
GREETED = 'greeted in 0.015 s: "220 mail ESMTP"'


@pytest.mark.parametrize(
    ("host", "port", "address", "shown"),
    [
        ("mail.example.com", 25, "192.0.2.25", "mail.example.com:25 [192.0.2.25]"),
        ("mail.example.com", 25, "2001:db8::19", "mail.example.com:25 [2001:db8::19]"),
        ("mail.example.com", 465, "", "mail.example.com:465"),
        ("192.0.2.25", 25, "192.0.2.25", "192.0.2.25:25"),
        ("192.0.2.25", 25, "", "192.0.2.25:25"),
        ("2001:db8::19", 587, "2001:db8::19", "[2001:db8::19]:587"),
        ("2001:db8:0::19", 587, "2001:db8::19", "[2001:db8:0::19]:587 [2001:db8::19]"),
    ],
)
def test_the_connected_address_is_shown_where_it_is_not_the_host(
    host: str, port: int, address: str, shown: str
) -> None:
    assert subject(host, port, address) == shown


# -- the status line


@pytest.mark.parametrize(
    ("state", "judged", "sentence", "line"),
    [
        (OK, [], GREETED, f"SMTP_BANNER OK - mail:25 {GREETED}"),
        (
            CRITICAL,
            [Judged(CRITICAL, Finding("connect", "refused", ends_session=True))],
            "",
            "SMTP_BANNER CRITICAL - mail:25 connect: refused",
        ),
        (
            WARNING,
            [Judged(WARNING, Finding("banner-text", "no match"))],
            GREETED,
            f"SMTP_BANNER WARNING - mail:25 banner-text: no match; {GREETED}",
        ),
        (
            CRITICAL,
            [
                Judged(WARNING, Finding("masked", "stars")),
                Judged(UNKNOWN, Finding("local", "no file")),
                Judged(CRITICAL, Finding("banner-host", "other")),
                Judged(OK, Finding("nonstandard", "bare LF")),
                Judged(CRITICAL, Finding("slow", "9 s")),
                Judged(WARNING, Finding("unsolicited", "data")),
            ],
            GREETED,
            "SMTP_BANNER CRITICAL - mail:25 banner-host: other; slow: 9 s; masked: stars; "
            f"unsolicited: data; local: no file; {GREETED}",
        ),
        (
            OK,
            [Judged(OK, Finding("nonstandard", "bare LF"))],
            GREETED,
            f"SMTP_BANNER OK - mail:25 {GREETED}",
        ),
        (
            OK,
            [Judged(OK, Finding("fallback", "refused (::1)", said=True))],
            GREETED,
            f"SMTP_BANNER OK - mail:25 {GREETED}; fallback: refused (::1)",
        ),
        (
            OK,
            [Judged(OK, Finding("connect", "refused", ends_session=True))],
            "",
            "SMTP_BANNER OK - mail:25 connect: refused",
        ),
        (
            OK,
            [
                Judged(OK, Finding("fallback", "refused (::1)", said=True)),
                Judged(OK, Finding("closed", "gone", ends_session=True, said=True)),
            ],
            "",
            "SMTP_BANNER OK - mail:25 closed: gone; fallback: refused (::1)",
        ),
        (
            WARNING,
            [
                Judged(OK, Finding("connect", "refused", ends_session=True)),
                Judged(WARNING, Finding("no-route", "no IPv6")),
            ],
            "",
            "SMTP_BANNER WARNING - mail:25 no-route: no IPv6; connect: refused",
        ),
    ],
)
def test_the_line_says_the_worst_first_then_what_was_seen(
    state: State, judged: list[Judged], sentence: str, line: str
) -> None:
    assert status_line("SMTP_BANNER", state, "mail:25", judged, sentence, "utf-8") == line


def test_a_line_with_nothing_to_say_does_not_end_in_dots() -> None:
    """Dots mean that something was left out."""
    assert status_line("SMTP_EHLO", OK, "mail:25", [], "", "utf-8") == "SMTP_EHLO OK - mail:25"


def critical(name: str, text: str) -> Judged:
    return Judged(CRITICAL, Finding(name, text))


HEAD = "SMTP_EHLO CRITICAL - mx1:25 "
BACKSLASH_XE9 = "\\xe9"
ROOM = TEXT_LIMIT - len(HEAD)


@pytest.mark.parametrize(
    ("judged", "encoding", "line"),
    [
        pytest.param(
            [critical("closed", "x" * (ROOM - 8))],
            "utf-8",
            f"{HEAD}closed: {'x' * (ROOM - 8)}",
            id="just fits",
        ),
        pytest.param(
            [critical("closed", "x" * (ROOM - 7))],
            "utf-8",
            f"{HEAD}closed: {'x' * (ROOM - 11)}...",
            id="one too many",
        ),
        pytest.param(
            [critical("closed", "x" * 100), critical("slow", "y" * 200)],
            "utf-8",
            f"{HEAD}closed: {'x' * 100}; also slow (-v)",
            id="the second does not fit",
        ),
        pytest.param(
            [
                critical("closed", "x" * 100),
                critical("slow", "y" * 100),
                critical("size", "z"),
                critical("masked", "z" * 60),
            ],
            "utf-8",
            f"{HEAD}closed: {'x' * 100}; slow: {'y' * 100}; size: z; also masked (-v)",
            id="the last does not fit",
        ),
        pytest.param(
            [critical("closed", "é" * 200)],
            "utf-8",
            f"{HEAD}closed: {'é' * 130}...",
            id="two octets a character",
        ),
        pytest.param(
            [critical("closed", "日" * 200)],
            "utf-8",
            f"{HEAD}closed: {'日' * 86}...",
            id="three octets a character",
        ),
        pytest.param(
            [critical("closed", "é" * 200)],
            "ascii",
            f"{HEAD}closed: {BACKSLASH_XE9 * 65}...",
            id="an escape a character",
        ),
        pytest.param(
            [critical("closed", "é|日")],
            "ascii",
            f"{HEAD}closed: \\xe9/\\u65e5",
            id="escapes",
        ),
        pytest.param(
            [critical("closed", "é日")],
            "latin-1",
            f"{HEAD}closed: é\\u65e5",
            id="some of both",
        ),
    ],
)
def test_the_line_stays_below_300_octets_in_the_encoding_of_the_output(
    judged: list[Judged], encoding: str, line: str
) -> None:
    assert status_line("SMTP_EHLO", CRITICAL, "mx1:25", judged, "", encoding) == line
    assert len(line.encode(encoding)) <= 299


def test_where_the_first_finding_must_be_cut_the_others_are_still_counted() -> None:
    judged = [critical("closed", "x" * 300), critical("slow", "y"), critical("size", "z")]
    line = status_line("SMTP_EHLO", CRITICAL, "mx1:25", judged, "", "utf-8")
    assert line.endswith("; 2 more (-v)")
    assert len(line) <= 299


def test_names_that_are_left_out_many_times_are_counted() -> None:
    judged = [critical("closed", "x" * 200), *(critical("slow", "y" * 60) for _ in range(39))]
    line = status_line("SMTP_RCPT", CRITICAL, "mx1", judged, "", "utf-8")
    shown = f"closed: {'x' * 200}"
    assert line == f"SMTP_RCPT CRITICAL - mx1 {shown}; also slow (39 times) (-v)"


def test_of_thousands_as_many_as_fit_are_shown_and_the_others_counted() -> None:
    judged = [critical("unknown-user", f"user{number:04}") for number in range(5000)]
    started = monotonic()
    line = status_line("SMTP_RCPT", CRITICAL, "mx1:25", judged, "", "utf-8")
    assert monotonic() - started < 1.0
    shown = "; ".join(f"unknown-user: user{number:04}" for number in range(10))
    assert line == f"SMTP_RCPT CRITICAL - mx1:25 {shown}; 4990 more (-v)"


def test_a_finding_of_a_million_characters_is_cut_at_once() -> None:
    started = monotonic()
    line = status_line("SMTP_RCPT", CRITICAL, "mx1:25", [critical("x", "y" * 10**6)], "", "ascii")
    assert monotonic() - started < 1.0
    assert len(line) == TEXT_LIMIT


FALLBACK = Judged(OK, Finding("fallback", "refused (::1)", said=True))
HARMLESS = Judged(OK, Finding("nonstandard", "bare LF"))


@pytest.mark.parametrize(
    ("judged", "sentence", "rest"),
    [
        pytest.param(
            [critical("missing", "x" * 100)],
            "s" * (ROOM - 111),
            f"missing: {'x' * 100}; {'s' * (ROOM - 111)}",
            id="all just fits",
        ),
        pytest.param(
            [critical("missing", "x" * 100)],
            "s" * (ROOM - 110),
            f"missing: {'x' * 100}",
            id="the sentence goes and is not counted",
        ),
        pytest.param(
            [critical("missing", "x" * 100), critical("size", "y" * 100)],
            "s" * 100,
            f"missing: {'x' * 100}; size: {'y' * 100}",
            id="findings stay where the sentence goes",
        ),
        pytest.param(
            [critical("missing", "x" * 100), FALLBACK, HARMLESS],
            "s" * 200,
            f"missing: {'x' * 100}; fallback: refused (::1)",
            id="what is meant to be said stays as well",
        ),
        pytest.param(
            [critical("missing", "x" * 200), critical("size", "y" * 100), FALLBACK, HARMLESS],
            "s" * 200,
            f"missing: {'x' * 200}; also size, fallback (-v)",
            id="only findings of the line are counted",
        ),
        pytest.param(
            [critical("missing", "x" * 300), critical("size", "y")],
            "s",
            f"missing: {'x' * (ROOM - 25)}...; 1 more (-v)",
            id="the first finding is cut",
        ),
    ],
)
def test_where_not_all_fits_what_was_seen_goes_first_and_only_findings_are_counted(
    judged: list[Judged], sentence: str, rest: str
) -> None:
    line = status_line("SMTP_EHLO", CRITICAL, "mx1:25", judged, sentence, "utf-8")
    assert line == HEAD + rest
    assert len(line) <= TEXT_LIMIT


def test_a_sentence_is_cut_like_a_finding() -> None:
    line = status_line("SMTP_EHLO", OK, "mx1:25", [], "x" * 400, "utf-8")
    assert line == "SMTP_EHLO OK - mx1:25 " + "x" * 274 + "..."


def test_no_text_adds_a_line_or_perfdata() -> None:
    judged = [critical("closed", "a\nOK | time=0;`id`\x1b[2J\u202e")]
    line = status_line("SMTP_EHLO", CRITICAL, "mail|:25\r\n", judged, "b\r\n$c", "utf-8")
    assert line == "SMTP_EHLO CRITICAL - mail/:25   closed: a OK / time=0;'id'[2J; b  ?c"


ANY_TEXT = st.text(st.characters(), max_size=400)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(sorted(VOCABULARY)),
    ANY_TEXT,
    ends_session=st.booleans(),
    said=st.booleans(),
)
ENCODINGS = st.sampled_from(["utf-8", "ascii", "latin-1"])


@given(
    st.lists(st.builds(Judged, st.sampled_from(State), FINDINGS), max_size=6),
    ANY_TEXT,
    ANY_TEXT,
    ENCODINGS,
)
@settings(max_examples=100, deadline=None)
def test_whatever_was_found_the_line_is_one_line_within_its_limit(
    judged: list[Judged], about: str, sentence: str, encoding: str
) -> None:
    line = status_line("SMTP_BANNER", CRITICAL, about, judged, sentence, encoding)
    assert line.startswith("SMTP_BANNER CRITICAL - ")
    assert line.isprintable()
    assert "|" not in line
    assert len(line.encode(encoding)) <= TEXT_LIMIT


# -- the whole output


@pytest.mark.parametrize(
    ("perfdata", "more", "output"),
    [
        ([], [], "SMTP OK - fine"),
        (["time=1s;;;0"], [], "SMTP OK - fine | time=1s;;;0"),
        (["time=1s;;;0", "size=5B"], [], "SMTP OK - fine | time=1s;;;0 size=5B"),
        ([], ["first", "second"], "SMTP OK - fine\nfirst\nsecond"),
        (["time=1s"], ["first", "second"], "SMTP OK - fine | time=1s\nfirst\nsecond"),
        (
            ["a=1"],
            ["x | y=2", "two\r\nlines", "<b>$`"],
            "SMTP OK - fine | a=1\nx / y=2\ntwo  lines\n(b)?'",
        ),
    ],
)
def test_perfdata_stays_on_the_first_line(
    perfdata: list[str], more: list[str], output: str
) -> None:
    """With 1.3.2, nagiosplugin moves it to the end once there are more lines."""
    assert whole_output("SMTP OK - fine", perfdata, more, "utf-8") == output


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [("é日", "ascii", "\\xe9\\u65e5"), ("é日", "latin-1", "é\\u65e5"), ("é日", "utf-8", "é日")],
)
def test_more_lines_are_in_the_encoding_of_the_output(
    text: str, encoding: str, shown: str
) -> None:
    assert whole_output("SMTP OK", [], [text], encoding) == f"SMTP OK\n{shown}"


LEFT_OUT = "... (the rest is left out)"


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        pytest.param(99, 79, id="many"),
        pytest.param(7951, 1, id="one that just fits"),
        pytest.param(7952, 0, id="one that does not"),
    ],
)
def test_the_whole_output_stays_below_8_kib(width: int, kept: int) -> None:
    output = whole_output("SMTP OK!", [], ["x" * width] * 200, "utf-8")
    assert output == "\n".join(["SMTP OK!", *["x" * width] * kept, LEFT_OUT])
    assert len(output) < OUTPUT_LIMIT


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_octets_count_and_not_characters(encoding: str) -> None:
    output = whole_output("SMTP OK", [], ["日" * 100] * 200, encoding)
    assert output.endswith(LEFT_OUT)
    assert 7000 < len(output.encode(encoding)) < OUTPUT_LIMIT


@given(st.lists(ANY_TEXT, max_size=40), ENCODINGS)
@settings(max_examples=50, deadline=None)
def test_whatever_more_there_is_it_adds_neither_lines_nor_perfdata(
    more: list[str], encoding: str
) -> None:
    output = whole_output("SMTP OK - fine", ["time=1s"], more, encoding)
    first, *lines = output.split("\n")
    assert first == "SMTP OK - fine | time=1s"
    assert len(lines) == len(more) or lines[-1] == LEFT_OUT
    assert all(line.isprintable() and "|" not in line for line in lines)
    assert len(output.encode(encoding)) < OUTPUT_LIMIT


# -- more lines


class Seen(NamedTuple):
    """The facts of no real check."""

    words: Sequence[str]

    def sentence(self, seconds: float) -> str:
        return f"seen in {seconds} s"

    def measures(self) -> list[Measure]:
        return []

    def details(self, level: int) -> Sequence[str]:
        return self.words if level > 1 else ()


NOTHING = Observation(
    host="mail.example.com",
    facts=None,
    ended=None,
    notes=(),
    address="",
    origin="",
    phase="",
    time=0.0,
    phases={},
    agreed=None,
    dialogue=(),
)
EVERYTHING = Observation(
    host="mail.example.com",
    facts=Seen(["extension SIZE 100", "extension DSN"]),
    ended=None,
    notes=(),
    address="192.0.2.25",
    origin="we came from 192.0.2.10 as probe",
    phase="ehlo",
    time=0.5,
    phases={"connect": 0.00012, "greeting": 0.25},
    agreed=Agreed("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256),
    dialogue=(Spoken(0.25, "S", "220 mail"), Spoken(10.5, "C", "EHLO probe")),
)
JUDGED = [
    Judged(CRITICAL, Finding("missing", "not offered: DSN")),
    Judged(OK, Finding("nonstandard", "bare LF")),
]
FOUND = ["CRITICAL missing: not offered: DSN", "OK nonstandard: bare LF"]
FACTS = [
    "connected to 192.0.2.25; we came from 192.0.2.10 as probe",
    "TLSv1.3 with TLS_AES_256_GCM_SHA384, 256 bits",
    "times: connect 0.0001 s, greeting 0.2500 s",
    "extension SIZE 100",
    "extension DSN",
]
DIALOGUE = ["  0.2500 S: 220 mail", " 10.5000 C: EHLO probe"]


@pytest.mark.parametrize(
    ("seen", "level", "lines"),
    [
        (EVERYTHING, 0, []),
        (EVERYTHING, 1, FOUND),
        (EVERYTHING, 2, FOUND + FACTS),
        (EVERYTHING, 3, FOUND + FACTS + DIALOGUE),
        (NOTHING, 0, []),
        (NOTHING, 3, FOUND),
    ],
)
def test_each_v_adds_findings_then_facts_then_the_dialogue(
    seen: Observation, level: int, lines: list[str]
) -> None:
    told = Told("mail.example.com:25", CRITICAL, JUDGED, "", [], seen)
    assert verbose_lines(told, level) == lines
