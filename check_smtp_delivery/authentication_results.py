"""What the receiving server says of SPF, DKIM and DMARC (Authentication-Results, RFC 8601).

Rule: pure. Only the receiving server's own word counts: the topmost header, or the topmost one
that bears its name, and those of the same name that it put directly below. What stands below the
next Received may be anybody's.
"""

from __future__ import annotations

import re

from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.text import defused, quoted

METHODS = ("spf", "dkim", "dmarc")

_QUIET = ("pass", "none", "neutral", "bestguesspass")
"""Results that are no finding unless a pass is required: there was nothing to fail."""

_LINE = re.compile(r"(?i)(authentication-results|received)\s*:\s*(.*)", re.DOTALL)


class Results(NamedTuple):
    """Whose word it is, and the result of each method; `unread` is a header not understood."""

    server: str
    methods: dict[str, str]
    unread: str = ""


def read_results(headers: bytes, server: str) -> Results:
    """The results in a message's headers; `server` is the authserv-id, empty for the topmost.

    ImportError where the library authres is missing.
    """
    found: dict[str, set[str]] = {}
    named, own_word, unread = server.lower(), False, ""
    for name, value in _fields(headers):
        if name == "received":
            if own_word:
                break
            continue
        own, results = _parsed(value)
        if own is None:
            unread = unread or quoted(value, 60)
            continue
        if (named or own) != own:
            if own_word:
                break
            continue
        named, own_word = own, True
        for method, result in results:
            found.setdefault(method, set()).add(result)
    methods = {method: _overall(results) for method, results in found.items()}
    return Results(named if own_word else "", methods, unread)


def result_findings(results: Results, required: tuple[str, ...]) -> list[Finding]:
    """The findings: what did not pass, and what of the required did not even come."""
    findings = []
    for method in METHODS:
        result = results.methods.get(method)
        if result == "pass" or (method not in required and (result is None or result in _QUIET)):
            continue
        whose = defused(results.server) or "the receiving server"
        said = f"{whose} says {method}={defused(result)}" if result else _silent(results, whose)
        findings.append(Finding(method, said))
    return findings


def _silent(results: Results, whose: str) -> str:
    if results.unread:
        return f"Authentication-Results cannot be understood: {results.unread}"
    return f"{whose} says nothing of it in Authentication-Results"


def _fields(headers: bytes) -> list[tuple[str, str]]:
    """Authentication-Results and Received, in their order, unfolded."""
    text = re.sub(r"\r?\n(?=[ \t])", "", headers.decode("utf-8", "backslashreplace"))
    fields = []
    for line in text.splitlines():
        if not line.strip():
            break
        if (match := _LINE.match(line)) is not None:
            fields.append((match[1].lower(), match[2]))
    return fields


def _parsed(value: str) -> tuple[str | None, list[tuple[str, str]]]:
    """The authserv-id and the results of a header; None where it is not understood."""
    import authres  # only messages with such a header pay for it

    try:
        header = authres.AuthenticationResultsHeader.parse_value(value)
    except (authres.AuthResError, ValueError, IndexError, RecursionError):
        return None, []
    results = [
        (str(each.method).lower(), str(each.result).lower())
        for each in header.results or ()
        if str(each.method).lower() in METHODS
    ]
    return str(header.authserv_id or "").lower(), results


def _overall(results: set[str]) -> str:
    """Of several results of a method (two signatures) one pass is enough."""
    if "pass" in results:
        return "pass"
    return min(results, key=lambda each: (each in _QUIET, each))
