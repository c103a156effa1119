"""The first inputs of each target: what real servers said, and what is at the limits.

Rule: what is here is sane, or known and just beyond sane; the fuzzer does the rest.
"""

import hashlib
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from tests import chains
from tests.faults import FAULTS, Setup
from tests.real_replies import RealReply, real_replies
from tests.strategies import HOSTILE

ANSWER, UNASKED = b"\xff", b"\xfe"
"""In a session's input, what begins the next answer, and what comes before it is asked for."""

_LIMITS = (
    b"220 " + b"x" * 8186 + b"\r\n",
    b"220 " + b"x" * 8187 + b"\r\n",
    b"220-\r\n" * 499 + b"220 x\r\n",
    b"220-\r\n" * 500 + b"220 x\r\n",
)
_HOSTILE = tuple(b"220 " + piece.encode() + b"\r\n" for piece in HOSTILE)


def _conversation() -> Iterable[bytes]:
    """An octet for the size of the pieces, and what comes in them."""
    for octets in (*(each.octets for each in real_replies()), *_HOSTILE):
        yield b"\x00" + octets
        yield b"\x03" + octets * 2
    for octets in _LIMITS:
        yield b"\x20" + octets


def _sessions() -> Iterable[bytes]:
    """An octet for the check, and the answers of one real server in their order."""
    for _, group in groupby(real_replies(), lambda each: each.server):
        replies = list(group)
        for check in range(8):
            yield bytes((check,)) + ANSWER.join(_in_order(replies))
    for check in range(8):
        for octets in _HOSTILE:
            yield bytes((check,)) + octets + ANSWER + octets.replace(b"220", b"250")
        for octets in _LIMITS:
            yield bytes((check | 0x30,)) + b"220 x\r\n" + ANSWER + octets.replace(b"220", b"250")
        yield bytes((check,)) + ANSWER.join(
            (b"220 x\r\n" + UNASKED + b"421 bye\r\n", b"250 x\r\n")
        )


def _in_order(replies: list[RealReply]) -> list[bytes]:
    found = []
    for phase in ("greeting", "ehlo", "lhlo", "helo", "starttls", "ehlo_tls", "QUIT"):
        found += [each.octets for each in replies if each.phase == phase][:1]
    return found


def _certificates() -> Iterable[bytes]:
    """The certificates of the tests, and the beginning of a handshake in clear text."""
    for fault in FAULTS.values():
        for recipe in fault(Setup()).presented:
            yield chains.der(recipe)
    hello = chains.element(2, b"")[:1] + b"\x00\x00\x04\x03\x03ab"
    exchange = b"\x0c\x00\x00\x06\x00\x04\xff\xff\xff\xff"
    yield b"\x16\x03\x03" + len(hello + exchange).to_bytes(2, "big") + hello + exchange


SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    "conversation": _conversation,
    "sessions": _sessions,
    "certificates": _certificates,
}
"""How the seeds of each target are made."""


def write_seeds(target: str, corpus: Path) -> None:
    """Put the seeds of a target into its corpus, each under the name of its content."""
    corpus.mkdir(parents=True, exist_ok=True)
    for octets in SEEDS[target]():
        (corpus / hashlib.sha1(octets, usedforsecurity=False).hexdigest()).write_bytes(octets)
