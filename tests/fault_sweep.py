"""A check in a session that is cut, reset or slowed down, and whether what it says is right.

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
from tests.fault_sessions import Case, Piece, at, fact, phases_before, pieces
from tests.player import Player

_PATIENCE = 60.0

_ROOT = chains.ROOT._replace(key="ed25519")
_INTERMEDIATE = chains.INTERMEDIATE._replace(key="ed25519", issuer=_ROOT)
_LEAF = chains.LEAF._replace(key="ed25519", issuer=_INTERMEDIATE)

_LINES = {
    Kind.CUT: "closed: the server closed the connection",
    Kind.RESET: "closed: the connection was reset",
    Kind.SILENCE: "timeout:",
    Kind.DRIP: "timeout:",
}


class Seen(NamedTuple):
    """What came of a run: exit code, status line with times as T, and the phases in perfdata."""

    code: int
    text: str
    phases: list[str]


class Rig:
    """A server that plays a case's session, the proxy before it, and the check with its `-t`."""

    def __init__(self, case: Case, seconds: float = 20.0) -> None:
        self.case = case
        encrypted = "TLS" in case.transcript.splitlines()
        self._player = Player(case.transcript, server_tls(case.tls) if encrypted else None)
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
    assert whole.code == 0, whole
    piece = at(fault.at, found)
    if fault.kind not in _LINES or piece is None or piece.start >= fact(case, found):
        assert seen == whole, fault
        return
    line = f"SMTP_{case.check.upper()} CRITICAL - 127.0.0.1:PORT {_LINES[fault.kind]}"
    pattern = rf"{line}(?: before| within| in)? {piece.awaited}(?! inside)\b.*"
    assert seen.code == 2, (fault, seen)
    assert re.fullmatch(pattern, seen.text), (fault, seen)
    assert seen.phases == phases_before(piece, found), (fault, seen)
