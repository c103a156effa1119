"""Postfix' queue as `postqueue -j` lists it: one JSON object for each message (Postfix 3.1).

Rule: pure. Members that are not known are ignored, as postqueue(1) demands; a line that is no
message is not understood.
"""

from __future__ import annotations

import json

from check_smtp_core.lean_typing import TYPE_CHECKING
from check_smtp_delivery.tally import Message, Tally

if TYPE_CHECKING:
    from typing import Any


QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")
_RECIPIENTS = '"recipients": ['
_LARGEST = 2**40


class PostfixReader:
    """Hears a listing line by line; `now` is the time of the day in seconds since 1970."""

    def __init__(self, tally: Tally, now: float) -> None:
        self._tally = tally
        self._now = now

    def hear(self, line: str, cut: bool = False) -> None:
        """Count the message of a line; of a line that was cut off, no recipients."""
        entry = _parsed(line.partition(_RECIPIENTS)[0] + _RECIPIENTS + "]}" if cut else line)
        message = _message(entry, self._now)
        if message is None:
            if line.strip():
                self._tally.not_understood(line)
        elif self._tally.add(message):
            for each in _list(entry.get("recipients")):
                if isinstance(each, dict):
                    reason = each.get("delay_reason") or each.get("bounce_reason")
                    self._tally.add_recipient(_text(each.get("address")), _text(reason))

    def end(self) -> None:
        """An empty queue is an empty listing: there is nothing to miss at its end."""


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _message(entry: Any, now: float) -> Message | None:
    if not isinstance(entry, dict):
        return None
    queue, name = entry.get("queue_name"), entry.get("queue_id")
    arrival, size = _number(entry.get("arrival_time")), _number(entry.get("message_size"))
    if queue not in QUEUES or not isinstance(name, str) or arrival is None or size is None:
        return None
    return Message(name[:100], queue, max(0.0, now - arrival), size, queue == "hold")


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
        return value
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
