"""Sessions that are cut at every octet: the sessions, what lies where in them, and the runs.

Rule: the server's stream is the same to the octet in every run and on every machine (Ed25519 has
signatures of one size, and so have tickets without content), so that one undisturbed run tells
where everything lies.
"""

import re
import ssl
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests import chains
from tests.conftest import outcome, run_check
from tests.fault_proxy import Fault, FaultProxy, Kind
from tests.player import Player

_PATIENCE = 60.0

_ROOT = chains.ROOT._replace(key="ed25519")
_INTERMEDIATE = chains.INTERMEDIATE._replace(key="ed25519", issuer=_ROOT)
_LEAF = chains.LEAF._replace(key="ed25519", issuer=_INTERMEDIATE)

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
_LINES = {
    Kind.CUT: "closed: the server closed the connection",
    Kind.RESET: "closed: the connection was reset",
    Kind.SILENCE: "timeout:",
    Kind.DRIP: "timeout:",
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


class Seen(NamedTuple):
    """What came of a run: exit code, status line with times as T, and the phases in perfdata."""

    code: int
    text: str
    phases: list[str]


class Rig:
    """A server that plays a case's session, the proxy before it, and the check with its `-t`."""

    def __init__(self, case: Case, seconds: float = 20.0) -> None:
        self.case = case
        self._player = Player(
            case.transcript, server_tls(case.tls) if "TLS" in case.transcript else None
        )
        self._proxy = FaultProxy(self._player.port)
        self._folder = TemporaryDirectory()
        ca_file = chains.written(Path(self._folder.name) / "ca.pem", _ROOT)
        self._arguments = (
            *case.options,
            *("-H", "127.0.0.1", "-p", str(self._proxy.port), "-t", f"{seconds:g}"),
            *("--ehlo-name", "client.example", "--servername", chains.HOST, "--ca-file", ca_file),
        )

    def __enter__(self) -> "Rig":
        self._player.__enter__()
        self._proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.__exit__()
        self._player.__exit__()
        self._folder.cleanup()
        assert self._player.faults == []
        assert self._proxy.complaints == []

    def run(self, fault: Fault) -> Seen:
        """Run the check in this process."""
        self._proxy.fault = fault
        return self.seen(*run_check(self.case.check, *self._arguments))

    def execute(self, fault: Fault) -> tuple[int, str]:
        """Exit code and output of the installed executable; it must leave stderr alone."""
        self._proxy.fault = fault
        executable = Path(sys.executable).parent / f"check_smtp_{self.case.check}"
        done = subprocess.run(
            [str(executable), *self._arguments],
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.removesuffix("\n")

    def seen(self, code: int, output: str) -> Seen:
        """What came of a run with this exit code and output."""
        seen = outcome(code, output, self._proxy.port)
        text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", seen.text)
        return Seen(code, text, re.findall(r"\btime_(\w+)=", seen.perfdata))

    def pieces(self) -> list[Piece]:
        """Where everything lies: read from the stream of a run that nothing disturbs."""
        self.run(Fault())
        return pieces(self._proxy.stream(), self.case.pieces)


@cache
def server_tls(version: str) -> ssl.SSLContext:
    """The server's side of TLS; whatever its OpenSSL could choose is chosen here."""
    context = chains.server_context((_LEAF, _INTERMEDIATE))
    context.minimum_version = ssl.TLSVersion[version.replace(".", "_")]
    context.maximum_version = context.minimum_version
    try:
        context.set_ecdh_curve("X25519")
    except ssl.SSLError:
        pass  # older Pythons do not know it as a curve; their OpenSSL chooses it by itself
    context.options |= ssl.OP_NO_TICKET
    return context


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


def sweep(rig: Rig, found: Sequence[Piece], numbers: Iterable[int]) -> list[str]:
    """Cut and reset the session after these numbers of octets: what the check says of each cut.

    AssertionError where a run goes wrong (see assert_right), or tells a reset otherwise than a
    cut.
    """
    whole = rig.run(Fault())
    texts = []
    for octets in numbers:
        cut, reset = (rig.run(Fault(kind, octets)) for kind in (Kind.CUT, Kind.RESET))
        assert_right(rig.case, cut, whole, Fault(Kind.CUT, octets), found)
        words = cut.text.replace(_LINES[Kind.CUT], _LINES[Kind.RESET])
        assert reset == cut._replace(text=words), octets
        texts.append(cut.text)
    return texts


def assert_right(
    case: Case, seen: Seen, whole: Seen, fault: Fault, found: Sequence[Piece]
) -> None:
    """AssertionError for a run that is OK though its fact had not come, or not though it had.

    And for one that does not name the phase in which the fault lay, or forgets the others.
    """
    piece = at(fault.at, found)
    if piece is None or piece.start >= fact(case, found):
        assert seen == whole, fault
        return
    line = f"SMTP_{case.check.upper()} CRITICAL - 127.0.0.1:PORT {_LINES[fault.kind]}"
    pattern = rf"{line}(?: before| within| in)? {piece.awaited}(?! inside)\b.*"
    assert seen.code == 2, (fault, seen)
    assert re.fullmatch(pattern, seen.text), (fault, seen)
    assert seen.phases == phases_before(piece, found), (fault, seen)


def every(found: Sequence[Piece]) -> range:
    """All numbers of octets, from none to the whole stream."""
    return range(found[-1].end + 1)


def fact(case: Case, found: Sequence[Piece]) -> int:
    """After how many octets the check has its answer."""
    return next(piece.end for piece in found if piece.name == case.fact)
