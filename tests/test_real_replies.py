"""What real servers say is read as a person reads it, whole and octet by octet."""

import pytest

from check_smtp_core.conversation import Conversation
from check_smtp_core.reply import Capabilities, ProtocolError, Reply, read_capabilities
from check_smtp_core.verdicts import AWAITED, refused, unsolicited
from tests.real_replies import RealReply, real_replies

REAL = real_replies()
OFFERS = [each for each in REAL if each.reading == "offers"]
GREETINGS = [each for each in REAL if each.reading == "welcome"]
IDLE = [each for each in REAL if each.phase == "idle"]
TLS = [each for each in REAL if each.reading == "TLS"]
REPLIES = [each for each in REAL if each not in IDLE + TLS]

CODES_NEEDED = {"greeting": 220, "starttls": 220, "ehlo": 250, "helo": 250, "lhlo": 250}


def heard(octets: bytes) -> Reply:
    """The one reply in these octets, read octet by octet and, to the same end, whole."""
    piecemeal, whole = Conversation(), Conversation()
    whole.receive_data(octets)
    reply = whole.next_reply()
    assert reply is not None
    for at in range(len(octets) - 1):
        piecemeal.receive_data(octets[at : at + 1])
        assert piecemeal.next_reply() is None
    piecemeal.receive_data(octets[-1:])
    assert piecemeal.next_reply() == reply
    assert whole.unfinished() == piecemeal.unfinished() == b""
    return reply


def reading(phase: str, reply: Reply) -> str:
    """What the suite makes of a reply."""
    phase = phase.removesuffix("_tls")
    needed = CODES_NEEDED.get(phase)
    if needed is None and reply.code // 100 in (2, 3):
        return "fine"
    if reply.code == needed:
        return {"greeting": "welcome", "starttls": "fine"}.get(phase, "offers")
    known = phase if phase in AWAITED or phase in CODES_NEEDED else "mail"
    return refused(known, reply, needed or 250, "").name


@pytest.mark.parametrize("real", REPLIES, ids=str)
def test_a_reply_is_read_as_a_person_reads_it(real: RealReply) -> None:
    reply = heard(real.octets)
    lines = [line.decode("utf-8", "backslashreplace") for line in real.octets.split(b"\r\n")[:-1]]
    assert reply.code == int(lines[-1][:3])
    assert reply.lines == tuple(line[4:] for line in lines)
    offered = real.reading == "offers"
    noted = read_capabilities(reply).oddities if offered else ()
    assert (*reply.oddities, *noted) == real.oddities
    phase = "ehlo" if offered and real.phase == "early" else real.phase
    assert reading(phase, reply) == real.reading


def written(capabilities: Capabilities) -> str:
    words = [
        f"{name}={','.join(words)}" if words else name
        for name, words in capabilities.extensions.items()
    ]
    return f"{capabilities.domain}: {' '.join(words)}".rstrip(" ")


@pytest.mark.parametrize("real", OFFERS, ids=str)
def test_capabilities_are_read_as_a_person_reads_them(real: RealReply) -> None:
    capabilities = read_capabilities(heard(real.octets))
    assert written(capabilities) == real.facts
    facts = dict(word.partition("=")[::2] for word in real.facts.rpartition(":")[2].split())
    assert capabilities.offers("STARTTLS") is ("STARTTLS" in facts)
    assert capabilities.size == (int(facts["SIZE"]) if facts.get("SIZE") else None)
    assert list(capabilities.mechanisms) == list(filter(None, facts.get("AUTH", "").split(",")))
    limits = [f"{name}={value}" for name, value in capabilities.limits.items()]
    assert limits == list(filter(None, facts.get("LIMITS", "").split(",")))


@pytest.mark.parametrize("real", GREETINGS, ids=str)
def test_a_greeting_names_its_server(real: RealReply) -> None:
    assert heard(real.octets).text.split()[0] == real.facts


@pytest.mark.parametrize("real", IDLE, ids=str)
def test_a_servers_own_time_out_is_told_from_the_next_reply(real: RealReply) -> None:
    conversation = Conversation(greeting_due=False)
    for at in range(len(real.octets)):
        conversation.receive_data(real.octets[at : at + 1])
    octets = conversation.take_unsolicited()
    assert octets == real.octets
    assert unsolicited(octets.strip(b"\r\n"), "ehlo", "").name == real.reading


@pytest.mark.parametrize("real", TLS, ids=str)
def test_a_tls_record_is_no_reply(real: RealReply) -> None:
    conversation = Conversation()
    conversation.receive_data(real.octets)
    error: ProtocolError | None
    try:
        assert conversation.next_reply() is None
        error = conversation.cut_short()
    except ProtocolError as raised:
        error = raised
    assert error is not None
    assert error.reason == "the server speaks TLS from the first octet: use --tls"


def test_a_teaser_is_not_yet_the_greeting() -> None:
    """Postfix's postscreen waits seconds before the last line, and minds who does not."""
    (teased,) = [each for each in GREETINGS if "postscreen" in each.server]
    teaser, last = teased.octets.splitlines(keepends=True)
    conversation = Conversation()
    conversation.receive_data(teaser)
    assert conversation.next_reply() is None
    assert conversation.reply_due
    assert conversation.said_so_far() == "220-lab.test -- please wait to be seated"
    conversation.receive_data(last)
    assert conversation.next_reply() == heard(teased.octets)
