"""Sessions that are to be broken: what the server says in them, and what lies where in it.

Rule: pure; everything is named after what a server says, reply by reply and record by record.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_GREETING = """\
S: 220-mail.example.com ESMTP
S: 220 no spam, please
"""
_ONE_LINE = "S: 220 mail.example.com ESMTP\n"
_EHLO = """\
C: EHLO client.example
S: 250-mail.example.com
S: 250-SIZE 52428800
S: 250 STARTTLS
"""
_STARTTLS = """\
C: STARTTLS
S: 220 go ahead
TLS
"""
_INSIDE = """\
C: EHLO client.example
S: 250-mail.example.com
S: 250 SIZE 52428800
"""
_QUIT = """\
C: QUIT
S: 221 Bye
"""

GREETING, EHLO, STARTTLS = "the greeting", "the reply to EHLO", "the reply to STARTTLS"
SERVER_HELLO, FINISHED = "ServerHello", "Finished"
INSIDE, QUIT = "the reply to EHLO inside TLS", "the reply to QUIT"
INNER_GREETING = "the greeting inside TLS"
_MORE_INSIDE = f"the last line of {INSIDE}"
_HANDSHAKE = (
    SERVER_HELLO,
    "ChangeCipherSpec",
    "EncryptedExtensions",
    "Certificate",
    "CertificateVerify",
    FINISHED,
)
_OLD_HANDSHAKE = (
    SERVER_HELLO,
    "Certificate",
    "ServerKeyExchange",
    "ServerHelloDone",
    "ChangeCipherSpec",
    FINISHED,
)
_TICKETS = ("the first session ticket", "the second session ticket")
HANDSHAKE = "the TLS handshake"
_PHASES = {
    GREETING: "greeting",
    EHLO: "ehlo",
    STARTTLS: "starttls",
    HANDSHAKE: "tls",
    INNER_GREETING: "greeting",
    INSIDE: "ehlo_tls",
}


class Case(NamedTuple):
    """A check and the session it meets.

    `pieces` names what the server says, in its order, each reply and each TLS record; the check
    has its answer when the piece `fact` is complete.
    """

    check: str
    options: tuple[str, ...]
    transcript: str
    pieces: tuple[str, ...]
    fact: str
    tls: str = "TLSv1.3"

    def __str__(self) -> str:
        version = f" ({self.tls})" if self.tls != "TLSv1.3" else ""
        return " ".join((f"check_smtp_{self.check}", *self.options)) + version


_TO_TLS = (GREETING, EHLO, STARTTLS, *_HANDSHAKE, *_TICKETS)
_ENCRYPTED = _GREETING + _EHLO + _STARTTLS

BANNER = Case("banner", (), _GREETING + _QUIT, (GREETING, QUIT), GREETING)
PLAIN_EHLO = Case("ehlo", (), _GREETING + _EHLO + _QUIT, (GREETING, EHLO, QUIT), EHLO)
EHLO_INSIDE = Case(
    "ehlo",
    ("--starttls",),
    _ENCRYPTED + _INSIDE + _QUIT,
    (*_TO_TLS, INSIDE, _MORE_INSIDE, QUIT),
    _MORE_INSIDE,
)
ENCRYPTION = EHLO_INSIDE._replace(check="starttls", options=())
CERTIFICATES = Case("cert", (), _ENCRYPTED + _QUIT, (*_TO_TLS, QUIT), FINISHED)

IMPLICIT = Case(
    "banner",
    ("--tls",),
    f"TLS\n{_ONE_LINE}{_QUIT}",
    (*_HANDSHAKE, *_TICKETS, INNER_GREETING, QUIT),
    INNER_GREETING,
)
_TO_OLD_TLS = (GREETING, EHLO, STARTTLS, *_OLD_HANDSHAKE)
OLD_ENCRYPTION = ENCRYPTION._replace(
    pieces=(*_TO_OLD_TLS, INSIDE, _MORE_INSIDE, QUIT), tls="TLSv1.2"
)
OLD_CERTIFICATES = CERTIFICATES._replace(pieces=(*_TO_OLD_TLS, QUIT), tls="TLSv1.2")

PLAIN = (BANNER, PLAIN_EHLO)
IN_TLS = (EHLO_INSIDE, ENCRYPTION, CERTIFICATES)
MORE_IN_TLS = (IMPLICIT, OLD_ENCRYPTION, OLD_CERTIFICATES)


class Piece(NamedTuple):
    """One reply or TLS record: its name, where in the stream it lies, and what it is a part of.

    `awaited` is what a check waits for while this piece is not complete.
    """

    name: str
    start: int
    end: int
    awaited: str


def pieces(stream: bytes, names: Sequence[str]) -> list[Piece]:
    """The replies and TLS records of a server's stream, by these names."""
    ends = list(_ends(stream))
    assert len(ends) == len(names), f"{len(ends)} pieces, not {len(names)}: {ends}"
    found: list[Piece] = []
    awaited = ""
    for name, start, end in reversed(list(zip(names, [0, *ends[:-1]], ends, strict=True))):
        if name in (*_HANDSHAKE, *_OLD_HANDSHAKE):
            awaited = HANDSHAKE
        elif name == _MORE_INSIDE:
            awaited = INSIDE
        elif name not in _TICKETS:
            awaited = name
        found.insert(0, Piece(name, start, end, awaited))
    return found


def _ends(stream: bytes) -> Iterable[int]:
    reply = re.compile(rb"(?:\d{3}-.*\r\n)*\d{3} .*\r\n")
    end = 0
    while end < len(stream):
        if match := reply.match(stream, end):
            end = match.end()
        else:
            end += 5 + int.from_bytes(stream[end + 3 : end + 5], "big")
        yield end


def at(octets: int, found: Sequence[Piece]) -> Piece | None:
    """The piece that is not complete after so many octets; None when all are."""
    return next((piece for piece in found if octets < piece.end), None)


def phases_before(piece: Piece, found: Sequence[Piece]) -> list[str]:
    """The phases that are complete while this piece is not."""
    before = [each.awaited for each in found if each.end <= piece.start]
    phases = [_PHASES[each] for each in before if each != piece.awaited]
    return ["connect", *dict.fromkeys(phases)]


def edges(found: Sequence[Piece]) -> list[int]:
    """Numbers of octets near the beginning, in the middle and near the end of each piece."""
    near = {
        octets
        for _, start, end, _ in found
        for octets in (start, start + 1, (start + end) // 2, end - 1, end)
    }
    return sorted(near)


def every(found: Sequence[Piece]) -> range:
    """All numbers of octets, from none to the whole stream."""
    return range(found[-1].end + 1)


def fact(case: Case, found: Sequence[Piece]) -> int:
    """After how many octets the check has its answer."""
    return next(piece.end for piece in found if piece.name == case.fact)
