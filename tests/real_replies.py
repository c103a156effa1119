"""Reads real_replies.txt: what real servers said, and what a person reads there.

Rule: the notation is explained at the top of that file, and nowhere else.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_DIGEST = Path(__file__).with_suffix(".txt")


class RealReply(NamedTuple):
    """One reply of a real server: when it came, its octets, and what a person reads there."""

    server: str
    phase: str
    reading: str
    octets: bytes
    facts: str = ""
    oddities: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As the tests name it."""
        return f"{self.server}: {self.phase} {self.octets[:40]!r}"


def real_replies() -> list[RealReply]:
    """All replies of the digest, in its order."""
    replies: list[RealReply] = []
    server = ""
    for line in _whole_lines():
        if line.startswith("== "):
            server = line[3:]
        elif line.startswith("  = "):
            replies[-1] = replies[-1]._replace(facts=line[4:])
        elif line.startswith("  ! "):
            replies[-1] = replies[-1]._replace(oddities=(*replies[-1].oddities, line[4:]))
        else:
            phase, reading, wire = line.split(None, 2)
            replies.append(RealReply(server, phase, reading, _octets(wire)))
    return replies


def _whole_lines() -> Iterator[str]:
    """The lines of the digest below its explanation, each with what goes on from it."""
    whole = ""
    _, _, digest = _DIGEST.read_text(encoding="ascii").partition("\n== ")
    for line in f"== {digest}".splitlines():
        if line.startswith("    "):
            # Facts go on with another word, octets with the very next octet.
            whole += (" " if whole.startswith("  = ") else "") + line.strip(" ")
            continue
        if whole:
            yield whole
        whole = line
    yield whole


def _octets(wire: str) -> bytes:
    ending = "" if wire.endswith("\\n") else "\r\n"
    if wire.endswith("\\"):
        wire, ending = wire[:-1], ""
    octets, _ = codecs.escape_decode(wire.replace("|", "\\r\\n").encode("ascii"))
    return octets + ending.encode("ascii")
