"""Would it take mail for these recipients, and refuse it for those?

Rule: MAIL and RCPT, never DATA; RSET and QUIT come after. What was refused for another reason than
the recipient proves nothing about the recipient, and is told as what it is. No answer counts where
the reply to RSET shows that it may be another command's.
"""

from __future__ import annotations

from check_smtp_core.dialogue import Interrupted
from check_smtp_core.findings import Finding, SessionEnded
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.parser import InvalidValue
from check_smtp_core.reply import Reply
from check_smtp_core.text import quoted, shortened
from check_smtp_delivery import envelope
from check_smtp_delivery.envelope import NULL_SENDER
from check_smtp_delivery.refusals import (
    ACCEPTED,
    IMPOSSIBLE,
    PERMANENT,
    RELAYING,
    TOO_MANY,
    UNKNOWN_USER,
    UNROUTABLE,
    Meaning,
    is_for_now,
    meaning_of_mail,
    meaning_of_rcpt,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from check_smtp_core.options import Options
    from check_smtp_core.parser import Parser
    from check_smtp_core.reply import Capabilities
    from check_smtp_core.session import Session

ACCEPT, REJECT, TEMPFAIL, PROBE = "accept", "reject", "tempfail", "control probe"

_ABOUT_THE_RECIPIENT = (UNKNOWN_USER, UNROUTABLE, RELAYING, PERMANENT)
_FOR_NOW = ("greylisted", "tempfail", "full")
_ADDRESS_LIMIT = 64
_NAMED = 5
"""Recipients that one finding names; the others are counted."""


class Recipient(NamedTuple):
    """An address, and what the server should do with it."""

    address: str
    wish: str


class Answer(NamedTuple):
    """What the server said to a recipient."""

    recipient: Recipient
    reply: Reply

    @property
    def as_wished(self) -> bool:
        """Whether the server did what it should, and for a reason that has to do with that."""
        meaning = meaning_of_rcpt(self.reply)
        if self.recipient.wish == ACCEPT:
            return meaning == ACCEPTED
        if self.recipient.wish == TEMPFAIL:
            for_now = is_for_now(self.reply) and meaning.finding in _FOR_NOW
            return for_now and meaning != TOO_MANY
        return meaning in _ABOUT_THE_RECIPIENT and not is_for_now(self.reply)


class Asked(NamedTuple):
    """The reply to the last MAIL, the answers, and the recipients that could not be asked.

    `utf8` are those that need an extension that is not offered; `too_big` says in words why the
    offer does not promise a message of the wanted size; `origin` is who we were.
    """

    mail: Reply
    answers: tuple[Answer, ...]
    unasked: tuple[Recipient, ...]
    utf8: tuple[Recipient, ...]
    too_big: str
    origin: str

    def sentence(self, seconds: float) -> str:
        """What became of the recipients; nothing where a finding says all there is."""
        own = self._own
        if len(own) != 1:
            counts = f"accepts {self._count(2)}, defers {self._count(4)}, refuses {self._count(5)}"
            return f"{counts} of {len(own)} recipients in {seconds:.3f} s" if own else ""
        if not own[0].as_wished:
            return ""
        recipient, reply = own[0]
        verb = {ACCEPT: "takes mail for", REJECT: "refuses", TEMPFAIL: "defers"}[recipient.wish]
        probed = [each for each in self.answers if each.recipient.wish == PROBE]
        no_catch_all = " (no catch-all)" if probed and probed[0].as_wished else ""
        what = f"{verb} {_shown(recipient)}{no_catch_all}"
        return f"{what} in {seconds:.3f} s: {quoted(str(reply))}"

    def measures(self) -> list[Measure]:
        """How many recipients were `accepted`, `deferred` and `refused`, probes left out."""
        kinds = {"accepted": 2, "deferred": 4, "refused": 5}
        return [
            Measure(label, self._count(kind), more_is_worse=kind != 2)
            for label, kind in kinds.items()
        ]

    def details(self, level: int) -> list[str]:
        """Each recipient, what was wished and what was said (-v)."""
        if level == 2:
            return []
        told = [(*each.recipient, quoted(str(each.reply))) for each in self.answers]
        told += [(*each, "not asked") for each in (*self.unasked, *self.utf8)]
        return [f"{wish} {address}: {what}" for address, wish, what in told]

    @property
    def _own(self) -> list[Answer]:
        return [each for each in self.answers if each.recipient.wish != PROBE]

    def _count(self, kind: int) -> int:
        return sum(each.reply.code // 100 == kind for each in self._own)


def add_options(parser: Parser) -> None:
    """Who is asked for, and as whom."""
    for wish, meaning in (
        (ACCEPT, "must be accepted"),
        (REJECT, "must be refused for good (5yz)"),
        (TEMPFAIL, "must be refused for now (4yz)"),
    ):
        parser.own.values(
            f"--{wish}",
            convert=envelope.recipient,
            metavar="ADDRESS",
            help=f"a recipient that {meaning} (repeatable, comma list)",
        )
    parser.own.value(
        "-f",
        "--mail-from",
        convert=envelope.sender,
        metavar="ADDRESS",
        default=NULL_SENDER,
        help="the sender (the null sender, as bounces have it)",
    )
    parser.own.value(
        "--size",
        convert=_octets,
        metavar="BYTES",
        default=0,
        help="declare a message of this size in MAIL (SIZE, RFC 1870)",
    )
    parser.own.flag(
        "--control-probe",
        help="ask for a random recipient beside those of --accept: is it a catch-all?",
    )


def complete(options: Options) -> None:
    """At least one recipient, each with one wish; a probe needs a domain."""
    wishes = [set(options.accept), set(options.reject), set(options.tempfail)]
    if not any(wishes):
        raise InvalidValue("no recipient is given (--accept, --reject or --tempfail)")
    accept, reject, tempfail = wishes
    if twice := accept & reject | accept & tempfail | reject & tempfail:
        raise InvalidValue(f"two wishes for {min(twice)}")
    if options.control_probe and not _domains(options):
        raise InvalidValue("--control-probe needs an --accept with a domain")


async def observe(session: Session, options: Options) -> Asked:
    """The session up to RCPT, for each recipient."""
    offer = await envelope.introduced(session, options)
    with session.paused():  # what makes random names takes longer than a near server
        recipients = _recipients(options)
    utf8: list[Recipient] = []
    if not offer.offers("SMTPUTF8"):
        if not options.mail_from.isascii():
            text = f"SMTPUTF8 is not offered, which the sender {options.mail_from} needs"
            raise SessionEnded(Finding("missing", text))
        utf8 = [each for each in recipients if not each.address.isascii()]
        recipients = [each for each in recipients if each.address.isascii()]
        if not recipients:
            raise SessionEnded(_no_utf8(utf8))
    size = options.size if offer.offers("SIZE") else 0
    addresses = [options.mail_from, *(each.address for each in recipients)]
    needs_utf8 = not all(each.isascii() for each in addresses)
    mail = envelope.mail_from(options.mail_from, needs_utf8, size)
    reply, answers = await _ask(session, offer, mail, recipients)
    await envelope.leave(session)
    unasked = recipients[len(answers) :]
    return Asked(
        reply,
        tuple(answers),
        tuple(unasked),
        tuple(utf8),
        _too_big(offer, options.size),
        session.origin,
    )


def judge(facts: Asked, _: Options) -> list[Finding]:
    """Hold what was said against what was wished."""
    findings = []
    if facts.unasked and facts.mail.code // 100 != 2:
        findings.append(_mail_refused(facts))
    if facts.utf8:
        findings.append(_no_utf8(facts.utf8))
    if facts.too_big and facts.mail.code // 100 == 2:
        findings.append(Finding("size", facts.too_big))
    return findings + [
        _finding(each, facts.origin) for each in facts.answers if not each.as_wished
    ]


def _too_big(offer: Capabilities, size: int) -> str:
    """Why a message of this size is not promised by what is offered: not every server says so."""
    if size and not offer.offers("SIZE"):
        return f"SIZE is not offered, so {size} octets are not promised"
    if offer.size and size > offer.size:
        return f"messages up to {offer.size} octets are taken, not {size}"
    return ""


def _recipients(options: Options) -> list[Recipient]:
    wishes = ((ACCEPT, options.accept), (REJECT, options.reject), (TEMPFAIL, options.tempfail))
    recipients = [Recipient(each, wish) for wish, addresses in wishes for each in addresses]
    if options.control_probe:
        from secrets import token_hex

        names = (f"check-smtp-{token_hex(8)}@{domain}" for domain in _domains(options))
        recipients += [Recipient(name, PROBE) for name in names]
    return list(dict.fromkeys(recipients))


def _domains(options: Options) -> list[str]:
    named_domains = (each.rpartition("@")[2].lower() for each in options.accept if "@" in each)
    return list(dict.fromkeys(named_domains))


async def _ask(
    session: Session, offer: Capabilities, mail: str, recipients: list[Recipient]
) -> tuple[Reply, list[Answer]]:
    """The last reply to MAIL, and the answers, in as many transactions as the server needs.

    A server may take fewer recipients at a time than there are: it says so in LIMITS (RFC 9422),
    or with 452 behind those that it did take (RFC 5321 4.5.3.1.10). Some take one from the null
    sender, as a bounce has one, and refuse the next for good. An end behind an answer is a note;
    SessionEnded where there is no answer.
    """
    answers: list[Answer] = []
    mail_reply: Reply | None = None
    while True:
        waiting = recipients[len(answers) :]
        group = [each.address for each in waiting]
        try:
            if mail_reply is not None:
                await envelope.begin_again(session)
            mail_reply, replies = await envelope.transaction(session, offer, mail, group)
        except SessionEnded as end:
            mail_reply, *replies = _before(end, mail_reply)
            refused = mail_reply.code // 100 != 2
            answers += [] if refused else _told(waiting, replies)
            if not (answers or refused):
                raise
            session.notes.append(end.finding)
            return mail_reply, answers
        told = _told(waiting, replies)
        answers += told
        if not told or len(answers) == len(recipients):
            return mail_reply, answers


def _told(recipients: list[Recipient], replies: list[Reply]) -> list[Answer]:
    """The answers up to the first one that is too many for one transaction."""
    told = [Answer(*each) for each in zip(recipients, replies, strict=False)]
    further = (number for number, each in enumerate(replies) if number and _too_many(each))
    return told[: next(further, None)]


def _before(end: SessionEnded, mail: Reply | None) -> tuple[Reply, ...]:
    """The replies to MAIL and RCPT before the end; `mail` is that of the transaction before.

    What cannot be understood casts doubt on all of them: then the end is raised again.
    """
    replies = end.replies if isinstance(end, Interrupted) else ()
    before = replies or ((mail,) if mail else ())
    if end.finding.name == "protocol" or not before:
        raise end
    return before


def _too_many(reply: Reply) -> bool:
    return reply.code // 100 != 2 and meaning_of_rcpt(reply) == TOO_MANY


def _no_utf8(recipients: Sequence[Recipient]) -> Finding:
    names = ", ".join(map(_shown, recipients[:_NAMED]))
    if further := len(recipients[_NAMED:]):
        names += f" and {further} other{'' if further == 1 else 's'}"
    return Finding("missing", f"SMTPUTF8 is not offered, which the recipient {names} needs")


def _mail_refused(facts: Asked) -> Finding:
    meaning = meaning_of_mail(facts.mail)
    count = len(facts.unasked)
    rest = f"{count} recipient{'' if count == 1 else 's'} not asked" if facts.answers else ""
    about = f", for {meaning.about}" if meaning.about else ""
    text = f"{rest or 'no recipient was asked'}: MAIL answered with {quoted(str(facts.mail))}"
    return Finding(
        meaning.finding or "protocol", f"{text}{about} ({facts.origin})", ends_session=True
    )


def _finding(answer: Answer, origin: str) -> Finding:
    """What is wrong with an answer that is not as wished."""
    recipient, reply = answer
    meaning = meaning_of_rcpt(reply)
    said = quoted(str(reply))
    if meaning == ACCEPTED:
        return Finding(*_accepted(recipient, said), said=True)
    who = "the control probe" if recipient.wish == PROBE else _shown(recipient)
    if meaning == IMPOSSIBLE:
        return Finding(meaning.finding, f"RCPT of {who} answered with {said}", said=True)
    how = _how(recipient.wish, meaning, is_for_now(reply))
    return Finding(meaning.finding, f"{who} is refused{how}: {said} ({origin})", said=True)


def _how(wish: str, meaning: Meaning, for_now: bool) -> str:
    """Why a refusal is not what was wished, as it follows the word "refused"."""
    of_the_monitor = meaning.finding == "policy"
    # An address that Exim cannot route may be unknown as a user or as a domain.
    reason = f" for {meaning.about}" if meaning.about and meaning != UNROUTABLE else ""
    if wish == ACCEPT:
        return reason
    if wish == TEMPFAIL and not for_now and not of_the_monitor:
        return " for good, not for now"
    if for_now and not of_the_monitor:
        reason = " only for now"
    return f"{reason}, which proves nothing"


def _accepted(recipient: Recipient, said: str) -> tuple[str, str]:
    if recipient.wish == PROBE:
        text = f"{_shown(recipient)} is accepted too, so that acceptance proves nothing: {said}"
        return "catch-all", text
    should = "be refused" if recipient.wish == REJECT else "be refused for now"
    return "not-refused", f"{_shown(recipient)} should {should} and is accepted: {said}"


def _shown(recipient: Recipient) -> str:
    return shortened(recipient.address, _ADDRESS_LIMIT)


def _octets(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 20):
        raise InvalidValue(f'"{text}" is not a number of octets')
    return int(text)
