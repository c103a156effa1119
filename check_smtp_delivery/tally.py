"""What a queue holds, counted message by message.

Rule: pure, and bounded: of 200,000 messages nothing is kept but numbers, their names and the most
frequent reasons.
"""

from __future__ import annotations

from check_smtp_core.lean_typing import NamedTuple
from check_smtp_delivery.reasons import Top, grouped

_MOST_NAMES = 250_000
_LONGEST_DOMAIN = 100
# To group reasons takes longer than all the rest. Of very many, every tenth tells enough.
_ALL_READ, _READ_ONE_OF = 20_000, 10
_STRANGE_SHOWN = 3


class Message(NamedTuple):
    """One message that waits: its name in the queue, which part of it, age in s, size in octets.

    `held` is one that somebody, or a rule, put on hold: it waits on purpose.
    """

    name: str
    queue: str
    age: float
    size: int
    held: bool = False


class Tally:
    """Counts messages and recipients, and notes lines that nobody understands."""

    def __init__(self, queues: tuple[str, ...]) -> None:
        self.counts = dict.fromkeys(queues, 0)
        self.oldest = dict.fromkeys(queues, 0.0)
        self.size = 0
        self.held = 0
        self.age = 0.0
        self.reasons = Top()
        self.domains = Top()
        self.strange: list[str] = []
        self._names: set[str] = set()
        self._given = 0

    @property
    def messages(self) -> int:
        """All messages, those on hold included."""
        return sum(self.counts.values())

    def add(self, message: Message) -> bool:
        """Count a message; false if its name was counted before.

        A message that moves while it is listed shows up twice.
        """
        if message.name in self._names:
            return False
        if len(self._names) < _MOST_NAMES:
            self._names.add(message.name)
        self.counts[message.queue] += 1
        self.oldest[message.queue] = max(self.oldest[message.queue], message.age)
        self.size += message.size
        if message.held:
            self.held += 1
        else:
            self.age = max(self.age, message.age)
        return True

    def add_recipient(self, address: str, reason: str) -> None:
        """Count a recipient of a message, and why it waits for it, where that is known."""
        domain = address.rstrip(">").rpartition("@")[2].lower()
        self.domains.add(domain[:_LONGEST_DOMAIN])
        if reason:
            self._given += 1
            if self._given <= _ALL_READ:
                self.reasons.add(grouped(reason))
            elif self._given % _READ_ONE_OF == 0:
                self.reasons.add(grouped(reason), _READ_ONE_OF)

    def not_understood(self, line: str) -> None:
        """Note a line that is not one of a listing; the first ones are kept."""
        if len(self.strange) < _STRANGE_SHOWN:
            self.strange.append(line[:200])
