"""What a server may say, and what it should not: hypothesis strategies that the tests share.

Rule: whatever is dangerous to print, to parse or to wait for has a piece here; a new kind of fault
gets its piece, and all properties meet it.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.real_replies import real_replies

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties that are to hold on a busy machine too."""

HOSTILE = (
    # the perfdata separator, second lines, and what pretends to be a line or perfdata of ours
    *("|", " | time=0s;;;0", "\nSMTP OK - fine", "\r", "\t", "'x'=1;2;3;4;5", '"', ";", "="),
    # markup and shells
    *("<script>alert(1)</script>", "&lt;", "$(id)", "`id`", "${IFS}", "\\", "\\n", "%n", "\x00"),
    # terminals
    *("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x7f", "\x08" * 20, "\x85", "\u2028", "\u2029"),
    # text that runs backwards, and text that nobody sees
    *("\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u00ad", "\ufeff", "\U000e0041"),
    *("\ufe0f", "\u034f", "\u3164", "\u115f", "\U000e0100", "\u2800", "\u00a0", "\u3000"),
    # many octets for few characters, and many characters for few octets
    *("e\u0301", "日本", "\U0001f4a9" * 90, "x" * 700, "9" * 40, "\ufffd"),
)
"""Pieces of text that must not reach a status line as they are."""

PIECES = (
    *(b"220", b"250", b"550", b"299", b"2", b"5", b"-", b" ", b"\r", b"\n", b"\r\n"),
    *(b"mail", b"AUTH=", b"SIZE 1", b"\x00", b"\xc3\xbc", b"\xff", b"SSH-", b"\x16\x03\x01"),
    *(b"250-x\r\n", b"250 x\r\n", b"x" * 4095, b"250-" + b"y" * 8000 + b"\r\n"),
)
"""Pieces of which replies, and nearly replies, are made."""

streams = st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
"""Octets of any kind, from nothing to more than the limits allow."""

hostile_texts = st.lists(
    st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8), min_size=1, max_size=6
).map("".join)
"""Text with surrogates, control characters and whatever else a name or reply may hold."""

hostile_octets = st.lists(
    st.sampled_from(HOSTILE).map(str.encode) | st.binary(max_size=6), min_size=1, max_size=5
).map(b"".join)
"""The same as octets, UTF-8 or not."""

_KEYWORDS = (
    b"STARTTLS",
    b"SIZE ",
    b"AUTH ",
    b"AUTH=",
    b"LIMITS RCPTMAX=",
    b"DSN",
    b"XXXXXXXA",
    b"",
)
_LINE_ENDS = st.sampled_from((b"\r\n",) * 6 + (b"\n", b"\r\r\n"))
_CODES = st.sampled_from((b"220", b"250", b"354", b"421", b"454", b"500", b"554", b"299", b"650"))


@st.composite
def replies(draw: st.DrawFn, code: bytes | None = None, keywords: tuple[bytes, ...] = ()) -> bytes:
    """One reply with a hostile text, of this code or of any, with at least these keywords."""
    code = code or draw(_CODES)
    made = [draw(st.sampled_from(_KEYWORDS)) + draw(hostile_octets) for _ in range(draw(_FEW))]
    texts = [draw(hostile_octets), *keywords, *made]
    end = draw(_LINE_ENDS)
    # A text with a line end would end the line; what then follows is no reply.
    lines = [text.replace(b"\n", b" ") if draw(_MOSTLY) else text for text in texts]
    separators = [b"-"] * (len(lines) - 1) + [b" "]
    return b"".join(
        code + separator + text + end for separator, text in zip(separators, lines, strict=True)
    )


_FEW = st.integers(0, 3)
_MOSTLY = st.sampled_from((True,) * 9 + (False,))
_UNSOLICITED = st.sampled_from((True,) * 9 + (False,)).flatmap(
    lambda manners: st.just(b"") if manners else hostile_octets | replies()
)

real = st.sampled_from(sorted({each.octets for each in real_replies()}))
"""A reply of a real server."""

anything = replies() | real | streams

spoken = streams | st.lists(replies() | real, max_size=4).map(b"".join)
"""What a server may say in one go."""


@st.composite
def sessions(draw: st.DrawFn) -> list[bytes]:
    """What a server says to each of the client's lines, the greeting first.

    Most go as far as EHLO or STARTTLS, for what comes after a refusal is never heard.
    """
    good = [
        replies(b"220"),
        replies(b"250", (b"STARTTLS",)),
        st.just(b"220 go ahead\r\n"),
        replies(b"250"),
    ]
    friendly = draw(st.integers(0, len(good)))
    said = [draw(each) + draw(_UNSOLICITED) for each in good[:friendly]]
    said += draw(st.lists(anything, max_size=len(good) - friendly))
    return [*said, draw(anything)]
