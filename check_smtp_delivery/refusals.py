"""What a reply to MAIL or RCPT means: accepted, or refused, and what the refusal is about.

Rule: pure. Words that name a reason decide before the enhanced status code (RFC 3463), and that
before the reply code, as servers mean what they write: 5.7.1 stands before anything.
"""

from __future__ import annotations

import re

from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.reply import Reply


class Meaning(NamedTuple):
    """The finding that a reply is, and in words what it is about where that is not the recipient.

    The finding is empty for what was accepted.
    """

    finding: str
    about: str = ""


ACCEPTED = Meaning("")
IMPOSSIBLE = Meaning("protocol")
UNKNOWN_USER = Meaning("unknown-user")
UNROUTABLE = Meaning("unknown-user", "the domain of the recipient")
HELO = Meaning("policy", "our EHLO name")
HOST = Meaning("policy", "our address or its reverse DNS")
BLOCKLIST = Meaning("policy", "a blocklist or our reputation")
SENDER = Meaning("policy", "the sender")
LOGIN = Meaning("policy", "a missing login")
TLS = Meaning("policy", "missing TLS")
POLICY = Meaning("policy", "who we are")
GREYLISTED = Meaning("greylisted")
FULL = Meaning("full", "a lack of room")
SIZE = Meaning("size", "the size of the message")
TOO_MANY = Meaning("tempfail", "the number of recipients")
RELAYING = Meaning("reject", "relaying")
RELAYING_FOR_NOW = Meaning("tempfail", "relaying")
TEMPORARY = Meaning("tempfail")
COMMAND = Meaning("reject", "the command itself")
PERMANENT = Meaning("reject")

# Patterns are text: they are compiled where a refusal needs them, and a healthy server costs none.
_ENHANCED = r"^#?([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])[\s-]*"
# qmail and its kin put it at the end.
_ENHANCED_AT_END = r"\(#([245])\.([0-9]{1,3})\.([0-9]{1,3})\b"
# Addresses and names in brackets are no words of the server's.
_QUOTED = r"<[^<>]*>|\S+@\S+"
_READ = 1000
"""Characters of a refusal in which a reason is looked for."""

_GREYLISTING = r"gr[ea]y-?[ ]?list|mimecast\S*#451"
_LATER = r"\b(again|later|come back|wait|delayed|retry)\b"
# What Sendmail and Postfix say where a milter does not answer.
_NO_MILTER = r"service unavailable - try again later"

_RELAYING = (
    r"relay(?:ing)?[^.;]{0,40} (?:denied|rejected|prohibited|refused|forbidden|disabled)"
    r"|relay(?:ing)? (?:is )?not |\bnot [a-z ]{0,30}relay|\b(?:cannot|unable to|don't) relay"
    r"|\brcpthosts?\b|no relay|relaying mail|insecure mail relay|don't handle mail for"
)
_SENDER = (
    r"senders? (?:e-?mail|address|verif|domain|reject|denied|not|is |was |policy|unknown|must)"
    r"|(?:of|invalid|bad|unknown|null|envelope|your|blocked|reputation) senders?\b"
    r"|\b(?:bogus|your|the) mail from\b|\b(?:spf|dmarc|dkim|batv)\b|openspf"
    r"|verification failed for|return path|\bnull reverse-path"
)
_BLOCKLIST = (
    r"black-? ?list|block-? ?list|deny ?list|\b(?:dns|r)bl\b"
    r"|blocked (?:using|by|at|- see|for spam)|listed (?:in|at|by|on|as)\b"
    r"|spamhaus|spamcop|barracudacentral|sorbs\.net|reputation|spammer|sending spam|open proxy"
    r"|banned|\bblocked [a-z ]{0,20}\bip\b|(?:\bip|\bhost|\bserver)\b.{0,40} blocked"
    r"|\bbl[0-9]{2}\]|send(?:er|ing) ip\b|bad ip\b|user complaints|unwanted messages"
)
_HELO = r"\b(?:helo|ehlo)\b(?!.{0,6}first)"
_HOST = (
    r"client host|host (?:is )?rejected|your (?:reverse|host ?name|host|ip)\b|\bp\.?t\.?r\b"
    r"|reverse[ -]?(?:dns|look|host|name|address)|\brdns\b|unresolvable|dynamic|residential"
    r"|dial-?up|\bfrom your (?:network|server)|name lookup failed|forward dns|dns lookup fail"
    r"|of your isp\b|mismatches client ip"
)
_TLS = r"starttls|(?:tls|ssl|encryption|encrypted)[a-z ]{0,20} (?:required|needed|first)"
_LOGIN = (
    r"authentication (?:is )?(?:required|needed)|not authenticated|\bauth\S* first|log ?in first"
    r"|(?:requires?|needs?|must|please|without) [a-z ]{0,20}(?:authenticat|log ?in\b|smtp auth)"
    r"|smtp auth\S* (?:is )?required"
)
_TOO_MANY = (
    r"too many recipients(?! from)|multiple destination domains|multi-recipient bounce"
    r"|(?:only|more than) one recipient"
)
_SIZE = (
    r"message (?:size|length)[a-z ]{0,20} exceed|exceed(?:s|ed) [a-z ]{0,30}message size"
    r"|message (?:is )?(?:file )?too (?:big|large)"
)
_FULL = (
    r"quota|(?:mailbox|mailfolder|inbox|disk|storage|system)[a-z' ]{0,20} (?:is |be )?full\b"
    r"|full mailbox|insufficient[a-z ]{0,10} (?:storage|resources|disk|space)|disk space"
    r"|out of (?:storage|space)|space shortage|no space|enough (?:space|storage)"
    r"|storage allocation|allowed storage|mailbox[a-z ]{0,20} (?:limit )?exceeded"
)
_UNKNOWN_USER = (
    r"\b(?:user(?: ?name)?|recipient|mailbox|(?<!ip )address|account|alias|name)(?:es|s)?\b"
    r"[^.;]{0,30}? (?:(?:not|n't) (?:be )?(?:known|found|present|active|exist)|invalid|unknown)"
    r"|(?:unknown|invalid|unrecogni[sz]ed|bad|non-? ?existent) (?:local |virtual |e-?mail )?"
    r"(?:user|recipient|mailbox|address|account|local-part|alias)"
    r"|no such (?:user|recipient|mailbox|address|person|account|local)"
    r"|no (?:valid )?(?:mail ?box|account|recipients?\b|one at)"
    r"|(?:does not|doesn't|not) exist|does not have an? |doesn't have an? "
    r"|(?:undeliverable|unverified) address"
    r"|mailbox (?:is )?unavailable|recipient ?notfound|userunknown|invalid-recipient"
    r"|not our (?:user|customer)|not a (?:valid|known|local) (?:user|mailbox|recipient|address)"
    r"|(?:bad|valid)(?:rcpt|recipient)to|no longer (?:valid|accepts)"
)
_UNROUTABLE = (
    r"unrout(?:e)?able|null ?mx|domain (?:name )?not found|unknown domain|no such domain"
    r"|domain[^.;]{0,80} does not accept mail|domain must exist"
    r"|domain[^.;]{0,60} (?:does not|doesn't) (?:exist|resolve)"
)
_POLICY_WORD = r"\bpolic(?:y|ies)\b|access denied|your access|not (?:allowed|authori[sz]ed)"
_RECIPIENT_REJECTED = r"recipient (?:address )?(?:rejected|denied)"
# Words about a recipient that is known, and not about who we are.
_OUT_OF_USE = (
    r"(?<!your )\b(?:user|recipient|mail ?box|account|address)\b[a-z ]{0,20} "
    r"(?:disabled|deactivated|suspended|inactive)"
    r"|\brecipients? (?:is )?not (?:allowed|authori[sz]ed)(?! to (?:send|relay))"
)

_BY_WORDS = (
    (_TOO_MANY, TOO_MANY),
    (_BLOCKLIST, BLOCKLIST),
    (_SENDER, SENDER),
    (_HELO, HELO),
    (_HOST, HOST),
    (_TLS, TLS),
    (_LOGIN, LOGIN),
    (_SIZE, SIZE),
    (_FULL, FULL),
)


def enhanced_code(reply: Reply) -> str:
    """The enhanced status code of a reply, such as `5.1.1`; empty if it has none.

    RFC 2034 4: its class is the reply's first digit; one that differs counts for nothing.
    """
    for line in reply.lines:
        match = re.match(_ENHANCED, line) or re.search(_ENHANCED_AT_END, line)
        if match and int(match[1]) == reply.code // 100:
            return ".".join(str(int(number)) for number in match.groups())
    return ""


def meaning_of_mail(reply: Reply) -> Meaning:
    """What a reply to MAIL means. It is about the sender, the session or the server."""
    meaning = _meaning(reply)
    if meaning in (UNKNOWN_USER, UNROUTABLE):
        return SENDER
    if meaning in (PERMANENT, TEMPORARY) and re.search(_OUT_OF_USE, _words(reply)):
        return SENDER
    if reply.code == 552 and meaning in (FULL, PERMANENT) and not re.search(_FULL, _words(reply)):
        return SIZE
    return meaning


def meaning_of_rcpt(reply: Reply) -> Meaning:
    """What a reply to RCPT means."""
    meaning = _meaning(reply)
    # Servers know a recipient only once they look it up: for now it is neither known nor unknown.
    if reply.code // 100 == 4 and meaning in (UNKNOWN_USER, UNROUTABLE, SIZE):
        return TEMPORARY
    return meaning


def is_of_mailbox(reply: Reply) -> bool:
    """Whether a refusal of RCPT is about a mailbox that the server knows (RFC 3463 3.3: x.2.y)."""
    known = enhanced_code(reply)[1:].startswith(".2.")
    return known or re.search(_OUT_OF_USE, _words(reply)) is not None


def is_for_now(reply: Reply) -> bool:
    """Whether a refusal may pass: 4yz, and 552, which RFC 5321 4.5.3.1.10 has read as 452."""
    return reply.code // 100 == 4 or reply.code == 552


def _meaning(reply: Reply) -> Meaning:
    kind = reply.code // 100
    # A second greeting or goodbye in place of the reply means that the two sides are out of step.
    if kind == 2:
        return IMPOSSIBLE if reply.code in (220, 221, 235) else ACCEPTED
    if kind not in (4, 5):
        return IMPOSSIBLE
    words, enhanced = _words(reply), enhanced_code(reply)
    if kind == 4 and re.search(_GREYLISTING, words):
        return GREYLISTED
    if re.search(_RELAYING, words):
        return RELAYING_FOR_NOW if kind == 4 else RELAYING
    for pattern, meaning in _BY_WORDS:
        if re.search(pattern, words):
            return meaning
    if reply.code == 530:
        return LOGIN
    # Exchange Online says this of recipients that are not in its directory.
    if enhanced == "5.4.1" and re.search(_RECIPIENT_REJECTED, words):
        return UNKNOWN_USER
    if re.search(_UNROUTABLE, words):
        return UNROUTABLE
    if re.search(_UNKNOWN_USER, words):
        return UNKNOWN_USER
    if re.search(_OUT_OF_USE, words):
        return TEMPORARY if kind == 4 else PERMANENT
    if re.search(_RECIPIENT_REJECTED, words) and not enhanced.startswith(("5.1.", "4.7.")):
        return TEMPORARY if kind == 4 else PERMANENT
    return _by_enhanced(reply, words, enhanced) or _by_code(reply, words)


def _words(reply: Reply) -> str:
    """The text in lower case on one line, without enhanced codes and whatever is quoted in it."""
    text = " ".join(re.sub(_ENHANCED, "", line, count=1) for line in reply.lines)
    return " ".join(re.sub(_QUOTED, "", text[:_READ]).lower().split())


_BY_DETAIL = {
    "1.7": SENDER,
    "1.8": SENDER,
    "1.2": UNROUTABLE,
    "1.10": UNROUTABLE,
    "2.2": FULL,
    "2.3": SIZE,
    "3.1": FULL,
    "3.4": SIZE,
    "5.3": TOO_MANY,
    "7.10": TLS,
    "7.25": HOST,
}


def _by_enhanced(reply: Reply, words: str, enhanced: str) -> Meaning | None:
    """What the enhanced code says, or nothing where it says no more than the reply code."""
    if not enhanced:
        return None
    detail = enhanced[2:]
    if meaning := _BY_DETAIL.get(detail):
        return meaning
    subject = detail.partition(".")[0]
    if subject == "1":
        return UNKNOWN_USER
    if subject == "7":
        return _of_security(reply, words, enhanced)
    if reply.code // 100 == 4:
        return TEMPORARY
    return COMMAND if subject == "5" else PERMANENT


def _of_security(reply: Reply, words: str, enhanced: str) -> Meaning:
    if re.search(_NO_MILTER, words):
        return TEMPORARY
    # Without a reason, "try again later" is what greylisting says.
    if enhanced in ("4.7.0", "4.7.1") and re.search(_LATER, words):
        return GREYLISTED
    return POLICY


def _by_code(reply: Reply, words: str) -> Meaning:
    if reply.code in (452, 552):
        return FULL
    if reply.code // 100 == 4:
        return TEMPORARY
    if reply.code in range(500, 505):
        return COMMAND
    return POLICY if re.search(_POLICY_WORD, words) else PERMANENT
