"""OpenSMTPD's queue as `smtpctl show queue` lists it: one line for each recipient of a message.

Rule: pure. Fields are divided by bars, which addresses and errors may hold as well: the four times
and numbers in the middle tell which is which.
"""

import re

from check_smtp_delivery.tally import Message, Tally

QUEUES = ("pending", "inflight", "offline", "suspended")

_ENVELOPE = re.compile(
    r"(?P<message>[0-9a-f]{8})[0-9a-f]{8}\|[^|]*\|[^|]*\|(?P<flags>[a-z,-]*)\|"
    r"(?P<addresses>.*?)\|(?P<created>\d{1,12})\|\d{1,12}\|\d{1,12}\|\d{1,12}\|"
    r"(?P<state>pending|inflight|offline)\|-?\d{0,12}\|(?P<error>.*)"
)


class OpensmtpdReader:
    """Hears a listing line by line; `now` is the time of the day in seconds since 1970."""

    def __init__(self, tally: Tally, now: float) -> None:
        self._tally = tally
        self._now = now

    def hear(self, line: str, cut: bool = False) -> None:
        """Count a recipient, and its message where it is the first of it."""
        match = _ENVELOPE.fullmatch(line)
        if match is None:
            if line.strip():
                self._tally.not_understood(line)
            return
        held = "suspend" in match["flags"].split(",")
        age = max(0.0, self._now - int(match["created"]))
        queue = "suspended" if held else match["state"]
        self._tally.add(Message(match["message"], queue, age, 0, held))
        destination = match["addresses"].rpartition("|")[2]
        self._tally.add_recipient(destination, match["error"])

    def end(self) -> None:
        """An empty queue is an empty listing: there is nothing to miss at its end."""
