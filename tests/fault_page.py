"""docs/fault-sweep.md: its sections, each compared with what a sweep has just shown.

Rule: `UPDATE_DOCS=1` writes a section anew and leaves the others.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tests.fault_sessions import IN_TLS, PLAIN, Piece, at

PAGE = Path(__file__).parent.parent / "docs" / "fault-sweep.md"
SILENCE = "Silence"
SECTIONS = (*map(str, (*PLAIN, *IN_TLS)), SILENCE)
HEAD = """\
# What checks say of sessions that break

A proxy between check and server ends the session after every number of octets that the server
says, once in an orderly way and once with a reset. Each line below is what the check prints before
its perfdata where the session was ended so; the server is `192.0.2.25:25`, T stands for a time,
DATE for a date, and the dots for what had come of the reply. After a reset the line has "the
connection was reset" in place of "the server closed the connection". The session is TLS 1.3 with a
chain of two certificates. The last table is of servers that keep the connection and say no more.

`make test` sweeps the sessions without TLS, `make faults` those with it, and both compare;
`UPDATE_DOCS=1 make test faults` writes this page anew.

"""


def compare(title: str, body: str) -> None:
    """Assert that the page has this section with this text; or write it."""
    if os.environ.get("UPDATE_DOCS"):
        sections = {**_sections(), title: body}
        text = [f"## {each}\n\n{sections[each]}" for each in SECTIONS if each in sections]
        PAGE.write_text(HEAD + "\n".join(text), encoding="utf-8")
    assert _sections()[title] == body


def titles() -> list[str]:
    """The titles of the page's sections; AssertionError if its head is another."""
    assert PAGE.read_text(encoding="utf-8").startswith(HEAD)
    return list(_sections())


def _sections() -> dict[str, str]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    parts = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)[1:]
    return {
        title: body.rstrip("\n") + "\n"
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def of_cuts(texts: Sequence[str], found: Sequence[Piece]) -> str:
    """The table of one sweep: `texts` are the lines after 0, 1, 2, ... octets."""
    rows = [
        (_range(octets), _where(octets[0], octets[-1], found), *_verdict(text))
        for text, octets in _grouped(texts)
    ]
    return _table(("octets", "the session ends", "state", "line"), rows)


def of_silence(said: Sequence[tuple[str, str, str]]) -> str:
    """The table of silent servers, from check, place and line."""
    rows = []
    for (check, text), group in groupby(said, lambda each: (each[0], each[2])):
        places = [place for _, place, _ in group]
        place = places[0] if len(places) == 1 else f"{places[0]}, and up to {places[-1]}"
        rows.append((f"`{check}`", place, *_verdict(text)))
    return _table(("check", "the server falls silent before", "state", "line"), rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("| --- ", "|---")


def _grouped(texts: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Neighbours with the same line, but for what they quote."""
    general = [re.sub(r'"[^"]*"', '"…"', text) if "closed: " in text else text for text in texts]
    for text, group in groupby(range(len(general)), general.__getitem__):
        yield text, list(group)


def _verdict(text: str) -> tuple[str, str]:
    return text.split()[1], f"`{text.replace('127.0.0.1:PORT', '192.0.2.25:25')}`"


def _range(octets: Sequence[int]) -> str:
    return f"{octets[0]} to {octets[-1]}" if len(octets) > 1 else str(octets[0])


def _where(first: int, last: int, found: Sequence[Piece]) -> str:
    begins, ends = at(first, found), at(last, found)
    assert begins is not None
    if ends is None:
        return f"before {begins.name}, or later"
    if begins != ends:
        return f"anywhere from {begins.name} to {ends.name}"
    return f"{'before' if first == last == begins.start else 'within'} {begins.name}"
