"""Envelopes: addresses on the command line and on the wire, and MAIL and RCPT for them.

Rule: what leaves here holds nothing that ends a command or an address; a domain in U-labels
behind a local part in ASCII is asked for in A-labels, which every server understands.
"""

from __future__ import annotations

import re

from check_smtp_core.address import a_labels
from check_smtp_core.dialogue import Command, Interrupted
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_core.parser import InvalidValue
from check_smtp_core.text import quoted
from check_smtp_core.values import wire_text
from check_smtp_core.verdicts import about_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from check_smtp_core.options import Options
    from check_smtp_core.reply import Capabilities, Reply
    from check_smtp_core.session import Session

NULL_SENDER = "<>"

_LONGEST_LOCAL_PART, _LONGEST_PATH = 64, 254
_MOST_RECIPIENTS = 100
"""In one transaction: what every server has to take (RFC 5321 4.5.3.1.8)."""

_LOCAL_PART = r'"(?:[^"\\<>]|\\[^<>])+"|[^\s"\\()<>,:;@\[\]]+'
_DOMAIN = r"(?:[\w-]{1,63}\.)*[\w-]{1,63}|\[[0-9A-Za-z.:-]{3,}\]"


def recipient(text: str) -> str:
    """An address as it stands between the brackets of RCPT TO.

    `postmaster` may stand alone: every server has one (RFC 5321 4.5.1).
    """
    if text.lower() == "postmaster":
        return text
    local_part, _, domain = _bare(wire_text(text)).rpartition("@")
    if not (re.fullmatch(_LOCAL_PART, local_part) and re.fullmatch(_DOMAIN, domain)):
        raise InvalidValue(f'"{text}" is not an address such as user@example.com')
    if not domain.isascii() and local_part.isascii():
        try:
            domain = a_labels(domain)
        except ValueError as error:
            raise InvalidValue(f'"{text}" is not an address: {error}') from None
    address = f"{local_part}@{domain}"
    if len(local_part.encode()) > _LONGEST_LOCAL_PART or len(address.encode()) > _LONGEST_PATH:
        raise InvalidValue(f'"{text}" is too long for an address')
    return address


def sender(text: str) -> str:
    """An address as it stands between the brackets of MAIL FROM, or the null sender `<>`."""
    return text if text == NULL_SENDER else recipient(text)


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def mail_from(address: str, utf8: bool, size: int) -> str:
    """The argument of MAIL; `size` is 0 where none is declared (RFC 1870)."""
    path = address if address == NULL_SENDER else f"<{address}>"
    return f"FROM:{path}{f' SIZE={size}' if size else ''}{' SMTPUTF8' if utf8 else ''}"


def rcpt_to(address: str) -> str:
    """The argument of RCPT."""
    return f"TO:<{address}>"


async def introduced(session: Session, options: Options) -> Capabilities:
    """Greeting, EHLO and, with --starttls, TLS and EHLO again: what the server offers."""
    await session.welcome()
    hello = await session.hello()
    if options.tls_mode == "starttls":
        await session.starttls(hello)
        hello = await session.hello()
    return hello.capabilities


def at_a_time(recipients: Sequence[str], limits: Mapping[str, int]) -> list[str]:
    """As many of the first recipients as one transaction may have (RFC 9422 4), at least one."""
    most = min(limits.get("RCPTMAX", _MOST_RECIPIENTS), _MOST_RECIPIENTS)
    most_domains = max(limits.get("RCPTDOMAINMAX", most), 1)
    group: list[str] = []
    domains: set[str] = set()
    for each in recipients[: max(most, 1)]:
        domains.add(each.rpartition("@")[2].lower())
        if len(domains) > most_domains:
            break
        group.append(each)
    return group


async def transaction(
    session: Session, offer: Capabilities, mail: str, recipients: Sequence[str]
) -> tuple[Reply, list[Reply]]:
    """The reply to MAIL, and those to as many of the recipients as the server takes at a time.

    There are none where MAIL was refused. In one write where the server offers PIPELINING.
    Interrupted, with the reply to MAIL before the others, where the session ends.
    """
    first = Command("mail", "MAIL", mail)
    group = at_a_time(recipients, offer.limits)
    others = [Command("rcpt", "RCPT", rcpt_to(each)) for each in group]
    if offer.offers("PIPELINING"):
        reply, *replies = await session.commands((first, *others), pipelining=True)
    else:
        reply, replies = await session.command(*first), []
    session.in_transaction = reply.code // 100 == 2
    if not session.in_transaction:
        return reply, []
    try:
        replies = replies or await session.commands(others, pipelining=False)
    except Interrupted as end:
        raise Interrupted(end.finding, (reply, *end.replies)) from None
    oddities = about_reply("mail", reply, reply.code)
    oddities += [each for said in replies for each in about_reply("rcpt", said, said.code)]
    session.notes += dict.fromkeys(oddities)
    return reply, replies


async def begin_again(session: Session) -> None:
    """RSET before another transaction. SessionEnded as in command(), and where out of step."""
    session.in_transaction = False
    _hold_in_step(await session.command("mail", "RSET"))


async def leave(session: Session) -> None:
    """RSET after the last transaction, if one is open. SessionEnded where out of step."""
    if session.in_transaction and (reply := await session.reset()) is not None:
        _hold_in_step(reply)


def _hold_in_step(reply: Reply) -> None:
    """RSET is never refused: another reply than 250 is a late one, and those before are too.

    421 may come at any time (RFC 5321 3.8), and some servers know no RSET.
    """
    if reply.code not in (250, 421, 500, 502):
        text = f"RSET answered with {quoted(str(reply))}, so that replies and commands are out of"
        raise SessionEnded(Finding("protocol", f"{text} step"))
