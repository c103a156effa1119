"""What became of the messages: the facts of a run of the loop, and what they mean.

Rule: pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from check_smtp_core.findings import Finding, State
from check_smtp_core.lean_typing import NamedTuple
from check_smtp_core.observation import Measure
from check_smtp_core.text import printable, quoted
from check_smtp_delivery.ledger import Tracked
from check_smtp_delivery.message import message_id
from check_smtp_delivery.moment import Moment


class Loop(NamedTuple):
    """What became of the messages.

    `sent` is this run's, `ended` what kept it from being handed over for certain. `came` are those
    that were found, `waiting` those that were not: without `blind`, which says why the mailbox
    could not be read, the last look was in vain. `synchronous` runs wait for their own message.
    `looked` is whether a run got as far as that: until then nothing is known of any message.
    """

    sent: Tracked | None
    ended: Finding | None
    notes: tuple[Finding, ...]
    synchronous: bool
    sender: str
    limits: tuple[str, str]
    lost_after: float
    now: Moment
    came: tuple[Tracked, ...] = ()
    waiting: tuple[Tracked, ...] = ()
    blind: str = ""
    dialogue: tuple[str, ...] = ()
    looked: bool = False

    def sentence(self, seconds: float) -> str:
        """How long the slowest took, and how many are under way."""
        slowest = max((each.latency or 0.0 for each in self.came), default=0.0)
        if not self.came:
            return "a message was sent" if self.sent else ""
        if len(self.came) == 1:
            said = f"the message came after {slowest:.3f} s"
        else:
            said = f"{len(self.came)} messages came, the slowest after {slowest:.3f} s"
        under_way = len(self.waiting) - len(self.lost())
        return said + (f", {under_way} under way" if under_way else "")

    def measures(self) -> list[Measure]:
        """`latency` where one came; `pending`, its oldest's age, `lost` and `junk`."""
        measures = []
        if self.came:
            slowest = max(each.latency or 0.0 for each in self.came)
            what = f"it took {slowest:.3f} s"
            measures.append(Measure("latency", slowest, "s", *self.limits, "late", what, "s"))
        # A synchronous run that has sent nothing knows that there is nothing to look for.
        if self.blind or not (self.looked or (self.synchronous and self.sent is None)):
            return measures
        lost = self.lost()
        pending = [each for each in self.waiting if each not in lost]
        oldest = max(map(self.age, pending), default=0.0)
        raises = "late" if pending else ""
        what = f"a message is under way, for {oldest:.3f} s"
        measures.append(Measure("pending", len(pending)))
        measures.append(Measure("oldest", oldest, "s", *self.limits, raises, what, "s"))
        measures.append(Measure("lost", len(lost)))
        measures.append(Measure("junk", sum(each.junk for each in self.came)))
        return measures

    def details(self, level: int) -> list[str]:
        """Each message with its fate (-v), and what was said to the mailbox (-vv)."""
        if level == 2:
            return list(self.dialogue)
        lines = []
        for each in self.came:
            folder, latency = printable(each.folder), each.latency or 0.0
            lines.append(f"{self.name(each)} came into {folder} after {latency:.3f} s")
        for each in self.waiting:
            doubt = "" if each.accepted else ", and may never have been taken"
            lines.append(f"{self.name(each)} has been under way for {self.age(each):.3f} s{doubt}")
        return lines

    def age(self, message: Tracked) -> float:
        """Seconds since a message was sent."""
        return self.now.seconds_since(message.sent)

    def name(self, message: Tracked) -> str:
        """What the logs of the servers on the way call it, without the brackets."""
        return printable(message_id(message.token, self.sender).strip("<>"))

    def lost(self) -> list[Tracked]:
        """The messages whose time is over; none while the mailbox cannot be read."""
        if self.blind:
            return []
        if self.synchronous:
            return [each for each in self.waiting if each.accepted]
        return [each for each in self.waiting if self.age(each) > self.lost_after]


def fate_findings(facts: Loop) -> list[Finding]:
    """What became of the messages, as findings."""
    findings = []
    if facts.blind:
        findings.append(Finding("mailbox", facts.blind))
    lost = facts.lost()
    if sure := [each for each in lost if each.accepted]:
        findings.append(Finding("lost", _lost(facts, sure)))
    if unsure := [each for each in lost if not each.accepted]:
        text = f"{_lost(facts, unsure)}; the server may never have taken it"
        findings.append(Finding("lost", text, State.WARNING))
    if junk := [each for each in facts.came if each.junk]:
        folder = quoted(junk[-1].folder, 60)
        which = "the message" if len(junk) == 1 else f"{len(junk)} messages"
        findings.append(Finding("junk", f"{which} came into the junk folder {folder}"))
    under_way = [each for each in facts.waiting if each not in lost]
    if under_way and not facts.blind:
        findings.append(_in_flight(facts, under_way))
    return findings


def _lost(facts: Loop, lost: Sequence[Tracked]) -> str:
    age = max(map(facts.age, lost))
    which = "the message" if len(lost) == 1 else f"{len(lost)} messages"
    name = facts.name(min(lost, key=facts.age))
    return f"{which} did not come in {age:.3f} s ({name})"


def _in_flight(facts: Loop, under_way: Sequence[Tracked]) -> Finding:
    count = len(under_way)
    oldest = max(map(facts.age, under_way))
    which = "1 message is" if count == 1 else f"{count} messages are"
    text = f"{which} under way, for {oldest:.3f} s"
    return Finding("in-flight", text, said=not facts.came and facts.ended is None)
