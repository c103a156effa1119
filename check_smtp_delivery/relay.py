"""Does it refuse to relay foreign mail from here?

Rule: MAIL and RCPT, never DATA; RSET and QUIT come after. Only a refusal to relay is an answer:
one for another reason does not tell what becomes of others, nor does what a trusted client may do.
An unknown user is no answer either: the domain may be the server's own.
"""

from __future__ import annotations

import re

from check_smtp_core import values
from check_smtp_core.findings import Finding, SessionEnded, State
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Reply
from check_smtp_core.text import quoted, shortened
from check_smtp_delivery import envelope
from check_smtp_delivery.envelope import NULL_SENDER
from check_smtp_delivery.refusals import (
    ACCEPTED,
    LOGIN,
    PERMANENT,
    RELAYING,
    RELAYING_FOR_NOW,
    SENDER,
    UNKNOWN_USER,
    UNROUTABLE,
    Meaning,
    is_of_mailbox,
    meaning_of_mail,
    meaning_of_rcpt,
)

if TYPE_CHECKING:
    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.reply import Capabilities
    from check_smtp_core.session import Session

# Names that are nobody's (RFC 2606), and whose mail would go nowhere (Null MX, RFC 7505).
DEFAULT_SENDER = "relay-test@example.net"
DEFAULT_RECIPIENT = "relay-test@example.com"

_REFUSED_TO_RELAY = (RELAYING, RELAYING_FOR_NOW, LOGIN)
# What OpenSMTPD says to a domain that it neither hosts nor relays to.
_NO_RULE = r"invalid recipient: <[^<>]*>"
_ADDRESS_LIMIT = 40

# Beside loopback and link-local addresses: RFC 1918, RFC 6598, RFC 4193.
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


class Attempt(NamedTuple):
    """Foreign mail that was offered, and what was said to it.

    `rcpt` is nothing where MAIL was refused; `origin` is who we were, `disguised` whether that was
    by XCLIENT, and `trusted` in words what makes servers trust such a client, if they usually do.
    """

    sender: str
    recipient: str
    mail: Reply
    rcpt: Reply | None
    origin: str
    trusted: str
    disguised: bool = False

    @property
    def meaning(self) -> Meaning:
        """What the last reply means."""
        return meaning_of_mail(self.mail) if self.rcpt is None else meaning_of_rcpt(self.rcpt)

    @property
    def refused_to_relay(self) -> bool:
        """Whether the question is answered, and well."""
        if self.meaning in _REFUSED_TO_RELAY:
            return True
        if self.rcpt is None or self.rcpt.code // 100 != 5:
            return False
        if re.fullmatch(_NO_RULE, self.rcpt.text, re.IGNORECASE):
            return True
        return self.meaning == PERMANENT and not self.about_recipient

    @property
    def about_recipient(self) -> str:
        """In words, what the recipient is refused as where the server may be at home there."""
        if self.rcpt is None or self.rcpt.code // 100 != 5:
            return ""
        if self.meaning == UNKNOWN_USER:
            return "as an unknown user"
        if self.meaning == UNROUTABLE:
            return f"for {UNROUTABLE.about}"
        of_mailbox = self.meaning == PERMANENT and is_of_mailbox(self.rcpt)
        return "for its mailbox" if of_mailbox else ""

    @property
    def said(self) -> str:
        """The last reply, quoted."""
        return quoted(str(self.rcpt or self.mail))

    def sentence(self, seconds: float) -> str:
        """The refusal."""
        return f"refuses to relay in {seconds:.3f} s: {self.said}"

    def measures(self) -> list[Measure]:
        """None of its own."""
        return []

    def details(self, level: int) -> list[str]:
        """Whose mail for whom was offered (-v)."""
        if level == 2:
            return []
        return [f"offered: mail from {_named(self.sender)} for {_named(self.recipient)}"]


def add_options(parser: Parser) -> None:
    """Whose mail for whom, and as which client."""
    parser.own.value(
        "-f",
        "--mail-from",
        convert=envelope.sender,
        metavar="ADDRESS",
        default=DEFAULT_SENDER,
        help=f"a sender that is foreign to the server ({DEFAULT_SENDER})",
    )
    parser.own.value(
        "--recipient",
        convert=envelope.recipient,
        metavar="ADDRESS",
        default=DEFAULT_RECIPIENT,
        help=f"a recipient that is foreign to the server ({DEFAULT_RECIPIENT})",
    )
    parser.own.value(
        "--xclient",
        convert=values.address,
        metavar="ADDRESS",
        help="be a client with this address (XCLIENT, where the server lets us)",
    )
    parser.own.value(
        "--xclient-name",
        convert=values.hostname,
        metavar="NAME",
        help="the name of that client (none that is known)",
    )


def complete(options: Options) -> None:
    """A name needs its address."""
    if options.xclient_name and not options.xclient:
        raise InvalidValue("--xclient-name needs --xclient")


async def observe(session: Session, options: Options) -> Attempt:
    """The session up to RCPT; once more with the null sender, where ours is not liked."""
    offer = await envelope.introduced(session, options)
    origin = session.origin
    if options.xclient:
        offer = await _disguised(session, offer, options)
        origin = f"{session.origin}, by XCLIENT from {options.xclient}"
    whose = (options.mail_from, options.recipient)
    replies = await _offer_mail(session, offer, *whose)
    attempt = Attempt(*whose, *replies, origin, "", bool(options.xclient))
    # Null MX, which example.net has, is a reason for some to refuse a sender (RFC 7505 4.2).
    if attempt.meaning == SENDER and options.mail_from == DEFAULT_SENDER:
        if session.in_transaction:
            await envelope.begin_again(session)
        mail, rcpt = await _offer_mail(session, offer, NULL_SENDER, options.recipient)
        attempt = attempt._replace(sender=NULL_SENDER, mail=mail, rcpt=rcpt)
    await envelope.leave(session)
    if attempt.meaning == ACCEPTED:
        trusted = _trusted(options.xclient or session.local, str(session.address))
        attempt = attempt._replace(trusted=trusted)
    return attempt


def judge(facts: Attempt, _: Options) -> list[Finding]:
    """Only a refusal to relay is well."""
    if facts.refused_to_relay:
        return []
    meaning = facts.meaning
    mail = f"mail from {_named(facts.sender)} for {_named(facts.recipient)}"
    if meaning == ACCEPTED and facts.trusted:
        text = f"{mail} is accepted: {facts.said}, but servers trust"
        text += f" clients with {facts.trusted}, so it proves nothing ({facts.origin})"
        return [Finding("trusted", text, ends_session=True)]
    if meaning == ACCEPTED:
        hint = "" if facts.disguised else "; if only we may relay, ask with --xclient"
        text = f"{mail} is accepted: {facts.said} ({facts.origin}){hint}"
        return [Finding("open-relay", text, ends_session=True)]
    if facts.about_recipient:
        text = f"it does not say whether it relays: RCPT is refused {facts.about_recipient}: "
        domain = "a domain that is foreign to it"
        if meaning == UNROUTABLE:
            domain = "one that takes mail"
        text += f"{facts.said} ({facts.origin}); ask with --recipient for {domain}"
        return [Finding(meaning.finding, text, State.UNKNOWN, ends_session=True)]
    reason = f" for {meaning.about}" if meaning.about else ""
    command = "MAIL" if facts.rcpt is None else "RCPT"
    text = f"it does not say whether it relays: {command} is refused{reason}: {facts.said}"
    return [Finding(meaning.finding, f"{text} ({facts.origin})", ends_session=True)]


async def _offer_mail(
    session: Session, offer: Capabilities, sender: str, recipient: str
) -> tuple[Reply, Reply | None]:
    """What was said to MAIL and, where that was accepted, to RCPT."""
    utf8 = not (sender.isascii() and recipient.isascii())
    if utf8 and not offer.offers("SMTPUTF8"):
        text = "SMTPUTF8 is not offered, which the sender or recipient needs"
        raise SessionEnded(Finding("missing", text))
    mail = envelope.mail_from(sender, utf8, 0)
    reply, replies = await envelope.transaction(session, offer, mail, [recipient])
    return reply, replies[0] if replies else None


async def _disguised(session: Session, offer: Capabilities, options: Options) -> Capabilities:
    """What the server offers to the client that we pretend to be (Postfix' XCLIENT_README)."""
    if not offer.offers("XCLIENT", "ADDR"):
        text = "XCLIENT is not offered to us, so that we can only ask as ourselves"
        raise SessionEnded(Finding("missing", f"{text} ({session.origin})"))
    address = options.xclient
    attributes = [f"ADDR={'IPV6:' if ':' in address else ''}{address}"]
    if offer.offers("XCLIENT", "NAME"):
        attributes.append(f"NAME={options.xclient_name or '[UNAVAILABLE]'}")
    await session.xclient(" ".join(attributes))
    return (await session.hello()).capabilities


def _trusted(client: str, server: str) -> str:
    """What makes servers trust a client, in words; empty where they usually do not."""
    from ipaddress import ip_address, ip_network

    address = ip_address(client.partition("%")[0])
    if address.is_loopback:
        return "a loopback address"
    if client == server:
        return "their own address"
    if address.is_link_local or any(address in ip_network(each) for each in _PRIVATE):
        return "a private address"
    return ""


def _named(address: str) -> str:
    return "the null sender" if address == NULL_SENDER else shortened(address, _ADDRESS_LIMIT)
