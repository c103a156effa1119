"""Does the session go on, and does it offer what we need (and nothing we forbid)?

Rule: what is judged is the last list of capabilities: inside TLS, where TLS is asked for.
"""

from __future__ import annotations

import re

from check_smtp_core.dialogue import Hello
from check_smtp_core.findings import Finding
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Capabilities
from check_smtp_core.text import defused, quoted, shortened

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.session import Session


class Offer(NamedTuple):
    """The answer to EHLO, the TLS version it came in (or nothing), and the size asked for."""

    hello: Hello
    tls_version: str
    min_size: int

    def sentence(self, seconds: float) -> str:
        """The extensions, as far as they fit."""
        if self.hello.refused:
            return f"answered HELO in {seconds:.3f} s"
        lines = self.hello.capabilities.lines
        count = f"{len(lines)} extension{'' if len(lines) == 1 else 's'}" if lines else "nothing"
        inside = f" inside {self.tls_version}" if self.tls_version else ""
        names = f": {shortened(defused(', '.join(lines)))}" if lines else ""
        return f"offers {count}{inside} in {seconds:.3f} s{names}"

    def measures(self) -> list[Measure]:
        """`extensions`, and `size` where the server states a limit."""
        capabilities = self.hello.capabilities
        measures = [Measure("extensions", len(capabilities.extensions))]
        if capabilities.size:
            at_least = f"{self.min_size}:" if self.min_size else ""
            measures.append(Measure("size", capabilities.size, "B", at_least))
        return measures

    def details(self, level: int) -> list[str]:
        """The server's own name, its extensions and its limits (RFC 9422), one a line (-vv)."""
        if level == 1:
            return []
        capabilities = self.hello.capabilities
        lines = [f"the server calls itself: {capabilities.domain}"]
        lines += [f"extension {line}" for line in capabilities.lines]
        return lines + [f"limit {name}: {value}" for name, value in capabilities.limits.items()]


def add_options(parser: Parser) -> None:
    """What must be offered, and what must not."""
    parser.own.values(
        "--require",
        convert=_extension,
        metavar="KEYWORD[=PARAM]",
        help="an extension that must be offered, as in STARTTLS or AUTH=PLAIN",
    )
    parser.own.values(
        "--forbid",
        convert=_extension,
        metavar="KEYWORD[=PARAM]",
        help="an extension that must not be offered",
    )
    parser.own.value(
        "--min-size",
        convert=_octets,
        metavar="BYTES",
        default=0,
        help="the server must take messages of this size (SIZE, RFC 1870)",
    )
    parser.own.values(
        "--require-auth",
        convert=_mechanism,
        metavar="MECHANISM",
        help="a SASL mechanism that must be offered",
    )
    parser.own.values(
        "--forbid-auth",
        convert=_mechanism,
        metavar="MECHANISM",
        help="a SASL mechanism that must not be offered",
    )


async def observe(session: Session, options: Options) -> Offer:
    """Greeting, EHLO and, with --starttls, TLS and EHLO again."""
    await session.welcome()
    hello = await session.hello()
    if options.tls_mode == "starttls":
        await session.starttls(hello)
        hello = await session.hello()
    version = session.agreed.version if session.agreed else ""
    return Offer(hello, version, options.min_size)


def judge(facts: Offer, options: Options) -> list[Finding]:
    """Hold the offer against what is required and forbidden."""
    offer = facts.hello.capabilities
    findings = []
    if facts.tls_version and offer.offers("STARTTLS"):
        text = "STARTTLS is offered again inside TLS (RFC 3207 4.2)"
        findings.append(Finding("starttls-reoffered", text))
    required = [*options.require, *options.require_auth]
    if options.tls_mode == "starttls":
        # It was offered, or we were not here; inside TLS it must not be (RFC 3207 4.2).
        required = [each for each in required if each != ("STARTTLS", "")]
    forbidden = (*options.forbid, *options.forbid_auth)
    if missing := [each for each in required if not offer.offers(*each)]:
        text = f"not offered: {_list(missing)}{_misplaced(offer, missing)}"
        findings.append(Finding("missing", text))
    if present := [each for each in forbidden if offer.offers(*each)]:
        findings.append(Finding("forbidden", f"offered: {_list(present)}"))
    return findings + _judge_size(offer, options.min_size)


def _judge_size(offer: Capabilities, min_size: int) -> list[Finding]:
    """RFC 1870 4: `SIZE 0` means no fixed limit; `SIZE` alone promises nothing, like no SIZE."""
    if not min_size or offer.size == 0:
        return []
    if offer.size is None:
        how = "not offered"
        if offer.offers("SIZE"):
            words = " ".join(offer.extensions["SIZE"])
            how = f"offered with {quoted(words, 30)}" if words else "offered without a number"
        return [Finding("size", f"SIZE is {how}, so {min_size} octets are not promised")]
    if offer.size < min_size:
        return [Finding("size", f"messages up to {offer.size} octets are taken, not {min_size}")]
    return []


def _list(extensions: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={word}" if word else name for name, word in extensions)


def _misplaced(offer: Capabilities, missing: list[tuple[str, str]]) -> str:
    first = offer.domain.split(None, 1)[:1]
    if first and first[0].upper() in (name for name, _ in missing):
        return " (it stands on the first line, where the server's name belongs)"
    return ""


def _extension(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_-]*)(?:=([!-~]+))?", text)
    if match is None:
        raise InvalidValue(f'"{text}" is not KEYWORD or KEYWORD=PARAM')
    return match[1].upper(), match[2] or ""


def _mechanism(text: str) -> tuple[str, str]:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", text):
        raise InvalidValue(f'"{text}" is not a SASL mechanism')
    return "AUTH", text.upper()


def _octets(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise InvalidValue(f'"{text}" is not a number of octets')
    return int(text)
