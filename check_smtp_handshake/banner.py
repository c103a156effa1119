"""Does the server greet in time, with 220 and the words we expect?

Rule: the check ends with the greeting; what a server says later is no part of it.
"""

from __future__ import annotations

import re
import warnings

from check_smtp_core.address import unbracketed
from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Reply
from check_smtp_core.text import printable, quoted
from check_smtp_core.values import hostname
from check_smtp_core.verdicts import refused

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session


class Greeting(NamedTuple):
    """The greeting, who we were when we got it, and what was asked for but not tried."""

    reply: Reply
    origin: str
    not_tried: str = ""

    def sentence(self, seconds: float) -> str:
        """The greeting in the server's words."""
        return f"greeted in {seconds:.3f} s: {quoted(str(self.reply))}{self.not_tried}"

    def measures(self) -> list[Measure]:
        """None: the time of the greeting is a phase of every check."""
        return []

    def details(self, level: int) -> list[str]:
        """The greeting line by line (-vv)."""
        lines = self.reply.lines if level > 1 else ()
        return [f"greeting {self.reply.code}: {line}" for line in lines]


def add_options(parser: Parser) -> None:
    """What the greeting has to be like."""
    parser.own.value(
        "--expect",
        convert=_pattern,
        metavar="REGEX",
        help="the greeting's text (without its code, all lines) must match; ^ and $ mean lines",
    )
    parser.own.value(
        "--expect-code",
        convert=_code,
        metavar="CODE",
        default=220,
        help="the greeting must have this code (220); 554 for a host that has to refuse",
    )
    parser.own.value(
        "--expect-host",
        convert=hostname,
        metavar="NAME",
        help="the greeting's first word must be this host name",
    )


async def observe(session: Session, options: Options) -> Greeting:
    """Wait for the last line of the greeting, which comes before any STARTTLS."""
    not_tried = "; STARTTLS is not tried here" if options.tls_mode == "starttls" else ""
    return Greeting(await session.greeting(), session.origin, not_tried)


def judge(facts: Greeting, options: Options) -> list[Finding]:
    """Code first; a greeting that turns us away has no words worth judging."""
    greeting = facts.reply
    if greeting.code != options.expect_code:
        finding = refused("greeting", greeting, options.expect_code, facts.origin)
        return [finding._replace(ends_session=True)]
    findings = []
    named = (greeting.text.split() or [""])[0]
    if options.expect_host and _host(named) != _host(options.expect_host):
        text = f"the greeting names {quoted(named)}, not {printable(options.expect_host)}"
        findings.append(Finding("banner-host", text))
    if options.expect and not options.expect.search(greeting.text):
        text = f"the greeting does not match the pattern {quoted(options.expect.pattern, 60)}"
        findings.append(Finding("banner-text", text))
    return findings


def _host(name: str) -> str:
    """A name or address literal (RFC 5321 4.1.3) in a form that can be compared."""
    return unbracketed(name).lower().removeprefix("ipv6:").removesuffix(".")


def _pattern(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set": nobody reads it here
            return re.compile(text, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidValue(f'"{text}" is not a regular expression: {error}') from None


def _code(text: str) -> int:
    if not re.fullmatch(r"[2-5][0-9][0-9]", text):
        raise InvalidValue(f'"{text}" is not a reply code from 200 to 599')
    return int(text)
