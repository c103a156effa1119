"""A plugin's output: one status line with perfdata, and more lines with -v.

Rule: pure; the status line says the worst first and stays below 300 octets before the perfdata,
the whole output below 8 KiB, in the encoding of the standard output. Everything passes
printable() once more on its way out, so that nothing can add a line or a `|`.
"""

from __future__ import annotations

from collections.abc import Sequence

from check_smtp_core.findings import Finding, State, severity
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.observation import Measure, Observation
from check_smtp_core.text import printable, shortened

TEXT_LIMIT = 299
"""Octets of the status line before its perfdata."""

_HOST_LIMIT = 100

OUTPUT_LIMIT = 8000
"""Octets of the whole output; Nagios reads 8 KiB."""


class Judged(NamedTuple):
    """A finding and the state that it has in this run."""

    state: State
    finding: Finding


class Told(NamedTuple):
    """What is told of one endpoint: `about` is how people name it, `sentence` what was seen.

    The sentence is empty where the session ended before there was anything to say.
    """

    about: str
    state: State
    judged: list[Judged]
    sentence: str
    measures: list[Measure]
    seen: Observation


class Piece(NamedTuple):
    """A part of the status line, and what it is called where there is no room for it."""

    name: str
    text: str


def subject(host: str, port: int, address: str) -> str:
    """The endpoint as people name it: `mail.example.com:25 [192.0.2.25]`."""
    host = shortened(host, _HOST_LIMIT)
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return name if address in ("", host) else f"{name} [{address}]"


def status_line(
    service: str, state: State, about: str, judged: Sequence[Judged], sentence: str, encoding: str
) -> str:
    """The text of the status line: findings, the worst first, and what was seen.

    `about` is the endpoint; it is empty for a check of this machine.

    A finding that is OK is only said where it ended the session or is meant to be said. Where not
    all fits, what was seen goes first.
    """
    ranked = sorted(judged, key=lambda each: -severity(each.state))
    pieces = [each.finding for each in ranked if each.state is not State.OK]
    harmless = [each.finding for each in ranked if each.state is State.OK]
    pieces += [finding for finding in harmless if finding.ends_session]
    said = [finding for finding in harmless if finding.said and not finding.ends_session]
    head = f"{service} {state.name} - {about}"
    everything = [*map(str, pieces), *([sentence] if sentence else []), *map(str, said)]
    if about and everything:
        head += " "
    whole = _encodable(head + "; ".join(everything), encoding)
    if len(whole.encode(encoding)) <= TEXT_LIMIT:
        return whole
    named = [Piece(finding.name, str(finding)) for finding in (*pieces, *said)]
    return fitting(head, named or [Piece("", sentence)], encoding)


def fitting(head: str, pieces: Sequence[Piece], encoding: str) -> str:
    """Head and as many pieces as fit; the first is cut rather than left out.

    What is left out is named or, where there is no room for that, counted.
    """
    # Of thousands, only as many can fit as there are octets.
    for kept in range(min(len(pieces), TEXT_LIMIT // 2), 0, -1):
        shown = head + "; ".join(each.text for each in pieces[:kept])
        if len(shown) > TEXT_LIMIT:
            continue
        for left_out in _left_out(pieces[kept:]):
            line = _encodable(shown + left_out, encoding)
            if len(line.encode(encoding)) <= TEXT_LIMIT:
                return line
    tail = "..." + _left_out(pieces[1:])[-1]
    line = _encodable(head + pieces[0].text, encoding)[:TEXT_LIMIT]
    while len(line.encode(encoding)) > TEXT_LIMIT - len(tail):
        line = line[:-1]
    return line + tail


def _left_out(pieces: Sequence[Piece]) -> tuple[str, ...]:
    if not pieces:
        return ("",)
    counted = f"; {len(pieces)} more (-v)"
    counts: dict[str, int] = {}
    for each in pieces:
        counts[each.name] = counts.get(each.name, 0) + 1
    if len(counts) > TEXT_LIMIT // 2:
        return (counted,)
    times = [f"{name} ({count} times)" if count > 1 else name for name, count in counts.items()]
    return f"; also {', '.join(times)} (-v)", counted


def _encodable(text: str, encoding: str) -> str:
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def whole_output(line: str, perfdata: Sequence[str], more: Sequence[str], encoding: str) -> str:
    """The status line with its perfdata, then the other lines as far as they fit."""
    lines = [f"{line} | {' '.join(perfdata)}" if perfdata else line]
    size = len(lines[0].encode(encoding))
    for text in more:
        added = _encodable(text, encoding)
        size += len(added.encode(encoding)) + 1
        if size > OUTPUT_LIMIT - 40:
            lines.append("... (the rest is left out)")
            break
        lines.append(added)
    return "\n".join(lines)


def verbose_lines(told: Told, level: int) -> list[str]:
    """The findings, one a line, for -v; the facts for -vv; the dialogue for -vvv."""
    judged, seen = told.judged, told.seen
    lines = [f"{each.state.name} {each.finding}" for each in judged] if level >= 1 else []
    if level >= 1 and seen.facts:
        lines += seen.facts.details(1)
    if level >= 2:
        lines += _facts(seen)
    if level >= 3:
        lines += [f"{each.seconds:8.4f} {each.speaker}: {each.line}" for each in seen.dialogue]
    return lines


def _facts(seen: Observation) -> list[str]:
    lines = []
    if seen.origin:
        lines.append(f"connected to {seen.address}; {seen.origin}")
    if seen.agreed:
        version, cipher, bits = seen.agreed
        lines.append(f"{version} with {cipher}, {bits} bits")
    if seen.phases:
        times = ", ".join(f"{phase} {seconds:.4f} s" for phase, seconds in seen.phases.items())
        lines.append(f"times: {times}")
    return lines + list(seen.facts.details(2) if seen.facts else ())
